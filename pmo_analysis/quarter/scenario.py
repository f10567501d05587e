"""The scenario that what-if starts from: the quarter's engagements, rates and capacity as they were."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from pmo_analysis.analysis.cost import CostToServe
from pmo_analysis.analysis.scenarios import Scenario, make_baseline
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

_MORE = ["engagement_id", "tier", "bespoke", "charged_cost"]


def build_baseline(
    known: Dataset,
    quarter: str,
    settings: Settings,
    cost: CostToServe,
    *,
    services: Collection[str] | None = None,
    customers: Collection[str] | None = None,
) -> Scenario | None:
    """The quarter as it was, for all or some services and customers; None where no hours or no capacity is known."""
    everything = _work(known, cost)
    chosen = pd.Series(True, index=everything.index)
    chosen &= True if services is None else everything["service_id"].isin(services)
    chosen &= True if customers is None else everything["customer_id"].isin(customers)
    work = everything[chosen]
    capacity = _capacity(known, quarter, cost)
    if capacity.empty or not work["worked_hours"].gt(0).any():
        return None
    return make_baseline(work, cost.rates, capacity, settings, elsewhere=everything[~chosen])


def _work(known: Dataset, cost: CostToServe) -> pd.DataFrame:
    """The quarter's engagements with their cost, standard and tier."""
    standards = known.frame("offerings", ["service_id", "size", "standard_hours", "valid_from_on"])
    standards = standards.sort_values("valid_from_on").drop_duplicates(["service_id", "size"], keep="last")
    about = known.frame("engagements", _MORE)
    rows = cost.engagements.merge(about, on="engagement_id", how="left")
    return rows.merge(standards.drop(columns="valid_from_on"), on=["service_id", "size"], how="left")


def _capacity(known: Dataset, quarter: str, cost: CostToServe) -> pd.DataFrame:
    capacity = known.frame("capacity")
    capacity = capacity[capacity["quarter"] == quarter].drop(columns=["quarter"])
    return capacity.merge(cost.unused[["role", "used_hours"]], on="role", how="left")
