"""What a board should hear of a quarter: one sentence per slide, and what shows it. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present.answers.ahead import whole_demand
from pmo_analysis.present.formats import MISSING, day, is_number, join, tell, tell_limits, tell_range
from pmo_analysis.present.names import names_of
from pmo_analysis.present.page_one import list_sure, list_tiles, list_unknown
from pmo_analysis.present.slides.bodies import Bars, Lines, Message, Points, Rows, Tiles
from pmo_analysis.quarter import Quarter

_LADDER = ("due_benefit", "measured_benefit", "realised_benefit", "confirmed_benefit")
_OUTCOMES = {
    "on_time_share": "Execution", "productivity_ratio": "Productivity", "forecast_bias_share": "Investment decisions",
    "benefit_realised_share": "Value", "unit_cost_saving_cost": "Unit cost",
}  # fmt: skip
MOST = 7


def list_messages(quarter: Quarter) -> list[Message]:
    """The slides after the opening, in their order; a message for which nothing is known is left out."""
    return [message for tell_one in _MESSAGES for message in tell_one(quarter)]


def _tell_figures(q: Quarter) -> Iterator[Message]:
    tiles = [_shorten(t, shift_quarter(q.quarter, -q.settings["headline_quarters_back"])) for t in list_tiles(q)]
    level = tell(q.settings["interval_level"], "_share")
    note = f"Ranges hold what is true {level} of the time. A change is clear only where its range leaves out nought."
    yield Message(q.headline.sentence, Tiles(tiles), note)


def _shorten(tile: dict[str, Any], against: str) -> dict[str, Any]:
    topic = str(tile["topic"]).capitalize()
    if not tile["known"]:
        return {"topic": topic, "title": "not measured", "value": MISSING, "range": "", "change": tile["sentence"]}
    limits = " · ".join(text for text in (tile["range"], tile["n"]) if text)
    change = tile["change"].removeprefix(f"{tile['direction']}: ")
    word = "" if tile["direction"] in ("better", "worse") else f"{tile['direction']}: "
    change = f"Since {against}: {word}{change}" if is_number_in(change) else f"Since {against}: {tile['change']}"
    return {**tile, "topic": topic, "range": limits, "change": change}


def is_number_in(text: str) -> bool:
    """Whether a text tells a figure."""
    return any(letter.isdigit() for letter in text)


def _tell_decisions(q: Quarter) -> Iterator[Message]:
    rows = q.advice.decisions
    if rows.empty:
        return
    shown = pd.DataFrame({
        "Decide now": rows["decision"],
        "Who, by when": [f"{r['decider']}, {day(r['due_on'])}" for r in rows.to_dict("records")],
        "Waiting costs": rows["waiting_costs"],
        "Another answer if": rows["would_change_if"],
    })  # fmt: skip
    count = "One decision is" if len(rows) == 1 else f"{_WORDS.get(len(rows), len(rows))} decisions are"
    note = f"{q.advice.sentence} Options and evidence: page 1 of the report."
    yield Message(f"{count} to be taken now", Rows(shown, (4.2, 1.8, 2, 3.6)), note)


_WORDS = {2: "Two", 3: "Three"}


def _tell_value(q: Quarter) -> Iterator[Message]:
    beside, main = q.headline.beside.set_index("figure"), q.headline.figures.set_index("topic").loc["value"]
    rows = beside[beside.index.isin(_LADDER)].reindex([f for f in _LADDER if f in beside.index])
    rows = rows[rows["value"].notna()]
    if rows.empty or not (rows["value"] > 0).any():
        return
    currency = q.settings["currency"]
    told = [tell(v, "_benefit", currency) for v in rows["value"]]
    labels = [f"{r['title']}\nn = {r['n']:,.0f}" for r in rows.to_dict("records")]
    bars = Bars(rows[["value"]].set_axis(labels, axis=0).set_axis(["Benefit"], axis=1), told=told)
    title = "Of the benefit that was due, nothing was measured"
    if is_number(main["value"]) and main["figure"] == "benefit_realised_share":
        title = f"{tell(main['value'], '_share')} of the benefit that was due and measured was realised"
        measured = beside.loc["benefit_measured_share"] if "benefit_measured_share" in beside.index else None
        title += (
            f"; {tell(1 - measured['value'], '_share')} of what was due nobody measured" if measured is not None else ""
        )
    yield Message(title, bars, _note(main, currency))


def _note(row: Any, currency: str) -> str:
    """`Range 36 to 79 %, n = 9. Since 2026Q2: worse.`"""
    limits = tell_limits(row["low"], row["high"], row["unit"], currency)
    told = f"Range {limits}, n = {row['n']:,.0f}." if limits != "–" else f"n = {row['n']:,.0f}: too few for a range."
    return told + (
        f" Since {row['against']}: {row['direction']}." if row["direction"] not in ("", "not estimable") else ""
    )


def _tell_outcomes(q: Quarter) -> Iterator[Message]:
    cells, changes = (t[(t["group_kind"] == "all")] for t in (q.measures.cells, q.measures.changes))
    cells = cells.set_index("measure")
    year = changes[changes["against"] == "last year"].drop_duplicates("measure").set_index("measure")["direction"]
    units = q.measures.definitions.drop_duplicates("measure").set_index("measure")
    found = [(m, word) for m, word in _OUTCOMES.items() if m in cells.index and is_number(cells.loc[m, "value"])]
    if not found:
        return
    currency = q.settings["currency"]
    rows = [(word, units.loc[m, "title"],
             tell_range(cells.loc[m, "value"], cells.loc[m, "low"], cells.loc[m, "high"], _unit(units.loc[m, "unit"]), currency),
             f"{cells.loc[m, 'n']:,.0f}", str(year.get(m, "not estimable"))) for m, word in found]  # fmt: skip
    shown = pd.DataFrame(rows, columns=["Outcome", "Measured by", "Figure (range)", "n", "Against a year ago"])
    clear = [f"{r[0].lower()} got {r[4]}" for r in rows if r[4] in ("better", "worse")]
    rest = "; no other outcome changed clearly" if len(clear) < len(rows) else ""
    said = f"In a year {join(clear)}{rest}" if clear else "No outcome changed clearly in a year"
    missing = [word.lower() for m, word in _OUTCOMES.items() if m not in dict(found)]
    note = (
        f"Not measured: {', '.join(missing)}." if missing else "All five outcomes are measured, each at least in part."
    )
    yield Message(said, Rows(shown, (2.4, 4, 3, 0.8, 2)), note)


def _unit(word: str) -> str:
    return "_cost" if word == "money" else word


def _tell_ease(q: Quarter) -> Iterator[Message]:
    cells = q.measures.cells
    for measure, form in (("promises_kept_share", "0%"), ("nps_points", "0"), ("lead_time_days", "0.0")):
        rows = q.measures.run_chart
        rows = rows[(rows["measure"] == measure) & rows["value"].notna()].set_index("quarter")
        here = cells[(cells["measure"] == measure) & (cells["group_kind"] == "all")]
        if len(rows) < 3 or q.quarter not in rows.index or here.empty:
            continue
        row, unit = here.iloc[0], {"lead_time_days": "_days", "nps_points": "points"}.get(measure, "_share")
        name, figure = names_of(q).measure(measure), tell(row["value"], unit)
        title = f"{figure} of promises to customers were kept" if unit == "_share" else f"{name}: {figure}"
        limits = tell_limits(row["low"], row["high"], unit)
        turn = q.measures.changes
        turn = turn[(turn["measure"] == measure) & (turn["group_kind"] == "all")].set_index("against")["direction"]
        note = f"Range {limits}, n = {row['n']:,.0f}. " + " ".join(f"Against {a}: {d}." for a, d in turn.items())
        yield Message(title, Lines(rows[["value", "low", "high"]], name, form), note)
        return


def _tell_cost(q: Quarter) -> Iterator[Message]:
    row = q.headline.figures.set_index("topic").loc["cost"]
    chart = q.measures.run_chart
    chart = chart[(chart["measure"] == "cost_to_serve") & chart["value"].notna()].set_index("quarter")
    if not is_number(row["value"]) or chart.empty:
        return
    currency, unused = q.settings["currency"], q.cost.unused["unused_cost"].sum(min_count=1)
    title = f"{row['title']}: {tell(row['value'], '_cost', currency)} for {row['n']:,.0f} customers"
    title += (
        f"; capacity worth {tell(unused, '_cost', currency)} was not used" if is_number(unused) and unused > 0 else ""
    )
    told = [tell(v, "_cost", currency) for v in chart["value"]]
    unit = q.headline.beside.set_index("figure")
    each = ""
    if "unit_cost" in unit.index:
        u = unit.loc["unit_cost"]
        each = f"Per delivery {tell_range(u['value'], u['low'], u['high'], '_cost', currency)}, n = {u['n']:,.0f}. "
    change = f"Since {row['against']}: {row['direction']}." if row["direction"] not in ("", "not estimable") else ""
    yield Message(
        title, Bars(chart[["value"]].set_axis([row["title"]], axis=1), upright=True, told=told), each + change
    )


def _tell_groups(kind: str) -> Callable[[Quarter], Iterator[Message]]:
    def told(q: Quarter) -> Iterator[Message]:
        if kind not in q.cost_by:
            return
        rows = q.cost_by[kind].table
        rows = rows[rows["unit_cost"].notna() & (rows["n"] >= q.settings["minimum_cell"])]
        rows = rows.sort_values(["unit_cost", kind], ascending=[False, True]).head(MOST)
        if len(rows) < 2:
            return
        names, currency = names_of(q), q.settings["currency"]
        called = [names.group(kind, g) for g in rows[kind]]
        labels = [f"{name}\n{tell_limits(r['unit_cost_low'], r['unit_cost_high'], '_cost', currency)}, n = {r['n']:,.0f}"
                  for name, r in zip(called, rows.to_dict("records"), strict=True)]  # fmt: skip
        words = [tell(v, "_cost", currency) for v in rows["unit_cost"]]
        first, last = rows.iloc[0], rows.iloc[-1]
        apart = first["unit_cost_low"] > last["unit_cost_high"]
        dear, cheap = (tell(r["unit_cost"], "_cost", currency) for r in (first, last))
        title = f"A delivery costs from {cheap} ({called[-1]}) to {dear} ({called[0]})"
        unclear = f"Cost per delivery by {kind}: {cheap} to {dear}, but the ranges overlap"
        least = f"Below {q.settings['minimum_cell']} it is left out."
        yield Message(
            title if apart else unclear,
            Bars(rows[["unit_cost"]].set_axis(labels, axis=0).set_axis(["Per delivery"], axis=1), told=words),
            f"Cost to serve over deliveries, with its range; n = customers served. {least}",
        )

    return told


def _tell_offer(q: Quarter) -> Iterator[Message]:
    rows = q.target_review.off_target
    asked = q.target_review.demand
    if rows.empty or asked.empty:
        return
    names, currency = names_of(q), q.settings["currency"]
    sums = rows.groupby("service_id")[["engagement_count", "worked_hours", "cost"]].sum(min_count=1)
    sums = sums.sort_values(["worked_hours", "engagement_count"], ascending=False).head(6)
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in sums.index],
        "Requests off target or too late": [tell(v, "_count") for v in sums["engagement_count"]],
        "Hours": [tell(v, "_count") for v in sums["worked_hours"]],
        "Cost": [tell(v, "_cost", currency) for v in sums["cost"]],
    })  # fmt: skip
    title = q.target_review.sentence.split(". ")[0].rstrip(".")
    back = q.settings["look_back_quarters"]
    note = f"By what the catalogue says each service is for, over the last {back} quarters; the {len(sums)} that took most hours."
    yield Message(title, Rows(shown, (4, 2.4, 1.2, 1.6)), note)


def _tell_capacity(q: Quarter) -> Iterator[Message]:
    now, coming = q.cost.unused, q.target_review.load
    if now.empty or not now["utilisation_share"].notna().any():
        return
    rows = now.set_index("role")[["utilisation_share"]].set_axis([q.quarter], axis=1)
    later = shift_quarter(q.quarter, 1)
    if len(coming) and coming["utilisation_share"].notna().any():
        rows[f"{later}, expected"] = coming.set_index("role")["utilisation_share"].reindex(rows.index)
    rows = rows[rows.notna().any(axis=1)].sort_values(rows.columns[-1], ascending=False).head(MOST)
    limit = tell(q.settings["utilisation_warning_share"], "_share")
    tight = rows.index[rows.iloc[:, -1] > q.settings["utilisation_warning_share"]]
    when = f"in {later}" if rows.shape[1] > 1 else f"in {q.quarter}"
    above = f"{join(tight[:3])}: above {limit} of the hours there are {when}"
    title = above if len(tight) else f"The work fits: no role is above {limit} {when}"
    demand = whole_demand(q)
    asked = f" Most requests expected for {names_of(q).service(demand['service_id'].iloc[0])}." if len(demand) else ""
    yield Message(title, Bars(rows, form="0%"), f"Share of practical hours. Above {limit} waits grow steeply.{asked}")


def _tell_decided(q: Quarter) -> Iterator[Message]:
    rows = q.leadership.decisions
    if rows.empty:
        return
    seen = rows[rows["observed_effect"].notna()]
    shown = (seen if len(seen) else rows).head(6)
    units = q.measures.definitions.drop_duplicates("measure").set_index("measure")["unit"]
    texts = pd.DataFrame({
        "Decided": [f"{r['quarter']}: {r['text']}" for r in shown.to_dict("records")],
        "Expected": [_effect(r["expected_effect"], r["measure"], units, q) for r in shown.to_dict("records")],
        "Observed (range)": [_observed(r, units, q) for r in shown.to_dict("records")],
        "Verdict": shown["verdict"],
    })  # fmt: skip
    note = "Observed: the measure's change since the decision should work, with its range. How it is judged: answer 12."
    yield Message(q.leadership.sentence.split(". ")[0].rstrip("."), Rows(texts, (5, 1.5, 3, 1.6)), note)


def _effect(value: Any, measure: str, units: pd.Series, q: Quarter) -> str:
    if not is_number(value):
        return MISSING
    unit = _unit(str(units.get(measure, "")))
    told = (
        f"{100 * value:.0f} points".replace("-", "−") if unit == "share" else tell(value, unit, q.settings["currency"])
    )
    return told if told.startswith("−") else f"+{told}"


def _observed(row: dict[str, Any], units: pd.Series, q: Quarter) -> str:
    told = _effect(row["observed_effect"], row["measure"], units, q)
    ends = [_effect(row[k], row["measure"], units, q).removesuffix(" points") for k in ("low", "high")]
    return f"{told} ({ends[0]} to {ends[1]})" if MISSING not in ends else told


def _tell_unknown(q: Quarter) -> Iterator[Message]:
    unknown = list_unknown(q)
    points = [*unknown[:5], *list_sure(q)]
    things = "one thing" if len(unknown) == 1 else f"{len(unknown)} things"
    title = f"What we do not know: {things}, and what limits the rest" if unknown else "What limits these figures"
    if points:
        yield Message(title, Points(points[:MOST]), "All of it: answer 13 of the report.")


_MESSAGES = (
    _tell_figures, _tell_decisions, _tell_value, _tell_outcomes, _tell_ease, _tell_cost, _tell_groups("category"),
    _tell_groups("segment"), _tell_offer, _tell_capacity, _tell_decided, _tell_unknown,
)  # fmt: skip
