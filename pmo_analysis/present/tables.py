"""The result tables as files: Parquet for tools, CSV for people."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pmo_analysis.quarter import Quarter

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def write_tables(quarter: Quarter, folder: Path) -> list[Path]:
    """Write every result table as `<name>.parquet` and `<name>.csv`; the same quarter gives the same bytes."""
    folder.mkdir(parents=True)
    written = []
    for name, table in quarter.tables().items():
        flat = table.reset_index(drop=True)
        flat.to_parquet(folder / f"{name}.parquet", index=False)
        make_inert(flat).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
        written += [folder / f"{name}.parquet", folder / f"{name}.csv"]
    return written


def make_inert(table: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would take for a formula, prefixed with an apostrophe; names of columns too."""
    return table.apply(lambda column: column.map(_inert) if _is_text(column) else column).rename(columns=_inert)


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column.dtype) or column.dtype == object


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
