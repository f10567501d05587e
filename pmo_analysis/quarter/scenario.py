"""The scenario that what-if starts from, and the stored one that the report tells beside it."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from pmo_analysis.analysis.cost import CostToServe
from pmo_analysis.analysis.scenarios import (
    AS_IT_WAS,
    Scenario,
    ScenarioComparison,
    compare_scenarios,
    count_weekly,
    make_baseline,
    narrow_scenario,
    what_if,
)
from pmo_analysis.contract.errors import InputError, SettingError, nearest
from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.scenarios import StoredScenario
from pmo_analysis.quarter.result import Quarter

_MORE = ["engagement_id", "tier", "bespoke", "charged_cost"]


def build_baseline(known: Dataset, quarter: str, settings: Settings, cost: CostToServe) -> Scenario | None:
    """The quarter as it was; None where no hours or no capacity is known."""
    work, capacity = _work(known, cost), _capacity(known, quarter, cost)
    if capacity.empty or not work["worked_hours"].gt(0).any():
        return None
    weekly = _count_requests(known, quarter, settings)
    return make_baseline(work, cost.rates, capacity, settings, arrival_counts=weekly)


def baseline(
    quarter: Quarter, *, services: Collection[str] | None = None, segments: Collection[str] | None = None
) -> Scenario:
    """The scenario that what-if starts from, for all or some services (ids) and segments.

    InputError where no hours or no capacity is known, or a service or segment has no engagement in the quarter.
    """
    if not hasattr(quarter, "baseline"):
        raise InputError(f"baseline needs a Quarter, not {type(quarter).__name__}: quarter = pmo.run_quarter(data).")
    if quarter.baseline is None:
        raise InputError(
            f"{quarter.quarter}: no hours booked or no capacity stated, so nothing to vary. Add effort and capacity."
        )
    return _narrow(quarter.baseline, quarter.groups, _names(services), _names(segments))


def _names(wanted: Collection[str] | None) -> list[str] | None:
    """A single name is a list of one."""
    return None if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)


def apply_scenario(quarter: Quarter, stored: StoredScenario) -> Scenario:
    """A stored scenario on a quarter; InputError names what of it does not exist there."""
    return _apply(_narrow_to(stored, baseline(quarter), quarter.groups), stored)


def tell_stored(
    start: Scenario | None, groups: pd.DataFrame, settings: Settings, stored: StoredScenario | None
) -> ScenarioComparison | None:
    """The stored scenario beside the quarter as it was: the file's, else that of demand_growth_share, else none."""
    if start is None:
        return None
    growth = settings["demand_growth_share"]
    if stored is not None:
        narrowed = _narrow_to(stored, start, groups)
        return compare_scenarios({AS_IT_WAS: narrowed, stored.name: _apply(narrowed, stored)})
    if growth:
        name = f"demand {'grows' if growth > 0 else 'falls'} by {100 * abs(growth):g} %"
        return compare_scenarios({AS_IT_WAS: start, name: what_if(start, volume=1 + growth)})
    return compare_scenarios({AS_IT_WAS: start})


def _narrow_to(stored: StoredScenario, start: Scenario, groups: pd.DataFrame) -> Scenario:
    """The quarter for the services and segments that a stored scenario looks at; InputError names the scenario."""
    try:
        return _narrow(start, groups, stored.services or None, stored.segments or None)
    except InputError as error:
        raise InputError(f"Scenario {stored.name!r} does not fit this quarter: {error}") from error


def _apply(start: Scenario, stored: StoredScenario) -> Scenario:
    try:
        return what_if(start, **stored.changes)
    except SettingError as error:
        raise InputError(f"Scenario {stored.name!r} does not fit this quarter: {error}") from error


def _narrow(
    start: Scenario, groups: pd.DataFrame, services: Collection[str] | None, segments: Collection[str] | None
) -> Scenario:
    if services is None and segments is None:
        return start
    seen = groups.loc[groups["customer_id"].isin(start.work.rows["customer_id"]), "segment"]
    _require_known("service", services, start.work.rows["service_id"])
    _require_known("segment", segments, seen)
    customers = None if segments is None else groups.loc[groups["segment"].isin(segments), "customer_id"]
    return narrow_scenario(start, services=services, customers=customers)


def _require_known(kind: str, wanted: Collection[str] | None, known: pd.Series) -> None:
    strange = [name for name in wanted or () if name not in set(known)]
    if strange:
        raise InputError(f"No {kind} {strange[0]!r} in this quarter. {nearest(strange[0], known.dropna().unique())}")


def _count_requests(known: Dataset, quarter: str, settings: Settings) -> list[float]:
    """Requests per week of the quarters looked back on, by the day they were asked or else begun."""
    rows = known.frame("engagements", ["requested_on", "started_on"])
    days, month = rows["requested_on"].fillna(rows["started_on"]), settings["fiscal_year_end_month"]
    first = quarter_start(shift_quarter(quarter, 1 - settings["look_back_quarters"]), month)
    from_on = max(pd.Timestamp(first), days.min()) if days.notna().any() else pd.Timestamp(first)
    return list(count_weekly(days, from_on, pd.Timestamp(quarter_end(quarter, month))))


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
