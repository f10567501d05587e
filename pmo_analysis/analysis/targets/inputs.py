"""What `target_services` cannot work with, said in words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pmo_analysis.contract.errors import InputError

NEEDED = ("customer_id", "service_id", "quarter")
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
    if not isinstance(k, int) or k < 1:
        raise InputError(f"k = {k!r}: suggest at least one service, a whole number.")
    _refuse_empty(history, quarter)
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
    rows = history.dropna(subset=list(NEEDED))
    counts = [c for c in ("engagement_count", "refused_count") if c in rows]
    if counts:
        rows = rows[rows[counts].fillna(0).sum(axis=1) > 0]
    if rows.empty:
        raise InputError("The history holds no request, so nothing can be said of the next quarter.")
    first = min(rows["quarter"].astype("str"))
    if quarter is not None and quarter < first:
        raise InputError(f"The history begins in {first}, after {quarter}: nothing was known then.")


def _refuse_table(table: pd.DataFrame | None, name: str, key: str) -> None:
    if table is None:
        return
    if key not in table and isinstance(table.index, pd.RangeIndex):
        raise InputError(f"The table of {name} has no column {key}, nor is it indexed by it.")
    ids = table[key] if key in table else pd.Series(table.index)
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].astype("str")
        raise InputError(f"{twice.nunique()} {name} stand more than once, such as {twice.iloc[0]}; give one row each.")
