"""Arguments read as they were meant, or refused in words: tables, their columns, numbers."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest


def require_columns(table: object, columns: Iterable[str], where: str) -> None:
    """InputError where `table` is no DataFrame, lacks one of the columns, or has it twice."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"{where}: give a table (DataFrame), not {type(table).__name__}.")
    wanted = list(columns)
    missing = [c for c in wanted if c not in table]
    if missing:
        raise InputError(f"{where}: no column {missing[0]!r}. {nearest(str(missing[0]), table.columns)}")
    twice = [c for c in wanted if isinstance(table[c], pd.DataFrame)]
    if twice:
        raise InputError(f"{where}: the column {twice[0]!r} stands there more than once; keep one.")


def read_numbers(values: pd.Series, where: str) -> pd.Series:
    """The values as numbers, blanks as blanks; InputError counts what is text and shows the first of it."""
    numbers = pd.to_numeric(values, errors="coerce").astype("Float64").astype("float64")
    text = values.notna() & numbers.isna()
    if text.any():
        raise InputError(
            f"{where}: {int(text.sum())} of {len(values)} are not numbers, such as {values[text].iloc[0]!r}; mend them."
        )
    return numbers
