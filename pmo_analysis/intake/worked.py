"""What was worked on each engagement, said to be process or delivery, summed by quarter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pandas as pd

from pmo_analysis.intake.booked import PER_UNIT, SAID, Booked, read_booked
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.placed import Placed, one_each, place_bookings, price

_KEYS = ["number", "engagement_id", "customer_id", "service_id"]
AMOUNTS = [
    *(f"{said}_{unit}" for unit in ("hours", "cost") for said in SAID),
    *(f"own_{said}_hours" for said in SAID),
    "unpriced_count",
]
Numbers = TypeVar("Numbers", pd.Series, np.ndarray)


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
    that the order does not matter.
    """
    booked = read_booked(data).dated()
    booked = booked.only(~np.isnan(booked.units))
    if not len(booked.units):
        return _nothing()
    number = booked.tell_days(lambda days: _number_days(days, fiscal_year_end_month))
    first = int(number.min())
    placed = place_bookings(booked, data, number - first)
    services = one_each(data.frame("engagements", ["engagement_id", "customer_id", "service_id"]), "engagement_id")
    rows = placed.keys(services[["service_id"]]).assign(**_tell_amounts(placed, _list_rates(rates, booked, number)))
    rows["number"] += first
    # Names are numbered in their order, a blank one last; an engagement has one service.
    ids = [np.where(code < 0, np.iinfo("int64").max, code) for code in (placed.customer, placed.engagement)]
    rows = rows.iloc[np.lexsort((*ids, placed.number))].reset_index(drop=True)
    return rows[[*_KEYS, *AMOUNTS]]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {"number": pd.Series(dtype="int64")}
        | {name: pd.Series(dtype="str") for name in _KEYS[1:]}
        | {name: pd.Series(dtype="float64") for name in AMOUNTS}
    )


def _number_days(days: np.ndarray, fiscal_year_end_month: int) -> np.ndarray:
    months = days.astype("datetime64[M]").astype("int64")
    return count_quarters(1970 + months // 12, months % 12 + 1, fiscal_year_end_month)


@dataclass(frozen=True, eq=False)
class _Priced:
    """Per booking whether the hours are the PMO's, and what they cost in ten-thousandths."""

    pmo: np.ndarray = field(repr=False)
    cost: np.ndarray = field(repr=False)


def _list_rates(rates: Rates, booked: Booked, number: np.ndarray) -> _Priced:
    roles, first = booked.names["role"], number.min()
    by_role = rates.by_role.set_index("role").reindex(roles)
    table = np.tile(np.append(by_role["rate"].to_numpy("float64"), np.nan), (number.max() - first + 1, 1))
    told = rates.by_quarter[
        rates.by_quarter["role"].isin(roles) & rates.by_quarter["number"].between(first, number.max())
    ]
    table[told["number"] - first, roles.get_indexer(told["role"])] = told["rate"]
    customers = np.append(by_role["side"] == "customer", False)
    pmo = np.where(booked.side >= 0, booked.side == 0, ~customers[booked.codes["role"]])
    return _Priced(pmo, price(booked, table, number - first))


def _tell_amounts(placed: Placed, priced: _Priced) -> dict[str, np.ndarray]:
    """AMOUNTS per place."""
    units, cost, pmo = placed.booked.units, priced.cost, priced.pmo
    hours, money = (placed.sums_by_kind(amounts, pmo) / PER_UNIT for amounts in (units, cost))
    columns = np.column_stack([hours[:, : len(SAID)], money[:, : len(SAID)], hours[:, len(SAID) :]])
    told = dict(zip(AMOUNTS, columns.T, strict=False))
    return told | {"unpriced_count": placed.count(pmo & np.isnan(cost))}
