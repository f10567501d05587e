"""Both sides of thresholds, defaults and refusals, each by a case that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from pmo_analysis.analysis.cost import concentrate, cost_history, gini, service_history
from pmo_analysis.analysis.estimates import share_interval
from pmo_analysis.analysis.estimates.random_sums import random_sum_table
from pmo_analysis.analysis.scenarios.team import build_team
from pmo_analysis.analysis.sizes import size_tiers
from pmo_analysis.analysis.targets.demand import expect_load
from pmo_analysis.analysis.trust import count_people
from pmo_analysis.analysis.value.scores import LEAST_VALUE, MOST_VALUE, score_value
from pmo_analysis.analysis.value.sensitivity import _crossing
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset


@pytest.mark.parametrize(("hits", "size", "count"), [([-1, 0, 5], [5, 5, 5], 1), ([6, -1, 2], [5, 5, 5], 2)])
def test_shares_of_less_than_nobody_or_more_than_all_are_refused_by_count(hits, size, count):
    with pytest.raises(InputError, match=rf"{count} of 3 rows"):
        share_interval(hits, size)


def test_shares_of_nobody_and_of_all_are_told_to_their_ends():
    told = share_interval([0, 5, 0], [5, 5, 0])
    assert told["low"][0] == 0.0
    assert told["high"][1] == 1.0
    assert told.loc[2, ["value", "low", "high"]].isna().all()
    exact = stats.binomtest(0, 5).proportion_ci(method="wilson")
    assert told["high"][0] == pytest.approx(exact.high)


def test_one_value_is_spread_evenly_and_none_is_not_known():
    assert gini([3.0]) == 0.0
    assert gini([3.0], corrected=True) == 0.0
    assert np.isnan(gini([]))
    assert np.isnan(gini([0.0, 0.0]))
    assert gini([0.25, 0.25, 0.25]) == pytest.approx(0.0, abs=1e-15)


def test_the_band_of_concentration_begins_with_five_customers_and_any_cost():
    four, five = (pd.Series([1.0, 2.0, 3.0, 4.0, 5.0][:n]) / 100 for n in (4, 5))
    assert concentrate(four)[["low", "high"]].isna().all(axis=None)
    told = concentrate(five)
    assert told[["low", "high"]].notna().all(axis=None)
    pd.testing.assert_frame_equal(told, concentrate(five, level=0.95, draws=200, seed=0))
    assert (told["low"] <= told["cost_share"]).all()
    assert told[["low", "high"]].iloc[-1].tolist() == pytest.approx([1.0, 1.0])


def test_a_sum_over_whoever_asks_has_a_range_from_five_of_them_on():
    amounts = np.array([0.2, 0.1, 0.4, 0.3, 0.2, 0.5, 0.1, 0.3, 0.2])
    rows = pd.DataFrame({"of": ["a"] * 5 + ["b"] * 4, "who": list("vwxyzvwxy"), "amount": amounts})
    told = random_sum_table(rows, ["of"], "amount", cluster="who")
    own = amounts[:5]
    reach = np.exp(stats.t.ppf(0.975, 4) * np.sqrt((own**2).sum()) / own.sum())
    assert told.loc["a"].tolist() == pytest.approx([own.sum(), own.sum() / reach, own.sum() * reach, 5])
    assert told.loc["b", ["low", "high"]].isna().all()
    assert told["n"].tolist() == [5, 4]
    two = random_sum_table(rows[:1], ["of"], "amount", cluster="who", minimum=1)
    assert two[["low", "high"]].isna().all(axis=None)


def test_rows_of_one_customer_are_added_up_before_they_are_squared():
    rows = pd.DataFrame({"of": "a", "who": list("uuvwxyz"), "amount": 1.0})
    told = random_sum_table(rows, ["of"], "amount", cluster="who").loc["a"]
    reach = np.exp(stats.t.ppf(0.975, 5) * np.sqrt(2**2 + 5) / 7)
    assert told.tolist() == pytest.approx([7, 7 / reach, 7 * reach, 7])


def test_sizes_may_hold_deliveries_of_no_hours_and_weights_of_nothing_but_neither_below():
    assert size_tiers([0.0, 0.0, 8.0, 8.0], tiers=2).table["count"].tolist() == [2, 2]
    told = size_tiers([1.0, 1.0, 8.0, 8.0, 90.0], tiers=2, weights=[1.0, 1.0, 1.0, 1.0, 0.0])
    assert len(told.left_out) == 1
    with pytest.raises(InputError, match="1 negative hours, 0 negative"):
        size_tiers([-0.5, 0.0, 8.0])
    with pytest.raises(InputError, match="0 negative hours, 2 negative or endless"):
        size_tiers([0.5, 1.0, 8.0], weights=[-0.5, np.inf, 0.0])


def test_the_first_and_the_last_day_of_a_quarter_belong_to_it():
    days = ["2026-06-30", "2026-07-01", "2026-09-30", "2026-10-01"]
    effort = pd.DataFrame(
        {
            "entry_id": list("1234"),
            "worked_on": days,
            "role": "k",
            "person_id": list("abcd"),
            "worked_hours": "1",
            "customer_id": "A",
        }
    )
    customers = pd.DataFrame({"customer_id": ["A"], "name": ["Anna"]})
    services = pd.DataFrame({"service_id": ["S"], "name": ["Review"]})
    engagements = pd.DataFrame({"engagement_id": ["E"], "customer_id": "A", "service_id": "S"})
    frames = {"customers": customers, "services": services, "engagements": engagements, "effort": effort}
    assert count_people(Dataset.from_frames(frames), "2026Q3").to_dict() == {"k": 2.0}
    shifted = count_people(Dataset.from_frames(frames), "2026Q3", 11)  # a fiscal year that ends in November
    assert shifted.to_dict() == {"k": 2.0}


def test_the_history_of_costs_goes_eight_quarters_back_unless_asked_otherwise():
    starts = pd.date_range("2023-01-15", periods=15, freq="QS").strftime("%Y-%m-%d")
    effort = pd.DataFrame(
        {
            "entry_id": [str(i) for i in range(15)],
            "worked_on": starts,
            "role": "k",
            "worked_hours": "2",
            "customer_id": "A",
        }
    )
    frames = {
        "customers": pd.DataFrame({"customer_id": ["A"], "name": ["Anna"]}),
        "services": pd.DataFrame({"service_id": ["S"], "name": ["Review"]}),
        "engagements": pd.DataFrame({"engagement_id": ["E"], "customer_id": "A", "service_id": "S"}),
        "roles": pd.DataFrame({"role": ["k"], "hourly_cost": ["10"]}),
        "effort": effort,
    }
    data = Dataset.from_frames(frames)
    for history in (cost_history, service_history):
        told = history(data, "2026Q3")
        assert (told["quarter"].min(), told["quarter"].nunique()) == ("2024Q4", 8)
        assert history(data, "2026Q3", quarters=9)["quarter"].nunique() == 9


def test_half_a_person_works_and_nobody_does_not():
    staff = pd.DataFrame(
        {
            "role": ["k", "r", "s"],
            "fte": [0.5, 0.0, 2.0],
            "practical_hours": [200.0, 0.0, 800.0],
            "capacity_cost": [4000.0, 0.0, 40000.0],
        }
    )
    team = build_team(staff, None)
    assert (team.fte, team.hours, team.paid_cost) == pytest.approx((2.5, 1000.0, 44000.0))
    assert not team.notes
    more = build_team(staff, {"r": 0.5})  # works the hours of the others: 400 of a person, at 44 an hour
    assert (more.fte, more.hours, more.paid_cost) == pytest.approx((3.0, 1200.0, 44000.0 + 200 * 44))


@pytest.mark.parametrize("upwards", [True, False])
def test_the_weight_at_which_another_leads_is_where_the_two_scores_meet(upwards):
    values = np.array([[60.0, 50.0, 70.0], [90.0, 40.0, 45.0], [30.0, 80.0, 60.0]])
    weight = np.array([0.3, 0.3, 0.4])
    found, unit = _crossing(values, weight, 0, upwards=upwards)

    def lead(share: float) -> float:
        moved = np.array([share, *(weight[1:] / weight[1:].sum() * (1 - share))])
        return float((values[0] - values[unit]) @ moved)

    ends = (weight[0], 1.0) if upwards else (0.0, weight[0])
    assert found == pytest.approx(optimize.brentq(lead, *ends))
    assert unit == (1 if upwards else 2)


def test_no_weight_changes_a_leader_who_is_best_in_everything():
    found, unit = _crossing(np.array([[2.0, 3.0], [1.0, 2.0]]), np.array([0.5, 0.5]), 0, upwards=True)
    assert np.isnan(found)
    assert unit is None


def _load(booked_linked: float) -> pd.DataFrame:
    demand = pd.DataFrame(
        {
            "segment": ["all", "all", "s1"],
            "service_id": ["A", "B", "A"],
            "expected_count": [4.0, 3.0, 9.0],
            "low": [2.0, 1.0, 5.0],
            "high": [6.0, 5.0, 13.0],
        }
    )
    requests = pd.DataFrame(
        {
            "engagement_id": ["1", "2", "3", "4"],
            "service_id": ["A", "A", "B", "A"],
            "state": ["delivered", "cancelled", "refused", "open"],
        }
    )
    hours = pd.DataFrame(
        {"engagement_id": ["1", "2", "3", "4"], "role": ["k", "k", "r", "k"], "worked_hours": [2.0, 6.0, 0.5, 99.0]}
    )
    booked = pd.DataFrame(
        {"worked_hours": [12.0, 0.5, 1.0], "linked_hours": [8.0, booked_linked, 0.0]}, index=["k", "r", "z"]
    )
    practical = pd.Series({"k": 48.0, "r": 0.5})
    return expect_load(demand, requests, hours, practical, booked=booked, level=0.9).set_index("role")


def test_hours_that_the_expected_demand_needs_are_those_of_finished_requests_and_what_is_booked_beside():
    told = _load(0.5)
    # Two requests of A took 2 and 6 hours of k: 4 each, variance 4; half as much again is booked on nothing.
    z = stats.norm.ppf(0.95)
    reach = 1.5 * z * np.sqrt((4 / (2 * z)) ** 2 * 4**2 + 4 * 4)
    assert told.loc["k"].tolist() == pytest.approx([24.0, max(24 - reach, 0.0), 24 + reach, 48.0, 0.5])
    assert told.loc["r", ["expected_hours", "utilisation_share"]].tolist() == pytest.approx([1.5, 3.0])
    assert told.loc["z"].iloc[:3].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(told.loc["z", "utilisation_share"])
    more = _load(0.25)
    assert more.loc["r", "expected_hours"] == pytest.approx(3.0)
    assert _load(0.0).loc["r", "expected_hours"] == pytest.approx(1.5)  # nothing linked: nothing to grow by


def _scored(strange: float, count: int) -> pd.DataFrame:
    """Ten values of ten customers, `count` of them as given and the others in the middle of the scale."""
    values = [strange] * count + [50.0] * (10 - count)
    return pd.DataFrame({"unit_id": [f"u{i}" for i in range(10)], "outcome": "execution", "value": values, "n": 4})


def test_half_of_the_values_off_the_scale_are_refused_and_fewer_or_just_inside_are_not():
    for strange in (LEAST_VALUE - 1, MOST_VALUE + 1):
        with pytest.raises(InputError, match="5 of 10 values are far from the scale"):
            score_value(_scored(strange, 5))
        assert len(score_value(_scored(strange, 4)).scores) == 10
    for inside in (LEAST_VALUE, MOST_VALUE):
        assert len(score_value(_scored(inside, 10)).scores) == 10
