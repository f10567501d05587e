"""Do the right products reach the right customers at the right stage, and what will be asked next quarter?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.targets.demand import LOAD, expect_demand, expect_load
from pmo_analysis.analysis.targets.misplaced import find_misplaced, mark_misplaced
from pmo_analysis.analysis.targets.neglect import count_refused, find_unused
from pmo_analysis.analysis.targets.stops import propose_stops
from pmo_analysis.analysis.targets.workload import list_requests, recent_requests, with_cost
from pmo_analysis.contract.quarters import quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.memory import gives_back
from pmo_analysis.intake.role_hours import sum_role_hours, total_role_hours

DEMAND_QUARTERS = 8


@dataclass(frozen=True, eq=False)
class TargetReview:
    """Where services miss their customers, over the look-back, and what next quarter asks.

    off_target: service_id, category, stage, engagement_count, worked_hours, cost, kind (off target / too late)
    unused: service_id, name, last_requested_on, customers_count, verdict
    refused: service_id, refused_count, asked_count, refused_share, low, high
    demand: service_id, segment ("all" = the whole service), expected_count, low, high, n (quarters)
    total_demand: the same for all services together (service_id "all")
    load: role, expected_hours, low, high, practical_hours, utilisation_share
    to_stop: service_id, freed_hours, low, high (per quarter), n (requests), freed_tight_hours (of roles expected too
    busy), reason
    """

    off_target: pd.DataFrame
    unused: pd.DataFrame
    refused: pd.DataFrame
    demand: pd.DataFrame
    total_demand: pd.DataFrame
    load: pd.DataFrame
    to_stop: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.load)


@gives_back
def review_targets(
    data: Dataset,
    quarter: str,
    groups: pd.DataFrame,
    settings: Settings | None = None,
    *,
    roles: pd.Series | None = None,
) -> TargetReview:
    """Tells where services miss their target, which nobody uses, and what next quarter asks of each role.

    groups: customer_id, category, segment. Off target and too late are judged only against the categories and
    stages that the catalogue declares; hours and cost are those booked so far on the look-back's requests.
    roles: role → the name under which its load may be told (several roles under one name); None = each its own.
    Columns: see TargetReview.
    """
    settings = settings or data.settings
    every, services = list_requests(data), data.frame("services")
    last = every.groupby("service_id", observed=True)["asked_on"].max().reset_index()
    longer = recent_requests(every, quarter, settings, DEMAND_QUARTERS)
    since = shift_quarter(quarter, 1 - settings["look_back_quarters"])
    begins = pd.Timestamp(quarter_start(since, settings["fiscal_year_end_month"]))
    work = longer[longer["asked_on"] >= begins]
    hours = sum_role_hours(data, work["engagement_id"].to_numpy())
    work = with_cost(data, work, hours)
    misplaced = find_misplaced(work, services, groups)
    unused = find_unused(work, _on_offer(services), last, begins)
    longer = longer[~longer["service_id"].isin(_withdrawn(services))]
    how: dict[str, Any] = {
        "back": DEMAND_QUARTERS,
        "level": settings["interval_level"],
        "growth": settings["demand_growth_share"],
    }
    demand = expect_demand(longer, groups, quarter, **how)
    total = expect_demand(longer.assign(service_id=_all_alike(len(longer))), groups, quarter, **how)
    told = _under_told_roles(hours, roles)
    capacity = _practical_hours(data, quarter, settings, roles)
    load = _load(data, demand, work, told, capacity, roles=roles, level=settings["interval_level"])
    marked = mark_misplaced(work[work["service_id"].isin(_on_offer(services)["service_id"])], services, groups)
    to_stop = propose_stops(load, marked, unused, told, settings)
    refused = count_refused(work, settings)
    sentence = _sentence(misplaced, len(work), services, total, load, settings)
    return TargetReview(misplaced, unused, refused, demand, total, load, to_stop, sentence)


def _on_offer(services: pd.DataFrame) -> pd.DataFrame:
    chosen = ~services["mandated"].astype("boolean").fillna(False).astype(bool)
    return services[(services["status"].fillna("active") == "active") & services["active_to_on"].isna() & chosen]


def _withdrawn(services: pd.DataFrame) -> pd.Series:
    """Services that nobody can ask for any more, mandated ones too."""
    return services.loc[(services["status"] == "retired") | services["active_to_on"].notna(), "service_id"]


def _all_alike(count: int) -> pd.Categorical:
    """All services as one."""
    return pd.Categorical.from_codes(np.zeros(count, "int8"), ["all"])


def _under_told_roles(hours: pd.DataFrame, roles: pd.Series | None) -> pd.DataFrame:
    """Hours per engagement and role as it may be told."""
    if roles is None:
        return hours
    names = hours["role"].cat.categories.to_series()
    place, told = pd.factorize(names.map(roles).fillna(names))
    role = pd.Categorical.from_codes(np.append(place, -1)[hours["role"].cat.codes], told)
    rows = hours.assign(role=role)
    if len(told) == len(names):
        return rows
    return rows.groupby(["engagement_id", "role"], dropna=False, observed=True)["worked_hours"].sum().reset_index()


def _load(
    data: Dataset,
    demand: pd.DataFrame,
    work: pd.DataFrame,
    hours: pd.DataFrame,
    practical: pd.Series,
    *,
    roles: pd.Series | None,
    level: float,
) -> pd.DataFrame:
    if not data.has("effort", "engagement_id"):
        return pd.DataFrame(columns=LOAD)
    booked = total_role_hours(data)
    told = booked["role"] if roles is None else booked["role"].map(roles).fillna(booked["role"])
    booked = booked.drop(columns="role").groupby(told).sum()
    return expect_load(demand, work, hours, practical, booked=booked, level=level)


def _practical_hours(data: Dataset, quarter: str, settings: Settings, roles: pd.Series | None) -> pd.Series:
    """Practical hours by role next quarter, else in the latest before it, from theoretical ones where missing."""
    capacity = data.frame("capacity")
    capacity = capacity[capacity["quarter"] <= shift_quarter(quarter, 1)]
    capacity = capacity[capacity["quarter"] == capacity["quarter"].max()] if len(capacity) else capacity
    practical = capacity["practical_hours"].fillna(capacity["theoretical_hours"] * settings["practical_share"])
    told = capacity["role"] if roles is None else capacity["role"].map(roles).fillna(capacity["role"])
    return practical.astype(float).groupby(told).sum(min_count=1)


def _sentence(
    misplaced: pd.DataFrame,
    asked: int,
    services: pd.DataFrame,
    total: pd.DataFrame,
    load: pd.DataFrame,
    settings: Settings,
) -> str:
    declared = services["target_categories"].notna().any() or services["stages"].notna().any()
    counts = misplaced.groupby("kind")["engagement_count"].sum() if len(misplaced) else pd.Series(dtype=int)
    hours = misplaced.groupby("kind")["worked_hours"].sum() if len(misplaced) else pd.Series(dtype=float)
    told = (
        f"Of {asked:,} requests {counts.get('off target', 0):,} came from categories the service is not meant for "
        f"({hours.get('off target', 0):,.0f} hours), {counts.get('too late', 0):,} after the stages it is meant for "
        f"({hours.get('too late', 0):,.0f} hours)."
        if declared
        else "No service declares target_categories or stages: off target and too late are not known."
    )
    for row in total[total["segment"] == "all"].itertuples():
        told += (
            f" About {row.expected_count:,.0f} requests ({row.low:,.0f} to {row.high:,.0f}) are expected next quarter."
        )
    if load.empty or load["utilisation_share"].isna().all():
        return f"{told} Hours or capacity are missing, so whether they fit is not known."
    full = load.iloc[int(np.nanargmax(load["utilisation_share"].to_numpy(float)))]
    over = "above" if full["utilisation_share"] > settings["utilisation_warning_share"] else "within"
    return (
        f"{told} {full['role']} is then the busiest role at {100 * full['utilisation_share']:.0f} %, {over} the "
        f"{100 * settings['utilisation_warning_share']:.0f} % from which waits grow steeply."
    )
