"""One quarter's engagements as arrays by service: sums once, so that a change is a few multiplications."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.queues import queue_wait
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Work:
    """Sums by service (in the order of `services`), and each engagement sorted by service and hours."""

    services: list[str]
    count: Numbers
    hours: Numbers
    hours_square: Numbers
    cost: Numbers
    cost_square: Numbers
    charged: Numbers
    charged_square: Numbers
    means: pd.DataFrame
    rows: pd.DataFrame
    bounds: npt.NDArray[np.int64]
    pairs: pd.DataFrame
    customers_count: int
    other_hours: float
    hourly_cost: float
    process_share: float
    wait_now: float
    aim: float
    level: float
    hours_per_day: float
    elsewhere_count: int
    elsewhere_hours: float

    def customers_of(self, services: set[str]) -> int:
        """How many customers asked for any of these services."""
        if len(services) == len(self.services):
            return self.customers_count
        return int(self.pairs.loc[self.pairs["service_id"].isin(services), "customer_id"].nunique())


def read_work(
    engagements: pd.DataFrame,
    rates: pd.DataFrame,
    capacity: pd.DataFrame,
    settings: Settings,
    elsewhere: pd.DataFrame | None = None,
) -> Work:
    """The engagements summed by service; missing hours and cost take their service's mean (none: unknown)."""
    _refuse(engagements)
    beside = engagements["worked_hours"].iloc[:0] if elsewhere is None else elsewhere["worked_hours"].dropna()
    rows = _rows(engagements).sort_values(["service_id", "worked_hours"], ignore_index=True)
    services = sorted(rows["service_id"].unique())
    groups = rows.groupby("service_id")
    summed = ("worked_hours", "cost", "charged_cost")
    total = {c: groups[c].sum(min_count=1).reindex(services).to_numpy(float) for c in summed}
    square = {
        c: (rows[c] ** 2).groupby(rows["service_id"]).sum(min_count=1).reindex(services).to_numpy(float) for c in summed
    }
    worked = float(np.nansum(total["worked_hours"]))
    used = float(capacity["used_hours"].sum()) if "used_hours" in capacity else worked
    process = float(rows["process_hours"].sum() / worked) if worked > 0 else 0.0
    under, over = settings["under_cost"], settings["over_cost"]
    return Work(
        services,
        groups.size().reindex(services).to_numpy(float),
        total["worked_hours"],
        square["worked_hours"],
        total["cost"],
        square["cost"],
        total["charged_cost"],
        square["charged_cost"],
        _means(rows, services),
        rows,
        np.concatenate([[0], np.cumsum(groups.size().reindex(services))]).astype(int),
        rows[["service_id", "customer_id"]].drop_duplicates(ignore_index=True),
        rows["customer_id"].nunique(),
        max(used - worked, 0.0),
        _hourly(rows, rates),
        process,
        _wait_now(job_hours(worked, len(rows), beside.sum(), len(beside)), max(used, worked), capacity, settings),
        under / (under + over),
        settings["interval_level"],
        settings["hours_per_day"],
        len(beside),
        float(beside.sum()),
    )


def job_hours(hours: float, count: float, elsewhere_hours: float, elsewhere_count: float) -> float:
    """Mean hours of one engagement, those that the scenario does not vary included: the same people serve them all."""
    return float((hours + elsewhere_hours) / (count + elsewhere_count))


def _refuse(engagements: pd.DataFrame) -> None:
    missing = [c for c in ("service_id", "customer_id", "worked_hours", "cost") if c not in engagements]
    if missing:
        raise InputError(f"A scenario needs the engagements' column {', '.join(missing)}.")
    if engagements.empty:
        raise InputError("No engagement in the quarter (or none of the services and segments asked for): no scenario.")
    negative = int((engagements["worked_hours"] < 0).sum())
    if negative:
        raise InputError(f"{negative} of {len(engagements)} engagements have negative worked_hours; mend them.")


def _rows(engagements: pd.DataFrame) -> pd.DataFrame:
    numbers = ["worked_hours", "cost", "standard_hours", "process_hours", "charged_cost"]
    rows = engagements.reindex(columns=["service_id", "customer_id", "bespoke", "tier", *numbers])
    rows = rows.astype({**dict.fromkeys(numbers, float), "service_id": "str"})
    for name in ("worked_hours", "cost"):
        mean = rows.groupby("service_id")[name].transform("mean")
        rows[name] = rows[name].fillna(mean).fillna(rows[name].mean())
    return rows.assign(bespoke=rows["bespoke"].astype("boolean"))


