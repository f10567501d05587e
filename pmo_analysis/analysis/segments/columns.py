"""What may be segmented: numbers, yes/no and text columns, checked, in an order that names do not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.inputs import check_keys, read_kinds
from pmo_analysis.contract.errors import InputError

MINIMUM_CUSTOMERS = 20
_MOST_LEVELS = 8
_FIRST_LOOK = 1000
_RARE_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Columns:
    """The usable columns of a table of customers.

    `numbers`: floats, missing as NaN · `choices`: text, missing as NaN · `left_out`: feature, reason.
    """

    numbers: pd.DataFrame
    choices: pd.DataFrame
    left_out: pd.DataFrame

    def take(self, rows: np.ndarray) -> Columns:
        """Some of the customers."""
        return Columns(self.numbers.iloc[rows], self.choices.iloc[rows], self.left_out)


def check_customers(values: pd.DataFrame) -> pd.DataFrame:
    """The table with its columns by name and its rows by content (the key last); InputError where it has no meaning."""
    if not isinstance(values, pd.DataFrame):
        hint = " Pass its .values." if isinstance(getattr(values, "values", None), pd.DataFrame) else ""
        raise InputError(f"Segments need a table, one row per customer, not {type(values).__name__}.{hint}")
    check_keys(values)
    repeated = values.index[values.index.duplicated()].unique()
    if len(repeated):
        raise InputError(
            f"{len(repeated)} customer_id appear more than once (first: {repeated[0]!r}). Give one row per customer."
        )
    return read_kinds(values.rename(columns=str)).sort_index(axis=1)


def order_rows(values: pd.DataFrame) -> pd.DataFrame:
    """Rows sorted by what they hold, missing last; rows that are alike are interchangeable and stay as they came."""
    keys = [_sortable(values[c]) for c in sorted(values.columns, key=lambda c: not is_number(values[c]))]
    if not keys:
        return values
    order = np.argsort(keys[0], kind="stable")
    alike = keys[0][order[1:]] == keys[0][order[:-1]]
    tied = np.flatnonzero(np.append(alike, False) | np.append(False, alike))
    # Only rows that the first column leaves level need the others.
    order[tied] = order[tied][np.lexsort([key[order[tied]] for key in reversed(keys)])]
    return values.iloc[order]


def _sortable(column: pd.Series) -> np.ndarray:
    if is_number(column):
        return as_float(column).fillna(np.inf).to_numpy()
    codes = pd.factorize(as_text(column), sort=True)[0]
    return np.where(codes < 0, len(column), codes)


def read_columns(values: pd.DataFrame) -> Columns:
    """Numbers and choices of a checked table; constant, empty and one-of-a-kind columns are left out with a reason."""
    reasons = {c: _why_unusable(values[c]) for c in values}
    kept = [c for c in values if not reasons[c]]
    numbers = [c for c in kept if is_number(values[c])]
    choices = {c: _lump_rare(as_text(values[c])) for c in kept if c not in numbers}
    rows = [(c, reason) for c, reason in reasons.items() if reason]
    return Columns(
        values[numbers].apply(as_float),
        pd.DataFrame(choices, index=values.index),
        pd.DataFrame(rows, columns=["feature", "reason"]),
    )


def is_number(column: pd.Series) -> bool:
    """Whether a column is a quantity; a number that takes only two values is a yes/no."""
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return False
    # Most columns show a third value among the first few customers; only the others are counted whole.
    return column.iloc[:_FIRST_LOOK].nunique() > 2 or column.nunique() > 2


def as_float(column: pd.Series) -> pd.Series:
    """A column as floats, missing as NaN."""
    return pd.Series(pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan), column.index, name=column.name)


def as_text(column: pd.Series) -> pd.Series:
    """A yes/no, two-valued or text column as text, missing as NaN: `1`, `1.0` and `True` are all `yes`."""
    codes, different = pd.factorize(column)
    spelled = np.array([*(_one_spelling(v) for v in different), np.nan], dtype=object)
    return pd.Series(spelled[codes], column.index, name=column.name, dtype=object)


def _one_spelling(value: object) -> str:
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, (int, float, np.number)) and value in (0, 1)):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)


def _why_unusable(column: pd.Series) -> str:
    known = column.dropna()
    if known.empty:
        return "wholly missing"
    if (known.iloc[:_FIRST_LOOK] == known.iloc[0]).all() and known.nunique() == 1:
        return "the same for every customer"
    if len(known) < MINIMUM_CUSTOMERS / 2:
        return f"known for only {len(known)} customers"
    if not is_number(column) and known.nunique() > len(known) / 2:
        return "a different text for nearly every customer"
    return ""


def _lump_rare(text: pd.Series) -> pd.Series:
    """The most used levels; the rest become `other`, since a level of two customers cannot describe a segment."""
    counts = text.value_counts()
    ordered = counts.reset_index().sort_values(["count", text.name], ascending=[False, True])[text.name]
    frequent = [level for level in ordered if counts[level] >= max(3, _RARE_SHARE * len(text))][:_MOST_LEVELS]
    return text.where(text.isna() | text.isin(frequent), "other")
