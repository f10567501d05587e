"""What each delivery took: lifetime hours on the PMO's side, beside what was quoted at intake."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import lifetime_hours
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.role_hours import total_role_hours

COLUMNS = [
    "engagement_id",
    "customer_id",
    "service_id",
    "requested_on",
    "delivered_on",
    "size_quoted",
    "bespoke",
    "effort_proxy_count",
]


def delivered_work(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Deliveries of the look-back: the contract's columns, worked_hours (missing where none are booked), cost_cost."""
    rows = data.frame("engagements", [*COLUMNS, "started_on", "state"])
    day = _first_day(quarter, settings)
    rows = rows[(rows["state"] == "delivered") & (rows["delivered_on"] >= pd.Timestamp(day))]
    rows = rows.assign(asked_on=rows["requested_on"].fillna(rows["started_on"]))
    if not data.has("effort", "engagement_id"):
        return rows.assign(worked_hours=np.nan).reset_index(drop=True)
    return rows.merge(lifetime_hours(data), how="left", on="engagement_id")


def hourly_cost(data: Dataset) -> float:
    """One hour of the PMO's at its mix of roles; missing where neither roles nor capacity give money."""
    roles = data.frame("roles", ["role", "hourly_cost", "side"])
    roles = roles[roles["side"].fillna("pmo") == "pmo"]
    capacity = data.frame("capacity", ["role", "practical_hours", "capacity_cost"]).dropna()
    if data.has("effort") and roles["hourly_cost"].notna().any():
        hours = total_role_hours(data).merge(roles.dropna(subset="hourly_cost"), on="role")
        if hours["worked_hours"].sum() > 0:
            return float(np.average(hours["hourly_cost"], weights=hours["worked_hours"]))
    if capacity["practical_hours"].sum() > 0:
        return float(capacity["capacity_cost"].sum() / capacity["practical_hours"].sum())
    return float("nan")


def standards_at_request(data: Dataset, work: pd.DataFrame) -> pd.DataFrame:
    """For each delivery every size its service offered on the day it was asked for: engagement_id, size, standard_hours."""
    offered = data.frame("offerings", ["service_id", "size", "standard_hours", "valid_from_on"])
    # Many are asked for on the same day: what was on offer is looked up once per service and day.
    asked = work[["service_id", "asked_on"]].drop_duplicates()
    pairs = asked.merge(offered, on="service_id")
    # An offering first written down after the request still tells what its size stands for.
    late = pairs["valid_from_on"] > pairs["asked_on"]
    distance = (pairs["asked_on"] - pairs["valid_from_on"]).dt.days.abs()
    pairs = pairs.assign(late=late, distance=distance).sort_values(
        ["service_id", "asked_on", "size", "late", "distance"]
    )
    first = pairs.drop_duplicates(["service_id", "asked_on", "size"])[
        ["service_id", "asked_on", "size", "standard_hours"]
    ]
    told = work[["engagement_id", "service_id", "asked_on"]].drop_duplicates("engagement_id")
    told = told.merge(first, on=["service_id", "asked_on"]).sort_values(["engagement_id", "size"], ignore_index=True)
    return told[["engagement_id", "size", "standard_hours"]]


def _first_day(quarter: str, settings: Settings) -> date:
    first = shift_quarter(quarter, 1 - settings["look_back_quarters"])
    return quarter_start(first, settings["fiscal_year_end_month"])
