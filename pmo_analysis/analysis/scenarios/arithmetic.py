"""What-if: pure arithmetic on one quarter's engagements, fast enough for a slider."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from pmo_analysis.analysis.scenarios.changes import checked_changes, merge_changes, spread_over
from pmo_analysis.analysis.scenarios.mix import mix_factors
from pmo_analysis.analysis.scenarios.noticing import count_noticing
from pmo_analysis.analysis.scenarios.reserves import Reserves, reserve_hours
from pmo_analysis.analysis.scenarios.team import Team, build_team, read_staff, share_out
from pmo_analysis.analysis.scenarios.telling import tell_result
from pmo_analysis.analysis.scenarios.waiting import Traffic, read_traffic, wait_days
from pmo_analysis.analysis.scenarios.work import Numbers, Work, read_work
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result


@dataclass(frozen=True, eq=False)
class Scenario:
    """One quarter as it was or as it might be.

    result: figure, value, low, high: limits of another quarter like it, by chance alone. Of the engagements looked
    at: hours, cost, unit_cost, spare_hours and missing_hours (reserved by sizes in vain, and too little), charged_cost;
    of the whole team: utilisation, wait_days, overhead_share (process and unused capacity of all cost), unused_cost;
    customers_affected: who would notice, from those touched directly to those whose wait may change too
    inputs: the changes, TOML-safe · capacity: role, fte, practical_hours, capacity_cost, used_hours: as it was
    notes: what could not be changed or counted · traffic.reason: how waits were reckoned
    """

    work: Work = field(repr=False)
    traffic: Traffic = field(repr=False)
    capacity: pd.DataFrame = field(repr=False)
    inputs: dict[str, Any]
    result: pd.DataFrame
    notes: tuple[str, ...]
    sentence: str

    @property
    def fte(self) -> dict[str, float]:
        """Full-time equivalents by role, as changed."""
        return share_out(self.capacity, self.inputs.get("fte"))

    def share_now(self, change: str, service: str | None = None) -> float:
        """The share of work that is standard or self-service as it was (standard_share, self_service_share); NaN = not known."""
        shares, count = self.work.kinds[f"{change}_now"], self.work.count
        if service is not None:
            return float(shares[service])
        known = shares.notna().to_numpy()
        return float((shares[known] * count[known]).sum() / count[known].sum()) if known.any() else float("nan")

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.result)


def make_baseline(
    engagements: pd.DataFrame,
    rates: pd.DataFrame,
    capacity: pd.DataFrame,
    settings: Settings | None = None,
    *,
    elsewhere: pd.DataFrame | None = None,
    arrival_counts: npt.ArrayLike = (),
) -> Scenario:
    """The quarter as it was, ready for what-if.

    engagements: service_id, customer_id, worked_hours, cost, and where known size, standard_hours, bespoke, tier,
    process_hours, charged_cost; missing hours take their service's mean. rates: role, hourly_cost. capacity:
    role, fte, practical_hours, and where known capacity_cost and used_hours (work on no engagement is kept as
    it is). elsewhere: the quarter's other engagements, which wait in the same queue and stay as they are.
    arrival_counts: requests per week, so that waits are simulated where they come less regularly than by chance.
    Raises InputError on missing columns or no engagement.
    """
    settings = settings or Settings()
    staff = read_staff(capacity, rates, settings)
    work = read_work(engagements, elsewhere, staff["used_hours"].sum(min_count=1), settings)
    hours = np.concatenate([work.hours, work.elsewhere["worked_hours"]])
    traffic = read_traffic(hours[hours > 0], arrival_counts, float(staff["fte"].sum()), settings["seed"])
    return _evaluate(work, traffic, staff, {})


def what_if(scenario: Scenario, **changes: Any) -> Scenario:
    """The same quarter under other conditions; changes not named stay as they are in the scenario.

    volume, price (multiples of now), standard_share, self_service_share (0–1), tier_limits (ascending hours) by
    number or mapping by service; fte as a total or mapping by role. A mapping changes those that it names only.
    Demand is not assumed to answer to price, nor hours to sizes. Waits are those of one queue for the whole team, by
    Erlang's formulas where they apply and simulated where not (`scenario.traffic.reason`).
    Raises SettingError on unknown names (with the nearest) and values out of range.
    """
    if not isinstance(scenario, Scenario):
        raise InputError(f"what_if needs a Scenario, not {type(scenario).__name__}: scenario = pmo.baseline(quarter).")
    names = {"service": scenario.work.services, "role": list(scenario.capacity["role"])}
    wanted = checked_changes(changes, *names.values())
    if isinstance(wanted.get("fte"), dict):
        wanted["fte"] = {**scenario.fte, **wanted["fte"]} if "fte" in scenario.inputs else wanted["fte"]
    merged = merge_changes(scenario.inputs, wanted, names)
    return _evaluate(scenario.work, scenario.traffic, scenario.capacity, merged)


def undo_changes(scenario: Scenario) -> Scenario:
    """The quarter as it was, of the same services and customers."""
    return _evaluate(scenario.work, scenario.traffic, scenario.capacity, {})


def narrow_scenario(
    scenario: Scenario, *, services: Collection[str] | None = None, customers: Collection[str] | None = None
) -> Scenario:
    """The quarter as it was for some services and customers only; everything else waits in the same queue.

    Raises InputError where a service is not in the scenario, or nothing is left.
    """
    work = scenario.work
    everything = pd.concat([work.rows, work.elsewhere], ignore_index=True)
    strange = [s for s in services or () if s not in set(everything["service_id"])]
    if strange:
        hint = nearest(strange[0], everything["service_id"].unique())
        raise InputError(f"No service {strange[0]!r} in this quarter. {hint}")
    chosen = pd.Series(True, index=everything.index)
    chosen &= True if services is None else everything["service_id"].isin(services)
    chosen &= True if customers is None else everything["customer_id"].isin(customers)
    used = scenario.capacity["used_hours"].sum(min_count=1)
    narrowed = read_work(everything[chosen], everything[~chosen], used, work.settings)
    return _evaluate(narrowed, scenario.traffic, scenario.capacity, {})


def _evaluate(work: Work, traffic: Traffic, capacity: pd.DataFrame, inputs: dict[str, Any]) -> Scenario:
    reserves = reserve_hours(work, inputs.get("tier_limits"))
    factor, notes = mix_factors(work.kinds, inputs)
    team = build_team(capacity, inputs.get("fte"))
    figures = _figures(work, inputs, factor, team, reserves, traffic)
    plain, people = np.ones(len(factor)), build_team(capacity, None)
    now = figures if not inputs else _figures(work, {}, plain, people, reserves, traffic)
    figures["customers_affected"] = count_noticing(
        work, inputs, reserves.resized, (now["wait_days"], figures["wait_days"])
    )
    result, sentence = tell_result(figures, inputs, work)
    noted = (*notes, *reserves.notes, *team.notes, *_unpriced(work))
    return Scenario(work, traffic, capacity, inputs, result, noted, sentence)


def _figures(
    work: Work, inputs: dict[str, Any], factor: Numbers, team: Team, reserves: Reserves, traffic: Traffic
) -> dict[str, Numbers]:
    """Each figure as value, low, high."""
    volume = spread_over(inputs.get("volume"), work.services, 1.0)
    price = spread_over(inputs.get("price"), work.services, 1.0)
    z = float(special.ndtri((1 + work.settings["interval_level"]) / 2))
    sums, squares = {**work.sums, **reserves.sums}, {**work.squares, **reserves.squares}
    each = {"worked_hours": factor, "cost": factor, "process_cost": factor, "charged_cost": price}
    total = {name: _total(volume, each.get(name, np.ones_like(volume)), sums[name], squares[name], z) for name in sums}
    count = float((volume * work.count).sum())
    elsewhere = work.elsewhere
    busy = total["worked_hours"] + work.other_hours
    jobs, job_hours = count + len(elsewhere), total["worked_hours"][0] + elsewhere["worked_hours"].sum()
    unused = _unused(busy, team)
    process = total["process_cost"] + elsewhere["process_cost"].sum()
    waits = wait_days(traffic, job_hours / jobs if jobs else 0.0, busy, team, work.settings["hours_per_day"])
    return {
        "hours": total["worked_hours"],
        "cost": total["cost"],
        "unit_cost": _mean(volume, factor, (work.count, sums["cost"], squares["cost"]), z),
        "utilisation": _over(busy, team.hours),
        "wait_days": waits,
        "overhead_share": _overhead(process, unused, total["cost"] + elsewhere["cost"].sum()),
        "spare_hours": total["spare_hours"],
        "missing_hours": total["missing_hours"],
        "charged_cost": total["charged_cost"],
        "unused_cost": unused[[0, 2, 1]],
    }  # fmt: skip


def _total(volume: Numbers, each: Numbers, sums: Numbers, squares: Numbers, z: float) -> Numbers:
    """A compound Poisson total: value, low, high of another quarter with the same requests on average.

    Services of which nothing is known are left out; NaN where nothing is known of any.
    """
    if not np.isfinite(sums).any():
        return np.full(3, np.nan)
    value = float(np.nansum(volume * each * sums))
    reach = z * float(np.sqrt(np.nansum(volume * each**2 * squares)))
    return np.array([value, max(value - reach, 0.0) if value >= 0 else value - reach, value + reach])


def _mean(volume: Numbers, each: Numbers, of: tuple[Numbers, Numbers, Numbers], z: float) -> Numbers:
    """A mean per request with the limits of its standard error; NaN without a request."""
    counted, sums, squares = of
    count = float((volume * counted).sum())
    if not count > 0 or not np.isfinite(sums).any():
        return np.full(3, np.nan)
    mean = float(np.nansum(volume * each * sums)) / count
    variance = max(float(np.nansum(volume * each**2 * squares)) / count - mean**2, 0.0)
    reach = z * float(np.sqrt(variance / count))
    return np.array([mean, max(mean - reach, 0.0), mean + reach])


def _unused(busy: Numbers, team: Team) -> Numbers:
    if team.hours > 0:
        return np.maximum(team.hours - busy, 0.0) / team.hours * team.paid_cost
    return np.zeros(3) if team.hours == 0 else np.full(3, np.nan)


def _over(values: Numbers, whole: float) -> Numbers:
    if whole > 0:
        return values / whole
    return np.full(3, np.inf if whole == 0 and values[0] > 0 else np.nan)


def _overhead(process: Numbers, unused: Numbers, cost: Numbers) -> Numbers:
    """Process and unused capacity over all that is paid for; more work leaves less unused."""
    paid = cost + unused
    shares = (np.nan_to_num(process) + unused) / np.where(paid > 0, paid, np.nan)
    return np.array([shares[0], shares.min(), shares.max()])


def _unpriced(work: Work) -> list[str]:
    charged = np.isfinite(work.sums["charged_cost"])
    if charged.all() or not charged.any():
        return []
    return [
        f"{int((~charged).sum())} of {len(charged)} services have no charge recorded and are not in what is charged"
    ]
