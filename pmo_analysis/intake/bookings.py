"""Hours booked, summed where the rows lie: exact, in one order, each on a side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.intake.booked import PER_UNIT, SAID, Booked, named, read_booked
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.numbered import single_engagements
from pmo_analysis.intake.placed import (
    Placed,
    add_kinds,
    each_project,
    label_places,
    place_bookings,
    price_kinds,
)
from pmo_analysis.intake.role_hours import find_ours

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
_PLACED = ["row", "quarter", "engagement_id", "customer_id", "service_id", "size"]


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


def sum_by_engagement(data: Dataset, spans: Spans, rates: pd.DataFrame) -> pd.DataFrame:
    """Hours and money of some quarters by engagement; what is booked on none, by the customer that bears it.

    `spans`: quarter → its first and last day, whole months; `rates`: quarter, role, hourly_cost (the PMO's),
    own_hourly_cost (the customer's), role_side, senior; where a rate is missing the money is. Columns: quarter,
    engagement_id, customer_id (the engagement's, else the one booked, else the project's), service_id, size, and
    AMOUNTS: the PMO's hours and cost said to be process or delivery, or unsaid; senior_hours; the customer's own hours
    and cost; bookings without a price and without readable hours. In ten-thousandths, sorted; missing = not known; and
    row: the engagement's in `single_engagements`, −1 none. Names but the engagement's are categories.
    """
    tables = [_sum_quarter(data, rates[rates["quarter"] == quarter], *span) for quarter, span in spans.items()]
    number = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    rows = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    return rows.assign(quarter=pd.Categorical.from_codes(number, list(spans)))[[*_PLACED, *AMOUNTS]]


def _sum_quarter(data: Dataset, rates: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    booked, engagements = read_booked(data), single_engagements(data)
    placed = place_bookings(booked, booked.between(first, last), price_kinds(booked, rates))
    about = engagements[["engagement_id", "service_id", "size_quoted"]].rename(columns={"size_quoted": "size"})
    rows = label_places(booked, placed, about).assign(**_tell_amounts(placed))
    loose = booked.owner[placed.engagement] < 0
    if not loose.any():
        return rows
    apart = rows[loose].groupby(_PLACED[3:], dropna=False, observed=True)[AMOUNTS].sum(min_count=1).reset_index()
    return pd.concat([rows[~loose], apart.assign(row=-1)], ignore_index=True).astype({"engagement_id": "str"})


def _tell_amounts(placed: Placed) -> dict[str, np.ndarray]:
    """AMOUNTS per place."""
    hours, cost = placed.hours, placed.cost
    told: dict[str, np.ndarray] = {}
    for i, said in enumerate(_SAID):
        told |= {f"{said}_hours": hours[:, i], f"{said}_cost": cost[:, i]}
    return told | {
        "senior_hours": placed.senior_hours,
        "own_hours": _add(hours[:, len(SAID) :]),
        "own_cost": _add(cost[:, len(SAID) :]),
        "unpriced_count": placed.unpriced[1],
        "unread_count": placed.unread,
    }


def _add(parts: np.ndarray) -> np.ndarray:
    """The sum of each row; missing where nothing of it is known."""
    known = ~np.isnan(parts)
    return np.where(known.any(axis=1), np.where(known, parts, 0.0).sum(axis=1), np.nan)


def sum_by_role(data: Dataset, spans: Spans, rates: pd.DataFrame) -> pd.DataFrame:
    """The PMO's hours and money of some quarters by role: quarter, role, hours, cost, in ten-thousandths, sorted.

    `spans` and `rates` as for `sum_by_engagement`; every booking counts, on whatever it was booked.
    """
    booked, tables = read_booked(data), []
    for quarter, span in spans.items():
        priced = price_kinds(booked, rates[rates["quarter"] == quarter])
        sums = add_kinds(booked, booked.between(*span), priced)
        tables.append(_sum_roles(booked, sums[priced.pmo]).assign(quarter=quarter))
    return _join(tables, ["quarter", "role", "hours", "cost"])


def _sum_roles(booked: Booked, sums: pd.DataFrame) -> pd.DataFrame:
    """The sums of kinds by role, in the order of names, the blank one last: role, hours, cost; missing where none is known."""
    sums = sums[sums["bookings"] > 0]
    amounts = sums[["hours", "cost"]].where(sums["readable"])
    code = sums["role"].where(sums["role"] >= 0, len(booked.names["role"]))
    told = amounts.groupby(code).sum(min_count=1)
    role = np.append(np.arange(len(booked.names["role"])), -1)[told.index]
    return told.assign(role=named(booked.names["role"], role).array)


def _join(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    rows = pd.concat(tables, ignore_index=True)[columns]
    return rows.astype({c: "str" if c in ("quarter", "role") else "float64" for c in columns})


def list_worked_roles(data: Dataset, spans: Spans) -> pd.DataFrame:
    """Which roles booked hours in which quarters: quarter, role, readable (whether any hours can be read)."""
    names = {"quarter": "str", "role": "str", "readable": "bool"}
    if not spans or not data.has("effort", "worked_on", "worked_hours"):
        return pd.DataFrame({name: [] for name in names}).astype(names)
    booked = read_booked(data)
    tables = [
        _sum_roles(booked, add_kinds(booked, booked.between(*span))).assign(quarter=quarter)
        for quarter, span in spans.items()
    ]
    rows = _join(tables, ["quarter", "role", "hours"])
    return rows[["quarter", "role"]].assign(readable=rows["hours"].notna())


def lifetime_hours(data: Dataset) -> pd.DataFrame:
    """The PMO's hours on each engagement, whenever they were worked: engagement_id, worked_hours, sorted.

    Engagements without a readable hour are not in it.
    """
    booked = read_booked(data)
    names, pmo = booked.names["engagement_id"], find_ours(data, booked)
    units, known = np.zeros(len(names) + 1), np.zeros(len(names) + 1, "bool")
    for month in booked.months.values():
        for chunk in month.chunks():
            own = pmo[month.kind[chunk]]
            engagement = month.engagement[chunk][own]
            np.add.at(units, engagement, month.units[chunk][own].astype("float64"))
            known[engagement] = True
    found = np.flatnonzero(known[:-1])
    return pd.DataFrame({"engagement_id": named(names, found), "worked_hours": units[found] / PER_UNIT})


def sum_by_project(data: Dataset, spans: Spans, rates: pd.DataFrame) -> pd.DataFrame:
    """The PMO's hours and money by project: project_id, hours, cost, in ten-thousandths, sorted.

    A booking is on its engagement's project, else on the one it names. `spans`, `rates` as for `sum_by_engagement`.
    """
    booked = read_booked(data)
    names, readable = booked.names["project_id"], booked.kinds["readable"].to_numpy()
    sums, known = np.zeros((2, len(names) + 1)), np.zeros((3, len(names) + 1), "bool")
    for quarter, span in spans.items():
        priced = price_kinds(booked, rates[rates["quarter"] == quarter])
        seen = (readable, readable & ~np.isnan(priced.rate))
        for month, project in each_project(booked, booked.between(*span)):
            for chunk in month.chunks():
                kind, own = month.kind[chunk], project[chunk]
                known[2][own[priced.pmo[kind]]] = True
                for i, amount in enumerate((month.units[chunk].astype("float64"), priced.cost(month, chunk))):
                    some = priced.pmo[kind] & seen[i][kind]
                    np.add.at(sums[i], own[some], amount[some])
                    known[i][own[some]] = True
    found = np.flatnonzero(known[2][:-1])
    hours, cost = np.where(known[:2], sums, np.nan)[:, found]
    return pd.DataFrame({"project_id": named(names, found), "hours": hours, "cost": cost})


def first_booking(data: Dataset) -> date | None:
    """The day of the first booking; None where nothing is booked."""
    if not data.has("effort", "worked_on"):
        return None
    day = data.sql("SELECT min(worked_on) AS day FROM {effort}")["day"].iloc[0]
    return pd.Timestamp(day).date()
