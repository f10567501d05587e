"""Lower cost: what the same services cost a year ago and now, split into hours and rates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.measures.cells import KEYS, chart_quarters
from pmo_analysis.analysis.measures.definition import Measure, measured_rows
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.contract.quarters import shift_quarter

MOST_RESAMPLED = 5_000
SAVINGS = ("unit_cost_saving_cost", "efficiency_saving_cost", "rate_saving_cost")


def delivered_units(facts: Facts) -> pd.DataFrame:
    """Deliveries with a size, hours and a cost: engagement_id, customer_id, service_id, size, quarter, hours, cost."""
    rows = facts.ended
    rows = rows[
        (rows["state"] == "delivered")
        & rows["size_quoted"].notna()
        & (rows["pmo_hours"] > 0)
        & rows["pmo_cost"].notna()
    ]
    return rows[
        ["engagement_id", "customer_id", "service_id", "size_quoted", "ended_quarter", "pmo_hours", "pmo_cost"]
    ].rename(columns={"size_quoted": "size", "ended_quarter": "quarter", "pmo_hours": "hours", "pmo_cost": "cost"})


def _saving_rows(facts: Facts) -> pd.DataFrame:
    """Each delivery: last year's unit cost of its service and size, less its own cost; blank where unmatched."""
    units = delivered_units(facts)
    means = units.groupby(["service_id", "size", "quarter"])["cost"].mean().rename("earlier").reset_index()
    means["quarter"] = means["quarter"].map(lambda quarter: shift_quarter(quarter, 4))
    rows = units.merge(means, on=["service_id", "size", "quarter"], how="left")
    return measured_rows(
        rows, rows["quarter"], "engagement_id", rows["earlier"] - rows["cost"], whole_weight=rows["cost"]
    )


def estimate_savings(facts: Facts, groups: pd.DataFrame) -> pd.DataFrame:
    """Savings and their two parts by group: KEYS, value, low, high, n, measured_share.

    Services and sizes are matched within the group; the interval resamples its customers (MOST_RESAMPLED random parts of
    them where there are more). Kinds: all
    (every quarter of the run chart), category, segment and service (this quarter).
    """
    units = delivered_units(facts)
    units = units.assign(cell=units.groupby(["service_id", "size"]).ngroup())
    cells = (
        _tell_saving(part, (kind, group, quarter), facts) for kind, group, quarter, part in _parts(units, groups, facts)
    )
    with threadpool_limits(1):
        told = [row for cell in cells for row in cell]
    return pd.DataFrame(told, columns=[*KEYS, "value", "low", "high", "n", "measured_share"])


def _parts(units: pd.DataFrame, groups: pd.DataFrame, facts: Facts) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Kind, group, quarter, and the group's units of that quarter and of four earlier."""
    for quarter in chart_quarters(facts):
        yield "all", "all", quarter, units[units["quarter"].isin([quarter, shift_quarter(quarter, -4)])]
    about = groups.drop_duplicates("customer_id").set_index("customer_id")
    recent = units[units["quarter"].isin([facts.quarter, shift_quarter(facts.quarter, -4)])]
    for kind in ("category", "segment", "service"):
        key = recent["service_id"] if kind == "service" else recent["customer_id"].map(about[kind])
        for group, part in recent.groupby(key):
            yield kind, str(group), facts.quarter, part


def _tell_saving(units: pd.DataFrame, keys: tuple[str, str, str], facts: Facts) -> list[tuple]:
    later = (units["quarter"] == keys[2]).to_numpy()
    cell = units["cell"].to_numpy()
    matched = np.isin(cell, np.intersect1d(cell[later], cell[~later]))
    if not matched.any():
        return []
    cost = units["cost"].to_numpy()
    share = cost[matched & later].sum() / cost[later].sum()
    sums = _sums_by_customer(units[matched], later[matched])
    value = _split_saving(np.ones((1, sums.shape[1])), sums)[:, 0]
    n, (low, high) = int((matched & later).sum()), np.full((2, 3), np.nan)
    if n >= facts.settings["minimum_estimate"] and sums.shape[1] > 1:
        tail = (1 - facts.settings["interval_level"]) / 2
        drawn = _together(sums, facts.settings["seed"])
        low, high = np.quantile(_split_saving(_resamples(drawn.shape[1], facts), drawn), [tail, 1 - tail], axis=1)
    return [(name, *keys, value[i], low[i], high[i], n, share) for i, name in enumerate(SAVINGS)]


def _together(sums: np.ndarray, seed: int) -> np.ndarray:
    """Of very many customers, some drawn at random as one: sums of such parts vary as those of their customers do."""
    customers = sums.shape[1]
    if customers <= MOST_RESAMPLED:
        return sums
    starts = np.arange(MOST_RESAMPLED) * customers // MOST_RESAMPLED
    return np.add.reduceat(sums[:, np.random.default_rng(seed).permutation(customers)], starts, axis=1)


def _resamples(customers: int, facts: Facts) -> np.ndarray:
    rng = np.random.default_rng(facts.settings["seed"])
    return rng.multinomial(customers, np.full(customers, 1 / customers), facts.settings["bootstrap_draws"]).astype(
        "float64"
    )


def _sums_by_customer(units: pd.DataFrame, later: np.ndarray) -> np.ndarray:
    """Count, hours and cost, now and before: six tables of customers × service and size, customers ordered by content."""
    order = np.lexsort((units["hours"], units["cost"], units["cell"]))
    customer, cell = (pd.factorize(units[name].to_numpy()[order])[0] for name in ("customer_id", "cell"))
    tables = np.zeros((6, customer.max() + 1, cell.max() + 1))
    table = np.where(later[order], 0, 3)
    for i, amount in enumerate(
        (np.ones(len(order)), units["hours"].to_numpy()[order], units["cost"].to_numpy()[order])
    ):
        np.add.at(tables, (table + i, customer, cell), amount)
    totals = tables.sum(axis=2)
    return tables[:, np.lexsort((totals[1], totals[5], totals[2])), :]


def _split_saving(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Saving, its efficiency part and its rate part per resample, in money.

    With c = h·r, c0 − c1 = (h0 − h1)·(r0 + r1)/2 + (r0 − r1)·(h0 + h1)/2 exactly.
    """
    count1, hours1, cost1, count0, hours0, cost0 = (weights @ table for table in sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit1, unit0, rate1, rate0 = hours1 / count1, hours0 / count0, cost1 / hours1, cost0 / hours0
        efficiency = np.nan_to_num(count1 * (unit0 - unit1) * (rate0 + rate1) / 2, posinf=0.0, neginf=0.0).sum(axis=1)
        rate = np.nan_to_num(count1 * (rate0 - rate1) * (unit0 + unit1) / 2, posinf=0.0, neginf=0.0).sum(axis=1)
    return np.stack([efficiency + rate, efficiency, rate])


_NEEDS = ("effort", "engagements.size_quoted", "roles.hourly_cost|capacity.capacity_cost")
_WORDS = (
    (
        "Saved against last year's unit costs",
        "Σ deliveries × (unit cost four quarters earlier − unit cost now) over services and sizes "
        "delivered in both quarters; measured share = cost of matched deliveries",
    ),
    ("Saved by fewer hours", "the part of the saving that comes from hours per delivery, at the mean of both rates"),
    ("Saved by cheaper hours", "the part of the saving that comes from the cost of an hour, at the mean of both hours"),
)

LOWER_COST = tuple(
    Measure(name, "lower_cost", title, formula, "money", "higher", "effort", _NEEDS, _saving_rows, "saving")
    for name, (title, formula) in zip(SAVINGS, _WORDS, strict=True)
)
