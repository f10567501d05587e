"""The thirteen answers: a finding, its period, what cannot be told, a decision or none; and a picture or a sentence."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.contract.errors import InputError
from pmo_analysis.present import answers as show
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html, Picture

QUESTIONS = range(1, 14)


@pytest.fixture(scope="module")
def quarter(told_quarter) -> pmo.Quarter:
    return told_quarter


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


def with_equations(quarter: pmo.Quarter, *rows: tuple) -> pmo.Quarter:
    names = ["service_id", "term", "known_at", "hours", "low", "high", "n", "r2", "verdict"]
    told = pd.DataFrame(list(rows), columns=names)
    return replace(quarter, cost_by={**quarter.cost_by, "customer": replace(quarter.cost, time_equations=told)})


def test_what_makes_a_delivery_harder_is_told_in_words_and_only_where_it_is_clear(quarter):
    service = quarter.data.frame("services")["service_id"].iloc[0]
    changed = with_equations(
        quarter,
        (service, "base", "intake", 10.0, 8.0, 12.0, 40, 0.5, "used"),
        (service, "complexity 4 or more", "intake", 6.0, 3.0, 9.0, 20, 0.5, "used"),
        (service, "made to order", "intake", 1.0, -1.0, 3.0, 20, 0.5, "no increment shown"),
        (service, "reworked", "afterwards", 2.0, 1.0, 3.0, 9, 0.6, "used"),
    )
    table, found = read(show.figures(changed, 5)), read(show.answer(changed, 5))
    assert "complexity 4 or 5 +6 (3 to 9)" in table and "being done again +2 (1 to 3)" in table
    assert "made to order" not in table
    name = names_of(quarter).service(service)
    assert f"complexity 4 or 5, in 1 of 1 services, most in {name}: 6 hours more (3 to 9)." in found


def test_a_step_in_size_is_called_by_the_size_that_begins_there(quarter):
    sizes = quarter.data.frame("offerings").groupby(["service_id", "size"])["standard_hours"].median()
    service = sizes.groupby("service_id").size().idxmax()
    smallest_first = sizes[service].sort_values().index.tolist()
    changed = with_equations(
        quarter, (service, "base", "intake", 2.0, 1.0, 3.0, 40, 0.5, "used"),
        (service, "size step 1", "intake", 6.0, 3.0, 9.0, 20, 0.5, "used"),
    )  # fmt: skip
    assert re.search(rf"{smallest_first[1]} (and larger )?\+6 \(3 to 9\)", read(show.figures(changed, 5)))


def test_cost_against_budget_says_over_or_under_and_nothing_where_no_budget_is_given(quarter):
    lines = quarter.budget.budget.assign(budget_cost=100_000.0, difference_cost=5_000.0)
    lines.loc[lines.index[-1], "difference_cost"] = -7_000.0
    given = replace(quarter, budget=replace(quarter.budget, budget=lines))
    text = read(show.figures(given, 5))
    assert "EUR 5,000 over" in text and "EUR 7,000 under" in text
    assert "budget of EUR 100k EUR 5,000 over (a full count, year to date EUR 7,000 under)" in read(
        show.page_one(given)
    )
    assert "no budget is given" in read(show.figures(quarter, 5))
    assert "against its budget" not in read(show.page_one(quarter))


def test_rules_of_thumb_stand_beside_the_overhead_each_with_its_source(quarter):
    text = read(show.figures(quarter, 5))
    assert all(source in text for source in quarter.budget.references["source"])


def test_each_section_tells_how_its_figures_are_counted(quarter):
    formulas = quarter.measures.definitions.set_index("measure")["formula"]
    for number, measure in ((1, "touchpoint_count"), (2, "promises_kept_share"), (3, "on_time_share"), (5, "unit_cost"),
                            (12, "first_time_right_share")):  # fmt: skip
        assert " ".join(formulas[measure].split()) in read(show.figures(quarter, number)), measure


def test_one_figure_bought_with_another_is_warned_of(quarter):
    pairs = quarter.leadership.pairs.head(2).assign(
        warning=[True, False], direction="better", counter_direction="worse"
    )
    changed = replace(quarter, leadership=replace(quarter.leadership, pairs=pairs))
    text = read(show.figures(changed, 12))
    assert text.count("beware") == 1
    assert f"{pairs['title'].iloc[0]}: better {pairs['counter_title'].iloc[0]}: worse" in text


def test_a_statement_keeps_charged_cost_to_serve_and_own_hours_apart(quarter):
    rows = pd.DataFrame({
        "customer_id": ["C1", "C1", "C2"], "service_id": ["all services", "S", "all services"], "engagements_count": [2, 2, 1],
        "charged_cost": [900.0, 900.0, float("nan")], "cost_to_serve_cost": [1200.0, 1200.0, 5000.0],
        "own_hours": [7.0, 7.0, float("nan")], "own_hours_cost": [350.0, 350.0, float("nan")],
    })  # fmt: skip
    changed = replace(quarter, showback=replace(quarter.showback, table=rows))
    assert "All services 2 EUR 900 EUR 1,200 7 EUR 350 S 2 EUR 900 EUR 1,200 7 EUR 350" in read(
        show.showback(changed, "C1")
    )
    every = read(show.showback(changed))
    assert every.index("C2 1 – EUR 5,000 – –") < every.index("C1 2 EUR 900 EUR 1,200 7 EUR 350")
    assert "(C2)" in read(show.showback(changed, ""))
    with pytest.raises(InputError, match="C3"):
        show.showback(changed, "C3")


def test_a_note_stands_in_the_section_of_its_figure_and_every_note_and_correction_on_the_trust_page(quarter):
    note = {"note_id": "N1", "figure": "nps_points", "text": "<b>late</b> survey", "by": "analyst",
            "on": pd.Timestamp("2026-10-05"), "reason": pd.NA}  # fmt: skip
    fix = {"table": "engagements", "key": "E1", "column": "charged_cost", "was": "1000", "becomes": "900",
           "reason": "credit note", "on": pd.Timestamp("2026-09-03"), "state": "applied"}  # fmt: skip
    changed = replace(quarter, annotations=pd.DataFrame([note]), corrections=pd.DataFrame([fix]))
    said = "Note on “Net promoter score”: <b>late</b> survey (analyst, 5 October 2026)"
    assert said in read(show.figures(changed, 2)) and said in read(show.page_one(changed))
    assert said not in read(show.figures(changed, 5))
    assert "<b>late" not in show.figures(changed, 2).html + show.page_one(changed).html
    trust = read(show.figures(changed, 13))
    assert "Net promoter score <b>late</b> survey 5 October 2026 analyst" in trust
    assert "engagements E1 charged_cost 1000 900 3 September 2026 credit note applied" in trust


def test_moves_that_noise_could_explain_are_counted_and_nobody_is_named(quarter):
    rows = pd.DataFrame({"customer_id": ["C1", "C2"], "quarter": quarter.quarter, "from_segment": "A", "to_segment": "B",
                         "probability": [0.6, 0.8]})  # fmt: skip
    changed = replace(quarter, history=replace(quarter.history, possible=rows))
    assert f"{quarter.quarter} A B 2 60 to 80 %" in read(show.figures(changed, 4))


@pytest.mark.parametrize("call", [show.worth, show.overhead, show.showback])
def test_what_three_bare_tables_cannot_show_is_said_or_left_out(bare, call):
    shown = call(bare)
    assert shown is None or isinstance(shown, Picture) or read(shown)
    assert shown is None or isinstance(shown, Picture) or "nan" not in read(shown).split()
