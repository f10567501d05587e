"""Formulas inside histories, scenarios, sizes and seniority, each worked out by hand on a few rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.cost.harder import AFTERWARDS, INTAKE, tell_terms
from pmo_analysis.analysis.history.moves import Likely, Paths, find_likely, flag_moves, join_likely, list_paths
from pmo_analysis.analysis.history.noise import (
    estimate_noise,
    fading_correlation,
    look_back_windows,
    median_over_quarters,
)
from pmo_analysis.analysis.scenarios.hours import _count, _limits_now
from pmo_analysis.analysis.scenarios.mix import mix_factors, read_kinds
from pmo_analysis.analysis.scenarios.noticing import _moved, _services_changed
from pmo_analysis.analysis.scenarios.reserves import Size, _note, _of_size, cut_sizes
from pmo_analysis.analysis.seniority.shares import NOT_NAMED, may_tell_groups, tell_shares
from pmo_analysis.analysis.targets.stops import hours_too_many, propose_stops
from pmo_analysis.contract.settings import Settings


def test_each_row_looks_back_on_the_quarters_that_are_recorded():
    told = look_back_windows(3, 3)
    third = 1 / 3
    assert told.tolist() == [[0, 0, 1, 0, 0], [0, 0, 0.5, 0.5, 0], [0, 0, third, third, third]]
    assert look_back_windows(2, 3, 1).tolist() == [[0, 0.5, 0.5, 0], [0, third, third, third]]
    assert look_back_windows(2, 1).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_noise_of_overlapping_look_backs_correlates_by_what_they_share(rho):
    told = fading_correlation(look_back_windows(3, 2, 5), rho)
    # Means of two neighbours of AR(ρ) noise: variance (1 + ρ)/2, covariance a quarter apart (1 + 2ρ + ρ²)/4.
    one, two = (1 + 2 * rho + rho**2) / 4, (rho + 2 * rho**2 + rho**3) / 4
    assert told[0].tolist() == pytest.approx([1, one / ((1 + rho) / 2), two / ((1 + rho) / 2)])
    assert told == pytest.approx(told.T)


def test_what_lasts_and_what_fades_are_told_apart():
    rng = np.random.default_rng(11)
    windows = look_back_windows(10, 1)
    own = rng.multivariate_normal([0, 0], [[0.6, 0.2], [0.2, 0.3]], 6000)
    fading = np.empty((6000, 10, 2))
    fading[:, 0] = rng.normal(size=(6000, 2))
    for quarter in range(1, 10):
        fading[:, quarter] = 0.4 * fading[:, quarter - 1] + np.sqrt(1 - 0.16) * rng.normal(size=(6000, 2))
    rest = own[:, None] + fading
    rest[rng.random(rest.shape) < 0.1] = np.nan
    told = estimate_noise(rest, windows)
    assert told.rho == pytest.approx(0.4, abs=0.051)
    assert told.own == pytest.approx(np.array([[0.6, 0.2], [0.2, 0.3]]), abs=0.06)
    assert told.fading == pytest.approx(np.eye(2), abs=0.08)


def test_the_middle_of_the_quarters_known_and_nothing_where_none_is():
    numbers = np.array([[[1.0, np.nan], [5.0, np.nan], [9.0, 2.0]], [[np.nan, 4.0], [np.nan, 8.0], [np.nan, np.nan]]])
    assert median_over_quarters(numbers) == pytest.approx(np.array([[5.0, 2.0], [np.nan, 6.0]]), nan_ok=True)


def test_every_way_to_stay_and_to_move_once():
    paths = list_paths(3, 4)
    assert (len(paths.at), int(paths.moves.sum())) == (3 + 3 * 2 * 3, 18)
    assert set(paths.at[paths.moves]) == {1, 2, 3}
    assert set(list_paths(2, 3, -1).at) == {-1, 0, 1, 2, 3}
    moved = Paths(np.array([0, 1]), np.array([1, 1]), np.array([1, 3]))
    shares = moved.shares(2, look_back_windows(3, 2, 5))
    assert shares[0].tolist() == [[1, 0], [0.5, 0.5], [0, 1]]
    assert shares[1].tolist() == [[0, 1]] * 3


def test_moves_are_told_until_one_in_ten_would_be_false():
    paths = Paths(np.array([0, 0, 0]), np.array([0, 1, 1]), np.array([3, 2, 0]))
    sure = np.array([0.6, 0.99, 0.5, 0.97, 0.9, 0.2])
    likely = Likely(np.zeros(6, int), np.array([1, 1, 1, 1, 2, 1]), sure)
    told, possible = flag_moves(paths, likely, 0.1)
    assert told == [(1, 1, 0.99), (3, 1, 0.97)]  # with the next .01 + .03 + .4 of three would be false
    assert possible == [(0, 1, 0.6)]  # the half sure one is not, nor a move before the first quarter
    assert len(flag_moves(paths, likely, 0.44 / 3 + 1e-9)[0]) == 3


def test_the_likeliest_way_to_stay_and_to_move_is_kept_of_each_customer():
    paths = list_paths(2, 3)
    chance = np.array([[0.1, 0.3, 0.1, 0.2, 0.25, 0.05], [0.5, 0.1, 0.1, 0.1, 0.05, 0.15]])
    told = find_likely(paths, chance)
    assert told.stay.tolist() == [1, 0]
    assert told.move.tolist() == [4, 5]
    assert told.moved.tolist() == pytest.approx([0.6, 0.4])
    alone = find_likely(list_paths(1, 3), np.ones((2, 1)))
    assert (alone.move.tolist(), alone.moved.tolist()) == ([0, 0], [0.0, 0.0])
    assert join_likely((told, alone)).stay.tolist() == [1, 0, 0, 0]


def _work(hours: list[float], **settings: float) -> SimpleNamespace:
    numbers = np.array(hours)
    running = tuple(np.append(0.0, np.cumsum(v)) for v in (numbers, numbers**2))
    part = slice(0, len(numbers))
    return SimpleNamespace(hours=numbers, running=running, settings=settings, rows_of=lambda _: part)


def test_a_size_reserves_what_is_enough_for_three_of_four_where_a_missing_hour_costs_three_spare_ones():
    work = _work([1.0, 2.0, 3.0, 4.0, 10.0, 20.0], under_cost=3.0, over_cost=1.0)
    assert cut_sizes(work, "A", [4.0]) == [Size(0, 4, 3, 3.0), Size(4, 6, 6, 20.0)]
    assert cut_sizes(work, "A", [0.5, 4.0, 99.0]) == [Size(0, 4, 3, 3.0), Size(4, 6, 6, 20.0)]
    cheap = _work([1.0, 2.0, 3.0], under_cost=0.0, over_cost=1.0)
    assert cut_sizes(cheap, "A", []) == [Size(0, 3, 1, 1.0)]
    # 3 is reserved: 2 + 1 + 0 to spare, 1 missing.
    assert _of_size(work, Size(0, 4, 3, 3.0)).tolist() == pytest.approx([3.0, 1.0, 5.0, 1.0])


def test_services_of_which_too_little_is_known_are_named_and_from_the_sixth_counted():
    assert _note([]) == []
    assert _note(list("abcde"))[0].endswith("for a, b, c, d, e: left unchanged")
    assert _note(list("abcdefg"))[0].endswith("e and 2 more: left unchanged")


def test_standard_work_of_bespoke_size_takes_what_standard_work_of_that_size_does():
    rows = pd.DataFrame(
        {
            "service_id": ["A", "A", "A", "B"],
            "size": ["S", "S", "L", "S"],
            "bespoke": pd.array([True, False, True, False], "boolean"),
            "tier": [None, "self-service", "assisted", None],
            "worked_hours": [10.0, 4.0, 30.0, 5.0],
        }
    )
    told = read_kinds(rows, ["A", "B"]).loc["A"]
    # No standard L is known: it takes 4/10 of the bespoke hours, as in size S.
    assert told["standard_share_now"] == pytest.approx(1 / 3)
    assert told["standard_share_all"] == pytest.approx((4 + 4 + 12) / 44)
    assert told["standard_share_none"] == pytest.approx((10 + 10 + 30) / 44)
    assert told["self_service_share_now"] == pytest.approx(0.5)


def test_hours_move_in_proportion_to_the_work_that_moves():
    names = [f"standard_share_{at}" for at in ("now", "all", "none")]
    kinds = pd.DataFrame([[0.5, 0.8, 1.2], [np.nan] * 3], index=["A", "B"], columns=names)
    for share, factor in ((1.0, 0.8), (0.0, 1.2), (0.75, 0.9), (0.25, 1.1), (0.5, 1.0)):
        told, notes = mix_factors(kinds, {"standard_share": share})
        assert told.tolist() == pytest.approx([factor, 1.0])
        assert notes == ["hours of standard work are not known for B: left unchanged"]
    told, notes = mix_factors(kinds, {"standard_share": {"A": 1.0}})
    assert (told.tolist(), notes) == (pytest.approx([0.8, 1.0]), [])


def test_half_a_day_is_felt_and_less_is_not():
    waits = np.array([10.0, 10.0, 3.0]), np.array([10.5, 10.4, 3.0])
    assert [_moved(waits, at) for at in range(3)] == [True, False, False]


def test_fewer_requests_and_another_price_are_noticed_and_more_requests_are_not():
    work = SimpleNamespace(services=["A", "B"], kinds=pd.DataFrame({"standard_share_now": [0.5, 0.2]}))
    changed = [
        _services_changed(work, inputs).tolist()
        for inputs in ({"volume": 1.5}, {"volume": {"A": 0.9}}, {"price": {"B": 1.1}}, {"standard_share": 0.5}, {})
    ]
    assert changed == [[False, False], [True, False], [False, True], [False, True], [False, False]]


def test_a_job_of_just_a_limit_is_below_it_and_limits_lie_half_way():
    assert _count(np.array([0.0, 1.0, 1.1, 4.0, 9.0]), [1.0, 4.0])["count"].tolist() == [2, 2, 1]
    assert _limits_now(np.array([8.0, 2.0, np.nan, 2.0, 20.0])) == (5.0, 14.0)


def _stops(load_k: float) -> pd.DataFrame:
    load = pd.DataFrame(
        {"role": ["k", "r"], "expected_hours": [load_k, 5.0], "practical_hours": 100.0, "utilisation_share": 0.0}
    ).assign(utilisation_share=lambda t: t["expected_hours"] / t["practical_hours"])
    marked = pd.DataFrame(
        {
            "engagement_id": list("123456"),
            "service_id": ["A", "A", "B", "C", "D", "A"],
            "customer_id": list("uvwxyz"),
            "off_target": [True, False, False, False, False, False],
            "too_late": [True, True, False, False, False, False],
        }
    )
    hours = pd.DataFrame(
        {"engagement_id": list("112345"), "role": list("krkkkr"), "worked_hours": [0.5, 3.0, 8.0, 40.0, 2.0, 7.0]}
    )
    unused = pd.DataFrame({"service_id": ["B", "C", "D"], "verdict": ["nobody asked twice", "too few to say", ""]})
    settings = Settings({"look_back_quarters": 2, "utilisation_warning_share": 0.9})
    return propose_stops(load, marked, unused, hours, settings)


def test_misplaced_requests_stop_first_and_no_hour_is_counted_twice():
    told = _stops(50.0)
    assert told["service_id"].tolist() == ["A", "A", "B"]
    assert told["freed_hours"].tolist() == [4.0, 1.75, 20.0]  # 8, 3.5 and 40 in two quarters
    assert told["reason"].tolist()[:2] == [
        "asked after the stages it is meant for",
        "asked by categories it is not meant for",
    ]
    assert told["n"].tolist() == [1, 1, 1]


def test_only_as_much_is_stopped_as_brings_the_tight_hours_below_the_warning():
    assert _stops(93.0)["freed_tight_hours"].tolist() == [4.0]
    assert _stops(94.2)["freed_tight_hours"].tolist() == [4.0, 0.25]
    assert _stops(150.0)["freed_tight_hours"].tolist() == [4.0, 0.25, 20.0]
    load = pd.DataFrame({"expected_hours": [95.0, 10.0, 91.0], "practical_hours": [100.0, 100.0, 100.0]})
    assert hours_too_many(load, Settings({"utilisation_warning_share": 0.9})) == pytest.approx(6.0)


def test_what_makes_work_harder_is_told_against_what_is_usual_of_the_service():
    rows = pd.DataFrame(
        {
            "service_id": ["A", "A", "A", "B"],
            "complexity": pd.array([3, 4, None, 5], "Int64"),
            "bespoke": pd.array([True, None, False, False], "boolean"),
            "size_quoted": ["S", "L", None, "S"],
            "stage": ["late", "late", "early", "early"],
            "approval_count": [1.0, 2.0, 3.0, 1.0],
            "reworked": pd.array([None] * 4, "boolean"),
        }
    )
    offerings = pd.DataFrame(
        {"service_id": ["A", "A", "B"], "size": ["L", "S", "S"], "standard_hours": [40.0, 8.0, 99.0]}
    )
    terms, known = tell_terms(rows, offerings)
    nan = np.nan
    wanted = {
        "complexity 4 or more": [0, 1, nan, 1],
        "made to order": [1, nan, 0, 0],
        "size step 1": [0, 1, nan, 0],
        "stage early": [0, 0, 1, 0],
        "approvals above the usual": [0, 0, 1, 0],
    }
    assert list(terms) == list(wanted)
    for name, values in wanted.items():
        assert terms[name].tolist() == pytest.approx(values, nan_ok=True), name
    assert {n for n, when in known.items() if when == AFTERWARDS} == {"approvals above the usual"}
    assert set(known.values()) == {INTAKE, AFTERWARDS}


def test_the_senior_share_of_a_group_is_also_told_at_the_usual_share_of_its_work():
    hours = pd.DataFrame(
        {
            "engagement": list("1234"),
            "customer_id": list("abcd"),
            "side": "pmo",
            "category": ["IT", "IT", "HR", None],
            "segment": "s",
            "service_id": ["A", "A", "A", None],
            "size_quoted": "S",
            "complexity": [1.0, 2.0, 2.0, np.nan],
            "senior_hours": [1.0, 6.0, 2.0, 0.0],
            "all_hours": [10.0, 10.0, 10.0, 10.0],
        }
    )
    told = tell_shares(hours, Settings()).set_index(["group_kind", "group"])
    assert told.loc[("all", "all"), "senior_share"] == pytest.approx(9 / 40)
    # At complexity 2 four of ten hours are senior: of IT's 20 hours 1 + 4 would be, and 7 are.
    assert told.loc[("category", "IT"), "standardised_share"] == pytest.approx(7 / 5 * 9 / 40)
    assert told.loc[("category", "HR"), "standardised_share"] == pytest.approx(2 / 4 * 9 / 40)
    assert told.loc[("category", NOT_NAMED), "senior_share"] == 0.0
    assert np.isnan(told.loc[("category", NOT_NAMED), "standardised_share"])


def test_groups_are_told_where_five_are_senior_and_five_are_not():
    roles = pd.DataFrame({"role": ["k", "r", "c"], "senior": [True, False, True], "side": ["pmo", None, "customer"]})
    assert may_tell_groups(roles, None, 5)
    assert may_tell_groups(roles, pd.Series({"k": 5, "r": 5}), 5)
    assert not may_tell_groups(roles, pd.Series({"k": 4, "r": 9, "c": 9}), 5)
    assert not may_tell_groups(roles, pd.Series({"k": 9, "r": 4}), 5)
    assert not may_tell_groups(roles, pd.Series({"k": 9}), 1)
