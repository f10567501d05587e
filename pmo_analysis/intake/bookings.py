"""Hours booked, summed where the rows lie: exact, in one order, each on a side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.intake.booked import PER_UNIT, SAID, Booked, add_up, named, read_booked
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.placed import Placed, one_each, place_bookings, place_by_customer, price

__all__ = ["AMOUNTS", "PER_UNIT", "first_booking", "lifetime_hours", "list_worked_roles", "sum_by_engagement",
           "sum_by_project", "sum_by_role", "sum_hours"]  # fmt: skip
Spans = Mapping[str, tuple[date, date]]
_SAID = ("said_process", "said_delivery", "unsaid")
AMOUNTS = [
    *(f"{said}_{unit}" for said in _SAID for unit in ("hours", "cost")),
    "senior_hours",
    "own_hours",
    "own_cost",
    "unpriced_count",
    "unread_count",
]
_PLACED = ["quarter", "engagement_id", "customer_id", "service_id", "size"]
_ENGAGEMENT = ["engagement_id", "customer_id", "service_id", "size_quoted"]


def sum_hours(data: Dataset, *keys: str, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Hours by the keys, role and side, sorted: keys, role, side (pmo or customer), worked_hours.

    Bookings from `first` to `last`, where given. A booking that names no side is on its role's, else the PMO's.
    Sums without a single readable hour are left out. Empty where nothing is booked.
    """
    columns = list(dict.fromkeys([*keys, "role", "side"]))
    if not data.has("effort"):
        return pd.DataFrame({c: pd.Series(dtype="str") for c in columns} | {"worked_hours": pd.Series(dtype="float64")})
    day, hours, rows = nw.col("worked_on"), nw.col("worked_hours"), data["effort"]
    rows = rows.filter(day >= first) if first else rows
    rows = rows.filter(day <= last) if last else rows
    sums = rows.group_by(*columns).agg(hours.sum(), hours.count().alias("bookings")).collect().to_pandas()
    sums = sums[sums["bookings"] > 0].sort_values(columns, ignore_index=True)  # sums of floats depend on their order
    sums = sums.astype(dict.fromkeys(columns, "str") | {"worked_hours": "float64"})
    sides = data.frame("roles", ["role", "side"]).dropna().drop_duplicates("role").set_index("role")["side"]
    side = sums["side"].fillna(sums["role"].map(sides).astype("str")).fillna("pmo")
    return sums.assign(side=side).drop(columns="bookings")


@dataclass(frozen=True, eq=False)
class _Priced:
    """The bookings of some quarters: the number of each one's quarter, whose hours, what they cost, whether senior.

    senior: 1, 0 or missing; cost: in ten-thousandths, at the PMO's rate or the customer's own.
    """

    booked: Booked = field(repr=False)
    number: np.ndarray = field(repr=False)
    pmo: np.ndarray = field(repr=False)
    cost: np.ndarray = field(repr=False)
    senior: np.ndarray = field(repr=False)


def _price(data: Dataset, spans: Spans, rates: pd.DataFrame) -> _Priced:
    booked, number = _within(data, spans)
    roles, role = booked.names["role"], booked.codes["role"]
    told = rates[rates["role"].isna() | rates["role"].isin(roles)]
    numbers = dict(zip(spans, range(len(spans)), strict=True))
    at = (told["quarter"].map(numbers).to_numpy("int64"), roles.get_indexer(told["role"]))
    tables = np.full((4, len(spans), len(roles) + 1), np.nan)
    for table, name in zip(tables, ("hourly_cost", "own_hourly_cost", "senior"), strict=False):
        table[at] = told[name].astype("Float64").to_numpy("float64", na_value=np.nan)
    tables[3][at] = told["role_side"] == "customer"
    pmo_rate, own_rate, senior, customers = tables
    pmo = np.where(booked.side >= 0, booked.side == 0, (customers != 1)[number, role])
    cost = price(booked, np.stack([own_rate, pmo_rate]), pmo.astype("int8"), number)
    return _Priced(booked, number, pmo, cost, senior[number, role])


