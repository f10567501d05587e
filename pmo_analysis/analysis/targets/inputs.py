"""What `target_services` cannot work with, said in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmo_analysis.contract.checking import read_numbers
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.quarters import parse_quarter

NEEDED = ("customer_id", "service_id", "quarter")
COUNTS = ("engagement_count", "refused_count")
FIGURES = ("satisfaction_score", "value_score", "unit_cost")
NEEDS = ("customer_id", "family", "importance")


def refuse_unusable(
    history: pd.DataFrame,
    k: int,
    quarter: str | None,
    *,
    customers: pd.DataFrame | None,
    services: pd.DataFrame | None,
    segments: object,
    needs: pd.DataFrame | None,
) -> None:
    """Raises InputError on whatever no forecast can be made from."""
    if not isinstance(history, pd.DataFrame):
        raise InputError(f"The history of requests is a {type(history).__name__}; give a table (DataFrame).")
    missing = [c for c in NEEDED if c not in history]
    if missing:
        raise InputError(f"The history of requests has no column {', '.join(missing)}.")
    if not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k = {k!r}: suggest at least one service, a whole number.")
    if quarter is not None:
        parse_quarter(str(quarter))
    _refuse_table(customers, "customers", "customer_id")
    _refuse_table(services, "services", "service_id")
    if segments is not None and not isinstance(segments, (Mapping, pd.Series)):
        raise InputError("segments: give customer_id → segment, as a mapping or a Series indexed by customer_id.")
    if isinstance(segments, pd.Series) and not segments.index.is_unique:
        twice = segments.index[segments.index.duplicated()].astype(str)
        raise InputError(
            f"segments: {len(set(twice))} customers have several segments, such as {twice[0]}; give one each."
        )
    absent = [c for c in NEEDS if needs is not None and c not in needs]
    if absent:
        raise InputError(f"The table of needs has no column {', '.join(absent)}.")


def _refuse_empty(history: pd.DataFrame, quarter: str | None) -> None:
    quarters = history.loc[hold_requests(history), "quarter"].unique()
    if not len(quarters):
        raise InputError("The history holds no request, so nothing can be said of the next quarter.")
    first = min(quarters)
    if quarter is not None and quarter < first:
        raise InputError(f"The history begins in {first}, after {quarter}: nothing was known then.")


def hold_requests(history: pd.DataFrame) -> pd.Series:
    """Which rows tell of a request, refused ones too; where nothing is counted, all."""
    counts = [history[c].fillna(0) for c in COUNTS if c in history]
    return sum(counts[1:], counts[0]) > 0 if counts else pd.Series(True, history.index)


def _refuse_table(table: pd.DataFrame | None, name: str, key: str) -> None:
    if table is None:
        return
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"{name}: give a table (DataFrame) by {key}, not {type(table).__name__}.")
    if key not in table and isinstance(table.index, pd.RangeIndex):
        raise InputError(f"The table of {name} has no column {key}, nor is it indexed by it.")
    ids = table[key] if key in table else pd.Series(table.index)
    if ids.isna().any():
        raise InputError(f"{int(ids.isna().sum())} of {len(ids)} {name} have no {key}; fill it in or leave them out.")
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].astype("str")
        raise InputError(f"{twice.nunique()} {name} stand more than once, such as {twice.iloc[0]}; give one row each.")


def read_history(history: pd.DataFrame, quarter: str | None) -> tuple[pd.DataFrame, int]:
    """The requests with ids and quarters as text and figures as numbers; how many rows lack an id or a quarter.

    InputError where no request is left, a quarter is not written like 2026Q3, or a figure is text, negative (a count)
    or endless.
    """
    blank = history[list(NEEDED)].isna().any(axis=1)
    whole = history[~blank] if blank.any() else history
    read = {c: _read_names(whole[c]) for c in NEEDED}
    different = pd.Series(read["quarter"].unique())
    strange = read["quarter"].isin(different[~different.str.fullmatch(r"\d{4}Q[1-4]")])
    if strange.any():
        raise InputError(
            f"The history of requests: {int(strange.sum())} of {len(whole)} quarters are not written like 2026Q3 "
            f"(year, Q, 1 to 4), such as {read['quarter'][strange].iloc[0]!r}."
        )
    for column in (*COUNTS, *FIGURES):
        if column in whole:
            read[column] = _read_figure(whole[column], column)
    told = whole.assign(**read)
    _refuse_empty(told, quarter)
    return told, len(history) - len(whole)


def _read_names(values: pd.Series) -> pd.Series:
    """Ids as text; whole numbers that blanks beside them made decimals are written whole."""
    if pd.api.types.is_float_dtype(values) and (values % 1 == 0).all():
        values = values.astype("int64")
    return values.astype("str")


def _read_figure(values: pd.Series, column: str) -> pd.Series:
    # What is a number already need not be copied.
    plain = values.dtype in (np.dtype("float64"), np.dtype("int64"))
    numbers = values if plain else read_numbers(values, f"The history of requests, {column}")
    wrong = np.isinf(numbers) | ((numbers < 0) if column in COUNTS else False)
    if wrong.any():
        raise InputError(
            f"The history of requests: {int(wrong.sum())} of {len(numbers)} {column} are endless or below zero, such as "
            f"{numbers[wrong].iloc[0]:g}; mend them."
        )
    return numbers
