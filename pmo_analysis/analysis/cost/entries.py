"""Priced entries: one row per engagement, role and activity, whatever the tables can price it by.

Three bases, the first that the tables allow: hours worked × rates; money charged; standard hours × a blended rate.
All have the columns of `ENTRY`; hours and money in whole ten-thousandths.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.hours import PER_UNIT, allocate_hours, place_hours, standard_hours
from pmo_analysis.analysis.cost.rates import blended_rate, price_customer_roles
from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

ENTRY = [
    "quarter",
    "engagement_id",
    "customer_id",
    "service_id",
    "size",
    "role",
    "hours",
    "cost",
    "own_hours",
    "own_cost",
    "process",
    "mandated",
    "senior",
    "allocated",
    "unread_count",
]


def count_engagements(data: Dataset, quarters: list[str], month: int) -> pd.DataFrame:
    """Engagements that count in each quarter: those delivered in it, or requested where no delivery is recorded at all.

    Columns of engagements, plus quarter. Cancelled and refused ones do not count.
    """
    columns = [
        "engagement_id",
        "customer_id",
        "service_id",
        "requested_on",
        "started_on",
        "delivered_on",
        "project_id",
        "size_quoted",
        "charged_cost",
        "touchpoint_count",
        "state",
    ]
    rows = data.frame("engagements", columns).drop_duplicates("engagement_id")
    asked = rows["requested_on"].fillna(rows["started_on"])
    day = rows["delivered_on"] if rows["delivered_on"].notna().any() else asked
    edges = [pd.Timestamp(quarter_start(q, month)) for q in quarters] + [pd.Timestamp(quarter_end(quarters[-1], month))]
    place = np.searchsorted(np.array(edges[:-1], "datetime64[us]"), day.to_numpy("datetime64[us]"), side="right") - 1
    inside = day.notna() & (place >= 0) & (day <= edges[-1]) & ~rows["state"].isin(["cancelled", "refused"])
    return rows[inside].assign(quarter=np.array(quarters, dtype=object)[place[inside]]).astype({"quarter": "str"})


def enter_hours(
    data: Dataset, booked: pd.DataFrame, rates: pd.DataFrame, settings: Settings, *, allocate: bool
) -> pd.DataFrame:
    """Entries from booked hours: the PMO's hours × rate; the customer's own hours kept apart.

    Money is fixed before hours are allocated to services, so every table has the same total.
    """
    placed = place_hours(booked, data)
    roles = data.frame("roles", ["role", "senior", "side"]).drop_duplicates("role").set_index("role")
    side = placed["side"].fillna(placed["role"].map(roles["side"]).astype("str")).fillna("pmo")
    placed = placed.merge(rates[["quarter", "role", "hourly_cost"]], on=["quarter", "role"], how="left")
    pmo, hours = (side == "pmo").to_numpy(), placed["hours"]
    own_rates, own_rate = price_customer_roles(data, settings)
    own = placed["role"].map(own_rates).astype("float64").fillna(own_rate)
    entries = placed.assign(
        hours=hours.where(pmo),
        cost=(hours * placed["hourly_cost"]).round().where(pmo),
        own_hours=hours.where(~pmo),
        own_cost=(hours * own).round().where(~pmo),
        senior=placed["role"].map(roles["senior"]).astype("boolean"),
    )
    active = active_engagements(data, str(booked["quarter"].max()), settings) if allocate else None
    return _mark_process(allocate_hours(entries, active), data)


def active_engagements(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Engagements that hours of the quarter without one can belong to: open at some time in it, or requested in it.

    Where no delivery is recorded at all, only those requested in it. Refused ones never.
    """
    month = settings["fiscal_year_end_month"]
    start, end = pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))
    columns = ["customer_id", "service_id", "requested_on", "started_on", "delivered_on", "size_quoted", "state"]
    rows = data.frame("engagements", columns)
    asked, delivered = rows["requested_on"].fillna(rows["started_on"]), rows["delivered_on"]
    running = (asked <= end) & ((delivered >= start) | (delivered.isna() & (rows["state"] == "open")))
    inside = asked.between(start, end) | (running & delivered.notna().any())
    rows = rows[inside & (rows["state"] != "refused")]
    told = rows[["customer_id", "service_id"]].assign(size=rows["size_quoted"])
    return told.assign(standard_hours=standard_hours(data, rows))


def enter_charges(data: Dataset, counted: pd.DataFrame) -> pd.DataFrame:
    """Entries from money charged for the engagements counted in the quarter; hours are not known."""
    rows = counted[counted["charged_cost"].notna()]
    entries = rows.assign(size=rows["size_quoted"], cost=np.rint(rows["charged_cost"] * PER_UNIT), hours=np.nan)
    return _mark_process(_without_roles(entries), data)


def enter_standards(data: Dataset, counted: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Entries from standard hours × one blended rate, for the engagements counted in the quarter."""
    hours = np.rint(standard_hours(data, counted) * PER_UNIT)
    entries = counted.assign(
        size=counted["size_quoted"], hours=hours, cost=np.rint(hours * blended_rate(data, settings))
    )
    return _mark_process(_without_roles(entries[hours.notna()]), data)


def _without_roles(entries: pd.DataFrame) -> pd.DataFrame:
    return entries.assign(
        role=pd.Series(np.nan, entries.index, dtype="str"),
        own_hours=np.nan,
        own_cost=np.nan,
        senior=pd.Series(pd.NA, entries.index, dtype="boolean"),
        allocated=False,
        unread_count=0,
    )


def _mark_process(entries: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    """process: by the booking's activity, else its service; mandated: process that law or policy requires."""
    services = (
        data.frame("services", ["service_id", "process", "mandated"])
        .drop_duplicates("service_id")
        .set_index("service_id")
    )
    process = entries["service_id"].map(services["process"]).astype("boolean")
    if "activity" in entries:
        booked = entries["activity"].map({"process": True, "delivery": False}).astype("boolean")
        process = booked.fillna(process)
    required = entries["service_id"].map(services["mandated"]).astype("boolean")
    return entries.assign(process=process, mandated=process & required)[ENTRY]
