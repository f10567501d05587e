"""Requests as trials: which customer could have asked for which service in which quarter, and did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.targets.inputs import hold_requests
from pmo_analysis.contract.quarters import quarter_of, quarters_between

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
GAPS = ("never", "1", "2", "3", "4", "5–6", "7–8", "9+", "not known")
# A request before records began may be the last one; after so many silent quarters it no longer matters.
_FORGOTTEN_AFTER = 4
_ECHO_LEAST, _ECHO_SHARE = 10, 0.98


@dataclass(frozen=True, eq=False)
class Trials:
    """asked: customer × service × quarter; there: customer × quarter (a customer then, 0–1); offered: service × quarter.

    Per customer: gone (it left by the end of the last quarter), older (a customer before the first quarter),
    undated (nobody told when it became one), by_asking (it became one by its first request).
    """

    customers: list[str]
    services: list[str]
    quarters: list[str]
    asked: Flags
    there: Numbers
    offered: Flags
    gone: Flags
    older: Flags
    undated: Flags
    by_asking: Flags

    def until(self, count: int) -> Trials:
        """The first `count` quarters, as they were known then: an undated customer not before it had asked."""
        seen = ~self.undated | np.asarray(self.asked[:, :, :count].any(axis=(1, 2)))
        return replace(
            self,
            quarters=self.quarters[:count],
            asked=self.asked[:, :, :count],
            there=self.there[:, :count] * seen[:, None],
            offered=self.offered[:, :count],
            gone=np.asarray(self.there[:, :count].any(axis=1) & ~self.there[:, count:].any(axis=1)),
        )

    def take(self, rows: npt.NDArray[np.int64]) -> Trials:
        """Some of the customers."""
        own = ("asked", "there", "gone", "older", "undated", "by_asking")
        return replace(self, customers=[self.customers[i] for i in rows], **{n: getattr(self, n)[rows] for n in own})

    def gaps(self) -> npt.NDArray[np.int8]:
        """customer × service × (quarter, and the one after the last): class of quarters since last asked."""
        customers, services, count = self.asked.shape
        since, found = np.zeros((customers, services), dtype=int), np.zeros((customers, services, count + 1), np.int8)
        classes = np.array([0, 1, 2, 3, 4, 5, 5, 6, 6, 7], dtype=np.int8)
        for t in range(count + 1):
            unknown = self.older[:, None] & (since == 0) & (t < _FORGOTTEN_AFTER)
            found[:, :, t] = np.where(unknown, len(GAPS) - 1, classes[np.minimum(since, 9)])
            if t < count:
                since = np.where(self.asked[:, :, t], 1, np.where(since > 0, since + 1, 0))
        return found

    def counted(self) -> Numbers:
        """customer × quarter: presence that tells how often one asks."""
        first = self.asked.any(axis=1).argmax(axis=1)
        sure = self.by_asking[:, None] & (np.arange(len(self.quarters)) == first[:, None])
        return np.where(sure, 0.0, self.there)

    def since_seen(self) -> Numbers:
        """customer × quarter: presence, an undated customer's from its first request."""
        first = self.asked.any(axis=1).argmax(axis=1)
        unseen = self.undated[:, None] & (np.arange(len(self.quarters)) < first[:, None])
        return np.where(unseen, 0.0, self.there)

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

    Mandated, retired and planned services are left out. A customer counts from `active_from_on` (undated:
    from the first quarter) to `active_to_on`; a service from its own `active_from_on`, else from its first request.
    """
    rows = _requests(history, quarter)
    there_were = rows["quarter"].cat.categories
    quarters = quarters_between(min(there_were), quarter or max(there_were))
    known = sorted(set(rows["customer_id"].cat.categories) | set(_ids(customers, "customer_id")))
    offered = services_on_offer(services, rows["service_id"].cat.categories, quarters[-1], month)
    begun, ended = (
        _places(customers, "customer_id", known, column, quarters=quarters, month=month)
        for column in ("active_from_on", "active_to_on")
    )
    since = _places(services, "service_id", offered, "active_from_on", quarters=quarters, month=month)
    first = _first(rows, "customer_id", known, quarters)
    there = _between(np.fmin(np.nan_to_num(begun), first), ended, len(quarters))
    on_offer = _between(np.fmin(since, _first(rows, "service_id", offered, quarters)), since * np.nan, len(quarters))
    rows = rows[rows["service_id"].isin(offered)]
    asked = np.zeros((len(known), len(offered), len(quarters)), dtype=bool)
    asked[_at(rows["customer_id"], known), _at(rows["service_id"], offered), _at(rows["quarter"], quarters)] = True
    return Trials(
        known,
        offered,
        quarters,
        asked,
        there,
        on_offer > 0,
        gone=ended < len(quarters),
        older=begun < 0,
        undated=np.isnan(begun),
        by_asking=_by_asking(begun, first, len(quarters)),
    )


def services_on_offer(services: pd.DataFrame | None, seen: Iterable[str], quarter: str, month: int) -> list[str]:
    """Services that a customer may choose after `quarter`; without a catalogue those seen in the history."""
    if services is None or not len(services):
        return sorted(set(seen))
    table = _by_id(services, "service_id")
    active = table.get("status", pd.Series("active", table.index)).fillna("active") == "active"
    chosen = ~table.get("mandated", pd.Series(False, table.index)).isin([True, "true", "yes", "1"])
    ids = list(table.index)
    ended = _places(services, "service_id", ids, "active_to_on", quarters=[quarter], month=month) < 1
    begun = _places(services, "service_id", ids, "active_from_on", quarters=[quarter], month=month)
    return sorted(set(table.index[active & chosen & ~ended & ~(begun >= 1)]))


def _requests(history: pd.DataFrame, quarter: str | None) -> pd.DataFrame:
    """Each request once, its names as categories, of which there is none without a row."""
    keys = ["customer_id", "service_id", "quarter"]
    held = hold_requests(history) & history[keys].notna().all(axis=1)
    held &= history["quarter"] <= quarter if quarter else True
    rows = pd.DataFrame({key: history.loc[held, key].astype("str").astype("category") for key in keys})
    return rows.drop_duplicates()


def _by_id(table: pd.DataFrame, key: str) -> pd.DataFrame:
    indexed = table.set_index(key) if key in table else table
    return indexed.set_axis(indexed.index.astype("str"))


def _ids(table: pd.DataFrame | None, key: str) -> list[str]:
    return [] if table is None else list(_by_id(table, key).index)


def _at(values: pd.Series, known: list[str]) -> npt.NDArray[np.int64]:
    """Where each of some categories stands in a list of names, −1 where it does not."""
    return np.append(pd.Index(known).get_indexer(values.cat.categories), -1)[values.cat.codes]


def _first(rows: pd.DataFrame, key: str, known: list[str], quarters: list[str]) -> Numbers:
    """The position of the quarter of each one's first request; missing where there is none."""
    first = pd.Series(_at(rows["quarter"], quarters)).groupby(rows[key].to_numpy(), observed=True).min()
    return first.reindex(known).to_numpy(float)


