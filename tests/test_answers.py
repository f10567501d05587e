"""The thirteen answers: a finding, its period, what cannot be told, a decision or none; and a picture or a sentence."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.demo import make_demo
from pmo_analysis.present import answers as show
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html, Picture

QUESTIONS = range(1, 14)


@pytest.fixture(scope="module")
def quarter() -> pmo.Quarter:
    return pmo.run_quarter(pmo.Dataset.from_frames(make_demo(customers=60, quarters=6, seed=3)[0]))


@pytest.fixture(scope="module")
def bare() -> pmo.Quarter:
    """Customers, services and engagements with the least columns, and nothing else."""
    customers = pd.DataFrame({"customer_id": list("abcdefgh"), "name": list("ABCDEFGH"), "category": ["x", "y"] * 4})
    services = pd.DataFrame({"service_id": ["1", "2"], "name": ["Training", "Health check"]})
    days = pd.date_range("2026-01-05", periods=48, freq="5D").strftime("%Y-%m-%d")
    engagements = pd.DataFrame({
        "engagement_id": [f"e{i}" for i in range(48)], "customer_id": list("abcdefgh") * 6, "service_id": ["1", "1", "2"] * 16,
        "requested_on": days,
    })  # fmt: skip
    tables = {"customers": customers, "services": services, "engagements": engagements}
    return pmo.run_quarter(pmo.Dataset.from_frames(tables), "2026Q3")


def read(shown: Html) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown.html)).split())


@pytest.mark.parametrize("number", QUESTIONS)
def test_each_answer_tells_a_finding_its_period_and_a_decision_or_that_none_follows(quarter, number):
    text = read(show.answer(quarter, number))
    assert f"Period: {quarter.quarter}," in text
    assert "The decision that follows" in text
    assert len(text.split("Period:")[0].split()) >= 4


@pytest.mark.parametrize("number", QUESTIONS)
def test_no_answer_shows_a_column_name_where_a_word_belongs(quarter, number):
    text = read(show.answer(quarter, number)) + read(show.figures(quarter, number))
    known = {"demand_growth_share", *quarter.settings, *quarter.problems["column"]}
    assert set(re.findall(r"\b[a-z]+_[a-z_]+\b", text)) - known <= {"as_of_on"}


@pytest.mark.parametrize("number", QUESTIONS)
def test_each_picture_has_words_of_its_own_or_a_sentence_says_what_is_missing(quarter, number):
    shown = show.picture(quarter, number)
    if isinstance(shown, Picture):
        assert shown.png.startswith(b"\x89PNG")
        assert len(shown.alt) > 30 and re.search(r"\d|nothing", shown.alt)
    else:
        assert "No picture: " in shown.html


def test_a_picture_is_the_same_bytes_when_drawn_again(quarter):
    assert show.picture(quarter, 9).png == show.picture(quarter, 9).png


@pytest.mark.parametrize("number", QUESTIONS)
def test_an_organisation_with_only_three_tables_is_told_what_is_missing_and_sees_no_empty_chart(bare, number):
    text = read(show.answer(bare, number)) + read(show.figures(bare, number))
    assert "nan" not in text.lower().split() and "NaT" not in text
    gaps = bare.unanswered.loc[bare.unanswered["question"] == number, "sentence"]
    assert all(g in text for g in gaps)
    shown = show.picture(bare, number)
    assert isinstance(shown, Picture) or "No picture: " in shown.html


def test_most_pictures_of_three_bare_tables_are_sentences(bare):
    without = [n for n in QUESTIONS if isinstance(show.picture(bare, n), Html)]
    assert {3, 6, 8, 9, 11, 12} <= set(without)


def test_a_question_that_does_not_exist_is_refused(quarter):
    with pytest.raises(InputError, match="1 to 13"):
        show.answer(quarter, 14)


def test_the_decision_that_follows_stands_in_the_section_it_is_about(quarter):
    row = {"kind": "load", "rank": 1, "decision": "Refuse two requests", "waiting_costs": "EUR 5k a quarter",
           "decider": "PMO head", "due_on": pd.Timestamp("2026-10-28"), "would_change_if": "fewer ask"}  # fmt: skip
    chosen = pd.DataFrame([row]).reindex(columns=quarter.advice.considered.columns)
    changed = replace(quarter, advice=replace(quarter.advice, considered=chosen))
    assert "Refuse two requests." in read(show.answer(changed, 9))
    assert "PMO head decides by 28 October 2026" in read(show.answer(changed, 9))
    assert "No decision follows from this quarter's figures." in read(show.answer(changed, 5))


def test_services_and_segments_are_called_by_their_names(quarter):
    names = names_of(quarter)
    service = quarter.data.frame("services").iloc[0]
    assert names.service(service["service_id"]) == service["name"]
    assert names.service("unknown") == "unknown"
    assert not re.search(r"\bS\d\d\b", read(show.figures(quarter, 5)) + read(show.answer(quarter, 6)))


def test_an_organisations_own_segment_names_are_used(quarter):
    first = quarter.segmentation.rules["segment"].iloc[0]
    settings = quarter.settings.replace(segment_names={first: "the builders"})
    assert names_of(replace(quarter, settings=settings)).segment(first) == "The builders"


def test_the_report_shows_no_person_and_no_single_customers_answers(quarter):
    people = quarter.data.frame("survey")["respondent_id"].dropna().unique()
    customers = quarter.data.frame("customers")["name"]
    text = " ".join(read(show.answer(quarter, n)) + read(show.figures(quarter, n)) for n in QUESTIONS)
    assert not [p for p in people if p in text]
    assert not [c for c in customers if c in text]


def test_each_figures_definition_stands_with_its_formula_and_n(quarter):
    text = read(show.definitions(quarter))
    for title in quarter.measures.definitions["title"]:
        assert title in text


def test_the_title_says_whose_report_it_is_and_its_first_and_last_day(quarter):
    text = read(show.title(quarter))
    assert quarter.organisation in text and quarter.quarter in text and "1 " in text
