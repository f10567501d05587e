"""Question 11: what if? The stored scenario, its inputs and its result beside the quarter as it was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pmo_analysis.analysis.scenarios import Scenario, ScenarioComparison
from pmo_analysis.present import plots
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import table, tell, tell_range
from pmo_analysis.present.names import Names, names_of
from pmo_analysis.present.plots.style import panels
from pmo_analysis.present.shown import Picture, draw
from pmo_analysis.quarter import Quarter

# A scenario's figures in the order of reading: title and the suffix of their unit.
FIGURES = {
    "cost": ("Cost of the work on requests", "_cost"),
    "unit_cost": ("Cost of one request", "_cost"),
    "utilisation": ("Team's hours in use", "_share"),
    "wait_days": ("Working days until work begins", ""),
    "overhead_share": ("Process and unused capacity, of all cost", "_share"),
    "customers_affected": ("Customers who would notice", "_count"),
    "hours": ("Hours of work on requests", ""),
    "spare_hours": ("Hours that sizes reserve and nobody needs", ""),
    "missing_hours": ("Hours beyond the size", ""),
    "unused_cost": ("Cost of unused capacity", "_cost"),
    "charged_cost": ("Charged to customers", "_cost"),
}  # fmt: skip
CHANGED = {
    "volume": "Requests, as a multiple of now",
    "tier_limits": "Sizes end at, hours",
    "standard_share": "Standard share",
    "self_service_share": "Self-service share",
    "price": "Price, as a multiple of now",
    "fte": "Full-time equivalents",
}
DRAWN = ("utilisation", "wait_days", "cost", "unit_cost")
WITHOUT_END = "grows without end"
COUNTED = (
    "Ranges: what another quarter like it would bring by chance alone. Waits are those of one queue for the whole team, "
    "a lower bound where people are specialised."
)


def tell_scenario(quarter: Quarter) -> Section:
    """The stored scenario: what it assumes and what it gives, beside how things were."""
    told = quarter.scenario
    if told is None:
        return Section(("What if cannot be told: there are no deliveries with hours to start from.",))
    *_, (name, then) = told.scenarios.items()
    if not then.inputs:
        advice = "No scenario is stored with this report (pmo report --scenario FILE, or setting demand_growth_share)."
        return Section((then.sentence, advice), _count_on(then), (list_figures(told, quarter.settings["currency"]),))
    inputs = list_inputs(told, names_of(quarter))
    first = f"The stored scenario: {name}."
    tables = (inputs, list_figures(told, quarter.settings["currency"]))
    return Section((first, then.sentence), _count_on(then), tables)


def list_figures(told: ScenarioComparison, currency: str) -> str:
    """Each figure of each scenario with its range, as a table."""
    cells = {_title(name): tell_figures(scenario, currency) for name, scenario in told.scenarios.items()}
    rows = pd.DataFrame({"Figure": [title for title, _ in FIGURES.values()], **cells})
    alone = len(told.scenarios) == 1
    rows = rows[rows["Figure"] != FIGURES["customers_affected"][0]] if alone else rows
    return table(rows, caption="One quarter, each figure with its range")


def list_inputs(told: ScenarioComparison, names: Names) -> str:
    """What the scenarios change, for whom, as a table."""
    rows = told.inputs
    shown = pd.DataFrame({
        "Change": [CHANGED[c] for c in rows["input"]],
        "Of": ["all" if of == "all" else of if c == "fte" else names.service(of)
               for c, of in zip(rows["input"], rows["input_of"], strict=True)],
        "To": rows["becomes"].tolist(),
    })  # fmt: skip
    return table(shown, caption="What it changes", most=30)


def tell_figures(scenario: Scenario, currency: str) -> list[str]:
    """A scenario's figures in words, in the order of reading."""
    rows = {row["figure"]: row for row in scenario.result.to_dict("records")}
    return [tell_figure(rows[name], unit, currency) for name, (_, unit) in FIGURES.items()]


def tell_figure(row: Mapping[str, Any], unit: str, currency: str = "") -> str:
    """One figure with its range; what piles up is said, and so is a range without an upper end."""
    if row["value"] == float("inf"):
        return WITHOUT_END
    if row["high"] == float("inf"):
        return f"{tell(row['value'], unit, currency)} ({tell(row['low'], unit, currency)} or more, without limit)"
    return tell_range(row["value"], row["low"], row["high"], unit, currency)


def tell_wait(scenario: Scenario | None) -> str:
    """How long work waits for somebody free, in a sentence; blank where it is not known."""
    if scenario is None:
        return ""
    row = scenario.result.set_index("figure").loc["wait_days"].to_dict()
    if math.isnan(row["value"]):
        return ""
    if row["value"] == math.inf:
        return "There is more work than hours: it would pile up without end."
    waits = tell_figure(row, "_days")
    return f"With the team as one queue, work waits {waits} for somebody free."


def draw_scenario(quarter: Quarter) -> Picture | str:
    """The stored scenario's main figures beside how things were."""
    told = quarter.scenario
    if quarter.baseline is None:
        return "No picture: there is no quarter with hours and capacity to start from."
    if told is None or len(told.scenarios) == 1:
        return "No picture: no scenario is stored with this report."
    return draw_figures(told, quarter.settings["currency"])


def draw_figures(told: ScenarioComparison, currency: str) -> Picture:
    """The main figures of the scenarios as bars with their ranges."""
    known = told.table[told.table["value"].notna()]
    shown = [f for f in FIGURES if f in DRAWN and f in set(known["figure"])]
    places, said = panels(-(-len(shown) // 2), min(len(shown), 2), 1.9 * -(-len(shown) // 2)), []
    for axes, figure in zip(places, shown, strict=False):
        title, unit = FIGURES[figure]
        rows = known[known["figure"] == figure].replace(float("inf"), float("nan"))
        rows = rows.assign(label=rows["scenario"]).reset_index(drop=True)
        plots.plot_scenario(rows, axes, title=title, unit=unit, currency=currency)
        said.append(plots.say_ranges(rows, title, unit=unit, currency=currency))
    for axes in places[len(shown) :]:
        axes.set_axis_off()
    return draw(places[0], " ".join(said))


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _count_on(scenario: Scenario) -> str:
    """What the figures rest on: ranges, how waits were reckoned, what could not be changed or counted."""
    noted = [f"{note[:1].upper()}{note[1:]}." for note in scenario.notes]
    return " ".join([COUNTED, scenario.traffic.reason, *noted])
