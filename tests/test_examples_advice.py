"""Which decisions tables support and how two reports differ, on both sides of every edge, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.advice import candidates
from pmo_analysis.analysis.advice.advise import _choose, advise
from pmo_analysis.analysis.advice.evidence import Evidence, make_candidate
from pmo_analysis.analysis.differences.compare import compare
from pmo_analysis.analysis.differences.published import Published, gather_figures
from pmo_analysis.analysis.differences.reasons import _matters, list_causes
from pmo_analysis.contract.settings import Settings

SETTINGS = Settings(
    {"look_back_quarters": 4, "minimum_estimate": 5, "utilisation_warning_share": 0.8, "currency": "EUR"}
)
SERVICES = pd.DataFrame({"service_id": ["A", "B", "A"], "name": ["Audit", "Boards", "Again"]})
COSTS = pd.DataFrame({
    "service_id": ["A", "B"], "worked_hours": [100.0, 300.0], "cost_to_serve_cost": [8000.0, 12000.0],
    "process_hours": [40.0, 30.0], "process_cost": [4000.0, 3000.0], "mandated_process_cost": [1000.0, np.nan],
    "engagement_count": [5, 5],
})  # fmt: skip


def evidence(**tables: Any) -> Evidence:
    """Two services whose hour costs 50, and the tables given."""
    return Evidence(**({"services": SERVICES, "costs": COSTS} | tables))


def test_an_hour_costs_what_all_cost_over_all_hours_that_are_known():
    assert evidence().hourly_cost == 50 and evidence().name("A") == "Audit" and evidence().name("Z") == "Z"
    blank = COSTS.assign(cost_to_serve_cost=[8000.0, np.nan])
    assert evidence(costs=blank).hourly_cost == 80
    assert np.isnan(evidence(costs=COSTS.assign(worked_hours=0.0)).hourly_cost)
    assert evidence(costs=COSTS.assign(worked_hours=[0.25, 0.25])).hourly_cost == 40000


def test_a_decision_is_judged_by_a_measure_that_the_chart_holds():
    assert evidence().judged_by("a", "b") == "a"
    charted = evidence(charted=frozenset({"b"}))
    assert charted.judged_by("a", "b") == "b" and charted.judged_by("a", "c") == "a"


def test_half_of_the_free_process_and_its_hours():
    (told,) = candidates.cut_process(evidence(), SETTINGS)
    assert "Audit" in told["decision"]  # 3,000 free in both, so the first by name
    assert told["stake_cost"] == 1500 and told["waiting_costs"] == "EUR 1,500 (EUR 750 to EUR 2,200) a quarter"
    assert (told["expected_effect"], told["low"], told["high"]) == pytest.approx(
        (-0.0375, -0.05625, -0.01875)
    )  # 30 of 400 hours
    assert "the 30 hours" in told["would_change_if"]
    dearer = COSTS.assign(process_cost=[4000.0, 3000.5])
    assert "Boards" in candidates.cut_process(evidence(costs=dearer), SETTINGS)[0]["decision"]
    few = dearer.assign(engagement_count=[5, 4])
    assert "Audit" in candidates.cut_process(evidence(costs=few), SETTINGS)[0]["decision"]
    bound = COSTS.assign(mandated_process_cost=[4000.0, 3000.0])
    assert candidates.cut_process(evidence(costs=bound), SETTINGS) == []
    hardly = COSTS.assign(mandated_process_cost=[3999.5, 3000.0])
    assert candidates.cut_process(evidence(costs=hardly), SETTINGS)[0]["stake_cost"] == 0.25


def test_what_frees_most_hours_is_stopped_first():
    rows = pd.DataFrame({
        "service_id": ["B", "A", "A"], "freed_hours": [10.0, 10.0, 4.0],
        "low": [5.0, 6.0, 1.0], "high": [15.0, 12.0, 9.0], "n": [9, 8, 7],
        "reason": ["nobody asked twice", "asked by categories it is not meant for", "x"],
    })  # fmt: skip
    (told,) = candidates.stop_service(evidence(to_stop=rows), SETTINGS)
    assert told["decision"] == "Turn away requests for Audit from categories it is not meant for"
    assert (told["stake_cost"], told["expected_effect"], told["low"], told["high"]) == (500, -500, -600, -300)
    assert (
        "about 10 hours a quarter, 6 to 12, n = 8: asked by" in told["would_change_if"]
        and told["decider"] == "Portfolio board"
    )
    assert candidates.stop_service(evidence(to_stop=rows.assign(freed_hours=0.0)), SETTINGS) == []
    assert len(candidates.stop_service(evidence(to_stop=rows.assign(freed_hours=0.5)), SETTINGS)) == 1
    assert candidates._tell_hours((3.0, np.nan, 4.0), None) == "about 3 hours a quarter"


@pytest.mark.parametrize(("low", "n", "count"), [(0.3, 5, 1), (0.299, 5, 0), (0.3, 4, 0)])
def test_a_size_is_changed_where_three_in_ten_are_surely_misquoted(low, n, count):
    row = {"service_id": "A", "size": "M", "standard_hours": 8.0, "n": n, "median_hours": 12.0, "misquoted_share": 0.5}
    other = row | {"size": "L", "median_hours": 8.0}
    told = candidates.resize_offering(
        evidence(quoted=pd.DataFrame([other, row | {"low": low, "high": 0.75}])), SETTINGS
    )
    assert len(told) == count
    if told:
        assert told[0]["stake_cost"] == 5 * 4 / 4 * 50 * 0.5 and "(EUR 75 to EUR 190)" in told[0]["waiting_costs"]
        assert "30 % to 75 %" in told[0]["would_change_if"]


@pytest.mark.parametrize(("low", "n", "count"), [(0.5, 5, 1), (0.0, 5, 0), (0.5, 4, 0)])
def test_the_standard_becomes_the_rule_where_it_surely_saves(low, n, count):
    rows = pd.DataFrame({"service_id": ["B", "A"], "saving_hours": 8.0, "low": low, "high": 20.0, "n": n})
    told = candidates.standardise(evidence(saving=rows), SETTINGS)
    assert len(told) == count
    if told:
        assert "Audit" in told[0]["decision"] and (told[0]["expected_effect"], told[0]["low"], told[0]["high"]) == (
            100,
            6.25,
            250,
        )
        whole = candidates.standardise(evidence(saving=rows, charted=frozenset({"cost_to_serve"})), SETTINGS)[0]
        assert (whole["measure"], whole["expected_effect"], whole["low"], whole["high"]) == (
            "cost_to_serve",
            -100,
            -250,
            -6.25,
        )


def test_senior_hours_are_moved_where_they_cost_most():
    rows = pd.DataFrame({"service_id": ["A", "B", "B"], "excess_hours": [9.0, 0.5, 0.0], "cost": [0.4, 0.5, 99.0],
                         "cost_low": 0.1, "cost_high": 0.9, "n": 7})  # fmt: skip
    (told,) = candidates.delegate(evidence(delegable=rows), SETTINGS)
    assert "off Boards" in told["decision"] and told["stake_cost"] == 0.5 and "(n = 7)" in told["would_change_if"]
    assert candidates.delegate(evidence(delegable=rows.assign(cost=0.0)), SETTINGS) == []
    assert "n =" not in candidates.delegate(evidence(delegable=rows.drop(columns="n")), SETTINGS)[0]["would_change_if"]


def test_a_role_is_relieved_where_even_the_low_end_is_above_the_limit():
    load = pd.DataFrame(
        {
            "role": ["lead", "aide"],
            "expected_hours": 100.0,
            "low": [80.5, 80.0],
            "high": 130.0,
            "practical_hours": 100.0,
        }
    )
    (told,) = candidates.relieve_role(evidence(load=load), SETTINGS)
    assert told["decision"].startswith("Decide what lead") and "about 20 hours" in told["decision"]
    assert told["stake_cost"] == 1000 and told["waiting_costs"] == "EUR 1,000 (EUR 25 to EUR 2,500) a quarter"
    assert candidates.relieve_role(evidence(load=load[1:]), SETTINGS) == []


@pytest.mark.parametrize(("high", "n", "count"), [(0.79, 5, 1), (0.8, 5, 0), (0.79, 4, 0)])
def test_lateness_is_mended_where_it_is_clearly_worse_than_the_whole(high, n, count):
    cells = pd.DataFrame({
        "measure": "promises_kept_share", "group_kind": ["all", "category", "category"], "group": ["all", "IT", "HR"],
        "value": [0.8, 0.5, np.nan], "low": [0.7, 0.3, 0], "high": [0.9, high, 0.1], "n": [50, n, 9],
    })  # fmt: skip
    told = candidates.mend_lateness(evidence(cells=cells), SETTINGS)
    assert len(told) == count
    if told:
        effect = (told[0]["expected_effect"], told[0]["low"], told[0]["high"])
        assert effect == pytest.approx((0.3, 0.01, 0.5)) and "about 2 broken" in told[0]["waiting_costs"]


@pytest.mark.parametrize(("uptake", "stage", "count"), [(0.5, "all", 1), (0.6, "all", 0), (0.5, "plan", 0)])
def test_a_service_is_offered_to_those_who_have_not_asked_where_there_are_five(uptake, stage, count):
    fit = pd.DataFrame({"segment": "S", "service_id": ["B", "A"], "stage": stage, "verdict": "offer", "uptake": uptake,
                        "low": [0.3, 0.31], "high": 0.7, "n": 10})  # fmt: skip
    told = candidates.offer_service(evidence(fit=fit), SETTINGS)
    assert len(told) == count
    if told:
        assert (
            told[0]["decision"].startswith("Offer Audit to the 5 customers")
            and "50 % (31 % to 70 %)" in told[0]["would_change_if"]
        )


def test_benefits_are_measured_where_less_than_half_is():
    def cells(value: float) -> pd.DataFrame:
        return pd.DataFrame({"measure": ["benefit_measured_share"], "group_kind": ["all"], "value": [value]})

    assert candidates.measure_benefits(evidence(cells=cells(0.5)), SETTINGS) == []
    (told,) = candidates.measure_benefits(evidence(cells=cells(0.4)), SETTINGS)
    assert told["expected_effect"] == pytest.approx(0.1) and "only 40 %" in told["decision"]
    missing = pd.DataFrame({"measure": ["benefit_measured_share"], "missing": "benefits"})
    assert len(candidates.measure_benefits(evidence(missing=missing), SETTINGS)) == 1
    asked = pd.DataFrame({"measure": ["nps_points", "csat_level", "worth_level"], "missing": "survey"})
    assert len(candidates.ask_customers(evidence(missing=asked), SETTINGS)) == 1
    assert candidates.ask_customers(evidence(missing=asked[:2]), SETTINGS) == []


def test_one_place_of_three_is_kept_for_what_has_no_price():
    def one(cost: float, name: str) -> dict[str, Any]:
        return {"stake_cost": cost, "decision": name}

    priced = [one(1.0, "d"), one(5.0, "c"), one(5.0, "b"), one(9.0, "a")]
    assert [c["decision"] for c in _choose(priced)] == ["a", "b", "c"]
    assert [c["decision"] for c in _choose([*priced, one(np.nan, "y"), one(np.nan, "x")])] == ["a", "b", "y"]
    assert [c["decision"] for c in _choose([one(1.0, "a"), *(one(np.nan, n) for n in "zyx")])] == ["a", "z", "y"]
    unknown = make_candidate("k", (np.nan, 1.0, 2.0), SETTINGS, decision="x")
    assert unknown["waiting_costs"] == "not known in money" and unknown["decider"] == "PMO head"


def test_a_board_has_six_weeks_and_others_four():
    rows = pd.DataFrame(
        {"service_id": ["B"], "freed_hours": [10.0], "low": [5.0], "high": [15.0], "n": [9], "reason": ["x"]}
    )
    told = advise(evidence(to_stop=rows), quarter="2026Q2", settings=SETTINGS)
    due = told.decisions.set_index("kind")["due_on"]
    assert (due["process"].date(), due["stop"].date()) == (date(2026, 7, 28), date(2026, 8, 11))
    assert told.decisions["rank"].tolist() == [1, 2] and told.sentence == "The figures support 2 decisions."
    missing = pd.DataFrame({"measure": "x", "missing": ["a", "b", "a", "c", "d"]})
    none = advise(evidence(costs=COSTS[:0], missing=missing), quarter="2026Q2", settings=SETTINGS)
    assert none.sentence.endswith("Fill in a, b, c first.")
    one = advise(evidence(), quarter="2026Q2", settings=SETTINGS)
    assert one.sentence == "The figures support 1 decision."


def side(quarter: str, rows: list[tuple], **given: Any) -> Published:
    """A report with these figures: figure, kind, group, value, low, high."""
    figures = pd.DataFrame(rows, columns=["figure", "group_kind", "group", "value", "low", "high"]).assign(n=9)
    charted = pd.DataFrame(given.pop("chart", []), columns=["measure", "quarter", "value"])
    changes = pd.DataFrame(
        given.pop("changes", []), columns=["measure", "group_kind", "group", "against", "low", "high"]
    )
    usual = {"settings": {}, "definitions": {}, "tables": {}} | given
    return Published(quarter, quarter, figures, changes, charted, **usual)


def test_changes_have_an_interval_only_where_both_sides_do_and_rest_on_other_rows():
    then = [
        ("a", "all", "all", 10.0, 8.0, 12.0),
        ("b", "all", "all", 10.0, 10.0, 10.0),
        ("c", "customer", "x", 10.0, 8.0, 12.0),
        ("d", "all", "all", 1.0, 1.0, 1.0),
    ]
    now = [
        ("a", "all", "all", 20.0, 17.0, 23.0),
        ("b", "all", "all", 20.0, 17.0, 23.0),
        ("c", "customer", "x", 20.0, 17.0, 23.0),
        ("e", "all", "all", 0.0, 0, 0),
    ]
    told = compare(side("2026Q1", then), side("2026Q2", now)).table.set_index("figure")
    reach = np.hypot(2, 3)
    assert told.loc["a", ["change", "low", "high"]].tolist() == pytest.approx([10, 10 - reach, 10 + reach])
    assert told.loc[["b", "c"], "low"].isna().all() and told["state"].tolist() == ["changed"] * 3 + ["gone", "new"]
    assert compare(side("2026Q2", now), side("2026Q1", then)).table["low"].isna().all()
    same = compare(side("2026Q1", then), side("2026Q2", then))
    assert same.table.empty and same.same_count == 4
    assert len(compare(side("2026Q1", then), side("2026Q2", then)).clear) == 0
    assert compare(side("2026Q1", then), side("2026Q2", now)).clear["figure"].tolist() == ["a"]


@pytest.mark.parametrize(("earlier", "low"), [("2026Q1", 1.0), ("2025Q2", 2.0)])
def test_the_later_reports_own_intervals_come_first(earlier, low):
    changes = [("a", "all", "all", "last quarter", 1.0, 5.0), ("a", "all", "all", "last year", 2.0, 6.0)]
    rows = [("a", "all", "all", 10.0, 8.0, 12.0)], [("a", "all", "all", 13.0, 12.0, 14.0)]
    told = compare(side(earlier, rows[0]), side("2026Q2", rows[1], changes=changes)).table
    assert told["low"].tolist() == [low]
    told = compare(side("2025Q4", rows[0]), side("2026Q2", rows[1], changes=changes)).table
    assert told["low"].tolist() == pytest.approx([3 - np.hypot(2, 1)])


def test_what_is_known_now_of_then_is_told_where_it_moved():
    rows = (
        [("a", "all", "all", 10.0, 8.0, 12.0), ("b", "all", "all", 1.0, 1, 1)],
        [("a", "all", "all", 13.0, 12.0, 14.0), ("b", "all", "all", 2.0, 2, 2)],
    )
    before = side("2026Q1", rows[0], chart=[("a", "2026Q1", 10.0), ("b", "2026Q1", 1.0)])
    after = side("2026Q2", rows[1], chart=[("a", "2026Q1", 10.5), ("b", "2026Q1", 1.0), ("a", "2026Q2", 13.0)])
    told = compare(before, after).table
    assert told["known_now"][0] == 10.5 and np.isnan(told["known_now"][1])
    assert told["reason"].tolist() == ["another quarter (2026Q2); data of then", "another quarter (2026Q2)"]


def test_causes_are_what_both_sides_know_and_is_not_the_same():
    before = side(
        "2026Q1",
        [],
        settings={"x": (1, 2), "y": 1, "old": 1},
        tables={"t": "a" * 20, "u": "b"},
        definitions={"m": "w"},
        packages={"p": "1"},
    )
    after = side(
        "2026Q1",
        [],
        settings={"x": [1, 2], "y": 2, "new": 1},
        tables={"t": "c" * 20, "u": "b", "v": "d"},
        definitions={"m": "z", "k": "z"},
        packages={"p": "1", "q": "2"},
    )
    told = list_causes(before, after).table
    assert told[["cause", "what"]].to_numpy().tolist() == [
        ["data", "t"],
        ["data", "v"],
        ["setting", "y"],
        ["definition", "m"],
        ["package", "q"],
    ]
    assert told["before"][0] == "a" * 12 and told["before"][1] == "absent"
    assert (
        _matters("weight.x", "value_score")
        and not _matters("weight.x", "unit_cost")
        and not _matters("wording", "unit_cost")
    )
    assert _matters("currency", "unit_cost") and not _matters("notebook_x", "value_score")


def test_each_figure_of_the_published_tables_is_gathered_once():
    tables = {
        "cost_by_service": pd.DataFrame(
            {"service_id": ["A"], "cost_to_serve_cost": [5], "low": [4], "n": [3], "charged_cost": [np.nan]}
        ),
        "demand": pd.DataFrame({"service_id": ["A", "A"], "segment": ["all", "S"], "expected_count": [7.0, 2.0]}),
        "groups": pd.DataFrame({"segment": ["S", "S", "T"]}),
        "capacity": pd.DataFrame({"role": ["lead", "lead"], "utilisation_share": [0.5, 0.6]}),
    }
    told = gather_figures(tables)
    assert told[["figure", "group", "value"]].to_numpy().tolist() == [
        ["cost_to_serve_cost", "A", 5], ["customers_count", "S", 2], ["customers_count", "T", 1],
        ["expected_count", "A", 7], ["utilisation_share", "lead", 0.5],
    ]  # fmt: skip
    assert told["low"].tolist()[0] == 4 and np.isnan(told["high"][0]) and gather_figures({}).empty


def test_what_bears_on_a_figure_is_told_with_it():
    rows = (
        [("a", "all", "all", 1.0, 1, 1), ("a", "segment", "S", 1.0, 1, 1)],
        [("a", "all", "all", 2.0, 2, 2), ("a", "segment", "S", 2.0, 2, 2)],
    )
    made = {"settings": {"y": 1}, "code": "a" * 20, "schemes": ("b" * 20,), "tables": {"t": "1", "u": "1"}}
    now = {"settings": {"y": 2}, "code": "c" * 20, "schemes": (), "tables": {"t": "2", "u": "2"}}
    told = compare(side("2026Q1", rows[0], **made), side("2026Q1", rows[1], **now), {"a": frozenset({"u"})})
    assert told.table["reason"].tolist() == [
        "data: u; settings: y; code",
        "data: u; settings: y; frozen segments; code",
    ]
    causes = told.causes.set_index("cause")
    assert causes.loc["setting", ["before", "after"]].tolist() == ["1", "2"]
    assert causes.loc["code", ["before", "after"]].tolist() == ["a" * 12, "c" * 12]
    assert causes.loc["segments", ["before", "after"]].tolist() == ["b" * 12, "none"]