def _within(data: Dataset, spans: Spans) -> tuple[Booked, np.ndarray]:
    """The bookings of some quarters that follow each other, and the number of each one's quarter."""
    first, last = min(f for f, _ in spans.values()), max(t for _, t in spans.values())
    booked = read_booked(data).between(first, last)
    ends = np.array([end for _, end in spans.values()], "datetime64[D]")
    return booked, booked.tell_days(lambda days: np.searchsorted(ends, days))


def sum_by_engagement(
    data: Dataset, spans: Spans, rates: pd.DataFrame, *, customers_only: bool = False
) -> pd.DataFrame:
    """Hours and money of some quarters by engagement; what is booked on none, by the customer that bears it.

    `spans`: quarter → its first and last day; `rates`: quarter, role, hourly_cost (the PMO's), own_hourly_cost (the
    customer's), role_side, senior; where a rate is missing the money is. Columns: quarter, engagement_id, customer_id
    (the engagement's, else the one booked, else the project's), service_id, size, and AMOUNTS: the PMO's hours and
    cost said to be process or delivery, or unsaid; senior_hours; the customer's own hours and cost; bookings without
    a price and without readable hours. In ten-thousandths, sorted; missing = not known. With `customers_only` the
    sums are by quarter and customer, and engagement, service and size are blank. Names but the engagement's are categories.
    """
    priced = _price(data, spans, rates)
    placed = (place_by_customer if customers_only else place_bookings)(priced.booked, data, priced.number)
    about = one_each(data.frame("engagements", _ENGAGEMENT), "engagement_id")
    about = about.rename(columns={"customer_id": "its_customer_id", "size_quoted": "size"})
    rows = placed.keys(about).assign(**_tell_amounts(placed, priced))
    loose = rows["its_customer_id"].isna()
    apart = rows[loose].assign(engagement_id=np.nan).astype({"engagement_id": "str"})
    sums = apart.groupby(["number", *_PLACED[1:]], dropna=False)[AMOUNTS].sum(min_count=1).reset_index()
    rows = pd.concat([rows[~loose], sums], ignore_index=True).sort_values("number", kind="stable", ignore_index=True)
    return rows.assign(quarter=pd.Categorical.from_codes(rows["number"], sorted(spans)))[[*_PLACED, *AMOUNTS]]


def _tell_amounts(placed: Placed, priced: _Priced) -> dict[str, np.ndarray]:
    """AMOUNTS per place."""
    units, pmo = priced.booked.units, priced.pmo
    hours, cost = placed.sums_by_kind(units, pmo), placed.sums_by_kind(priced.cost, pmo)
    told: dict[str, np.ndarray] = {}
    for i, said in enumerate(_SAID):
        told |= {f"{said}_hours": hours[:, i], f"{said}_cost": cost[:, i]}
    ranked = pmo & ~np.isnan(priced.senior)
    return told | {
        "senior_hours": placed.sums(units * priced.senior, ranked),
        "own_hours": _add(hours[:, len(SAID) :]),
        "own_cost": _add(cost[:, len(SAID) :]),
        "unpriced_count": placed.count(~pmo & np.isnan(priced.cost) & ~np.isnan(units)),
        "unread_count": placed.count(np.isnan(units)),
    }


def _add(parts: np.ndarray) -> np.ndarray:
    """The sum of each row; missing where nothing of it is known."""
    return np.where(np.isnan(parts).all(axis=1), np.nan, np.nansum(parts, axis=1))


def sum_by_role(data: Dataset, spans: Spans, rates: pd.DataFrame) -> pd.DataFrame:
    """The PMO's hours and money of some quarters by role: quarter, role, hours, cost, in ten-thousandths, sorted.

    `spans` and `rates` as for `sum_by_engagement`; every booking counts, on whatever it was booked.
    """
    priced, names = _price(data, spans, rates), read_booked(data).names["role"]
    rows = _sum_by(priced, priced.booked.codes["role"], names, "role")
    return _label(rows, spans, ["quarter", "role", "hours", "cost"])


