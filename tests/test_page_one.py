"""Page 1: it answers what a PMO head asks, never colours chance, and says what is not measured."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.present.page_one import show_page_one

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def quarter() -> pmo.Quarter:
    return pmo.open_quarter(str(HERE.parent / "data" / "demo"), "2026Q3")


def read(quarter: pmo.Quarter) -> str:
    """Page 1 as a reader sees it: text only, spaces as single."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", show_page_one(quarter).html))
    return " ".join(text.split())


def with_figure(quarter: pmo.Quarter, topic: str, **changes: object) -> pmo.Quarter:
    figures = quarter.headline.figures.copy()
    for name, value in changes.items():
        figures.loc[figures["topic"] == topic, name] = value
    return replace(quarter, headline=replace(quarter.headline, figures=figures))


def questions() -> list[tuple[str, list[str]]]:
    text = (HERE / "page_one_questions.md").read_text("utf-8")
    parts = re.findall(r"^\d+\. \*\*(.+?)\*\*\n(.*?)(?=^\d+\. |\Z)", text, re.M | re.S)
    return [(title, [" ".join(b.split()) for b in re.findall(r"\*\*(.+?)\*\*", body, re.S)]) for title, body in parts]


def test_twelve_questions_are_kept_each_with_figures_or_words_of_the_page():
    assert len(questions()) == 12
    assert all(said for _, said in questions())


@pytest.mark.parametrize(("question", "said"), questions())
def test_page_one_answers_what_a_pmo_head_asks(quarter, question, said):
    page = read(quarter).lower()
    assert [words for words in said if words.lower() not in page] == []


def test_an_arrow_stands_only_where_the_difference_excludes_nought(quarter):
    told = pd.concat([quarter.headline.figures, quarter.headline.beside])
    for mark, way in (("▲", "better"), ("▼", "worse")):
        assert read(quarter).count(mark) == (told["direction"] == way).sum()
    better = with_figure(quarter, "experience", direction="better", change=9.0, change_low=2.0, change_high=16.0)
    assert read(better).count("▲") == read(quarter).count("▲") + 1
    assert "better: +2 to +16 points" in read(better)


def test_a_figure_that_is_not_measured_says_why_and_is_no_nought(quarter):
    why = "Net promoter score: not measured, since there is no survey table."
    silent = with_figure(quarter, "experience", value=np.nan, low=np.nan, high=np.nan, n=0, sentence=why)
    page = read(silent)
    assert "experience not measured " + why in page


def test_page_one_without_a_decision_says_so_instead_of_an_empty_list(quarter):
    none = replace(quarter.advice, decisions=quarter.advice.decisions[:0], sentence="No decision is supported yet.")
    page = read(replace(quarter, advice=none))
    assert "No decision stands on evidence enough to take now." in page


def test_every_missing_table_is_named_once_with_what_it_would_tell(quarter):
    rows = [(2, "t", "survey", "Experience: not told, since there is no survey table."),
            (3, "t", "survey", "Experience: not told, since there is no survey table."),
            (5, "t", "effort", "Hours per customer: not told, since there is no effort table."),
            (8, "t", "effort", "Actual hours: not told, since there is no effort table.")]  # fmt: skip
    unanswered = pd.DataFrame(rows, columns=["question", "title", "missing", "sentence"])
    page = read(replace(quarter, unanswered=unanswered))
    assert page.count("Without survey: experience.") == 1
    assert "Without effort: hours per customer and actual hours." in page


def test_what_a_decision_says_cannot_become_markup(quarter):
    bad = quarter.advice.decisions.assign(decision="<script>alert(1)</script> & more")
    shown = show_page_one(replace(quarter, advice=replace(quarter.advice, decisions=bad))).html
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in shown


def test_every_decision_advised_is_judged_by_a_measure_that_the_run_chart_holds(quarter):
    advised = quarter.advice.considered["measure"]
    assert len(advised) >= 5 and set(advised) <= set(quarter.measures.run_chart["measure"])


def test_benefit_planned_due_realised_confirmed_and_unmeasured_stand_apart_on_page_one(quarter):
    page = read(quarter)
    for title in ("Benefit due", "Due, not measured", "Due and measured", "Realised of what was measured",
                  "Confirmed by customers so far", "Planned, all quarters"):  # fmt: skip
        assert page.count(title) == 1, title


def test_customers_without_a_recent_request_get_a_line_and_no_card(quarter):
    assert "no recent request" not in set(quarter.propositions.cards["group"])
    assert "made no recent request" in quarter.propositions.unplaced


def test_nothing_is_called_to_have_worked_without_a_range(quarter):
    rows = quarter.leadership.decisions
    judged = rows["verdict"].isin(["worked", "did not work", "not clear"])
    assert rows.loc[judged, ["low", "high"]].notna().all(axis=None) and judged.any()
    assert (rows.loc[rows["observed_from"] == "decision log", "verdict"] == "reported, not measured").all()
