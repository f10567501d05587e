"""What was worked on each engagement, said to be process or delivery, summed by quarter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pandas as pd

from pmo_analysis.intake.booked import PER_UNIT, SAID, UNDATED, Booked, Month, read_booked
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.numbered import single_engagements
from pmo_analysis.intake.placed import Placed, label_places, place_bookings, price_kinds

_KEYS = ["number", "engagement_id", "customer_id", "service_id"]
AMOUNTS = [
    *(f"{said}_{unit}" for unit in ("hours", "cost") for said in SAID),
    *(f"own_{said}_hours" for said in SAID),
    "unpriced_count",
]
Numbers = TypeVar("Numbers", pd.Series, np.ndarray, int)


@dataclass(frozen=True, eq=False)
class Rates:
    """What an hour of the PMO costs: by_quarter (number, role, rate) before by_role (role, side, rate).

    `number` counts quarters as `count_quarters` does; a missing rate leaves the money missing.
    """

    by_quarter: pd.DataFrame = field(repr=False)
    by_role: pd.DataFrame = field(repr=False)


def count_quarters(year: Numbers, month: Numbers, fiscal_year_end_month: int) -> Numbers:
    """The number of each month's quarter; following quarters have following numbers, four a fiscal year."""
    return (year * 12 + month - 1 - fiscal_year_end_month) // 3


def sum_work(data: Dataset, rates: Rates, fiscal_year_end_month: int) -> pd.DataFrame:
    """Hours and money by quarter, engagement, customer and service, sorted: number, three ids and AMOUNTS.

    Customer and service are categories. The customer is the engagement's, else the one booked, else the project's. The
    PMO's hours and money: said to be process, said to be delivery, unsaid; then the customer's own hours alike;
    unpriced_count: the PMO's bookings without a rate. Missing = nothing booked. Whole ten-thousandths are added, so
    that the order does not matter. Bookings without a day or without readable hours are not in it.
    """
    booked, tables = read_booked(data), {}
    for number, months in _list_quarters(booked, fiscal_year_end_month).items():
        told = _tell_rates(rates, booked, number)
        tables[number] = _sum_quarter(data, place_bookings(booked, months, price_kinds(booked, told)))
    tables = {number: rows for number, rows in tables.items() if len(rows)}
    if not tables:
        return _nothing()
    numbers = np.repeat(list(tables), [len(rows) for rows in tables.values()])
    return pd.concat(tables.values(), ignore_index=True).assign(number=numbers)[[*_KEYS, *AMOUNTS]]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {"number": pd.Series(dtype="int64")}
        | {name: pd.Series(dtype="str") for name in _KEYS[1:]}
        | {name: pd.Series(dtype="float64") for name in AMOUNTS}
    )


def _list_quarters(booked: Booked, fiscal_year_end_month: int) -> dict[int, list[Month]]:
    """The months of each quarter's number, in order."""
    quarters: dict[int, list[Month]] = {}
    for month in sorted(set(booked.months) - {UNDATED}):
        number = count_quarters(month // 12, month % 12 + 1, fiscal_year_end_month)
        quarters.setdefault(number, []).append(booked.months[month])
    return quarters


def _tell_rates(rates: Rates, booked: Booked, number: int) -> pd.DataFrame:
    """What a quarter's hours cost by role: the quarter's own rate, else the role's."""
    by_role = rates.by_role.set_index("role").reindex(booked.names["role"]).rename_axis("role")
    here = rates.by_quarter[rates.by_quarter["number"] == number].set_index("role")["rate"]
    rate = here.reindex(by_role.index).fillna(by_role["rate"])
    told = by_role[["side"]].assign(hourly_cost=rate, own_hourly_cost=np.nan, senior=np.nan)
    return told.reset_index().rename(columns={"side": "role_side"})


def _sum_quarter(data: Dataset, placed: Placed) -> pd.DataFrame:
    """The sums of a quarter's places, sorted by engagement, then customer, what is on none last."""
    booked, services = read_booked(data), single_engagements(data)[["engagement_id", "service_id"]]
    rows = label_places(booked, placed, services).assign(**_tell_amounts(placed))
    there = ~np.isnan(placed.hours).all(axis=1)
    # Names are numbered in their order; a blank one comes last.
    ids = [np.where(code < 0, np.iinfo("int64").max, code) for code in (placed.customer, placed.engagement)]
    order = np.lexsort(ids)
    return rows.iloc[order[there[order]]]


def _tell_amounts(placed: Placed) -> dict[str, np.ndarray]:
    """AMOUNTS per place."""
    hours, money = placed.hours / PER_UNIT, placed.cost / PER_UNIT
    columns = [*hours[:, : len(SAID)].T, *money[:, : len(SAID)].T, *hours[:, len(SAID) :].T]
    return dict(zip(AMOUNTS, [*columns, placed.unpriced[0]], strict=True))
