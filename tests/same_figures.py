"""Figures of results kept from the last time somebody looked at them: what moves, moves because somebody meant it to.

PMO_RENEW=1 python -m pytest tests/test_quarter.py tests/test_same_figures.py -n 0 -k figures
writes the files anew; their diff says what moved.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SAMPLES = Path(__file__).parent / "samples"


def summarise(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A line per column: how many values, their sum, and their sum weighted by place; texts count as their checksums."""
    rows = []
    for name, table in tables.items():
        for column in table:
            known = table[column].reset_index(drop=True).dropna()
            is_number = pd.api.types.is_numeric_dtype(known)
            texts = [zlib.crc32(str(text).encode()) / 2**32 for text in ([] if is_number else known)]
            values = known.astype("float64") if is_number else pd.Series(texts, known.index, "float64")
            finite = values[np.isfinite(values)]
            rows.append((f"{name}.{column}", len(finite), finite.sum(), (finite * (finite.index + 1)).sum()))
    return pd.DataFrame(rows, columns=["column", "n", "sum", "by_place"]).set_index("column")


def tables_of(name: str, result: Any) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables in a result, whatever it is made of."""
    if isinstance(result, pd.DataFrame):
        yield name, result.reset_index()
    elif isinstance(result, pd.Series):
        yield name, result.rename("value").reset_index()
    elif dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from tables_of(f"{name}.{field.name}", getattr(result, field.name))
    elif isinstance(result, dict):
        yield name, pd.DataFrame({key: [_plain(value)] for key, value in result.items()})
    elif result is not None and not callable(result):
        yield name, pd.DataFrame({"value": [_plain(result)]})


def _plain(value: Any) -> Any:
    """Numbers as they are, what is nested as a text with its numbers to eight digits."""
    return value if isinstance(value, int | float) else json.dumps(_rounded(value), default=str, sort_keys=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_rounded(v) for v in value]
    return _settled(value) if isinstance(value, float) else value


def _settled(value: float) -> float:
    """Eight digits; what is nothing but the last digits of larger numbers, which depend on the processor, is nought."""
    return 0.0 if abs(value) < 1e-12 else float(f"{value:.8g}")


def assert_as_kept(told: pd.DataFrame, file: str) -> None:
    """Every column's figures are those of the file, to a millionth."""
    path = SAMPLES / file
    if os.environ.get("PMO_RENEW"):
        told.to_csv(path, float_format="%.10g", lineterminator="\n")
    kept = pd.read_csv(path, index_col="column")
    assert list(told.index) == list(kept.index)
    moved = ~np.isclose(told, kept, rtol=1e-6, atol=1e-7).all(axis=1)
    assert not moved.any(), (
        f"{moved.sum()} columns moved, first:\n{told[moved].join(kept[moved].add_suffix('_before'))[:20]}"
    )
