"""Requests as trials: which customer could have asked for which service in which quarter, and did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.contract.quarters import quarter_of, quarters_between

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
GAPS = ("never", "1", "2", "3", "4", "5–6", "7–8", "9+")


@dataclass(frozen=True, eq=False)
class Trials:
    """asked: customer × service × quarter; there: customer × quarter (a customer then, 0–1); offered: service × quarter."""

    customers: list[str]
    services: list[str]
    quarters: list[str]
    asked: Flags
    there: Numbers
    offered: Flags

    def until(self, count: int) -> Trials:
        """The first `count` quarters."""
        return Trials(
            self.customers,
            self.services,
            self.quarters[:count],
            self.asked[:, :, :count],
            self.there[:, :count],
            self.offered[:, :count],
        )

    def gaps(self) -> npt.NDArray[np.int8]:
        """customer × service × (quarter, and the one after the last): class of quarters since last asked."""
        customers, services, count = self.asked.shape
        since, found = np.zeros((customers, services), dtype=int), np.zeros((customers, services, count + 1), np.int8)
        classes = np.array([0, 1, 2, 3, 4, 5, 5, 6, 6, 7], dtype=np.int8)
        for t in range(count):
            since = np.where(self.asked[:, :, t], 1, np.where(since > 0, since + 1, 0))
            found[:, :, t + 1] = classes[np.minimum(since, 9)]
        return found

    def silent(self) -> npt.NDArray[np.int64]:
        """Quarters since each customer last asked for anything (all of its quarters when never)."""
        any_asked = np.asarray(self.asked.any(axis=1))
        silent = np.argmax(any_asked[:, ::-1], axis=1)
        return np.where(any_asked.any(axis=1), silent, (self.there > 0).sum(axis=1))


def make_trials(
    history: pd.DataFrame,
    customers: pd.DataFrame | None,
    services: pd.DataFrame | None,
    quarter: str | None,
    month: int = 12,
) -> Trials:
    """Trials of the services on offer, up to `quarter` (the last in the history when None).

    Mandated, retired and planned services are left out. A customer counts from `active_from_on`, else from its
    first request, to `active_to_on`; a service from its own `active_from_on`.
    """
    rows = _requests(history, quarter)
    quarters = quarters_between(min(rows["quarter"]), quarter or max(rows["quarter"]))
    offered = services_on_offer(services, rows["service_id"])
    known = sorted(set(rows["customer_id"]) | set(_ids(customers, "customer_id")))
    asked = np.zeros((len(known), len(offered), len(quarters)), dtype=bool)
    first_asked, first_offered = (
        _earliest(rows, "customer_id", known, quarters),
        _earliest(rows, "service_id", offered, quarters),
    )
    rows = rows[rows["service_id"].isin(offered)]
    asked[_at(rows["customer_id"], known), _at(rows["service_id"], offered), _at(rows["quarter"], quarters)] = True
    there = _presence(first_asked, _dates(customers, "customer_id", known), quarters, month)
    on_offer = _presence(first_offered, _dates(services, "service_id", offered), quarters, month) > 0
    return Trials(known, offered, quarters, asked, there, on_offer)


def services_on_offer(services: pd.DataFrame | None, seen: pd.Series) -> list[str]:
    """Services that a customer may choose now; without a catalogue those seen in the history."""
    if services is None or not len(services):
        return sorted(set(seen))
    table = _by_id(services, "service_id")
    active = table.get("status", pd.Series("active", table.index)).fillna("active") == "active"
    chosen = ~table.get("mandated", pd.Series(False, table.index)).astype("boolean").fillna(False).astype(bool)
    ended = table["active_to_on"].notna() if "active_to_on" in table else pd.Series(False, table.index)
    return sorted(table.index[active & chosen & ~ended])


def _requests(history: pd.DataFrame, quarter: str | None) -> pd.DataFrame:
    rows = history.dropna(subset=["customer_id", "service_id", "quarter"])
    counts = [c for c in ("engagement_count", "refused_count") if c in rows]
    if counts:
        rows = rows[rows[counts].fillna(0).sum(axis=1) > 0]
    rows = rows[rows["quarter"] <= quarter] if quarter else rows
    return rows[["customer_id", "service_id", "quarter"]].astype("str").drop_duplicates()


def _by_id(table: pd.DataFrame, key: str) -> pd.DataFrame:
    indexed = table.set_index(key) if key in table else table
    return indexed.set_axis(indexed.index.astype("str"))


def _ids(table: pd.DataFrame | None, key: str) -> list[str]:
    return [] if table is None else list(_by_id(table, key).index)


def _at(values: pd.Series, known: list[str]) -> npt.NDArray[np.int64]:
    return pd.Index(known).get_indexer(values)


def _earliest(rows: pd.DataFrame, key: str, known: list[str], quarters: list[str]) -> npt.NDArray[np.int64]:
    """The position of the quarter of each one's first request; 0 where there is none."""
    first = rows.groupby(key)["quarter"].min().reindex(known)
    return np.maximum(_at(first, quarters), 0)


def _dates(table: pd.DataFrame | None, key: str, known: list[str]) -> pd.DataFrame:
    return pd.DataFrame(index=known) if table is None else _by_id(table, key).reindex(known)


def _presence(first: npt.NDArray[np.int64], dates: pd.DataFrame, quarters: list[str], month: int) -> Numbers:
    """1 from the first day's quarter to the last day's; without a first day from the first request."""
    last = np.full(len(first), len(quarters))
    if "active_from_on" in dates:
        begun = _place(dates["active_from_on"], quarters, month)
        first = np.where(begun >= 0, np.minimum(begun, first), first)
    if "active_to_on" in dates:
        gone = _place(dates["active_to_on"], quarters, month)
        last = np.where(gone >= 0, gone, last)
    at = np.arange(len(quarters))
    return ((at >= first[:, None]) & (at <= last[:, None])).astype(float)


def _place(days: pd.Series, quarters: list[str], month: int) -> npt.NDArray[np.int64]:
    """The position of each day's quarter: 0 when before the first, len when after the last, −1 when blank."""
    names = [quarter_of(d.date(), month) if pd.notna(d) else "" for d in pd.to_datetime(days)]
    return np.array([-1 if not n else int(np.searchsorted(quarters, n)) for n in names])
