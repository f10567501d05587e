"""What requests cost in hours: per engagement, by role, on the PMO's side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_of, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import sum_hours
from pmo_analysis.intake.dataset import Dataset

COLUMNS = ["engagement_id", "customer_id", "service_id", "stage", "charged_cost", "state", "requested_on", "started_on"]


def recent_requests(data: Dataset, quarter: str, settings: Settings, back: int) -> pd.DataFrame:
    """Engagements asked for in the last `back` quarters, with `quarter`; refused ones too."""
    rows = data.frame("engagements", COLUMNS)
    asked = rows["requested_on"].fillna(rows["started_on"])
    month = settings["fiscal_year_end_month"]
    first = pd.Timestamp(quarter_start(shift_quarter(quarter, 1 - back), month))
    rows = rows.assign(asked_on=asked)[(asked >= first).to_numpy()].reset_index(drop=True)
    days = rows["asked_on"].dt.normalize().unique()
    names = {d: quarter_of(pd.Timestamp(d).date(), month) for d in days}
    return rows.assign(quarter=rows["asked_on"].dt.normalize().map(names).astype("str"))


def role_hours(data: Dataset) -> pd.DataFrame:
    """Lifetime hours per engagement and role on the PMO's side: engagement_id (blank = none), role, worked_hours."""
    rows = sum_hours(data, "engagement_id")
    ours = rows[rows["side"] == "pmo"]
    return ours.groupby(["engagement_id", "role"], dropna=False, sort=True)["worked_hours"].sum().reset_index()


def with_cost(data: Dataset, requests: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    """Requests with worked_hours and cost (hours × rate, else what was charged; missing where neither is known)."""
    rates = hourly_rates(data)
    priced = hours.assign(cost=hours["worked_hours"] * hours["role"].map(rates).astype(float))
    sums = priced.groupby("engagement_id")[["worked_hours", "cost"]].sum(min_count=1)
    rows = requests.merge(sums, how="left", left_on="engagement_id", right_index=True)
    return rows.assign(cost=rows["cost"].fillna(rows["charged_cost"].astype(float)))


def hourly_rates(data: Dataset) -> pd.Series:
    """Hourly cost by role; a role without one takes its capacity's cost over practical hours."""
    roles = data.frame("roles", ["role", "hourly_cost"]).drop_duplicates("role").set_index("role")["hourly_cost"]
    capacity = data.frame("capacity", ["role", "practical_hours", "capacity_cost"]).dropna()
    sums = capacity.groupby("role")[["capacity_cost", "practical_hours"]].sum()
    return roles.astype(float).combine_first(sums["capacity_cost"] / sums["practical_hours"].replace(0, np.nan))
