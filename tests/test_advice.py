"""Advice: what is proposed, in which order, and when nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.advice import Advice, Evidence, advise
from pmo_analysis.contract.settings import Settings

SERVICES = pd.DataFrame({"service_id": ["plan", "gate"], "name": ["Planning", "Gate review"]})
# 100 hours at 60 money: gate has 20 process hours for 1,200, of which 400 are required by law.
COSTS = pd.DataFrame(
    {
        "service_id": ["gate", "plan"],
        "engagement_count": [10, 30],
        "worked_hours": [40.0, 60.0],
        "process_hours": [20.0, 0.0],
        "cost_to_serve_cost": [2400.0, 3600.0],
        "process_cost": [1200.0, 0.0],
        "mandated_process_cost": [400.0, 0.0],
    }
)
NO_PROCESS = COSTS.assign(process_cost=0.0, process_hours=0.0)


def _told(costs: pd.DataFrame = COSTS, **tables) -> Advice:
    return advise(Evidence(SERVICES, costs, **tables), quarter="2026Q3", settings=Settings())


def test_process_that_no_law_requires_is_halved_and_its_worth_told_with_a_range() -> None:
    row = _told().decisions.iloc[0]
    assert row["decision"] == "Halve the process in Gate review" and row["stake_cost"] == 400
    assert row["waiting_costs"] == "EUR 400 (EUR 200 to EUR 600) a quarter"
    # 20 h × 800/1200 = 13.3 of 100 hours; half of it is .0667 of all hours.
    assert (
        row["expected_effect"] == pytest.approx(-0.0667, abs=1e-4) and row["low"] < row["expected_effect"] < row["high"]
    )
    assert (row["low"], row["high"]) == pytest.approx((-0.1, -0.0333), abs=1e-4)  # three quarters of it, and one


def test_mandated_process_is_never_proposed_to_be_cut() -> None:
    assert _told(COSTS.assign(mandated_process_cost=COSTS["process_cost"])).decisions.empty


def test_thin_evidence_gives_no_decision_and_says_what_to_measure() -> None:
    told = _told(NO_PROCESS)
    assert told.decisions.empty and told.sentence.startswith("No decision is supported by the evidence yet.")
    few = _told(COSTS.assign(engagement_count=[4, 30]))
    assert few.decisions.empty


def _quoted(low: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "service_id": ["plan"],
            "size": ["M"],
            "standard_hours": [10.0],
            "n": [20],
            "median_hours": [16.0],
            "misquoted_share": [0.5],
            "low": [low],
            "high": [0.7],
        }
    )


def test_a_size_is_changed_only_when_three_in_ten_are_misquoted_for_certain() -> None:
    assert _told(NO_PROCESS, quoted=_quoted(0.29)).decisions.empty
    row = _told(NO_PROCESS, quoted=_quoted(0.31)).decisions.iloc[0]
    # 20 deliveries in four quarters × 6 hours off × 60 money = 1,800 a quarter, half of them misquoted.
    assert row["stake_cost"] == pytest.approx(900) and "size M of Planning" in row["decision"]


def test_the_dearest_to_postpone_comes_first() -> None:
    delegable = pd.DataFrame({"service_id": ["plan"], "excess_hours": [12.0], "cost": [500.0]})
    told = _told(quoted=_quoted(0.31), delegable=delegable).decisions
    assert told["kind"].tolist() == ["size", "senior", "process"] and told["rank"].tolist() == [1, 2, 3]


def _kept(**shares: tuple[float, float, float]) -> pd.DataFrame:
    rows = [("promises_kept_share", "all" if g == "all" else "category", g, *v, 50) for g, v in shares.items()]
    return pd.DataFrame(rows, columns=["measure", "group_kind", "group", "value", "low", "high", "n"])


def test_lateness_is_mended_where_a_category_is_clearly_worse_and_keeps_a_place() -> None:
    delegable = pd.DataFrame({"service_id": ["plan"], "excess_hours": [12.0], "cost": [500.0]})
    cells = _kept(all=(0.8, 0.78, 0.82), IT=(0.5, 0.4, 0.6), Sales=(0.75, 0.6, 0.85))
    told = _told(quoted=_quoted(0.31), delegable=delegable, cells=cells)
    assert told.decisions["kind"].tolist() == ["size", "senior", "lateness"] and len(told.considered) == 4
    assert (
        "IT" in told.decisions["decision"].iloc[2] and "25 broken promises" in told.decisions["waiting_costs"].iloc[2]
    )
    assert told.decisions["expected_effect"].iloc[2] == pytest.approx(0.3)


def test_a_role_is_relieved_only_when_even_the_low_end_is_too_much() -> None:
    load = pd.DataFrame(
        {
            "role": ["analyst", "lead"],
            "expected_hours": [100.0, 100.0],
            "low": [90.0, 70.0],
            "high": [120.0, 130.0],
            "practical_hours": [100.0, 100.0],
        }
    )
    row = _told(NO_PROCESS, load=load).decisions.iloc[0]
    assert "analyst" in row["decision"] and row["stake_cost"] == pytest.approx(15 * 60)
    assert _told(NO_PROCESS, load=load[1:]).decisions.empty


def test_what_nobody_measures_is_proposed_to_be_measured() -> None:
    missing = pd.DataFrame(
        {
            "measure": ["benefit_measured_share", "nps_points", "csat_level", "worth_level"],
            "missing": ["benefits", "survey", "survey", "survey"],
        }
    )
    told = _told(NO_PROCESS, missing=missing).decisions
    assert told["measure"].tolist() == ["benefit_measured_share", "worth_level"]
    assert told["waiting_costs"].str.contains("not known in money").all()


def test_dates_lie_within_six_weeks_after_the_quarter_and_a_role_decides() -> None:
    to_stop = pd.DataFrame({"service_id": ["plan"], "freed_hours": [20.0], "reason": ["nobody asked again"]})
    told = _told(to_stop=to_stop).decisions.set_index("kind")
    assert told.loc["process", "due_on"] == pd.Timestamp("2026-10-28") and told.loc["process", "decider"] == "PMO head"
    assert told.loc["stop", "due_on"] == pd.Timestamp("2026-11-11") and told.loc["stop", "decider"] == "Portfolio board"


def test_without_a_rate_what_waiting_costs_is_not_known_rather_than_nothing() -> None:
    costs = NO_PROCESS.assign(cost_to_serve_cost=np.nan)
    row = _told(costs, quoted=_quoted(0.31)).decisions.iloc[0]
    assert np.isnan(row["stake_cost"]) and row["waiting_costs"] == "not known in money"


def test_order_of_rows_does_not_change_the_advice() -> None:
    cells = _kept(all=(0.8, 0.78, 0.82), IT=(0.5, 0.4, 0.6), Sales=(0.5, 0.4, 0.6))
    one, two = _told(cells=cells), _told(COSTS[::-1], cells=cells[::-1])
    pd.testing.assert_frame_equal(one.decisions, two.decisions)


SAVING = pd.DataFrame({"service_id": ["plan"], "saving_hours": [40.0], "low": [20.0], "high": [60.0], "n": [12]})


@pytest.mark.parametrize(
    ("charted", "measure", "effect"),
    [
        (None, "efficiency_saving_cost", (600, 300, 900)),
        (frozenset({"efficiency_saving_cost", "cost_to_serve"}), "efficiency_saving_cost", (600, 300, 900)),
        (frozenset({"cost_to_serve"}), "cost_to_serve", (-600, -900, -300)),
    ],
)
def test_a_decision_is_judged_by_a_measure_that_is_charted(
    charted: frozenset[str] | None, measure: str, effect: tuple[float, ...]
) -> None:
    # 40 hours in four quarters × 60 money = 600 a quarter.
    row = _told(NO_PROCESS, saving=SAVING, charted=charted).decisions.iloc[0]
    assert row["measure"] == measure and tuple(row[["expected_effect", "low", "high"]]) == effect


def test_a_measure_that_is_not_charted_gives_way_to_one_that_is() -> None:
    evidence = Evidence(SERVICES, COSTS, charted=frozenset({"lead_time_days"}))
    assert evidence.judged_by("lead_time_ratio", "lead_time_days") == "lead_time_days"
    assert evidence.judged_by("worth_level") == "worth_level"  # it has to be measured first


def test_a_service_is_offered_to_those_that_asked_at_no_stage_not_at_one() -> None:
    head = ["segment", "service_id", "stage", "n", "uptake", "low", "high", "verdict"]
    rows = [
        ("early", "plan", "start", 90, 0.2, 0.15, 0.3, "offer"),
        ("early", "plan", "all", 40, 0.5, 0.4, 0.6, "offer"),
    ]
    told = _told(NO_PROCESS, fit=pd.DataFrame(rows, columns=head)).considered
    # Of 40 in the segment half asked at some stage: 20 are left. At the stage alone 72 of 90 would seem to be.
    offers = told.loc[told["kind"] == "offer", "decision"].tolist()
    assert offers == ["Offer Planning to the 20 customers in “early” that have not asked for it"]


def test_of_several_the_dearest_is_advised_and_of_equals_the_first_by_name() -> None:
    both = pd.DataFrame({"service_id": ["gate", "plan"], "excess_hours": [3.0, 12.0], "cost": [100.0, 500.0]})
    assert _told(NO_PROCESS, delegable=both).decisions["decision"].tolist() == [
        "Move 12 senior hours a quarter off Planning"
    ]
    equal = both.assign(cost=500.0)[::-1]
    assert "off Gate review" in _told(NO_PROCESS, delegable=equal).decisions["decision"].iloc[0]
    assert _told(NO_PROCESS, delegable=both.assign(excess_hours=0.0)).considered.empty
    saving = pd.concat([SAVING, SAVING.assign(service_id="gate", saving_hours=60.0)])
    assert "for Gate review" in _told(NO_PROCESS, saving=saving).decisions["decision"].iloc[0]
    stops = pd.DataFrame(
        {"service_id": ["plan", "gate"], "freed_hours": [5.0, 5.0], "reason": ["asked by categories x"] * 2}
    )
    row = _told(NO_PROCESS, to_stop=stops).decisions.iloc[0]
    assert row["decision"] == "Turn away requests for Gate review from categories it is not meant for"
    assert row["stake_cost"] == 300 and row["expected_effect"] == -300  # 5 hours × 60 money


def test_what_stopping_and_moving_would_save_is_told_with_its_range_and_what_it_rests_on() -> None:
    stops = pd.DataFrame({
        "service_id": ["plan"], "freed_hours": [5.0], "low": [2.0], "high": [12.0], "n": [9],
        "reason": ["asked after the stages"],
    })  # fmt: skip
    row = _told(NO_PROCESS, to_stop=stops).decisions.iloc[0]
    assert row["waiting_costs"] == "EUR 300 (EUR 120 to EUR 720) a quarter"
    assert (row["expected_effect"], row["low"], row["high"]) == (-300, -720, -120)
    assert "(about 5 hours a quarter, 2 to 12, n = 9: asked after the stages)" in row["would_change_if"]
    few = _told(NO_PROCESS, to_stop=stops.assign(low=np.nan, high=np.nan, n=3)).decisions.iloc[0]
    assert few["waiting_costs"] == "EUR 300 a quarter" and "hours a quarter, n = 3:" in few["would_change_if"]
    senior = {
        "service_id": ["plan"],
        "excess_hours": [12.0],
        "cost": [500.0],
        "cost_low": [100.0],
        "cost_high": [900.0],
    }
    row = _told(NO_PROCESS, delegable=pd.DataFrame(senior).assign(n=7)).decisions.iloc[0]
    assert row["waiting_costs"] == "EUR 500 (EUR 100 to EUR 900) a quarter"
    assert row["would_change_if"].endswith("(section 6) (n = 7)") and abs(row["low"]) in (100, 900)


def test_evidence_at_the_limit_counts_and_below_it_does_not() -> None:
    assert len(_told(NO_PROCESS, quoted=_quoted(0.3)).decisions) == 1
    five, four = (_told(COSTS.assign(engagement_count=[n, 30])).decisions for n in (5, 4))
    assert len(five) == 1 and four.empty
    assert len(_told(NO_PROCESS, saving=SAVING.assign(n=5)).decisions) == 1
    assert _told(NO_PROCESS, saving=SAVING.assign(n=4)).decisions.empty
    assert _told(NO_PROCESS, saving=SAVING.assign(low=0.0)).decisions.empty


def test_benefits_that_half_were_measured_of_need_no_advice_and_fewer_do() -> None:
    def measured(share: float) -> pd.DataFrame:
        row = ("benefit_measured_share", "all", "all", share, 0.1, 0.9, 20)
        cells = pd.DataFrame([row], columns=["measure", "group_kind", "group", "value", "low", "high", "n"])
        return _told(NO_PROCESS, cells=cells).decisions

    assert measured(0.5).empty
    row = measured(0.3).iloc[0]
    assert row["decision"] == "Measure the benefits that fall due: only 30 % of what was due was measured"
    assert row["expected_effect"] == pytest.approx(0.2) and row["measure"] == "benefit_measured_share"


def test_a_boards_decision_is_due_after_six_weeks_and_every_other_after_four() -> None:
    stops = pd.DataFrame({"service_id": ["plan"], "freed_hours": [5.0], "reason": ["asked after the stages"]})
    told = _told(to_stop=stops).decisions.set_index("kind")["due_on"]
    assert told["stop"] == pd.Timestamp("2026-11-11") and told["process"] == pd.Timestamp("2026-10-28")


def test_three_decisions_come_first_and_the_sentence_counts_them_all() -> None:
    delegable = pd.DataFrame({"service_id": ["plan"], "excess_hours": [12.0], "cost": [500.0]})
    told = _told(quoted=_quoted(0.31), delegable=delegable, saving=SAVING)
    assert told.sentence == "The figures support 4 decisions; these 3 come first."
    assert told.decisions["kind"].tolist() == ["size", "standard", "senior"]  # 900, 600 and 500; the process is 400
    assert _told().sentence == "The figures support 1 decision."


def test_where_nothing_is_supported_three_tables_to_fill_in_are_named_once() -> None:
    missing = pd.DataFrame({"measure": list("abcde"), "missing": ["survey", "survey", "projects", "risks", "changes"]})
    told = _told(NO_PROCESS, missing=missing)
    assert told.sentence.endswith("Fill in survey, projects, risks first.")
    assert _told(NO_PROCESS).sentence.endswith("Book hours by engagement and record benefits first.")


def test_the_size_misquoted_in_most_hours_is_advised_not_the_one_misquoted_most_often() -> None:
    often = _quoted(0.31)  # 20 × .5 × 6 hours = 60
    far = often.assign(size="L", n=10, median_hours=24.0)  # 10 × .5 × 14 hours = 70
    told = _told(NO_PROCESS, quoted=pd.concat([often, far])).decisions
    assert "size L of Planning" in told["decision"].iloc[0] and told["stake_cost"].iloc[0] == pytest.approx(1050)


def test_a_stop_that_frees_no_hour_is_not_advised() -> None:
    stops = pd.DataFrame({"service_id": ["gate"], "freed_hours": [0.0], "reason": ["asked by categories x"]})
    assert _told(NO_PROCESS, to_stop=stops).considered.empty
