"""Decisions that the tables could support: each builder reads one table and gives candidates, or none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.advice.evidence import BOARD, Candidate, Evidence, make_candidate
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.units import tell_number


def cut_process(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Halve the dearest process that no law requires; told with a quarter to three quarters of it going."""
    rows = evidence.costs.dropna(subset=["process_cost", "worked_hours"])
    rows = rows.assign(free=rows["process_cost"] - rows["mandated_process_cost"].fillna(0.0))
    rows = rows[(rows["free"] > 0) & (rows["engagement_count"] >= settings["minimum_estimate"])]
    if rows.empty:
        return []
    row = rows.sort_values(["free", "service_id"], ascending=[False, True]).iloc[0]
    hours = row["process_hours"] * row["free"] / row["process_cost"]
    effect = -hours / evidence.costs["worked_hours"].sum()
    return [
        make_candidate(
            "process",
            tuple(share * row["free"] for share in (0.5, 0.25, 0.75)),
            settings,
            decision=f"Halve the process in {evidence.name(row['service_id'])}",
            options="Drop it for small projects only; replace approval by notice; keep it",
            would_change_if=f"customers or auditors name what the {hours:.0f} hours of process prevented (a full count, n = "
            f"{row['engagement_count']:.0f}; the range assumes that a quarter to three quarters of them go)",
            measure=evidence.judged_by("process_hours_share"),
            expected_effect=0.5 * effect,
            low=0.75 * effect,
            high=0.25 * effect,
            evidence="costs.process_cost by service; assumes that a quarter to three quarters of it can go",
        )
    ]


# What to do about hours that miss their aim: by the reason told with them, the decision, its options, what would change it.
_STOPS = {
    "asked by categories": (
        "Turn away requests for {name} from categories it is not meant for",
        "Send them to a service that is meant for them; widen its target categories; leave it",
        "those categories show what it did for them",
    ),
    "asked after the stages": (
        "Stop delivering {name} after the stage it is meant for",
        "Refuse it then and offer it sooner; widen its stages; leave it",
        "customers show what it changed so late",
    ),
    "": (
        "Stop or shrink {name}",
        "Offer it as self-service; keep it for the customers that return; keep it as it is",
        "a customer shows a need for it",
    ),
}


