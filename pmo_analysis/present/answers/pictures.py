"""One picture per question: which rows are drawn, under which names, and the same in words."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present import plots
from pmo_analysis.present.answers.ahead import SCENARIO, read_scenarios, whole_demand
from pmo_analysis.present.answers.figures import read_figures
from pmo_analysis.present.answers.value import OUTCOMES
from pmo_analysis.present.answers.work import order_quoted
from pmo_analysis.present.formats import tell, tell_range
from pmo_analysis.present.names import names_of
from pmo_analysis.present.plots.style import new_axes, panels
from pmo_analysis.present.shown import Picture, draw
from pmo_analysis.quarter import Quarter

RUNS = ("lead_time_days", "promises_kept_share", "first_time_right_share", "own_hours", "touchpoint_count", "nps_points")
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
    for axes in places[len(known):]:
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
    axes = plots.plot_ranges(table, unit="_score", title="0 = worst anchor, 100 = best anchor of the settings; bar = how sure")
    axes.set_xlim(-1.5, 101.5)
    return draw(axes, plots.say_ranges(table, "Outcomes on a scale from 0 to 100", unit="_score"))


def _on_scale(rows: pd.DataFrame) -> pd.DataFrame:
    span = rows["best_anchor"] - rows["worst_anchor"]
    ends = pd.DataFrame({c: 100 * (rows[c] - rows["worst_anchor"]) / span for c in _RANGE}).clip(0, 100)
    low, high = ends[["low", "high"]].min(axis=1, skipna=False), ends[["low", "high"]].max(axis=1, skipna=False)
    notes = [f"measured {tell(m, '_share')}, n = {n:,.0f}" for m, n in zip(rows["measured_share"], rows["n"], strict=True)]
    return pd.DataFrame({"label": rows["label"], "value": ends["value"], "low": low, "high": high, "note": notes})


def draw_segments(quarter: Quarter) -> Picture | str:
    """What marks each segment: how far its middle customer is from the middle of all."""
    rows, names = quarter.segmentation.profile, names_of(quarter)
    if rows.empty or rows["segment"].nunique() < 2:
        return "No picture: no segments are really there, so all customers are one group."
    strength = rows["shift"].abs().groupby(rows["feature"]).max().sort_values(ascending=False, kind="stable")
    chosen = list(strength.index[:14])
    rows = rows[rows["feature"].isin(chosen)]
    meaning = quarter.features.meaning.set_index("feature")["meaning"]
    table = pd.DataFrame({
        "row": [_feature(f, meaning) for f in rows["feature"]],
        "column": [f"{names.segment(s)} ({n:,.0f})" for s, n in zip(rows["segment"], rows["customers_count"], strict=True)],
        "value": rows["shift"].clip(-2.5, 2.5),
        "mark": [_mark(v) for v in rows["shift"]],
    })  # fmt: skip
    order = [_feature(f, meaning) for f in chosen]
    columns = list(dict.fromkeys(table["column"]))
    axes = plots.plot_map(table, rows=order, columns=columns, signed=True, most=20,
                          title="+ more and − less than the middle customer of all; ++ and −− much more and less")  # fmt: skip
    return draw(axes, _say_profile(table, columns))


def _feature(name: str, meaning: pd.Series) -> str:
    return str(meaning.get(name, name.replace("_", " ")))


def _mark(shift: float) -> str:
    if pd.isna(shift) or abs(shift) < 0.5:
        return ""
    return ("+" if shift > 0 else "−") * (2 if abs(shift) >= 1.25 else 1)


def _say_profile(table: pd.DataFrame, columns: list[str]) -> str:
    said = []
    for column in columns:
        rows = table[(table["column"] == column) & (table["mark"] != "")]
        more = ", ".join(rows.loc[rows["value"] > 0, "row"].head(4))
        less = ", ".join(rows.loc[rows["value"] < 0, "row"].head(4))
        said.append(f"{column}: " + "; ".join([f"more {more}"] * bool(more) + [f"less {less}"] * bool(less) or ["like all"]))
    return "What marks each segment. " + ". ".join(said) + "."


def draw_concentration(quarter: Quarter) -> Picture | str:
    """How the cost is concentrated on customers."""
    rows = quarter.cost.concentration
    if len(rows) < quarter.settings["minimum_cell"]:
        return "No picture: there are too few customers with a known cost to tell how it is concentrated."
    left, right = panels(1, 2, 4.2)
    plots.plot_concentration(rows, left)
    plots.plot_parts(_dearest(quarter), right, currency=quarter.settings["currency"])
    said = [f"the dearest {tell(r['customers_share'], '_share')} take {tell(r['cost_share'], '_share')}" for r in _steps(rows)]
    return draw(left, "Concentration of the cost to serve: " + "; ".join(said) + ". " + _say_process(quarter))


def _dearest(quarter: Quarter) -> pd.DataFrame:
    rows, names = quarter.cost_by["service"].table, names_of(quarter)
    rows = rows[rows["cost_to_serve_cost"].notna()].sort_values(
        ["cost_to_serve_cost", "service_id"], ascending=[False, True]).head(9)  # fmt: skip
    return pd.DataFrame({
        "label": [names.service(s) for s in rows["service_id"]], "cost": rows["cost_to_serve_cost"],
        "process_cost": (rows["process_cost"] - rows["mandated_process_cost"].fillna(0)).fillna(0),
    }).reset_index(drop=True)  # fmt: skip


def _say_process(quarter: Quarter) -> str:
    currency = quarter.settings["currency"]
    said = [f"{r['label']} {tell(r['cost'], '_cost', currency)}, of that {tell(r['process_cost'], '_cost', currency)}"
            for r in _dearest(quarter).to_dict("records")]  # fmt: skip
    return "Cost of the dearest services and of the process in them that no law requires: " + "; ".join(said) + "."


def _steps(rows: pd.DataFrame) -> list[dict[str, float]]:
    found = [rows[rows["customers_share"] >= share].head(1) for share in (0.1, 0.2, 0.5)]
    return [r for part in found for r in part.to_dict("records")]


def draw_seniors(quarter: Quarter) -> Picture | str:
    """Senior share by service, those with most senior hours first."""
    rows, names = quarter.seniority.shares, names_of(quarter)
    rows = rows[(rows["side"] == "pmo") & rows["senior_share"].notna() & (rows["n"] >= quarter.settings["minimum_estimate"])]
    services = rows[rows["group_kind"] == "service"].sort_values(["senior_hours", "group"], ascending=[False, True]).head(12)
    if services.empty:
        return "No picture: senior hours are not known by service."
    whole = rows.loc[rows["group_kind"] == "all", "senior_share"]
    table = pd.DataFrame({
        "label": [names.service(g) for g in services["group"]], "value": services["senior_share"], "low": services["low"],
        "high": services["high"], "note": [f"{tell(h, '_count')} h, n = {n:,.0f}" for h, n in
                                           zip(services["senior_hours"], services["n"], strict=True)],
    })  # fmt: skip
    limit = float(whole.iloc[0]) if len(whole) else None
    title = "senior share of the PMO's hours; bar = how sure"
    axes = plots.plot_ranges(table, unit="_share", title=title, limit=limit, limit_name=f"all together: {tell(limit, '_share')}")
    axes.set_xlim(0, 1)
    return draw(axes, plots.say_ranges(table, "Senior share of hours by service", unit="_share") + _say_effect(quarter))


def _say_effect(quarter: Quarter) -> str:
    effect = quarter.seniority.effect
    if effect is None:
        return ""
    adjusted = tell_range(effect.estimate, effect.low, effect.high)
    return (f" Ten points more senior share goes with {tell(effect.naive)} points of outcome score without adjustment and "
            f"{adjusted} like compared with like: {effect.verdict}.")  # fmt: skip


def draw_uptake(quarter: Quarter) -> Picture | str:
    """Which service each segment asks for, marked where that is clearly more, or clearly next to nobody."""
    fit, names = quarter.targets.fit, names_of(quarter)
    rows = fit[(fit["stage"] == "all") & fit["uptake"].notna()]
    if rows.empty:
        return "No picture: which segment asks for which service is not known."
    most = rows.groupby("service_id")["uptake"].max().sort_values(ascending=False, kind="stable").head(18).index
    rows = rows[rows["service_id"].isin(most)]
    marks = {"offer": "offer", "stop": "stop", "too few to say": "?"}
    table = pd.DataFrame({
        "row": [names.service(s) for s in rows["service_id"]],
        "column": [names.segment(s) for s in rows["segment"]],
        "value": rows["uptake"],
        "mark": [marks.get(v, tell(u, "_share").removesuffix(" %")) for v, u in zip(rows["verdict"], rows["uptake"], strict=True)],
    })  # fmt: skip
    columns = list(dict.fromkeys(table["column"]))
    axes = plots.plot_map(table, rows=[names.service(s) for s in most], columns=columns, most=18,
                          title="share of the segment's customers that asked in a year, %; offer = clearly more than elsewhere")  # fmt: skip
    offers = table[table["mark"] == "offer"]
    said = [f"{r['row']} for {r['column']} ({tell(r['value'], '_share')})" for r in offers.head(12).to_dict("records")]
    return draw(axes, "Asked for clearly more than elsewhere: " + ("; ".join(said) or "nothing") + ".")


def draw_quoted(quarter: Quarter) -> Picture | str:
    """Quoted against actual hours, the most often misquoted sizes first."""
    rows, names = order_quoted(quarter).head(14), names_of(quarter)
    rows = rows[rows["standard_hours"] > 0]
    if rows.empty:
        return "No picture: no size has enough deliveries with hours to be told."
    table = rows.assign(label=[f"{names.service(s)}, {z}" for s, z in zip(rows["service_id"], rows["size"], strict=True)])
    said = [
        f"{r['label']}: stands for {tell(r['standard_hours'])}, took {tell_range(r['median_hours'], r['p10_hours'], r['p90_hours'])}"
        for r in table.to_dict("records")
    ]
    return draw(plots.plot_quoted(table.reset_index(drop=True)), "Hours quoted and taken. " + "; ".join(said) + ".")


def draw_capacity(quarter: Quarter) -> Picture | str:
    """Hours used of those there are, by role."""
    rows = quarter.cost.unused
    rows = rows[rows["supplied_hours"] > 0].sort_values(["supplied_hours", "role"], ascending=[False, True], ignore_index=True)
    if rows.empty:
        return "No picture: the hours available are not recorded (no capacity table)."
    warning = quarter.settings["utilisation_warning_share"]
    said = [f"{r['role']} {tell(r['utilisation_share'], '_share')} of {tell(r['supplied_hours'], '_count')} hours"
            for r in rows.to_dict("records")]  # fmt: skip
    return draw(plots.plot_used(rows.assign(label=rows["role"]), warning=warning), "Hours used: " + "; ".join(said) + ".")


def draw_demand(quarter: Quarter) -> Picture | str:
    """Requests expected per service."""
    rows, names = whole_demand(quarter).head(14), names_of(quarter)
    if rows.empty:
        return "No picture: what will be asked next quarter is not estimable."
    table = pd.DataFrame({"label": [names.service(s) for s in rows["service_id"]], "value": rows["expected_count"],
                          "low": rows["low"], "high": rows["high"]})  # fmt: skip
    title = f"requests expected in {shift_quarter(quarter.quarter, 1)}; bar = range in which they will most likely lie"
    axes = plots.plot_ranges(table, unit="_count", title=title)
    return draw(axes, plots.say_ranges(table, "Requests expected next quarter", unit="_count", most=14))


def draw_scenario(quarter: Quarter) -> Picture | str:
    """Load and waiting in the stored scenario beside how things are."""
    now, then = read_scenarios(quarter)
    known = now.set_index("figure")["value"].dropna().index
    shown = [f for f in ("utilisation", "wait_days", "cost", "unit_cost") if f in known]
    if not shown or then.empty:
        return "No picture: the stored scenario changes nothing, or there is nothing to start from."
    currency, said = quarter.settings["currency"], []
    places = panels(-(-len(shown) // 2), min(len(shown), 2), 1.9 * -(-len(shown) // 2))
    for axes, figure in zip(places, shown, strict=False):
        title, unit = SCENARIO[figure]
        rows = pd.concat([part[part["figure"] == figure] for part in (now, then)]).replace(float("inf"), float("nan"))
        rows = rows.assign(label=["as it was", "scenario"]).reset_index(drop=True)
        plots.plot_scenario(rows, axes, title=title, unit=unit, currency=currency)
        said.append(plots.say_ranges(rows, title, unit=unit, currency=currency))
    for axes in places[len(shown):]:
        axes.set_axis_off()
    return draw(places[0], " ".join(said))


def draw_effects(quarter: Quarter) -> Picture | str:
    """Effects seen, measured by those expected."""
    rows = quarter.leadership.decisions
    rows = rows[rows["observed_effect"].notna() & rows["expected_effect"].notna() & (rows["expected_effect"] != 0)].head(10)
    if rows.empty:
        return "No picture: no decision has both an expected and an observed effect."
    parts = {new: rows[old] / rows["expected_effect"] for new, old in (("reached", "observed_effect"), ("a", "low"), ("b", "high"))}
    table = pd.DataFrame({"label": rows["text"], "verdict": rows["verdict"], **parts}).reset_index(drop=True)
    table["low"], table["high"] = table[["a", "b"]].min(axis=1), table[["a", "b"]].max(axis=1)
    said = [f"{r['label']}: {tell(100 * r['reached'])} % of what was expected, {r['verdict']}" for r in table.to_dict("records")]
    return draw(plots.plot_effects(table), "Effects of decisions. " + "; ".join(said) + ".")


def draw_trust(quarter: Quarter) -> Picture | str:
    """Shares of the evidence: what is unmapped, allocated, unmeasured or unanswered."""
    limits = quarter.trust.figures
    limits = limits[(limits["unit"] == "_share") & limits["value"].notna() & (limits["figure"] != "largest_shift_share")]
    table = limits.rename(columns={"title": "label"})[["label", *_RANGE, "n"]]
    measured = read_figures(quarter, ["benefit_measured_share", "benefit_confirmed_share"]).rename(columns={"title": "label"})
    table = pd.concat([table, measured.loc[measured["value"].notna(), ["label", *_RANGE, "n"]]], ignore_index=True)
    if table.empty:
        return "No picture: nothing is known of how complete the tables are."
    table["note"] = [f"n = {n:,.0f}" for n in table["n"]]
    axes = plots.plot_ranges(table, new_axes(0.42 * len(table) + 1.1), unit="_share", title="share; bar = how sure")
    axes.set_xlim(-0.015, 1.015)
    return draw(axes, plots.say_ranges(table, "How complete the evidence is", unit="_share"))


PICTURES: dict[int, Callable[[Quarter], Picture | str]] = {
    1: draw_costs, 2: draw_runs, 3: draw_outcomes, 4: draw_segments, 5: draw_concentration, 6: draw_seniors,
    7: draw_uptake, 8: draw_quoted, 9: draw_capacity, 10: draw_demand, 11: draw_scenario, 12: draw_effects, 13: draw_trust,
}  # fmt: skip
