"""What an hour of each role costs in each quarter, and what capacity was supplied."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset


def price_roles(data: Dataset, worked: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The PMO's rate per quarter and role, for every role that worked or was supplied.

    `worked`: quarter, role. Columns: quarter, role, hourly_cost, basis, supplied_hours, supplied_cost, gap_share.
    Rate = cost of capacity / practical hours of that quarter; else the role's hourly cost; else the role's capacity
    over all quarters; else the blend of all roles. gap_share = stated hourly cost over that rate, minus 1, where
    the gap is larger than the setting rate_gap_share.
    """
    roles = data.frame("roles", ["role", "hourly_cost", "side"]).drop_duplicates("role")
    customers_own = set(roles.loc[roles["side"] == "customer", "role"])
    supply = _supply(data, roles, settings)
    supply = supply[~supply["role"].isin(customers_own)]
    wanted = worked[["quarter", "role"]].drop_duplicates()
    here = supply[supply["quarter"].isin(wanted["quarter"])]
    priced = wanted.merge(here, on=["quarter", "role"], how="outer").sort_values(["quarter", "role"], ignore_index=True)
    return _choose_rate(priced, roles, supply, settings)


def _supply(data: Dataset, roles: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Capacity with a rate: quarter, role, supplied_hours, supplied_cost, from_hourly; only what is stated fully."""
    capacity = data.frame("capacity").drop_duplicates(["quarter", "role"])
    hours = capacity["practical_hours"].fillna(capacity["theoretical_hours"] * settings["practical_share"])
    hours = hours.where(hours > 0)
    hourly = capacity["role"].map(roles.set_index("role")["hourly_cost"]).astype("float64")
    cost = capacity["capacity_cost"].fillna(hours * hourly)
    told = capacity[["quarter", "role"]].assign(
        supplied_hours=hours, supplied_cost=cost, from_hourly=capacity["capacity_cost"].isna()
    )
    return told.dropna(subset=["supplied_hours", "supplied_cost"])


def _choose_rate(priced: pd.DataFrame, roles: pd.DataFrame, supply: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    stated = priced["role"].map(roles.set_index("role")["hourly_cost"]).astype("float64")
    sums = supply.groupby("role")[["supplied_cost", "supplied_hours"]].sum()
    usual = priced["role"].map(sums["supplied_cost"] / sums["supplied_hours"]).astype("float64")
    own = priced["supplied_cost"] / priced["supplied_hours"]
    choices = [
        (own, "capacity cost / practical hours"),
        (stated, "hourly cost"),
        (usual, "capacity of all quarters"),
        (pd.Series(_blend(supply, roles), priced.index), "blend of all roles"),
    ]
    known = [rate.notna() for rate, _ in choices]
    rate = np.select(known, [r for r, _ in choices], default=np.nan)
    basis = np.select(known, [words for _, words in choices], default="not known")
    from_hourly = priced["from_hourly"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    basis = np.where(from_hourly, "hourly cost", basis)
    gap = (stated / own - 1).where(lambda g: g.abs() > settings["rate_gap_share"])
    told = priced.assign(hourly_cost=rate, basis=pd.Series(basis, priced.index, dtype="str"), gap_share=gap)
    return told[["quarter", "role", "hourly_cost", "basis", "supplied_hours", "supplied_cost", "gap_share"]]


def _blend(supply: pd.DataFrame, roles: pd.DataFrame) -> float:
    """One rate for all of the PMO: capacity's, else the mean of the roles' hourly costs; NaN where nothing is known."""
    if supply["supplied_hours"].sum() > 0:
        return float(supply["supplied_cost"].sum() / supply["supplied_hours"].sum())
    return float(roles.loc[roles["side"] != "customer", "hourly_cost"].mean())


def blended_rate(data: Dataset, settings: Settings) -> float:
    """One rate for all of the PMO's hours; NaN where neither capacity nor hourly costs are known."""
    roles = data.frame("roles", ["role", "hourly_cost", "side"]).drop_duplicates("role")
    return _blend(_supply(data, roles, settings), roles)


def add_own_rates(rates: pd.DataFrame, data: Dataset, settings: Settings) -> pd.DataFrame:
    """The rates with what a role is: own_hourly_cost (of the customer's own hours), role_side and senior.

    The customer's own hour costs what its role states, else the setting customer_hourly_cost, else is not known.
    """
    roles = data.frame("roles", ["role", "hourly_cost", "side", "senior"]).drop_duplicates("role").set_index("role")
    stated = roles.loc[roles["side"] == "customer", "hourly_cost"]
    general = settings["customer_hourly_cost"] or np.nan
    own = rates["role"].map(stated).astype("float64").fillna(general)
    return rates.assign(
        own_hourly_cost=own,
        role_side=rates["role"].map(roles["side"]).astype("str"),
        senior=rates["role"].map(roles["senior"]).astype("boolean"),
    )[["quarter", "role", "hourly_cost", "own_hourly_cost", "role_side", "senior"]]