def stop_service(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Stop what would free most hours: requests that miss their aim, or a service that hardly anybody asks for twice."""
    rows = evidence.to_stop
    if rows is None or rows.empty or not (rows["freed_hours"] > 0).any():
        return []
    row = rows.sort_values(["freed_hours", "service_id"], ascending=[False, True]).iloc[0]
    decision, options, change = next(words for start, words in _STOPS.items() if row["reason"].startswith(start))
    freed = tuple(float(row.get(c, np.nan)) for c in ("freed_hours", "low", "high"))
    stake, low, high = (hours * evidence.hourly_cost for hours in freed)
    return [
        make_candidate(
            "stop",
            (stake, low, high),
            settings,
            decision=decision.format(name=evidence.name(row["service_id"])),
            options=options,
            would_change_if=f"{change} ({_tell_hours(freed, row.get('n'))}: {row['reason']})",
            decider=BOARD,
            measure="cost_to_serve",
            expected_effect=-stake,
            low=-high,
            high=-low,
            evidence="target_review.to_stop",
        )
    ]


def _tell_hours(freed: tuple[float, ...], n: float | None) -> str:
    """`about 120 hours a quarter, 60 to 240, n = 9`, so far as these are known."""
    hours, low, high = freed
    known = [f"{low:,.0f} to {high:,.0f}"] if np.isfinite(low) and np.isfinite(high) else []
    known += [f"n = {n:,.0f}"] if n is not None else []
    return f"about {hours:,.0f} hours a quarter" + (f", {', '.join(known)}" if known else "")


def resize_offering(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """New limits for the size that is misquoted in most hours, where at least three in ten are for certain."""
    rows = evidence.quoted
    if rows is None or rows.empty:
        return []
    rows = rows[(rows["low"] >= 0.3) & (rows["n"] >= settings["minimum_estimate"])]
    gap = (rows["median_hours"] - rows["standard_hours"]).abs()
    rows = rows.assign(gap=gap, hours=rows["n"] * rows["misquoted_share"] * gap / settings["look_back_quarters"])
    rows = rows[rows["hours"] > 0]
    if rows.empty:
        return []
    row = rows.sort_values(["hours", "service_id", "size"], ascending=[False, True, True]).iloc[0]
    each = row["n"] * row["gap"] / settings["look_back_quarters"] * evidence.hourly_cost
    return [
        make_candidate(
            "size",
            tuple(each * row[c] for c in ("misquoted_share", "low", "high")),
            settings,
            decision=f"Set new limits for size {row['size']} of {evidence.name(row['service_id'])}",
            options="Change its standard hours; drop the size; quote by complexity instead",
            would_change_if=f"fewer than 30 % were misquoted (now {' to '.join(_share(row[c]) for c in ('low', 'high'))})",
            measure=evidence.judged_by("promises_kept_share", "lead_time_ratio", "lead_time_days"),
            evidence="size_review.quoted",
        )
    ]


def standardise(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Deliver the standard where bespoke work surely costs more hours."""
    rows = evidence.saving
    if rows is None or rows.empty:
        return []
    rows = rows[(rows["low"] > 0) & (rows["n"] >= settings["minimum_estimate"])]
    if rows.empty:
        return []
    row = rows.sort_values(["saving_hours", "service_id"], ascending=[False, True]).iloc[0]
    rate = evidence.hourly_cost / settings["look_back_quarters"]
    stake = tuple(float(row[c] * rate) for c in ("saving_hours", "low", "high"))
    return [
        make_candidate(
            "standard",
            stake,
            settings,
            decision=f"Make the standard the rule for {evidence.name(row['service_id'])}",
            options="Charge bespoke work at its own price; allow it above a threshold; keep both",
            would_change_if="the outcome of standard deliveries falls below that of bespoke ones",
            **_saving(evidence, "efficiency_saving_cost", stake),
            evidence="size_review.saving",
        )
    ]


def _saving(evidence: Evidence, measure: str, stake: tuple[float, ...]) -> Candidate:
    """Measure and expected effect of money saved: in the saving against last year where charted, else in the whole cost."""
    value, low, high = stake
    if evidence.judged_by(measure, "cost_to_serve") == measure:
        return {"measure": measure, "expected_effect": value, "low": low, "high": high}
    return {"measure": "cost_to_serve", "expected_effect": -value, "low": -high, "high": -low}


def delegate(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Move senior hours above the standard to others, where they cost most."""
    rows = evidence.delegable
    if rows is None or rows.empty:
        return []
    rows = rows[(rows["excess_hours"] > 0) & (rows["cost"] > 0)]
    if rows.empty:
        return []
    row = rows.sort_values(["cost", "service_id"], ascending=[False, True]).iloc[0]
    stake = tuple(float(row.get(c, np.nan)) for c in ("cost", "cost_low", "cost_high"))
    count = f" (n = {row['n']:,.0f})" if "n" in row else ""
    return [
        make_candidate(
            "senior",
            stake,
            settings,
            decision=f"Move {row['excess_hours']:.0f} senior hours a quarter off {evidence.name(row['service_id'])}",
            options="Senior review at two fixed points only; train an analyst to lead; keep seniors on it",
            would_change_if=f"senior time is shown to pay for this service (section 6){count}",
            **_saving(evidence, "rate_saving_cost", stake),
            evidence="senior_review.delegable",
        )
    ]


def relieve_role(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Refuse, move or hire where next quarter's hours will surely be above what a role can do without long waits."""
    rows = evidence.load
    if rows is None or rows.empty:
        return []
    limit = rows["practical_hours"] * settings["utilisation_warning_share"]
    rows = rows.assign(
        over=rows["expected_hours"] - limit, over_low=rows["low"] - limit, over_high=rows["high"] - limit
    )
    rows = rows[rows["over_low"] > 0]
    if rows.empty:
        return []
    row = rows.sort_values(["over", "role"], ascending=[False, True]).iloc[0]
    return [
        make_candidate(
            "load",
            tuple(float(row[c] * evidence.hourly_cost) for c in ("over", "over_low", "over_high")),
            settings,
            decision=f"Decide what {row['role']} will not do next quarter: about {row['over']:.0f} hours too many are expected",
            options="Refuse or postpone requests; move work to another role; hire by the day",
            would_change_if="requests in the first month stay below what is expected",
            measure=evidence.judged_by("lead_time_ratio", "lead_time_days"),
            evidence="target_review.load",
        )
    ]


def mend_lateness(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """The category that is clearly worse off than the whole in promises kept."""
    cells = evidence.cells
    if cells is None or cells.empty:
        return []
    kept = cells[(cells["measure"] == "promises_kept_share") & cells["value"].notna()]
    whole = kept.loc[kept["group_kind"] == "all", "value"]
    rows = kept[(kept["group_kind"] == "category") & (kept["n"] >= settings["minimum_estimate"])]
    rows = rows[rows["high"] < whole.iloc[0]] if len(whole) else rows[:0]
    if rows.empty:
        return []
    row = (
        rows.assign(broken=rows["n"] * (1 - rows["value"]))
        .sort_values(["broken", "group"], ascending=[False, True])
        .iloc[0]
    )
    gain = float(whole.iloc[0] - row["value"])
    return [
        make_candidate(
            "lateness",
            (np.nan, np.nan, np.nan),
            settings,
            decision=f"Mend lateness for {row['group']}: {_share(row['value'])} of promises kept, "
            f"{_share(whole.iloc[0])} overall",
            options="Promise later dates; serve them first; offer a smaller size",
            waiting_costs=f"about {row['broken']:.0f} broken promises a quarter; not known in money",
            would_change_if=f"promises kept there reach {_share(whole.iloc[0])}",
            measure="promises_kept_share",
            expected_effect=gain,
            low=float(whole.iloc[0] - row["high"]),
            high=float(whole.iloc[0] - row["low"]),
            evidence="measures.cells promises_kept_share by category",
        )
    ]


def offer_service(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """A service that a segment clearly takes more than others, to those of the segment that have not asked for it."""
    rows = evidence.fit
    if rows is None or rows.empty:
        return []
    rows = rows[rows["verdict"].astype("str").str.startswith("offer") & rows["low"].notna() & (rows["stage"] == "all")]
    rows = rows.assign(rest=(rows["n"] * (1 - rows["uptake"])).round())
    rows = rows.assign(takers=rows["rest"] * rows["low"])[rows["rest"] >= settings["minimum_estimate"]]
    if rows.empty:
        return []
    row = rows.sort_values(["takers", "segment", "service_id"], ascending=[False, True, True]).iloc[0]
    name, uptake = (
        evidence.name(row["service_id"]),
        f"{_share(row['uptake'])} ({_share(row['low'])} to {_share(row['high'])})",
    )
    return [
        make_candidate(
            "offer",
            (np.nan, np.nan, np.nan),
            settings,
            decision=f"Offer {name} to the {row['rest']:.0f} customers in “{row['segment']}” that have not asked for it",
            options="Offer it to all of them; try it with five; leave it",
            would_change_if=f"fewer than one in four of those asked take it in two quarters; now {uptake} of the segment ask",
            measure=evidence.judged_by("reach_share", "came_back_share"),
            evidence="targets.fit",
        )
    ]


def measure_benefits(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Where less than half of the benefit due was measured, or none is recorded at all."""
    missing = set(evidence.missing["measure"]) if evidence.missing is not None else set()
    share = _whole(evidence.cells, "benefit_measured_share")
    if share < 0.5:
        decision = f"Measure the benefits that fall due: only {_share(share)} of what was due was measured"
        return [_unmeasured(decision, "benefit_measured_share", settings, effect=0.5 - share)]
    if "benefit_measured_share" in missing:
        decision = "Begin to record benefits: planned, due, realised, confirmed"
        return [_unmeasured(decision, "benefit_measured_share", settings)]
    return []


def ask_customers(evidence: Evidence, settings: Settings) -> list[Candidate]:
    """Where no customer was asked anything."""
    missing = set(evidence.missing["measure"]) if evidence.missing is not None else set()
    if not {"nps_points", "csat_level", "worth_level"} <= missing:
        return []
    decision = "Ask customers one question after each delivery: is it worth what it costs you?"
    options = "Ask after each delivery; ask once a year; ask nobody"
    return [_unmeasured(decision, "worth_level", settings) | {"options": options}]


def _unmeasured(decision: str, measure: str, settings: Settings, *, effect: float = np.nan) -> Candidate:
    return make_candidate(
        "measure",
        (np.nan, np.nan, np.nan),
        settings,
        decision=decision,
        measure=measure,
        expected_effect=effect,
        options="Start with the ten largest; ask the project's owner; leave it unmeasured",
        waiting_costs="another quarter in which value cannot be shown; not known in money",
        would_change_if="nobody would decide differently whatever the answer",
        evidence=f"measures.cells {measure}" if np.isfinite(effect) else "measures.missing",
    )


def _whole(cells: pd.DataFrame | None, measure: str) -> float:
    if cells is None or cells.empty:
        return np.nan
    mine = cells.loc[(cells["measure"] == measure) & (cells["group_kind"] == "all"), "value"]
    return float(mine.iloc[0]) if len(mine) else np.nan


def _share(value: float) -> str:
    return tell_number(float(value), "_share")


BUILDERS = (
    cut_process,
    stop_service,
    resize_offering,
    standardise,
    delegate,
    relieve_role,
    mend_lateness,
    offer_service,
    measure_benefits,
    ask_customers,
)
