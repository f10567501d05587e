"""Priced rows: one per engagement, or per customer for what is on none, whatever the tables can price it by.

Three bases, the first that the tables allow: hours worked × rates; money charged; standard hours × a blended rate.
All have engagement_id, PLACE and AMOUNTS, hours and money in whole ten-thousandths; `tell_figures` turns these into
FIGURES, when each row has its service.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.hours import standard_hours
from pmo_analysis.analysis.cost.rates import add_own_rates, blended_rate
from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import AMOUNTS, PER_UNIT, sum_by_engagement
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.numbered import number_engagements, single_engagements

PLACE = ["quarter", "customer_id", "service_id", "size"]
FIGURES = [
    "hours",
    "cost",
    "process_hours",
    "process_cost",
    "mandated_process_cost",
    "senior_hours",
    "own_hours",
    "own_cost",
    "unpriced_count",
    "unread_count",
]


_COUNTED = [
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


def span_quarters(quarters: list[str], month: int) -> dict[str, tuple[date, date]]:
    """Each quarter's first and last day."""
    return {q: (quarter_start(q, month), quarter_end(q, month)) for q in quarters}


def count_engagements(data: Dataset, quarters: list[str], month: int) -> pd.DataFrame:
    """Engagements that count in each quarter: those delivered in it, or requested where no delivery is recorded at all.

    Columns of engagements (names are categories), plus quarter. Cancelled and refused ones do not count.
    """
    rows = single_engagements(data)
    asked = rows["requested_on"].fillna(rows["started_on"])
    day = rows["delivered_on"] if rows["delivered_on"].notna().any() else asked
    edges = [pd.Timestamp(quarter_start(q, month)) for q in quarters] + [pd.Timestamp(quarter_end(quarters[-1], month))]
    place = np.searchsorted(np.array(edges[:-1], "datetime64[us]"), day.to_numpy("datetime64[us]"), side="right") - 1
    inside = day.notna() & (place >= 0) & (day <= edges[-1]) & ~rows["state"].isin(["cancelled", "refused"])
    told = rows.loc[inside, _COUNTED]
    return told.assign(quarter=pd.Categorical.from_codes(place[inside], quarters))


def enter_hours(data: Dataset, quarter: str, rates: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows from booked hours: the PMO's hours × rate; the customer's own hours kept apart.

    Money is fixed booking by booking before hours are allocated to services, so every table has the same total.
    """
    spans = span_quarters([quarter], settings["fiscal_year_end_month"])
    return sum_by_engagement(data, spans, add_own_rates(rates, data, settings))


def active_engagements(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Engagements that hours of the quarter without one can belong to: open at some time in it, or requested in it.

    Where no delivery is recorded at all, only those requested in it. Refused ones never.
    """
    month = settings["fiscal_year_end_month"]
    start, end = pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))
    rows = number_engagements(data)
    asked, delivered = rows["requested_on"].fillna(rows["started_on"]), rows["delivered_on"]
    running = (asked <= end) & ((delivered >= start) | (delivered.isna() & (rows["state"] == "open")))
    inside = asked.between(start, end) | (running & delivered.notna().any())
    rows = rows[inside & (rows["state"] != "refused")]
    told = rows[["customer_id", "service_id"]].assign(size=rows["size_quoted"])
    return told.assign(standard_hours=standard_hours(data, rows))


def enter_charges(counted: pd.DataFrame) -> pd.DataFrame:
    """Rows from money charged for the engagements counted in the quarter; hours are not known."""
    rows = counted[counted["charged_cost"].notna()]
    return _without_roles(rows.assign(unsaid_cost=np.rint(rows["charged_cost"] * PER_UNIT), unsaid_hours=np.nan))


def enter_standards(data: Dataset, counted: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows from standard hours × one blended rate, for the engagements counted in the quarter."""
    hours = np.rint(standard_hours(data, counted) * PER_UNIT)
    rows = counted.assign(unsaid_hours=hours, unsaid_cost=np.rint(hours * blended_rate(data, settings)))
    return _without_roles(rows[hours.notna()])


def choose_basis(data: Dataset, booked: pd.DataFrame, counted: pd.DataFrame) -> str:
    """The first basis that the tables allow; `booked`: the roles that worked, `counted`: the engagements of the quarters."""
    if booked["readable"].any():
        return "hours"
    if counted["charged_cost"].notna().any():
        return "charged"
    return "standard hours" if standard_hours(data, counted).notna().any() else "not known"


def enter_rows(
    data: Dataset, quarter: str, basis: str, counted: pd.DataFrame, rates: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """The quarter's rows on a basis; `counted`: its engagements."""
    if basis == "hours":
        return enter_hours(data, quarter, rates, settings)
    return enter_charges(counted) if basis == "charged" else enter_standards(data, counted, settings)


def _without_roles(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows.rename(columns={"size_quoted": "size"}).assign(row=rows.index)
    told = known.reindex(columns=["row", "engagement_id", *PLACE, *AMOUNTS])
    return told.assign(unpriced_count=0.0, unread_count=0.0)


def tell_figures(rows: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    """The rows with FIGURES for AMOUNTS: process is what was booked so, and else what its service is.

    mandated: whether any of it is process that law or policy requires. A part is missing where nothing of it is known.
    """
    flags = data.frame("services", ["service_id", "process", "mandated"]).drop_duplicates("service_id")
    flags = flags.set_index("service_id").astype("Float64").astype("float64")
    services = rows["service_id"].cat
    known = flags.reindex(services.categories)
    flag, required = (np.append(known[c].to_numpy(), np.nan)[services.codes] for c in ("process", "mandated"))
    amounts = {name: rows[name].to_numpy("float64") for name in AMOUNTS}
    both = np.where((flag == 0) | (required == 0), 0.0, flag * required)
    figures = {}
    for unit in ("hours", "cost"):
        process, delivery, unsaid = (amounts[f"{said}_{unit}"] for said in ("said_process", "said_delivery", "unsaid"))
        figures[unit] = _add(process, delivery, unsaid)
        figures[f"process_{unit}"] = _add(process, delivery * 0, unsaid * flag)
        figures[f"mandated_process_{unit}"] = _add(process * required, delivery * 0, unsaid * both)
    figures = {name: figures[name] if name in figures else amounts[name] for name in FIGURES}
    plain = ~np.isnan(amounts["unsaid_hours"]) | ~np.isnan(amounts["own_hours"])
    seen = ~np.isnan(amounts["said_process_hours"]) | (plain & (flag == 1))
    return rows.drop(columns=AMOUNTS).assign(**figures, mandated=seen & (required == 1))


def _add(*parts: np.ndarray) -> np.ndarray:
    """The sum of what is known; missing where nothing is."""
    known = ~np.isnan(parts)
    return np.where(known.any(axis=0), np.where(known, parts, 0.0).sum(axis=0), np.nan)
