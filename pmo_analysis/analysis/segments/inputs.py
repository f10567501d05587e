"""What a table of customers must not be: every way in which it has no meaning is refused in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError

# No money, hours or count comes near it; squares and cubes of it can still be computed.
LARGEST = 1e30
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
_TIMES = {"date", "datetime", "datetime64", "time", "period", "timedelta", "timedelta64"}


def check_keys(values: pd.DataFrame) -> None:
    """InputError where customers or columns cannot be told apart by one plain name each."""
    if isinstance(values.index, pd.MultiIndex) or isinstance(values.columns, pd.MultiIndex):
        raise InputError(
            "Customers and columns need one name each, not several levels: set_index('customer_id'), and join the "
            "levels of the columns' names."
        )
    if values.index.hasnans:
        raise InputError(f"{int(values.index.isna().sum())} rows have no customer_id. Give each customer an id.")
    if pd.api.types.infer_dtype(values.index, skipna=False) in ("mixed", "mixed-integer"):
        raise InputError("customer_id mixes text, numbers or other things. Make all of them text: index.map(str).")
    names = values.columns.map(str)
    if names.has_duplicates:
        raise InputError(f"The column {names[names.duplicated()][0]!r} appears more than once.")


def read_kinds(values: pd.DataFrame) -> pd.DataFrame:
    """The table with every quantity as floats, missing as NaN, whatever it was stored as; the rest as it is.

    InputError for times, complex numbers, lists and other things that are neither a quantity nor a choice, and for
    infinite or absurdly large numbers.
    """
    return pd.DataFrame({name: _read_kind(values[name]) for name in values}, index=values.index)


def _read_kind(column: pd.Series) -> pd.Series:
    kind = "plain" if pd.api.types.is_numeric_dtype(column) else pd.api.types.infer_dtype(column, skipna=True)
    if kind in _TIMES:
        raise InputError(f"Column {column.name!r} holds dates. Turn it into a number, such as days since then.")
    if pd.api.types.is_complex_dtype(column) or (
        kind == "mixed" and not column.map(np.isscalar).where(column.notna(), True).all()
    ):
        raise InputError(f"Column {column.name!r} holds neither numbers nor text. Give one plain value per customer.")
    if pd.api.types.is_bool_dtype(column) or (kind != "plain" and kind not in _NUMBERS):
        return column
    return _as_numbers(column)


def _as_numbers(column: pd.Series) -> pd.Series:
    try:
        numbers = pd.Series(column.to_numpy(dtype=float, na_value=np.nan), column.index, name=column.name)
    except OverflowError:
        numbers = pd.Series(np.inf, column.index, name=column.name)
    infinite = np.isinf(numbers)
    if infinite.any():
        raise InputError(
            f"Column {column.name!r} has {int(infinite.sum())} infinite values (first: customer "
            f"{column.index[infinite][0]!r}). Make them missing, or mend the division that made them."
        )
    huge = numbers.abs() > LARGEST
    if huge.any():
        raise InputError(
            f"Column {column.name!r} has {int(huge.sum())} values beyond {LARGEST:.0e} (first: customer "
            f"{column.index[huge][0]!r}). Mend them, or give the column in a larger unit."
        )
    return numbers
