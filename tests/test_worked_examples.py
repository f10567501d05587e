"""Steps inside the methods, each against a case small enough to work out, or an independent library."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from pmo_analysis.analysis.cost.equations import _huber_weights
from pmo_analysis.analysis.features.counting import count_requests
from pmo_analysis.analysis.history.panel import _log_chances
from pmo_analysis.analysis.leadership.decisions import FAILED, UNCLEAR, WORKED, _expected, _verdict
from pmo_analysis.analysis.scenarios.arithmetic import _unused
from pmo_analysis.analysis.scenarios.hours import USUAL_EDGES
from pmo_analysis.analysis.scenarios.team import Team, build_team
from pmo_analysis.analysis.segments import rules
from pmo_analysis.analysis.segments.columns import _lump_rare
from pmo_analysis.analysis.segments.transforms import _bend, fit_transform
from pmo_analysis.analysis.seniority.basis import _independent
from pmo_analysis.analysis.seniority.planned import planned_rows
from pmo_analysis.analysis.sizes.review import _bespoke
from pmo_analysis.analysis.targets import assign_capacity
from pmo_analysis.analysis.value import earned_value, topsis
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_columns_of_both_signs_are_bent_as_yeo_and_johnson_do_and_positive_ones_as_box_and_cox_do(power):
    x = np.array([-7.0, -2.5, -0.3, 0.0, 0.4, 1.0, 6.0])
    told = _bend(2 * x + 3, {"kind": "signed", "centre": 3.0, "offset": 2.0, "power": power})
    assert told == pytest.approx(stats.yeojohnson(x, lmbda=power))
    above = np.array([0.2, 1.0, 9.0])
    told = _bend(4 * above, {"kind": "power", "centre": 4.0, "offset": 0.0, "power": power})
    assert told == pytest.approx(special.boxcox(above, power))


def test_a_column_with_a_long_tail_below_and_both_signs_is_bent_by_its_square():
    x = 2 - np.random.default_rng(4).lognormal(0, 0.8, 400)
    assert (x > 0).any() and (x < 0).any()
    assert fit_transform(x, np.zeros(400, int))["power"] == 2.0
    assert fit_transform(-x, np.zeros(400, int))["power"] == 0.0


def test_what_was_expected_of_a_decision_may_be_one_and_is_not_said_when_it_is_nought():
    record = SimpleNamespace(better={"m": "lower"})
    assert _expected({"expected_effect": 1.0, "measure": "m"}, record) == (1.0, True)
    assert _expected({"expected_effect": 0.0, "measure": "m"}, record) == (-1.0, False)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        ((0.2, 0.1, 0.3, 0.6), UNCLEAR),  # quarters stray up to .8, so half of 1 is not ruled out
        ((0.2, 0.1, 0.3, 0.1), FAILED),  # at most .3
        ((0.9, 0.8, 1.0, 0.1), WORKED),
        ((0.9, 0.8, 1.0, 2.0), UNCLEAR),  # at least −1.1
        ((0.4, 0.3, 0.5, 0.1), UNCLEAR),  # clear, but less than half; half is not ruled out
    ],
)
def test_a_decision_is_judged_by_its_range_and_by_what_quarters_stray_without_one(seen, verdict):
    told = dict(zip(("observed_effect", "low", "high", "ordinary_change"), seen, strict=True))
    row = {"expected_effect": 1.0, "measure": "m"}
    assert _verdict(row, told, SimpleNamespace(better=None))["verdict"] == verdict


def test_a_task_without_a_budget_has_none_rather_than_nought():
    tasks = pd.DataFrame({
        "phase": ["one", "two", "two"], "BAC": [np.nan, 10.0, 5.0], "PV": 1.0, "EV": 1.0, "AC": 1.0,
    })  # fmt: skip
    table = earned_value(tasks).set_index("phase")
    assert np.isnan(table.loc["one", "BAC"]) and np.isnan(table.loc["one", "EAC"])
    assert table.loc["two", "BAC"] == table.loc["all", "BAC"] == 15


def test_a_criterion_that_is_nought_for_all_changes_no_closeness():
    scores = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3.0, 1.0, 2.0]})
    plain = topsis(scores, {"a": 0.5, "b": 0.5}, {"a": True, "b": True})
    more = topsis(scores.assign(c=0.0), {"a": 0.4, "b": 0.4, "c": 0.2}, {"a": True, "b": True, "c": True})
    assert more["closeness"].to_numpy() == pytest.approx(plain["closeness"].to_numpy())


def test_a_team_of_half_an_hour_has_what_it_does_not_use():
    busy = np.array([0.2, 0.1, 0.7])
    assert _unused(busy, Team(1.0, 0.5, 100.0)) == pytest.approx([60.0, 80.0, 0.0])
    assert _unused(busy, Team(0.0, 0.0, 0.0)).tolist() == [0, 0, 0]
    assert np.isnan(_unused(busy, Team(1.0, np.nan, 100.0))).all()


def test_a_team_whose_only_known_hours_leave_has_hours_that_are_not_known():
    staff = pd.DataFrame({
        "role": ["analyst", "lead"], "fte": [2.0, 1.0], "practical_hours": [np.nan, 100.0], "capacity_cost": [900.0, 500.0],
    })  # fmt: skip
    now, later = build_team(staff, None), build_team(staff, {"lead": 0.0})
    assert (now.fte, now.hours, now.paid_cost) == (1.0, 100.0, 500.0)
    assert np.isnan(later.hours) and later.notes == (
        "no practical hours are stated for analyst: not counted as capacity",
    )


def test_the_edges_of_hours_double():
    assert np.diff(np.log2(USUAL_EDGES)) == pytest.approx(np.ones(len(USUAL_EDGES) - 1))


def test_engagements_that_all_take_as_long_weigh_alike():
    weights, factor = _huber_weights(np.ones((6, 1)), np.full(6, 4.0))
    assert weights == pytest.approx(np.full(6, 1 / 16)) and factor == 1


def test_columns_that_earlier_ones_tell_are_left_out():
    columns = np.array([[1.0, 1, 2, 0], [0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 2]])
    assert _independent(columns).tolist() == columns[:, [0, 1, 3]].tolist()


def test_of_levels_used_as_often_the_first_by_name_are_kept():
    levels = list("ihgfedcba")  # one more than are kept
    told = _lump_rare(pd.Series([level for level in levels for _ in range(4)], name="level"))
    assert sorted(set(told)) == [*"abcdefgh", "other"]


def test_a_rule_is_found_on_as_many_rows_of_the_group_as_of_the_others(monkeypatch):
    monkeypatch.setattr(rules, "_MOST_ROWS", 10)
    inside = np.arange(60) >= 40
    assert rules._some_rows(inside).tolist() == [0, 8, 16, 24, 32, 40, 44, 48, 52, 56]
    assert rules._some_rows(inside[35:45]).tolist() == list(range(10))


def test_a_level_that_lasts_says_once_what_it_says():
    chances = np.array([[0.8, 0.2], [0.3, 0.7]])
    panel = pd.DataFrame({"customer_id": list("AABB"), "quarter": ["2026Q1", "2026Q2"] * 2})
    # Every customer keeps its level: over two quarters half of what two answers would say.
    told = _log_chances(np.array([0, 0, 1, 1]), chances, panel)
    assert told == pytest.approx(np.log(chances[:, [0, 0, 1, 1]].T) / 2)
    # Nobody keeps it: all of it. A first answer that is missing makes no pair, and says nothing.
    told = _log_chances(np.array([0, 1, 1, 0]), chances, panel)
    assert told == pytest.approx(np.log(chances[:, [0, 1, 1, 0]].T))
    told = _log_chances(np.array([-1, 0, 1, 1]), chances, panel)
    assert told[0].tolist() == [0, 0] and told[1:] == pytest.approx(np.log(chances[:, [0, 1, 1]].T) / 2)


def test_bespoke_work_could_be_standard_where_eight_in_ten_standard_ones_lie():
    work = pd.DataFrame({"service_id": "S", "size_quoted": "M", "bespoke": False, "worked_hours": np.arange(1.0, 21.0)})
    bespoke = pd.DataFrame({"service_id": "S", "size_quoted": "M", "bespoke": True, "worked_hours": [2.0, 5, 10, 19]})
    row = _bespoke(pd.concat([work, bespoke]), Settings({"minimum_quantile": 20})).iloc[0]
    assert (row["bespoke_count"], row["could_be_standard_count"]) == (4, 2)  # from 2.9 to 18.1 hours


def test_planned_work_counts_from_the_first_day_of_the_run_chart():
    engagements = pd.DataFrame({
        "engagement_id": ["E1", "E2", "E3"], "customer_id": "A", "service_id": "S",
        "delivered_on": ["2026-03-31", "2026-04-01", "2026-04-02"], "planned_hours": "10",
        "planned_senior_hours": "4", "outcome_score": "0.5", "requested_on": "2026-01-01",
    })  # fmt: skip
    groups = pd.DataFrame({"customer_id": ["A"], "segment": ["one"]})
    rows = planned_rows(
        Dataset.from_frames({"engagements": engagements}), "2026Q3", groups, Settings({"run_chart_quarters": 2})
    )
    assert rows is not None and rows["engagement_id"].tolist() == ["E2", "E3"]
    assert rows["planned_senior_share"].tolist() == [0.4, 0.4]


def test_hours_of_nought_tell_no_size_and_money_does():
    engagements = pd.DataFrame({
        "engagement_id": ["E1", "E2"], "customer_id": ["A", "B"], "service_id": "S", "requested_on": "2026-08-01",
        "planned_hours": "0", "charged_cost": ["100", "200"],
    })  # fmt: skip
    services = pd.DataFrame({"service_id": ["S"], "name": ["Coaching"]})
    customers = pd.DataFrame({"customer_id": ["A", "B"], "name": ["A", "B"]})
    data = Dataset.from_frames({"engagements": engagements, "services": services, "customers": customers})
    assert count_requests(data, "2026Q3").words.amount == "charged_cost"


def test_a_pair_that_needs_less_than_no_hour_is_refused():
    pairs = pd.DataFrame({"customer_id": ["A", "B"], "service_id": "S", "value": [1.0, 2.0], "lead_hours": [1.0, -0.5]})
    with pytest.raises(InputError, match="1 of 2 pairs need negative hours"):
        assign_capacity(pairs, {"lead": 10.0})
