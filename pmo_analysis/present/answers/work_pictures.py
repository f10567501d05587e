"""Pictures of the PMO's work: cost, senior time, fit, sizes, capacity and demand."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present import plots
from pmo_analysis.present.answers.ahead import whole_demand
from pmo_analysis.present.answers.work import order_quoted
from pmo_analysis.present.formats import tell, tell_range
from pmo_analysis.present.names import names_of
from pmo_analysis.present.plots.style import head, panels
from pmo_analysis.present.shown import Picture, draw
from pmo_analysis.quarter import Quarter


def draw_concentration(quarter: Quarter) -> Picture | str:
    """How the cost is concentrated on customers."""
    rows = quarter.cost.concentration
    if len(rows) < quarter.settings["minimum_cell"]:
        return "No picture: there are too few customers with a known cost to tell how it is concentrated."
    left, right = panels(1, 2, 4.2)
    plots.plot_concentration(rows, left)
    plots.plot_parts(_dearest(quarter), right, currency=quarter.settings["currency"])
    said = [
        f"the dearest {tell(r['customers_share'], '_share')} take {tell(r['cost_share'], '_share')}"
        for r in _steps(rows)
    ]
    return draw(left, "Concentration of the cost to serve: " + "; ".join(said) + ". " + _say_process(quarter))


def _dearest(quarter: Quarter) -> pd.DataFrame:
    rows, names = quarter.cost_by["service"].table, names_of(quarter)
    rows = rows[rows["cost_to_serve_cost"].notna()].sort_values(
        ["cost_to_serve_cost", "service_id"], ascending=[False, True]).head(9)  # fmt: skip
    return pd.DataFrame({
        "label": [names.service(s) for s in rows["service_id"]], "cost": rows["cost_to_serve_cost"],
        "process_cost": (rows["process_cost"] - rows["mandated_process_cost"].fillna(0)),
    }).reset_index(drop=True)  # fmt: skip


def _say_process(quarter: Quarter) -> str:
    currency = quarter.settings["currency"]
    said = [f"{r['label']} {tell(r['cost'], '_cost', currency)}{_of_that(r, currency)}"
            for r in _dearest(quarter).to_dict("records")]  # fmt: skip
    return "Cost of the dearest services and of the process in them that no law requires: " + "; ".join(said) + "."


def _of_that(row: dict[str, float], currency: str) -> str:
    return f", of that {tell(row['process_cost'], '_cost', currency)}" if pd.notna(row["process_cost"]) else ""


def _steps(rows: pd.DataFrame) -> list[dict[str, float]]:
    found = [rows[rows["customers_share"] >= share].head(1) for share in (0.1, 0.2, 0.5)]
    return [r for part in found for r in part.to_dict("records")]


def draw_worth(quarter: Quarter) -> Picture | str:
    """What each customer gets against what it costs to serve; nobody is named."""
    costs = quarter.cost.table[["customer_id", "cost_to_serve_cost"]].rename(columns={"customer_id": "unit_id"})
    rows = quarter.value.scores.merge(costs, on="unit_id")
    rows = rows[(rows["cost_to_serve_cost"] > 0) & rows["score"].notna()]
    if len(rows) < quarter.settings["minimum_cell"]:
        return (
            "No picture: there are too few customers with a known cost and a value score to set one against the other."
        )
    currency = quarter.settings["currency"]
    table = rows.rename(columns={"cost_to_serve_cost": "cost", "score": "value"})
    axes = plots.plot_worth(table, title="value score, 0 to 100; bar = how sure", currency=currency)
    head(axes, f"What customers get against what they cost, n = {len(rows):,}")
    return draw(axes, plots.say_worth(table, "Value score", currency=currency))


def draw_seniors(quarter: Quarter) -> Picture | str:
    """Senior share by service, those with most senior hours first."""
    rows, names = quarter.seniority.shares, names_of(quarter)
    rows = rows[
        (rows["side"] == "pmo") & rows["senior_share"].notna() & (rows["n"] >= quarter.settings["minimum_estimate"])
    ]
    services = (
        rows[rows["group_kind"] == "service"].sort_values(["senior_hours", "group"], ascending=[False, True]).head(12)
    )
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
    axes = plots.plot_ranges(
        table, unit="_share", title=title, limit=limit, limit_name=f"all together: {tell(limit, '_share')}"
    )
    axes.set_xlim(0, 1)
    return draw(axes, plots.say_ranges(table, "Senior share of hours by service", unit="_share") + _say_effect(quarter))


def _say_effect(quarter: Quarter) -> str:
    effect = quarter.seniority.effect
    if effect is None:
        return ""
    adjusted = tell_range(effect.estimate, effect.low, effect.high)
    return (f" Ten points more senior share goes with {tell(effect.naive)} points of outcome score without adjustment and "
            f"{adjusted} like compared with like.")  # fmt: skip


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
        "mark": [
            marks.get(v, tell(u, "_share").removesuffix(" %"))
            for v, u in zip(rows["verdict"], rows["uptake"], strict=True)
        ],
    })  # fmt: skip
    columns = list(dict.fromkeys(table["column"]))
    title = "share of the segment's customers that asked in a year, %; offer = clearly more than elsewhere"
    axes = plots.plot_map(table, rows=[names.service(s) for s in most], columns=columns, most=18, title=title)
    offers = table[table["mark"] == "offer"]
    said = [f"{r['row']} for {r['column']} ({tell(r['value'], '_share')})" for r in offers.head(12).to_dict("records")]
    return draw(axes, "Asked for clearly more than elsewhere: " + ("; ".join(said) or "nothing") + ".")


def draw_quoted(quarter: Quarter) -> Picture | str:
    """Quoted against actual hours, the most often misquoted sizes first."""
    rows, names = order_quoted(quarter).head(14), names_of(quarter)
    rows = rows[rows["standard_hours"] > 0]
    if rows.empty:
        return "No picture: no size has enough deliveries with hours to be told."
    table = rows.assign(
        label=[f"{names.service(s)}, {z}" for s, z in zip(rows["service_id"], rows["size"], strict=True)]
    )
    said = [
        f"{r['label']}: stands for {tell(r['standard_hours'])}, took "
        + tell_range(r["median_hours"], r["p10_hours"], r["p90_hours"])
        for r in table.to_dict("records")
    ]
    return draw(plots.plot_quoted(table.reset_index(drop=True)), "Hours quoted and taken. " + "; ".join(said) + ".")


def draw_capacity(quarter: Quarter) -> Picture | str:
    """Hours used of those there are, by role."""
    rows = quarter.cost.unused
    rows = rows[rows["supplied_hours"] > 0].sort_values(
        ["supplied_hours", "role"], ascending=[False, True], ignore_index=True
    )
    if rows.empty:
        return "No picture: the hours available are not recorded (no capacity table)."
    warning = quarter.settings["utilisation_warning_share"]
    said = [f"{r['role']} {tell(r['utilisation_share'], '_share')} of {tell(r['supplied_hours'], '_count')} hours"
            for r in rows.to_dict("records")]  # fmt: skip
    return draw(
        plots.plot_used(rows.assign(label=rows["role"]), warning=warning), "Hours used: " + "; ".join(said) + "."
    )


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
