"""Question 10: what will be asked next quarter, and what to stop."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.targets import hours_too_many
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import is_number, table, tell, tell_range, told, told_ranges
from pmo_analysis.present.names import Names, names_of
from pmo_analysis.quarter import Quarter


def tell_demand(quarter: Quarter) -> Section:
    """What will be asked, by whom, whether it fits, and what to stop."""
    coming = shift_quarter(quarter.quarter, 1)
    tables = (_list_demand(quarter, coming), _list_load(quarter), _list_to_stop(quarter))
    return Section(
        (_tell_total(quarter, coming), _tell_fit(quarter)), f"Expected for {coming} from what was asked before.", tables
    )


def whole_demand(quarter: Quarter) -> pd.DataFrame:
    """Expected requests per service, most first."""
    rows = quarter.target_review.demand
    rows = rows[rows["segment"] == "all"]
    return rows.sort_values(["expected_count", "service_id"], ascending=[False, True], ignore_index=True)


def _tell_total(quarter: Quarter, coming: str) -> str:
    rows, names = whole_demand(quarter), names_of(quarter)
    if rows.empty:
        return "What will be asked next quarter is not estimable."
    first = rows.iloc[0]
    most = tell_range(first["expected_count"], first["low"], first["high"], "_count")
    whole = quarter.target_review.total_demand
    total = whole[whole["segment"] == "all"].iloc[0]
    all_told = tell_range(total["expected_count"], total["low"], total["high"], "_count")
    return (
        f"In {coming} {all_told} requests are expected, most of them for {names.service(first['service_id'])}: {most}."
    )


def _tell_fit(quarter: Quarter) -> str:
    rows = quarter.target_review.load
    if rows.empty or not rows["utilisation_share"].notna().any():
        return "Whether it fits is not known: the hours available are not recorded."
    limit = quarter.settings["utilisation_warning_share"]
    tight = rows[rows["utilisation_share"] > limit].sort_values(["utilisation_share", "role"], ascending=[False, True])
    if tight.empty:
        return f"It fits: no role is expected above {tell(limit, '_share')} of its practical hours."
    told = ", ".join(f"{r['role']} ({tell(r['utilisation_share'], '_share')})" for r in tight.to_dict("records"))
    return (
        f"It does not fit for everybody. Expected above {tell(limit, '_share')} of practical hours: {told}. "
        + _tell_stops(quarter)
    )


def _tell_stops(quarter: Quarter) -> str:
    """Whether what could be stopped or refused is enough."""
    over = hours_too_many(quarter.target_review.load, quarter.settings)
    freed = quarter.target_review.to_stop["freed_tight_hours"].sum()
    if not freed:
        return f"That is {tell(over, '_count')} hours too many, and nothing is known that could be stopped instead."
    enough = "which is enough" if freed >= over else "which is not enough"
    return (
        f"That is {tell(over, '_count')} hours too many; stopping or refusing what is listed below would free "
        f"{tell(freed, '_count')} of these roles' hours, {enough}."
    )


def _list_demand(quarter: Quarter, coming: str) -> str:
    rows, names, parts = whole_demand(quarter), names_of(quarter), quarter.target_review.demand
    parts = parts[parts["segment"] != "all"].sort_values(["expected_count", "segment"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        f"Requests expected in {coming}": told_ranges(rows, ("expected_count", "low", "high"), unit="_count"),
        "Mostly by": [_mostly(parts[parts["service_id"] == s], names) for s in rows["service_id"]],
        "From quarters": told(rows, "n"),
    })  # fmt: skip
    return table(shown, caption="What will be asked of us, and by whom", most=10)


def _mostly(rows: pd.DataFrame, names: Names) -> str:
    if rows.empty or not is_number(rows["expected_count"].iloc[0]):
        return "–"
    first = rows.iloc[0]
    return f"{names.segment(first['segment'])} ({tell(first['expected_count'], '_count')})"


def _list_load(quarter: Quarter) -> str:
    rows = quarter.target_review.load
    shown = pd.DataFrame({
        "Role": rows["role"].tolist(),
        "Hours expected": told_ranges(rows, ("expected_hours", "low", "high"), unit="_count"),
        "Practical hours": told(rows, "practical_hours", "_count"),
        "Utilisation": told(rows, "utilisation_share"),
    })  # fmt: skip
    return table(shown, caption="Whether it fits, by role")


def _list_to_stop(quarter: Quarter) -> str:
    rows, names = quarter.target_review.to_stop, names_of(quarter)
    rows = rows.sort_values(["freed_hours", "service_id"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Hours freed a quarter": told_ranges(rows, ("freed_hours", "low", "high"), unit="_count"),
        "n": told(rows, "n"),
        "of these, of busy roles": told(rows, "freed_tight_hours", "_count"),
        "Because": rows["reason"].tolist(),
    })  # fmt: skip
    return table(shown, caption="What to stop or refuse so that we can do it", most=8)
