"""What-if: pure arithmetic on one quarter's engagements, fast enough for a slider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.queues import queue_wait
from pmo_analysis.analysis.scenarios.changes import checked_changes, spread_over
from pmo_analysis.analysis.scenarios.work import Numbers, Work, job_hours, read_work, spare_change, work_factors
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result

FIGURES = (
    "hours",
    "cost",
    "unit_cost",
    "utilisation",
    "wait_days",
    "overhead_share",
    "customers_affected",
    "charged_cost",
    "unused_cost",
)


@dataclass(frozen=True, eq=False)
class Scenario:
    """One quarter as it was or as it might be.

    result: figure (hours, cost, unit_cost, utilisation, wait_days, overhead_share, customers_affected,
    charged_cost, unused_cost), value, low, high: limits of another quarter like it, by chance alone
    inputs: the changes, TOML-safe · capacity: role, fte, practical_hours, capacity_cost · notes: what could not be changed
    """

    work: Work
    capacity: pd.DataFrame
    inputs: dict[str, Any]
    result: pd.DataFrame
    notes: tuple[str, ...]
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.result)


def make_baseline(
    engagements: pd.DataFrame,
    rates: pd.DataFrame,
    capacity: pd.DataFrame,
    settings: Settings | None = None,
    *,
    elsewhere: pd.DataFrame | None = None,
) -> Scenario:
    """The quarter as it was, ready for what-if.

    engagements: service_id, customer_id, worked_hours, cost, and where known standard_hours, bespoke, tier,
    process_hours, charged_cost; missing hours take their service's mean. rates: role, hourly_cost. capacity:
    role, fte, practical_hours, and where known capacity_cost and used_hours (work on no engagement is kept as
    it is). elsewhere: worked_hours of the quarter's other engagements, which wait in the same queue and stay as they
    are. Raises InputError on missing columns or no engagement.
    """
    settings = settings or Settings()
    work = read_work(engagements, rates, capacity, settings, elsewhere)
    return _evaluate(work, _staff(capacity, rates, settings), {})


def what_if(scenario: Scenario, **changes: Any) -> Scenario:
    """The same quarter under other conditions; changes not named stay as they are in the scenario.

    volume, price (multiples of now), standard_share, self_service_share (0–1), tier_limits (ascending hours) by
    number or mapping by service; fte as a total or mapping by role. Demand is not assumed to answer to price.
    Waits are those of M/M/c. Raises SettingError on unknown names (with the nearest) and values out of range.
    """
    wanted = checked_changes(changes, scenario.work.services, scenario.capacity["role"])
    return _evaluate(scenario.work, scenario.capacity, {**scenario.inputs, **wanted})


def _staff(capacity: pd.DataFrame, rates: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    missing = [c for c in ("role", "fte") if c not in capacity]
    if missing:
        raise InputError(f"The capacity table has no column {missing[0]}.")
    table = capacity.reindex(columns=["role", "fte", "practical_hours", "theoretical_hours", "capacity_cost"])
    theoretical = table["theoretical_hours"].astype(float)
    practical = table["practical_hours"].astype(float).fillna(theoretical * settings["practical_share"])
    hourly = table["role"].map(rates.drop_duplicates("role").set_index("role")["hourly_cost"]).astype(float)
    cost = table["capacity_cost"].astype(float).fillna(hourly * practical)
    return pd.DataFrame(
        {
            "role": table["role"].astype("str"),
            "fte": table["fte"].astype(float),
            "practical_hours": practical,
            "capacity_cost": cost,
        }
    ).reset_index(drop=True)


def _evaluate(work: Work, capacity: pd.DataFrame, inputs: dict[str, Any]) -> Scenario:
    volume = spread_over(inputs.get("volume"), work.services, 1.0)
    factor, notes = work_factors(work, inputs.get("standard_share"), inputs.get("self_service_share"))
    spare = spare_change(work, inputs.get("tier_limits"))
    fte, supplied, paid = _team(capacity, inputs.get("fte"))
    z = float(special.ndtri((1 + work.level) / 2))
    count = float((volume * work.count).sum())
    grown, spread, reserved = volume * factor, volume * factor**2, float((volume * spare).sum())
    hours = _total(grown, work.hours, work.hours_square, spread, z, reserved + work.other_hours)
    cost = _total(grown, work.cost, work.cost_square, spread, z, reserved * work.hourly_cost)
    each_hours = (
        job_hours(hours[0] - work.other_hours, count, work.elsewhere_hours, work.elsewhere_count) if count else 0.0
    )
    wait = _waits(each_hours, hours, fte, supplied, work.hours_per_day)
    unused = np.maximum(supplied - hours, 0.0) / supplied * paid if supplied > 0 else np.full(3, np.nan)
    process = work.process_share * cost
    price = spread_over(inputs.get("price"), work.services, 1.0)
    charged = _total(volume * price, work.charged, work.charged_square, volume * price**2, z, 0.0)
    each = cost[0] / count if count else np.nan
    reach = (cost[2] - cost[0]) / count - each * z / np.sqrt(count) if count else np.nan
    unit = each + np.array([0.0, -1.0, 1.0]) * np.maximum(reach, 0.0)
    affected = np.full(3, float(_affected(work, inputs, wait)))
    overhead = _share(process, unused, cost)
    rows = [hours, cost, unit, _over(hours, supplied), wait, overhead, affected, charged, unused[[0, 2, 1]]]
    result = pd.DataFrame(rows, columns=["value", "low", "high"])
    result.insert(0, "figure", list(FIGURES))
    return Scenario(work, capacity, inputs, result, tuple(notes), _sentence(result, inputs))


def _total(by: Numbers, sums: Numbers, squares: Numbers, by_square: Numbers, z: float, fixed: float) -> Numbers:
    """A compound Poisson total: value, low, high of another quarter with the same requests on average."""
    value, reach = float((by * sums).sum()) + fixed, z * float(np.sqrt((by_square * squares).sum()))
    return np.array([value, max(value - reach, 0.0) if value >= 0 else value - reach, value + reach])


def _team(capacity: pd.DataFrame, change: Any) -> tuple[float, float, float]:
    """FTE, practical hours and cost of the staff; a total is shared out as now."""
    now = capacity["fte"].to_numpy()
    if isinstance(change, dict):
        fte = np.array([float(change.get(r, f)) for r, f in zip(capacity["role"], now, strict=True)])
    else:
        fte = now if change is None or now.sum() == 0 else now * float(change) / now.sum()
    scale = np.divide(fte, now, out=np.zeros_like(fte), where=now > 0)
    return (
        float(fte.sum()),
        float((capacity["practical_hours"] * scale).sum()),
        float((capacity["capacity_cost"] * scale).sum(skipna=False)),
    )


def _waits(each_hours: float, hours: Numbers, fte: float, supplied: float, day: float) -> Numbers:
    """Wait for all the hours there are to do, in jobs of the mean size; work on no engagement counts as such jobs."""
    if not np.isfinite(hours).all() or not each_hours > 0 or fte <= 0 or supplied <= 0:
        return np.full(3, np.inf if fte <= 0 and each_hours > 0 and np.isfinite(hours[0]) else np.nan)
    working = supplied / fte
    waits = queue_wait(hours / each_hours / working, each_hours, fte)
    return waits["mean_wait_hours"].to_numpy() / day


def _over(values: Numbers, whole: float) -> Numbers:
    if whole > 0:
        return values / whole
    return np.full(3, np.inf if values[0] > 0 else np.nan)


def _share(process: Numbers, unused: Numbers, cost: Numbers) -> Numbers:
    """Process and unused capacity over all that is paid for; more work leaves less unused."""
    idle = np.nan_to_num(unused)
    shares = (process + idle) / np.where(cost + idle > 0, cost + idle, np.nan)
    return np.array([shares[0], shares.min(), shares.max()])


def _affected(work: Work, inputs: dict[str, Any], wait: Numbers) -> int:
    """Customers of the services that change; all of them where staff change and the wait moves by half a day."""
    touched: set[str] = set()
    for name, value in inputs.items():
        if name != "fte":
            touched |= set(value) if isinstance(value, dict) else set(work.services)
    same = wait[0] == work.wait_now or abs(wait[0] - work.wait_now) < 0.5
    if "fte" in inputs and not same:
        touched = set(work.services)
    return work.customers_of(touched)


def _sentence(result: pd.DataFrame, inputs: dict[str, Any]) -> str:
    figure = result.set_index("figure")["value"]
    what = "As it was" if not inputs else "With " + ", ".join(sorted(inputs)) + " changed"
    busy = f", {100 * figure['utilisation']:.0f} % of the hours there are" if np.isfinite(figure["utilisation"]) else ""
    wait = figure["wait_days"]
    told = (
        " Work would pile up without end."
        if np.isinf(wait)
        else f" Work waits {wait:.1f} days before it begins."
        if np.isfinite(wait)
        else " How long work waits is not known."
    )
    hours = f"{figure['hours']:,.0f} hours{busy}" if np.isfinite(figure["hours"]) else "hours not known"
    return f"{what}: {hours}.{told}"