def _means(rows: pd.DataFrame, services: list[str]) -> pd.DataFrame:
    """Mean hours per service of standard and bespoke work, of self-service and the rest, and their shares now."""
    by = rows["service_id"]
    bespoke, self_service = rows["bespoke"], (rows["tier"] == "self-service").where(rows["tier"].notna())
    hours = rows["worked_hours"]
    table = pd.DataFrame(
        {
            "all": hours.groupby(by).mean(),
            "standard": hours.where(bespoke.eq(False).fillna(False)).groupby(by).mean(),
            "bespoke": hours.where(bespoke.fillna(False)).groupby(by).mean(),
            "standard_now": 1 - bespoke.astype("Float64").astype(float).groupby(by).mean(),
            "self": hours.where(self_service == True).groupby(by).mean(),  # noqa: E712 (missing is a third value)
            "assisted": hours.where(self_service == False).groupby(by).mean(),  # noqa: E712
            "self_now": self_service.astype(float).groupby(by).mean(),
        }
    )
    return table.reindex(services)


def _hourly(rows: pd.DataFrame, rates: pd.DataFrame) -> float:
    hours = rows["worked_hours"].sum()
    return float(rows["cost"].sum() / hours) if hours > 0 else float(rates["hourly_cost"].astype(float).mean())


def _wait_now(each_hours: float, hours: float, capacity: pd.DataFrame, settings: Settings) -> float:
    if "fte" not in capacity or "practical_hours" not in capacity:
        return float("nan")
    fte, supplied = float(capacity["fte"].sum()), float(capacity["practical_hours"].sum())
    if fte <= 0 or supplied <= 0 or not each_hours > 0:
        return float("nan")
    waits = queue_wait(hours / each_hours / (supplied / fte), each_hours, fte)
    return float(waits["mean_wait_hours"].iloc[0] / settings["hours_per_day"])


def work_factors(work: Work, standard: Any, self_service: Any) -> tuple[Numbers, list[str]]:
    """By how much each service's hours per request change with its mix, and what is not known of which service."""
    notes: list[str] = []
    factor = np.ones(len(work.services))
    for change, one, other, now in (
        (standard, "standard", "bespoke", "standard_now"),
        (self_service, "self", "assisted", "self_now"),
    ):
        if change is not None:
            factor = factor * _mix_factor(work, change, (one, other, now), notes)
    return factor, notes


def _mix_factor(work: Work, change: Any, columns: tuple[str, str, str], notes: list[str]) -> Numbers:
    one, other, present = (work.means[c].to_numpy(float) for c in columns)
    usual = np.nanmean(one / other) if np.isfinite(one / other).any() else np.nan
    # A service that never had one of the two takes the usual ratio between them.
    first = np.where(np.isfinite(one), one, other * usual)
    second = np.where(np.isfinite(other), other, one / usual)
    now = np.nan_to_num(present)
    if isinstance(change, dict):
        share = np.array([float(change.get(s, p)) for s, p in zip(work.services, now, strict=True)])
    else:
        share = np.full(len(now), float(change))
    before, after = now * first + (1 - now) * second, share * first + (1 - share) * second
    known = np.isfinite(before) & (before > 0) & np.isfinite(present)
    unknown = [s for s, k, a, b in zip(work.services, known, share, now, strict=True) if not k and a != b]
    if unknown:
        notes.append(f"hours of {columns[0]} work are not known for {', '.join(unknown[:5])}: left unchanged")
    return np.where(known, after / np.where(known, before, 1.0), 1.0)


def spare_change(work: Work, limits: Any) -> Numbers:
    """Hours per service that new sizes reserve beyond what the work takes, less those of the present sizes."""
    change = np.zeros(len(work.services))
    if limits is None:
        return change
    rows, hours = work.rows, work.rows["worked_hours"].to_numpy()
    present = np.maximum(rows["standard_hours"].to_numpy(float) - hours, 0.0)
    for at, service in enumerate(work.services):
        own = limits.get(service) if isinstance(limits, dict) else limits
        if own is not None:
            part = slice(work.bounds[at], work.bounds[at + 1])
            change[at] = _spare(hours[part], own, work.aim) - np.nansum(present[part])
    return change


def _spare(hours: Numbers, limits: list[float], aim: float) -> float:
    """Spare hours when each size reserves the newsvendor's quantile of the work that falls in it."""
    cuts = np.concatenate([[0], np.searchsorted(hours, limits, side="right"), [len(hours)]])
    total = 0.0
    for start, stop in itertools.pairwise(cuts):
        if stop > start:
            size = hours[start + int(np.ceil(aim * (stop - start))) - 1]
            total += float(np.maximum(size - hours[start:stop], 0.0).sum())
    return total
