"""The result tables as files: Parquet for tools, CSV for people."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmo_analysis.contract.showing import still

if TYPE_CHECKING:
    from pmo_analysis.quarter import Quarter

# What a spreadsheet may take for a formula, also in full width and behind white space that is not seen.
_FORMULA = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_PLAIN = {"string", "boolean", "integer", "floating", "decimal", "date", "datetime", "datetime64", "empty"}


def write_tables(quarter: Quarter, folder: Path) -> list[Path]:
    """Write every result table as `<name>.parquet` and `<name>.csv`; the same quarter gives the same bytes."""
    folder.mkdir(parents=True)
    written = []
    for name, table in quarter.tables().items():
        flat = flatten(table)
        flat.to_parquet(folder / f"{name}.parquet", index=False)
        make_inert(flat).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
        written += [folder / f"{name}.parquet", folder / f"{name}.csv"]
    return written


def flatten(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose index has become columns, whose names are text and whose columns hold one kind of value each.

    An unnamed whole-number index only counts the rows and is left out. Lists and mappings become JSON, other
    mixtures text; what is missing stays missing.
    """
    counts_rows = table.index.names == [None] and pd.api.types.is_integer_dtype(table.index.dtype)
    flat = table.reset_index(drop=True) if counts_rows else _with_index(table)
    flat = flat.set_axis(_names(flat.columns), axis=1)
    return flat.apply(_plain) if len(flat.columns) and len(flat) else flat


def make_inert(table: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would take for a formula, prefixed with an apostrophe; names of columns too.

    What would steer a terminal becomes a dot.
    """
    texts = {c: table[c].map(_inert) for c in table if _may_hold_text(table[c])}
    return table.assign(**texts).rename(columns=_inert)


def _with_index(table: pd.DataFrame) -> pd.DataFrame:
    names = [str(n) if n is not None else f"index_{i}" for i, n in enumerate(table.index.names)]
    taken = {str(c) for c in table.columns}
    return table.rename_axis(index=[f"{n}_index" if n in taken else n for n in names]).reset_index()


def _names(columns: pd.Index) -> list[str]:
    """Column names as text, each once."""
    told = [" ".join(map(str, c)).strip() if isinstance(c, tuple) else str(c) for c in columns]
    again = pd.Series(told).groupby(told).cumcount() if told else []
    return [name if not n else f"{name}_{n + 1}" for name, n in zip(told, again, strict=True)]


def _plain(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(column.cat.categories.dtype)
    if column.dtype != object:
        return column
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "mixed-integer-float":
        return column.astype("float64")
    return column if kind in _PLAIN else column.map(_as_text, na_action="ignore")


def _as_text(value: object) -> object:
    if isinstance(value, list | tuple | dict | set | np.ndarray):
        whole = sorted(value, key=str) if isinstance(value, set) else value
        return json.dumps(list(whole) if isinstance(whole, np.ndarray) else whole, ensure_ascii=False, default=str)
    return str(value)


def _may_hold_text(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column.dtype) or column.dtype == object


def _inert(value: object) -> object:
    if not isinstance(value, str):
        return value
    return still(f"'{value}" if looks_like_formula(value) else value)


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula."""
    return _FORMULA.match(text) is not None
