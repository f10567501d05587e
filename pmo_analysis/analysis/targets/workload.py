"""What requests cost in hours: per engagement, by role, on the PMO's side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_of, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.role_hours import number_booked

_FEW = ("customer_id", "service_id", "stage", "state")


def list_requests(data: Dataset) -> pd.DataFrame:
    """All that was asked for, refused ones too: customer_id, service_id, stage, state (categories), charged_cost, asked_on.

    engagement_id is a number (see `number_booked`). Read column by column, since texts of many rows are large.
    """
    read = {name: data.frame("engagements", [name])[name].astype("category") for name in _FEW}
    asked, started, charged = (
        data.frame("engagements", [name])[name] for name in ("requested_on", "started_on", "charged_cost")
    )
    ids = number_booked(data, data.frame("engagements", ["engagement_id"])["engagement_id"])
    return pd.DataFrame({"engagement_id": ids, **read, "charged_cost": charged, "asked_on": asked.fillna(started)})


def recent_requests(requests: pd.DataFrame, quarter: str, settings: Settings, back: int) -> pd.DataFrame:
    """Those asked for in the last `back` quarters, with `quarter`."""
    month = settings["fiscal_year_end_month"]
    first = pd.Timestamp(quarter_start(shift_quarter(quarter, 1 - back), month))
    rows = requests[(requests["asked_on"] >= first).to_numpy()].reset_index(drop=True)
    day, days = pd.factorize(rows["asked_on"].dt.normalize())
    name, names = pd.factorize(pd.Series([quarter_of(d.date(), month) for d in days], dtype="str"), sort=True)
    return rows.assign(quarter=pd.Categorical.from_codes(name[day], names))


def with_cost(data: Dataset, requests: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    """Requests with worked_hours and cost (hours × rate, else what was charged; missing where neither is known).

    hours: engagement_id, role, worked_hours.
    """
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
