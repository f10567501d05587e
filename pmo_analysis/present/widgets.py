"""What-if sizing: a static table of the scenario, and sliders that recalculate it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import ipywidgets
import pandas as pd

from pmo_analysis.analysis.scenarios import Scenario, what_if
from pmo_analysis.contract.errors import PmoError
from pmo_analysis.present import formats
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render, stylesheet
from pmo_analysis.quarter import Quarter, baseline

NOTHING = "Nothing to vary: no hours are booked or no capacity is stated. Add effort and capacity."
ALL = AS_NOW = ""  # a selection widget shows nothing chosen where the value is None
HOURS = (1, 2, 4, 8, 16, 24, 40, 60, 80, 120, 160, 240, 400)
# A scenario's figures in the order of reading: title and the suffix of their unit.
FIGURES = {
    "hours": ("Hours of work", "_hours"),
    "utilisation": ("Hours used of those there are", "_share"),
    "wait_days": ("Working days until work begins", "_days"),
    "cost": ("Cost of the work", "_cost"),
    "unit_cost": ("Cost of the work on one request", "_cost"),
    "unused_cost": ("Cost of unused capacity", "_cost"),
    "charged_cost": ("Charged to customers", "_cost"),
    "overhead_share": ("Process and unused capacity, of all cost", "_share"),
    "customers_affected": ("Customers affected", "_count"),
}


def show_scenario(quarter: Quarter, scenario: Scenario | None = None) -> Html:
    """A scenario as a static table beside the quarter as it was; the quarter alone where none is given.

    Each figure with the range in which another quarter like it would lie by chance. Brings the house's style, which
    the app below it uses too.
    """
    now = quarter.baseline
    told = _refuse(NOTHING) if now is None else _tell(now, scenario or now, quarter.settings["currency"])
    return Html(render("styled.html.j2", style=stylesheet("parts.css"), content=told))


def sizing_app(quarter: Quarter) -> ipywidgets.Widget:
    """Sliders for volume, sizes, standard and self-service share and staff, and the scenario that they make.

    Every move recalculates through `pmo.what_if`. With a service chosen, volume, sizes and shares are changed for it
    alone; with a segment chosen, the work looked at is that of its customers.
    """
    start = quarter.baseline
    if start is None:
        return ipywidgets.HTML(_refuse(NOTHING))
    controls = {**_choosers(quarter, start), **_sliders()}
    now = {str(role): float(fte) for role, fte in start.capacity[["role", "fte"]].itertuples(index=False)}
    staff = _staff_sliders(now)
    shown = ipywidgets.HTML()

    def recalculate(_: Any = None) -> None:
        chosen = {name: control.value for name, control in controls.items()}
        fte = {role: slider.value for role, slider in staff.items() if slider.value != now[role]}
        shown.value = tell_choice(quarter, chosen, fte)

    for control in (*controls.values(), *staff.values()):
        control.observe(recalculate, names="value")
    recalculate()
    moved = ipywidgets.VBox(
        [*controls.values(), ipywidgets.HTML("<b>Staff, full-time equivalents</b>"), *staff.values()]
    )
    return ipywidgets.HBox([moved, shown])


def tell_choice(quarter: Quarter, chosen: Mapping[str, Any], fte: Mapping[str, float]) -> str:
    """The scenario of the controls as HTML; what cannot be calculated is said in a sentence."""
    try:
        start = _start(quarter, chosen["segment"])
        return _tell(start, what_if(start, **read_changes(chosen, fte)), quarter.settings["currency"])
    except PmoError as error:
        return _refuse(str(error))


def read_changes(chosen: Mapping[str, Any], fte: Mapping[str, float]) -> dict[str, Any]:
    """The controls' values as changes of `pmo.what_if`; what stands as it was is no change.

    `chosen`: service (ALL or an id), volume, standard_share, self_service_share, small_hours, medium_hours, price;
    `fte`: role → full-time equivalents, only of roles that were moved.
    """
    limits = [hours for hours in (chosen["small_hours"], chosen["medium_hours"]) if hours != AS_NOW]
    wanted = {
        "volume": AS_NOW if chosen["volume"] == 1.0 else chosen["volume"],
        "price": AS_NOW if chosen["price"] == 1.0 else chosen["price"],
        "standard_share": chosen["standard_share"],
        "self_service_share": chosen["self_service_share"],
        "tier_limits": limits or AS_NOW,
    }
    service = chosen["service"]
    changes = {n: v if service == ALL else {service: v} for n, v in wanted.items() if v != AS_NOW}
    return {**changes, "fte": dict(fte)} if fte else changes


def _start(quarter: Quarter, segment: str) -> Scenario:
    if segment == ALL and quarter.baseline is not None:
        return quarter.baseline
    return baseline(quarter, segments=None if segment == ALL else [segment])


def _choosers(quarter: Quarter, start: Scenario) -> dict[str, ipywidgets.Widget]:
    names = quarter.data.frame("services", ["service_id", "name"]).set_index("service_id")["name"]
    services = [(f"{names.get(s, s)} ({s})", s) for s in start.work.services]
    seen = quarter.groups[quarter.groups["customer_id"].isin(start.work.rows["customer_id"])]
    segments = [(str(s), s) for s in sorted(seen["segment"].unique())]
    return {
        "service": _choose("Service", [("all services", ALL), *services]),
        "segment": _choose("Segment", [("all segments", ALL), *segments]),
    }


def _sliders() -> dict[str, ipywidgets.Widget]:
    shares = [("as now", AS_NOW), *((f"{percent} %", percent / 100) for percent in range(0, 101, 5))]
    hours = [("as now", AS_NOW), *((f"{h} h", float(h)) for h in HOURS)]
    return {
        "volume": _multiple("Requests, × now"),
        "small_hours": _slide("S up to", hours),
        "medium_hours": _slide("M up to", hours),
        "standard_share": _slide("Standard share", shares),
        "self_service_share": _slide("Self-service share", shares),
        "price": _multiple("Price, × now"),
    }


def _staff_sliders(now: Mapping[str, float]) -> dict[str, ipywidgets.Widget]:
    return {
        role: ipywidgets.FloatSlider(
            value=fte, min=0.0, max=math.ceil(2 * fte + 1), step=0.1, description=role, **_wide()
        )
        for role, fte in now.items()
    }


def _choose(name: str, options: Collection[tuple[str, Any]]) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=list(options), description=name, **_wide())


def _slide(name: str, options: Collection[tuple[str, Any]]) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(options=list(options), description=name, **_wide())


def _multiple(name: str) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(value=1.0, min=0.0, max=3.0, step=0.05, description=name, **_wide())


def _wide() -> dict[str, Any]:
    return {"style": {"description_width": "11em"}, "layout": ipywidgets.Layout(width="30em")}


def _tell(now: Scenario, then: Scenario, currency: str) -> str:
    """The sentence, the table of both, and what could not be changed."""
    columns = {"As it was": now, "What if": then} if then.inputs else {"As it was": now}
    cells = {title: _cells(scenario, currency) for title, scenario in columns.items()}
    rows = pd.DataFrame({"Figure": [title for title, _ in FIGURES.values()], **cells})
    rows = rows if then.inputs else rows[rows["Figure"] != FIGURES["customers_affected"][0]]
    table = formats.table(rows, caption="One quarter, each figure with its range")
    return render("scenario.html.j2", problem="", sentence=then.sentence, table=table, notes=then.notes)


def _refuse(problem: str) -> str:
    return render("scenario.html.j2", problem=problem)


def _cells(scenario: Scenario, currency: str) -> list[str]:
    rows = scenario.result.set_index("figure")
    return [_cell(rows.loc[name], suffix, currency) for name, (_, suffix) in FIGURES.items()]


def _cell(row: pd.Series, suffix: str, currency: str) -> str:
    if math.isinf(row["value"]):
        return "grows without end"
    return formats.tell_range(float(row["value"]), float(row["low"]), float(row["high"]), suffix, currency)
