"""Senior and all hours of each engagement, on the PMO's side and on the customer's, and what an hour costs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import sum_hours
from pmo_analysis.intake.dataset import Dataset


def role_hours(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Hours worked in the quarter: engagement_id, customer_id (may be blank), role, side, senior, worked_hours.

    The customer is the one booked, else the project's. Roles without a senior mark are left out; a booking that
    names no side is on its role's, else the PMO's.
    """
    first, last = _days(quarter, settings)
    rows = sum_hours(data, "engagement_id", "customer_id", "project_id", first=first, last=last)
    roles = data.frame("roles", ["role", "senior"]).drop_duplicates("role").set_index("role")
    owners = data.frame("projects", ["project_id", "customer_id"]).dropna().drop_duplicates("project_id")
    owner = rows["project_id"].map(owners.set_index("project_id")["customer_id"]).astype("str")
    rows = rows.assign(
        senior=rows["role"].map(roles["senior"]).astype("boolean"), customer_id=rows["customer_id"].fillna(owner)
    )
    return rows[rows["senior"].notna()].drop(columns="project_id").reset_index(drop=True)


def described_hours(data: Dataset, hours: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """side, senior_hours, all_hours per engagement and customer, with what is known of both.

    Adds service_id, size_quoted, complexity, state, approval_count and the groups' category and segment; the
    customer is the engagement's where it names one. `engagement`: 1 where there is one, else 0.
    """
    seniors = hours["worked_hours"].where(hours["senior"].astype(bool), 0.0)
    rows = hours.assign(senior_hours=seniors).rename(columns={"worked_hours": "all_hours"})
    columns = ["engagement_id", "customer_id", "service_id", "size_quoted", "complexity", "state", "approval_count"]
    work = data.frame("engagements", columns).rename(columns={"customer_id": "customer_of_engagement"})
    rows = rows.merge(work, how="left", on="engagement_id")
    rows["customer_id"] = rows["customer_of_engagement"].fillna(rows["customer_id"])
    keys = ["engagement_id", "customer_id", "side", *columns[2:]]
    sums = rows.groupby(keys, dropna=False, sort=True)[["senior_hours", "all_hours"]].sum().reset_index()
    return sums.assign(engagement=sums["engagement_id"].notna().astype(int)).merge(groups, how="left", on="customer_id")


def rate_gap(data: Dataset, hours: pd.DataFrame) -> float:
    """What an hour of the PMO's senior roles costs more than one of its others, weighted by hours worked.

    Rates are those of roles, else of capacity; missing where either side has none.
    """
    roles = data.frame("roles", ["role", "hourly_cost"]).drop_duplicates("role").set_index("role")
    capacity = data.frame("capacity", ["role", "practical_hours", "capacity_cost"]).dropna()
    sums = capacity.groupby("role")[["capacity_cost", "practical_hours"]].sum()
    supplied = sums["capacity_cost"] / sums["practical_hours"].where(sums["practical_hours"] > 0)
    ours = hours[hours["side"] == "pmo"]
    rate = ours["role"].map(roles["hourly_cost"]).astype(float).fillna(ours["role"].map(supplied).astype(float))
    priced = ours.assign(cost=rate * ours["worked_hours"])[rate.notna().to_numpy()]
    by = priced.groupby(priced["senior"].astype(bool))[["cost", "worked_hours"]].sum()
    rates = by["cost"] / by["worked_hours"].where(by["worked_hours"] > 0)
    return float(rates.get(True, np.nan) - rates.get(False, np.nan))


def _days(quarter: str, settings: Settings) -> tuple[date, date]:
    month = settings["fiscal_year_end_month"]
    return quarter_start(quarter, month), quarter_end(quarter, month)


def first_day(quarter: str, back: int, settings: Settings) -> pd.Timestamp:
    """The first day of the period of `back` quarters that ends with this one."""
    return pd.Timestamp(quarter_start(shift_quarter(quarter, 1 - back), settings["fiscal_year_end_month"]))
