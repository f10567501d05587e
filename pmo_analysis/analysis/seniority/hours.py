"""Senior and all hours of each engagement, on the PMO's side and on the customer's."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import sum_hours
from pmo_analysis.intake.dataset import Dataset


def senior_hours(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Hours worked in the quarter: engagement_id, customer_id (may be blank), side, senior_hours, all_hours.

    Roles without a senior mark are left out; a booking that names no side is on its role's, else the PMO's.
    """
    first, last = _days(quarter, settings)
    rows = sum_hours(data, "engagement_id", "customer_id", first=first, last=last)
    roles = data.frame("roles", ["role", "senior"]).drop_duplicates("role").set_index("role")
    senior = rows["role"].map(roles["senior"]).astype("boolean")
    rows = rows.assign(senior_hours=rows["worked_hours"].where(senior.fillna(False).astype(bool), 0.0))
    known = rows[senior.notna().to_numpy()].rename(columns={"worked_hours": "all_hours"})
    keys = ["engagement_id", "customer_id", "side"]
    return known.groupby(keys, dropna=False, sort=True)[["senior_hours", "all_hours"]].sum().reset_index()


def described_hours(data: Dataset, hours: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """The hours with what is known of their engagement (service, size, complexity, state) and customer's groups."""
    columns = ["engagement_id", "customer_id", "service_id", "size_quoted", "complexity", "state"]
    work = data.frame("engagements", columns).rename(columns={"customer_id": "customer_of_engagement"})
    rows = hours.merge(work, how="left", on="engagement_id")
    rows["customer_id"] = rows["customer_id"].fillna(rows["customer_of_engagement"])
    return rows.drop(columns="customer_of_engagement").merge(groups, how="left", on="customer_id")


def role_rates(data: Dataset) -> dict[tuple[str, bool], float]:
    """The plain mean hourly cost of senior and other roles per side, where roles or capacity give it."""
    roles = data.frame("roles", ["role", "senior", "hourly_cost", "side"]).dropna(subset="senior")
    capacity = data.frame("capacity", ["role", "practical_hours", "capacity_cost"]).dropna()
    sums = capacity.groupby("role")[["capacity_cost", "practical_hours"]].sum()
    rate = roles["hourly_cost"].fillna(roles["role"].map(sums["capacity_cost"] / sums["practical_hours"]))
    keys = [roles["side"].fillna("pmo"), roles["senior"].astype(bool)]
    return {key: float(value) for key, value in rate.astype(float).groupby(keys).mean().items() if np.isfinite(value)}


def _days(quarter: str, settings: Settings) -> tuple[date, date]:
    month = settings["fiscal_year_end_month"]
    return quarter_start(quarter, month), quarter_end(quarter, month)


def first_day(quarter: str, back: int, settings: Settings) -> pd.Timestamp:
    """The first day of the period of `back` quarters that ends with this one."""
    return pd.Timestamp(quarter_start(shift_quarter(quarter, 1 - back), settings["fiscal_year_end_month"]))
