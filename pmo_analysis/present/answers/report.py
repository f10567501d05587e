"""The report, call by call: title, page 1, thirteen answers with their pictures, definitions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.present.answers import ahead, cost, customers, decided, scenario, seniors, trust, value, work
from pmo_analysis.present.answers.budget import draw_overhead
from pmo_analysis.present.answers.period import show_period
from pmo_analysis.present.answers.pictures import PICTURES
from pmo_analysis.present.answers.section import Section, show_section, show_tables, tell_period
from pmo_analysis.present.answers.segment_pictures import draw_evidence, draw_given, draw_migration, draw_profile
from pmo_analysis.present.answers.segments import show_cards
from pmo_analysis.present.answers.showback import show_statement, show_statements
from pmo_analysis.present.answers.since import show_since
from pmo_analysis.present.answers.work_pictures import draw_worth
from pmo_analysis.present.formats import MISSING, table, tell
from pmo_analysis.present.page_one import show_page_one
from pmo_analysis.present.plots.style import house_style
from pmo_analysis.present.shown import Html, Picture
from pmo_analysis.present.templating import render, stylesheet
from pmo_analysis.quarter import Quarter

ANSWERS = {
    1: customers.tell_promises,
    2: customers.tell_ease,
    3: value.tell_value,
    4: customers.tell_customers,
    5: cost.tell_cheaper,
    6: seniors.tell_seniors,
    7: work.tell_fit,
    8: work.tell_sizes,
    9: cost.tell_capacity,
    10: ahead.tell_demand,
    11: scenario.tell_scenario,
    12: decided.tell_decisions,
    13: trust.tell_trust,
}


def title(quarter: Quarter) -> Html:
    """Whose report this is and of which quarter; brings the style that the other cells use in a notebook."""
    customers_count, engagements = len(quarter.groups), quarter.data.rows("engagements")
    known = f"{customers_count:,} customers and {engagements:,} engagements known at its end"
    return Html(render("title.html.j2", organisation=quarter.organisation, period=tell_period(quarter), known=known,
                       style=stylesheet("parts.css")))  # fmt: skip


def page_one(quarter: Quarter) -> Html:
    """Page 1, for executives: five figures, whom we reach, at most three decisions, and what is not known."""
    return show_page_one(quarter)


def period(quarter: Quarter) -> Html | None:
    """The fiscal year so far, or the whole year, where the setting `report_period` asks for it; else nothing."""
    return show_period(quarter)


def since(quarter: Quarter) -> Html:
    """What differs from the report before, the clear changes first, and by what; the whole list is in the workbook."""
    return show_since(quarter)


def answer(quarter: Quarter, number: int) -> Html:
    """The answer to one of the thirteen questions: the finding, the decision that follows, what cannot be told."""
    return show_section(quarter, _known(number), _section(quarter, number))


def figures(quarter: Quarter, number: int) -> Html:
    """The figures behind an answer, each with its range and n; longer tables are in the workbook."""
    return show_tables(quarter, _section(quarter, _known(number)))


@lru_cache(maxsize=2 * len(ANSWERS))
def _section(quarter: Quarter, number: int) -> Section:
    """A section's words and tables, made once for its answer and its figures."""
    return ANSWERS[number](quarter)


def picture(quarter: Quarter, number: int) -> Picture | Html:
    """The picture of a section, or one sentence on what is missing for it; never an empty chart."""
    return show_picture(PICTURES[_known(number)], quarter)


def show_picture(drawing: Callable[..., Picture | str], *of: Any) -> Picture | Html:
    """A picture in the house style, or its one sentence on why there is none."""
    with house_style():
        drawn = drawing(*of)
    return drawn if isinstance(drawn, Picture) else Html(render("no_picture.html.j2", sentence=drawn))


def profile(quarter: Quarter, *, given: bool = False) -> Picture | Html | None:
    """What marks each segment, found or given by the organisation; nothing where all customers are one group."""
    cut = quarter.given if given else quarter.segmentation
    return show_picture(draw_profile, quarter, cut) if cut is not None and cut.found else None


def evidence(quarter: Quarter, *, given: bool = False) -> Picture | Html | None:
    """Whether the segments, found or given by the organisation, are more than chance; nothing where none are given."""
    if not given:
        return show_picture(draw_evidence, quarter.fresh_look)
    return show_picture(draw_given, quarter.given) if quarter.given is not None else None


def cards(quarter: Quarter) -> Html | None:
    """One card per segment; nothing where all customers are one group."""
    html = show_cards(quarter)
    return Html(render("plain.html.j2", html=html)) if html else None


def migration(quarter: Quarter) -> Picture | Html | None:
    """Who went from which segment to which; nothing where all customers are one group."""
    return show_picture(draw_migration, quarter) if quarter.segmentation.found else None


def worth(quarter: Quarter) -> Picture | Html:
    """What each customer gets against what it costs to serve, or one sentence on what is missing for it."""
    return show_picture(draw_worth, quarter)


def overhead(quarter: Quarter) -> Picture | Html:
    """What the PMO costs beside what projects of each size spend, with rules of thumb for reference."""
    return show_picture(draw_overhead, quarter)


def showback(quarter: Quarter, customer_id: str | None = None) -> Html | None:
    """What the dearest customers were charged, cost to serve and gave in hours; one customer's statement where named.

    Blank = the dearest customer's own statement; None = a line for each of the dearest customers.
    """
    return show_statements(quarter) if customer_id is None else show_statement(quarter, customer_id)


def _known(number: int) -> int:
    if number not in ANSWERS:
        raise InputError(f"There is no question {number}: the report answers 1 to {len(ANSWERS)}.")
    return number


def definitions(quarter: Quarter) -> Html:
    """Each measure: how it is computed, in which unit, on how many rows it stands, and whether more is better."""
    rows = quarter.measures.definitions
    cells = quarter.measures.cells
    whole = cells[cells["group_kind"] == "all"].set_index("measure")["n"]
    charted = quarter.measures.run_chart
    charted = charted[charted["quarter"] == quarter.quarter].set_index("measure")["n"]
    whole = whole.combine_first(charted)
    counts = [tell(whole.get(m), "_count") if m in whole.index else "not measured" for m in rows["measure"]]
    better = {"higher": "more", "lower": "less"}
    shown = pd.DataFrame({
        "Figure": rows["title"], "How it is computed": rows["formula"], "Unit": rows["unit"],
        "Better": [better.get(b, MISSING) for b in rows["better"]], "From": rows["table"], "n": counts,
    })  # fmt: skip
    return Html(render("plain.html.j2", html=table(shown, caption="Figures and how each is computed", most=len(rows))))