def _by_asking(begun: Numbers, first: Numbers, count: int) -> Flags:
    """Whose date within the records is that of its first request, where this is so for (nearly) all newcomers: they
    are customers because they asked, so that their first quarter tells nothing of how often one asks."""
    newcomers = (begun >= 0) & (begun < count)
    same = newcomers & (begun == first)
    return same & (same.sum() >= max(_ECHO_LEAST, _ECHO_SHARE * newcomers.sum()))


def _between(first: Numbers, last: Numbers, count: int) -> Numbers:
    """1 from the first quarter (missing: from the beginning) to the last (missing: to the end)."""
    at = np.arange(count)
    begun, ended = np.nan_to_num(first, nan=0.0)[:, None], np.nan_to_num(last, nan=np.inf)[:, None]
    return ((at >= begun) & (at <= ended)).astype(float)


def _places(
    table: pd.DataFrame | None, key: str, known: list[str], column: str, *, quarters: list[str], month: int
) -> Numbers:
    """The position of each one's day among the quarters: −1 before the first, their count after the last, or missing."""
    if table is None or column not in table:
        return np.full(len(known), np.nan)
    days = pd.to_datetime(_by_id(table, key)[column].groupby(level=0).first().reindex(known))
    names = [quarter_of(d.date(), month) if pd.notna(d) else "" for d in days]
    places = [np.searchsorted(quarters, n) if n >= quarters[0] else -1 for n in names]
    return np.where(days.isna(), np.nan, np.array(places, dtype=float))
