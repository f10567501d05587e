"""Page 1, for executives: five figures with their range and change, whom we reach, what to decide, what is not known."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present.formats import day, is_number, join, tell, tell_change, tell_limits
from pmo_analysis.present.notes import read_notes
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

REACHED = ("reach_share", "never_served_share", "quiet_share")
SURE = ("response_share", "unmapped_hours_share", "missing_weeks_count")
_MARKS = {"better": "▲", "worse": "▼"}
MOST_UNKNOWN = 6
# What a figure counts, so that n needs no explanation.
_COUNTED = {
    "cost_to_serve_cost": "customers", "charged_cost": "customers", "unit_cost": "deliveries", "utilisation_share": "customers",
    "benefit_realised_share": "benefits", "benefit_measured_share": "benefits", "strategic_realised_share": "benefits",
    "nps_points": "answers", "csat_level": "answers", "ces_level": "answers", "worth_level": "answers",
    "promises_kept_share": "promises", "lead_time_days": "requests", "strategic_spend_share": "projects",
    "strategic_on_time_share": "projects", "reach_share": "projects", "never_served_share": "customers",
    "quiet_share": "customers", "value_score": "customers",
    "due_benefit": "benefits", "realised_benefit": "benefits", "confirmed_benefit": "benefits",
    "unmeasured_benefit": "benefits", "measured_benefit": "benefits",
    "confirmed_to_date_benefit": "benefits", "planned_benefit": "benefits",
}  # fmt: skip
# Page 1 calls by other names what a note may be about.
_NOTED_AS = {"cost_to_serve_cost": "cost_to_serve"}
# Sums of all that was booked or charged: nobody drew a sample, so there is no range.
COUNTED_IN_FULL = ("cost_to_serve_cost", "charged_cost", "utilisation_share")
FULL = "a full count"
_SCALES = {"nps_points": "{}, −100 to 100", "csat_level": "{}, 1 to 5", "ces_level": "{}, 1 to 7"}


def show_page_one(quarter: Quarter) -> Html:
    """The page that executives read: it answers what they ask without the sections after it."""
    currency, unknown = quarter.settings["currency"], list_unknown(quarter)
    benefits = [r for r in quarter.headline.beside.to_dict("records") if r["figure"].endswith("_benefit")]
    tiles = list_tiles(quarter)
    for tile in tiles:
        tile["beside"] = [*tile.get("beside", []), *(_list_budget(quarter) if tile["topic"] == "cost" else [])]
        tile["notes"] = read_notes(quarter, [str(f) for f in tile["figures"]])
    return Html(render(
        "page_one.html.j2",
        headline=quarter.headline.sentence,
        against=shift_quarter(quarter.quarter, -quarter.settings["headline_quarters_back"]),
        tiles=tiles,
        benefits=[_beside(b, currency) for b in benefits],
        reached=_list_reached(quarter),
        choices=[{**row, "due": day(row["due_on"])} for row in quarter.advice.decisions.to_dict("records")],
        advice=quarter.advice.sentence,
        level=tell(quarter.settings["interval_level"], "_share"),
        sure=list_sure(quarter),
        unknown=unknown[:MOST_UNKNOWN],
        more_unknown=max(len(unknown) - MOST_UNKNOWN, 0),
    ))  # fmt: skip


def list_tiles(quarter: Quarter) -> list[dict[str, Any]]:
    """The five figures in words: topic, known, title, value, range, n, direction, change and what stands beside them."""
    beside = [r for r in quarter.headline.beside.to_dict("records") if not r["figure"].endswith("_benefit")]
    warning = f"waits grow above {tell(quarter.settings['utilisation_warning_share'], '_share')}"
    return [
        _tile(r, [b for b in beside if b["topic"] == r["topic"]], quarter.settings["currency"], warning)
        for r in quarter.headline.figures.to_dict("records")
    ]


def _tile(row: dict[str, Any], beside: list[dict[str, Any]], currency: str, warning: str) -> dict[str, Any]:
    """A figure with what stands below it; `warning` is told with the load."""
    figures = [_NOTED_AS.get(r["figure"], r["figure"]) for r in (row, *beside)]
    if not is_number(row["value"]):
        return {"topic": row["topic"], "known": False, "sentence": row["sentence"], "figures": figures}
    return {
        "topic": row["topic"],
        "known": True,
        "figures": figures,
        "title": _SCALES.get(row["figure"], "{}").format(row["title"]),
        "value": _amount(row["value"], row["unit"], currency),
        "range": FULL if row["figure"] in COUNTED_IN_FULL else _limits(row, currency),
        "n": warning if row["figure"] == "utilisation_share" else _count(row),
        "mark": _MARKS.get(row["direction"], ""),
        "direction": row["direction"],
        "change": _change(row, currency),
        "bar": _bar(row),
        "beside": [_beside(b, currency) for b in beside],
    }


def _count(row: dict[str, Any]) -> str:
    """`96 answers`; `n = 96` where it is not known what is counted."""
    thing = _COUNTED.get(row["figure"])
    return f"{row['n']:,.0f} {thing if row['n'] != 1 else thing.removesuffix('s')}" if thing else f"n = {row['n']:,.0f}"


def _amount(value: float, unit: str, currency: str) -> str:
    """Points stand without a word beside their title."""
    return tell(value, unit, currency).removesuffix(" points")


def _limits(row: dict[str, Any], currency: str) -> str:
    limits = tell_limits(row["low"], row["high"], row["unit"], currency)
    return limits if is_number(row["low"]) and is_number(row["high"]) else "range not estimable"


def _change(row: dict[str, Any], currency: str) -> str:
    """`no clear change: −18 to +19 points`; what is not estimable is said."""
    if not (is_number(row["change_low"]) and is_number(row["change_high"])):
        return "change not estimable"
    return f"{row['direction']}: {tell_change(row['change_low'], row['change_high'], row['unit'], currency)}"


def _bar(row: dict[str, Any]) -> dict[str, float] | None:
    """Places of a difference and its range on a line of 100 with nought in the middle."""
    ends = [row["change_low"], row["change"], row["change_high"]]
    if not all(is_number(e) for e in ends):
        return None
    widest = max(abs(e) for e in ends) or 1.0
    low, middle, high = (round(50 + 46 * e / widest, 1) for e in ends)
    return {"low": low, "middle": middle, "high": high}


def _beside(row: dict[str, Any], currency: str) -> dict[str, str]:
    unit, turned = row["unit"], _MARKS.get(row["direction"], "")
    full = row["figure"] in COUNTED_IN_FULL
    limits = FULL if full else "" if unit == "_benefit" else tell_limits(row["low"], row["high"], unit, currency)
    known = row["figure"] in _COUNTED and limits not in ("", "–")
    few = not is_number(row["low"]) and row["n"] < 5
    note = f"{_count(row)}, too few for a range" if few else f"{limits}, {_count(row)}" if known else _count(row)
    words = f"{turned} {row['direction']}" if turned else ""
    return {"title": row["title"], "value": tell(row["value"], unit, currency), "note": note, "turn": words.strip()}


def _list_budget(quarter: Quarter) -> list[dict[str, str]]:
    """What the PMO cost against its budget, this quarter and this year so far; nothing where no budget is given."""
    rows = quarter.budget.budget
    here, year = (_tell_side(row, quarter.settings["currency"]) for row in rows.tail(2).to_dict("records"))
    budget = tell(rows["budget_cost"].iloc[-2], "_cost", quarter.settings["currency"])
    title, note = f"Whole PMO, against its budget of {budget}", f"{FULL}, year to date {year or 'not known'}"
    return [{"title": title, "value": here, "note": note, "turn": ""}] if here else []


def _tell_side(row: dict[str, Any], currency: str) -> str:
    """`EUR 3,300 over`; blank where it is not known."""
    side, known = row["difference_cost"], is_number(row["difference_cost"])
    return f"{tell(abs(side), '_cost', currency)} {'over' if side > 0 else 'under'}" if known else ""


def _list_reached(quarter: Quarter) -> list[dict[str, str]]:
    """Whom the PMO serves, has never served, and no longer hears from."""
    cells = quarter.measures.cells
    cells = cells[(cells["group_kind"] == "all") & cells["measure"].isin(REACHED) & cells["value"].notna()]
    titles = quarter.measures.definitions.set_index("measure")["title"]
    rows = cells.set_index("measure").reindex([m for m in REACHED if m in set(cells["measure"])])
    return [
        {
            "title": titles[m],
            "value": tell(r["value"], "_share"),
            "note": f"{_limits({**r, 'unit': '_share'}, '')}, {_count({**r, 'figure': m})}",
        }
        for m, r in zip(rows.index, rows.to_dict("records"), strict=True)
    ]


def list_sure(quarter: Quarter) -> list[str]:
    """What limits the figures most, in the words of the last section."""
    rows = quarter.trust.figures.set_index("figure")["sentence"]
    return [str(rows[name]) for name in SURE if name in rows.index]


def list_unknown(quarter: Quarter) -> list[str]:
    """What is not known: gaps of the tables first, then what nobody measured or answered, then what cannot be told yet."""
    no_budget = [] if quarter.settings["pmo_budget_cost"] else ["Whether the PMO keeps to its budget: none is given."]
    return [*_list_gaps(quarter), *_unmeasured(quarter), *_untellable(quarter), *_too_few(quarter), *no_budget]


def _list_gaps(quarter: Quarter) -> list[str]:
    """One line per table or column that is not there, with what it would tell."""
    rows = quarter.unanswered
    untold = [str(s).split(": not told")[0] for s in rows["sentence"]]
    untold = [u[:1].lower() + u[1:] for u in untold]
    parts = pd.Series(untold, dtype="str").groupby(rows["missing"].to_numpy(), sort=False)
    return [f"Without {missing}: {join(dict.fromkeys(words), 3)}." for missing, words in parts]


def _unmeasured(quarter: Quarter) -> list[str]:
    cells = quarter.measures.cells
    value = cells.loc[(cells["measure"] == "benefit_measured_share") & (cells["group_kind"] == "all"), "value"]
    if value.empty or not is_number(value.iloc[0]) or value.iloc[0] > 0.99:
        return []
    return [f"What became of {tell(1 - value.iloc[0], '_share')} of the benefit that was due: nobody measured it."]


def _untellable(quarter: Quarter) -> list[str]:
    effect = quarter.seniority.effect
    return ["Whether senior time pays: the figures cannot tell."] if effect and effect.verdict == "cannot tell" else []


def _too_few(quarter: Quarter) -> list[str]:
    """Figures of this page that stand on too few rows."""
    rows = pd.concat([quarter.headline.figures, quarter.headline.beside], ignore_index=True)
    few = rows[rows["value"].notna() & rows["low"].isna() & (rows["n"] < quarter.settings["minimum_estimate"])]
    return [f"{r['title']}: {tell(r['value'], r['unit'])} stands on {_count(r)} only." for r in few.to_dict("records")]
