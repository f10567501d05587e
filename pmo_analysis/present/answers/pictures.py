"""One picture per question: which rows are drawn, under which names, and the same in words."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pmo_analysis.present import plots
from pmo_analysis.present.answers import scenario
from pmo_analysis.present.answers import work_pictures as work
from pmo_analysis.present.answers.figures import read_figures
from pmo_analysis.present.answers.segment_pictures import draw_evidence
from pmo_analysis.present.answers.value import OUTCOMES
from pmo_analysis.present.formats import tell
from pmo_analysis.present.names import names_of
from pmo_analysis.present.plots.style import new_axes, panels
from pmo_analysis.present.shown import Picture, draw
from pmo_analysis.quarter import Quarter

RUNS = (
    "lead_time_days",
    "promises_kept_share",
    "first_time_right_share",
    "own_hours",
    "touchpoint_count",
    "nps_points",
)
_RANGE = ["value", "low", "high"]


def draw_costs(quarter: Quarter) -> Picture | str:
    """Cost per customer of each group, the middle one and eight in ten."""
    cards, names, currency = quarter.propositions.cards, names_of(quarter), quarter.settings["currency"]
    rows = cards[cards["cost_median"].notna() & cards["group_kind"].isin(["segment", "category"])]
    if rows.empty:
        return "No picture: what serving a customer costs is not known for any category or segment."
    rows = rows.sort_values(["group_kind", "cost_median", "group"], ascending=[False, False, True])
    table = pd.DataFrame({
        "label": [names.group(k, g) for k, g in zip(rows["group_kind"], rows["group"], strict=True)],
        "value": rows["cost_median"], "low": rows["cost_p10"], "high": rows["cost_p90"],
        "note": [f"n = {n:,.0f}" for n in rows["n"]],
    })  # fmt: skip
    title = "cost to serve of one customer in the quarter: the middle one (dot) and eight in ten (bar)"
    axes = plots.plot_ranges(table, unit="_cost", currency=currency, title=title)
    _part(axes, (rows["group_kind"] == "segment").sum(), len(rows))
    return draw(axes, plots.say_ranges(table, "Cost to serve of one customer, middle and eight in ten", unit="_cost",
                                       currency=currency, most=14))  # fmt: skip


def _part(axes: plots.Axes, first: int, count: int) -> None:
    """A line between segments and categories."""
    if 0 < first < count:
        axes.axhline(first - 0.5, color="#b8c0cb", linewidth=0.8)


def draw_runs(quarter: Quarter) -> Picture | str:
    """Eight quarters of what customers feel."""
    chart = quarter.measures.run_chart
    known = [m for m in RUNS if chart.loc[chart["measure"] == m, "value"].notna().sum() > 1]
    if not known:
        return "No picture: there are not two quarters in which waiting, promises or effort were measured."
    definitions = quarter.measures.definitions.set_index("measure")
    rows = -(-len(known) // 3)
    places = panels(rows, min(len(known), 3), 2.4 * rows)
    said = []
    for axes, measure in zip(places, known, strict=False):
        table, about = chart[chart["measure"] == measure], definitions.loc[measure]
        plots.plot_run(table, axes, unit=about["unit"], title=about["title"], currency=quarter.settings["currency"])
        said.append(plots.say_run(table, about["title"], unit=about["unit"], currency=quarter.settings["currency"]))
    for axes in places[len(known) :]:
        axes.set_axis_off()
    return draw(places[0], " ".join(said))


def draw_outcomes(quarter: Quarter) -> Picture | str:
    """Every measure with anchors on one scale: 0 = the worst anchor, 100 = the best."""
    parts = []
    anchors = quarter.measures.definitions.set_index("measure")[["worst_anchor", "best_anchor"]]
    for title, measures in OUTCOMES.items():
        rows = read_figures(quarter, measures).join(anchors, on="measure")
        rows = rows[rows["worst_anchor"].notna() & rows["value"].notna()]
        parts.append(rows.assign(label=[f"{title}: {t}" for t in rows["title"]]))
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        return "No picture: none of the five outcomes was measured in the quarter."
    table = _on_scale(rows)
    axes = plots.plot_ranges(
        table, unit="_score", title="0 = worst anchor, 100 = best anchor of the settings; bar = how sure"
    )
    axes.set_xlim(-1.5, 101.5)
    return draw(axes, plots.say_ranges(table, "Outcomes on a scale from 0 to 100", unit="_score"))


def _on_scale(rows: pd.DataFrame) -> pd.DataFrame:
    span = rows["best_anchor"] - rows["worst_anchor"]
    ends = pd.DataFrame({c: 100 * (rows[c] - rows["worst_anchor"]) / span for c in _RANGE}).clip(0, 100)
    low, high = ends[["low", "high"]].min(axis=1, skipna=False), ends[["low", "high"]].max(axis=1, skipna=False)
    notes = [
        f"measured {tell(m, '_share')}, n = {n:,.0f}" for m, n in zip(rows["measured_share"], rows["n"], strict=True)
    ]
    return pd.DataFrame({"label": rows["label"], "value": ends["value"], "low": low, "high": high, "note": notes})


def draw_segments(quarter: Quarter) -> Picture | str:
    """Whether there is more than one group of customers, and how many."""
    return draw_evidence(quarter.fresh_look)


def draw_effects(quarter: Quarter) -> Picture | str:
    """Effects seen, measured by those expected."""
    rows = quarter.leadership.decisions
    rows = rows[
        rows["observed_effect"].notna() & rows["expected_effect"].notna() & (rows["expected_effect"] != 0)
    ].head(10)
    if rows.empty:
        return "No picture: no decision has both an expected and an observed effect."
    parts = {
        new: rows[old] / rows["expected_effect"]
        for new, old in (("reached", "observed_effect"), ("a", "low"), ("b", "high"))
    }
    table = pd.DataFrame({"label": rows["text"], "verdict": rows["verdict"], **parts}).reset_index(drop=True)
    table["low"], table["high"] = table[["a", "b"]].min(axis=1), table[["a", "b"]].max(axis=1)
    said = [
        f"{r['label']}: {tell(100 * r['reached'])} % of what was expected, {r['verdict']}"
        for r in table.to_dict("records")
    ]
    return draw(plots.plot_effects(table), "Effects of decisions. " + "; ".join(said) + ".")


def draw_trust(quarter: Quarter) -> Picture | str:
    """Shares of the evidence: what is unmapped, allocated, unmeasured or unanswered."""
    limits = quarter.trust.figures
    limits = limits[
        (limits["unit"] == "_share") & limits["value"].notna() & (limits["figure"] != "largest_shift_share")
    ]
    table = limits.rename(columns={"title": "label"})[["label", *_RANGE, "n"]]
    measured = read_figures(quarter, ["benefit_measured_share", "benefit_confirmed_share"]).rename(
        columns={"title": "label"}
    )
    table = pd.concat([table, measured.loc[measured["value"].notna(), ["label", *_RANGE, "n"]]], ignore_index=True)
    if table.empty:
        return "No picture: nothing is known of how complete the tables are."
    table["note"] = [f"n = {n:,.0f}" for n in table["n"]]
    axes = plots.plot_ranges(table, new_axes(0.42 * len(table) + 1.1), unit="_share", title="share; bar = how sure")
    axes.set_xlim(-0.015, 1.015)
    return draw(axes, plots.say_ranges(table, "How complete the evidence is", unit="_share"))


PICTURES: dict[int, Callable[[Quarter], Picture | str]] = {
    1: draw_costs, 2: draw_runs, 3: draw_outcomes, 4: draw_segments, 5: work.draw_concentration, 6: work.draw_seniors,
    7: work.draw_uptake, 8: work.draw_quoted, 9: work.draw_capacity, 10: work.draw_demand, 11: scenario.draw_scenario,
    12: draw_effects, 13: draw_trust,
}  # fmt: skip
