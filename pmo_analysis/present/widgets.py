"""What-if sizing in a notebook: a static table of the scenario, and the sliders that make another."""

from __future__ import annotations

import ipywidgets

from pmo_analysis.analysis.scenarios import Scenario, ScenarioComparison, compare_scenarios
from pmo_analysis.present.answers.scenario import list_figures, list_inputs
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.sizing import SizingApp
from pmo_analysis.present.templating import render, stylesheet
from pmo_analysis.quarter import Quarter

NOTHING = "Nothing to vary: no hours are booked or no capacity is stated. Add effort and capacity."


def show_scenario(quarter: Quarter, scenario: Scenario | None = None) -> Html:
    """A scenario as a static table beside the quarter as it was; the stored one where none is given.

    Each figure with the range in which another quarter like it would lie by chance. Brings the house's style.
    """
    told = quarter.scenario if scenario is None else compare_scenarios({"what if": scenario})
    content = _refuse(NOTHING) if told is None else _tell(quarter, told)
    return Html(render("styled.html.j2", style=stylesheet("parts.css"), content=content))


def sizing_app(quarter: Quarter) -> ipywidgets.Widget:
    """Sliders for volume, sizes, shares, price and staff, and the scenario that they make beside the quarter as it was.

    With a service chosen, the work and its sizes are changed for it alone; with a segment chosen, the work looked at is
    that of its customers. Scenarios can be kept, compared, undone and exported; it starts from the stored one.
    """
    if quarter.baseline is None or quarter.scenario is None:
        return ipywidgets.HTML(_refuse(NOTHING))
    *_, stored = quarter.scenario.scenarios.values()
    return SizingApp(quarter, stored).widget


def _tell(quarter: Quarter, told: ScenarioComparison) -> str:
    """The sentence, what was changed, the figures of each, and what could not be changed."""
    *_, then = told.scenarios.values()
    inputs = list_inputs(told, names_of(quarter)) if len(told.inputs) else ""
    table = inputs + list_figures(told, quarter.settings["currency"])
    return render("scenario.html.j2", problem="", sentence=then.sentence, table=table, notes=then.notes)


def _refuse(problem: str) -> str:
    return render("scenario.html.j2", problem=problem)