def _sum_by(priced: _Priced, code: np.ndarray, names: pd.Index, key: str) -> pd.DataFrame:
    """The PMO's hours and cost by number of the quarter and key, the blank one last: number, key, hours, cost."""
    width = len(names) + 1
    place = priced.number[priced.pmo] * width + np.where(code < 0, width - 1, code)[priced.pmo]
    size = (int(priced.number.max(initial=0)) + 1) * width
    found = np.flatnonzero(np.bincount(place, minlength=size))
    hours, cost = (add_up(place, a[priced.pmo], size)[found] for a in (priced.booked.units, priced.cost))
    code = np.append(np.arange(len(names)), -1)[found % width]
    return pd.DataFrame({"number": found // width, key: named(names, code), "hours": hours, "cost": cost})


def _label(rows: pd.DataFrame, spans: Mapping[str, object], columns: list[str]) -> pd.DataFrame:
    rows = rows.assign(quarter=pd.Categorical.from_codes(rows["number"], list(spans)).astype("str"))
    return rows[columns].astype({c: "str" if c in ("quarter", "role") else "float64" for c in columns})


def list_worked_roles(data: Dataset, spans: Spans) -> pd.DataFrame:
    """Which roles booked hours in which quarters: quarter, role, readable (whether any hours can be read)."""
    names = {"quarter": "str", "role": "str", "readable": "bool"}
    if not spans or not data.has("effort", "worked_on", "worked_hours"):
        return pd.DataFrame({name: [] for name in names}).astype(names)
    booked, number = _within(data, spans)
    everybody = np.ones(len(number), "bool")
    rows = _sum_by(
        _Priced(booked, number, everybody, booked.units, booked.units),
        booked.codes["role"], booked.names["role"], "role",
    )  # fmt: skip
    return _label(rows, spans, ["quarter", "role"]).assign(readable=rows["hours"].notna())


def lifetime_hours(data: Dataset) -> pd.DataFrame:
    """The PMO's hours on each engagement, whenever they were worked: engagement_id, worked_hours, sorted.

    Engagements without a readable hour are not in it.
    """
    booked = read_booked(data)
    roles = data.frame("roles", ["role", "side"]).dropna().drop_duplicates("role")
    customers = np.append(booked.names["role"].isin(roles.loc[roles["side"] == "customer", "role"]), False)
    names, code = booked.names["engagement_id"], booked.codes["engagement_id"]
    pmo = np.where(booked.side >= 0, booked.side == 0, ~customers[booked.codes["role"]]) & (code >= 0)
    units = add_up(code[pmo], booked.units[pmo], len(names))
    found = np.flatnonzero(~np.isnan(units))
    return pd.DataFrame({"engagement_id": named(names, found), "worked_hours": units[found] / PER_UNIT})


def sum_by_project(data: Dataset, spans: Spans, rates: pd.DataFrame) -> pd.DataFrame:
    """The PMO's hours and money by project: project_id, hours, cost, in ten-thousandths, sorted.

    A booking is on its engagement's project, else on the one it names. `spans`, `rates` as for `sum_by_engagement`.
    """
    priced = _price(data, spans, rates)
    booked, names = priced.booked, priced.booked.names
    its = one_each(data.frame("engagements", ["engagement_id", "project_id"]), "engagement_id")["project_id"]
    projects = names["project_id"].union(pd.Index(its.dropna().unique(), dtype="str"))
    of_engagement = projects.get_indexer(its.reindex(names["engagement_id"]))
    of_booking = np.append(projects.get_indexer(names["project_id"]), -1)[booked.codes["project_id"]]
    code = np.append(of_engagement, -1)[booked.codes["engagement_id"]]
    whole = _Priced(booked, np.zeros_like(priced.number), priced.pmo, priced.cost, priced.senior)
    rows = _sum_by(whole, np.where(code >= 0, code, of_booking), projects, "project_id")
    return rows.loc[rows["project_id"].notna(), ["project_id", "hours", "cost"]].reset_index(drop=True)


def first_booking(data: Dataset) -> date | None:
    """The day of the first booking; None where nothing is booked."""
    day = read_booked(data).dated().day if data.has("effort", "worked_on") else np.zeros(0)
    return pd.Timestamp(int(np.min(day)), unit="D").date() if len(day) else None
