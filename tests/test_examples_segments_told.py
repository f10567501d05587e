"""How segments are told: rules, names, moves, profiles and given segments, in cases small enough to work out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.segments import (
    describe,
    explain,
    frozen,
    given,
    moves,
    naming,
    profile,
    rules,
    scheme,
    soundness,
)
from pmo_analysis.analysis.segments.columns import Columns
from pmo_analysis.analysis.segments.mixture import Mixture, Points, log_density
from pmo_analysis.analysis.segments.rules import Condition
from pmo_analysis.contract.errors import InputError

NONE = np.nan


def damaged(check, *given) -> bool:
    """Whether a check refuses."""
    try:
        check(*given)
    except InputError:
        return True
    return False


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (Condition("staff_count", 3.0, NONE, whole=True), "staff at least 4"),
        (Condition("staff_count", 3.5, NONE, whole=True), "staff at least 4"),
        (Condition("staff_count", NONE, 3.5, whole=True), "staff at most 3"),
        (Condition("staff_count", 3.2, 4.9, whole=True), "staff 4"),
        (Condition("staff_count", 3.2, 6.0, whole=True), "staff between 4 and 6"),
        (Condition("waiting_days", 3.5, NONE), "waiting days above 3.5"),
        (Condition("waiting_days", 3.5, 3.5), "waiting days between 3.5 and 3.5"),
        (Condition("senior_share", NONE, 0.196), "senior share at most 19.6 %"),
        (Condition("stage = plan", 0.5, NONE), "stage plan"),
        (Condition("stage = plan", NONE, 0.5), "stage other than plan"),
    ],
)
def test_a_condition_in_words(condition, told):
    assert condition.tell() == told


def test_a_condition_holds_above_its_low_and_up_to_its_high():
    column = np.array([1.0, 2.0, 3.0, 4.0])
    assert Condition("a", 1.0, 3.0).holds(column).tolist() == [False, True, True, False]
    assert Condition("a", NONE, 3.0).holds(column).tolist() == [True, True, True, False]
    assert Condition("a", 1.0, NONE).holds(column).tolist() == [False, True, True, True]


def test_the_balance_is_the_f_measure_of_precision_and_coverage():
    caught, inside = np.array([True, True, True, False]), np.array([True, False, False, True])
    assert rules._balance(caught, inside) == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert rules._balance(np.zeros(3, bool), np.zeros(3, bool)) == 0


def test_limits_from_the_roundest_on_and_segments_by_their_numbers():
    assert (
        rules._rounder(1234.5678)[:4] == [1000.0, 1200.0, 1230.0, 1235.0] and rules._rounder(1234.567)[-1] == 1234.567
    )
    assert rules._rounder(0.0) == [] == rules._rounder(NONE) and rules._rounder(-0.5)[0] == -0.5
    assert sorted(["S10", "S2", "b", "a"], key=rules._natural) == ["a", "b", "S2", "S10"]


def test_a_rule_is_found_with_a_round_limit_and_no_condition_too_many():
    rng = np.random.default_rng(1)
    shown = pd.DataFrame(
        {"big_count": np.r_[np.arange(80) % 40, 61 + np.arange(80) % 40], "noise": rng.normal(size=160)}
    )
    told = rules.describe_segments(shown, pd.Series(["S2"] * 80 + ["S1"] * 80)).set_index("segment")
    assert list(told.index) == ["S1", "S2"] and told["customers_count"].tolist() == [80, 80]
    assert told["precision"].tolist() == told["coverage"].tolist() == [1, 1]
    assert told.loc["S1", "rule"] == "big at least 51" and told.loc["S2", "rule"] == "big at most 50"


@pytest.mark.parametrize("others", range(30, 80, 7))
def test_a_group_all_on_one_side_is_told_by_the_limit_between_whatever_its_size(others):
    values = np.r_[np.arange(80) % 40, 61 + np.arange(others) % 30]
    (rule,) = rules.find_rule(pd.DataFrame({"big_count": values}), np.arange(len(values)) < 80)
    assert rule.high == 50 and np.isnan(rule.low)


def test_a_path_keeps_the_tightest_limits():
    shown = pd.DataFrame({"a": np.arange(40.0)})
    inside = (shown["a"] > 9).to_numpy() & (shown["a"] < 25).to_numpy()
    (rule,) = rules.find_rule(shown, inside)
    assert (rule.low, rule.high) == (9.0, 20.0) or inside[rule.holds(shown["a"].to_numpy())].all()
    assert rules._balance(rule.holds(shown["a"].to_numpy()), inside) > 0.98 and rule.whole
    assert rules.find_rule(shown, np.ones(40, bool)) == [] == rules.find_rule(shown[[]], inside)


def test_one_other_level_is_said_instead_of_another_than():
    levels = pd.DataFrame({"s = a": [1.0] * 10 + [0.0] * 10, "s = b": [0.0] * 10 + [1.0] * 10})
    inside = np.arange(20) >= 10
    (told,) = rules._affirm(levels, inside, [Condition("s = a", NONE, 0.5)])
    assert told == Condition("s = b", 0.5, NONE)
    three = levels.assign(**{"s = b": [0.0] * 10 + [1.0] * 5 + [0.0] * 5, "s = c": [0.0] * 15 + [1.0] * 5})
    (told,) = rules._affirm(three, inside, [Condition("s = a", NONE, 0.5)])
    assert told.feature == "s = a"


def test_a_condition_that_says_nothing_is_dropped_and_one_that_says_something_stays():
    shown = pd.DataFrame({"a": np.repeat([0.0, 1.0], 100), "b": np.tile([0.0, 1.0], 100), "c": 1.0})
    rule = [Condition("a", 0.5, NONE), Condition("c", 0.5, NONE), Condition("b", 0.5, NONE)]
    inside = ((shown["a"] > 0) & (shown["b"] > 0)).to_numpy()
    assert [c.feature for c in rules._shorten(shown, inside, rule)] == ["a", "b"]
    slightly = inside.copy()
    slightly[100:200:2][:48] = True  # without b: 98 of 100 in both, with it 50 of 50
    assert [c.feature for c in rules._shorten(shown, slightly, rule)] == ["a"]


@pytest.mark.parametrize(
    ("value", "feature", "told"),
    [
        (0.196, "senior_share", "19.6 %"),
        (99.94, "waiting_days", "99.9"),
        (1234.5, "plain", "1.23e+03"),
        (0.5, "plain", "0.5"),
    ],
)
def test_limits_in_the_unit_of_their_feature(value, feature, told):
    assert naming.tell_value(value, feature) == told


def test_words_for_a_shift_on_both_sides_of_hardly():
    told = [naming.word_shift("planning_need", shift) for shift in (0.16, 0.14, 0.0, -0.14, -0.16)]
    assert told == ["strong need of planning", *["medium need of planning"] * 3, "little need of planning"]
    assert naming.word_shift("stage = run", 0.05) == "stage run"
    assert naming.word_shift("stage = run", 0.0) == "stage other than run"


def test_names_from_the_two_features_that_differ_most():
    shown = pd.DataFrame({"a_need": [5.0, 5, 1, 1], "b_need": [2.0, 3, 1, 4], "c_need": [1.0, 1, 3, 4]})
    segment = pd.Series(["S1", "S1", "S2", "S2"])
    names = naming.name_segments(shown, segment, {"S1": ["b_need", "c_need", "a_need"], "S2": []})
    assert names == {"S1": "strong need of a, little need of c", "S2": "all customers"}


def test_names_that_are_alike_are_told_apart_by_what_differs_most_and_by_more_or_less():
    shift = pd.DataFrame({"a_need": [0.9, 0.4], "b_need": [0.2, 0.1]}, index=["S1", "S2"])
    words = {"S1": ["strong need of a"], "S2": ["strong need of a"]}
    naming._tell_apart(words, ["S1", "S2"], shift)
    assert words == {"S1": ["strong need of a (more so)"], "S2": ["strong need of a", "little need of a"]}
    words = {"S1": ["x", "y"], "S2": ["y", "x"], "S3": ["x"]}
    assert naming._alike(words) == [["S1", "S2"]]


def test_ids_never_used_before():
    assert naming._fresh_id("S1", ["S1", "S12", "all customers", "SX"]) == "S13"
    assert naming._fresh_id("S1", []) == "S1" and naming._fresh_id("all customers", ["S4"]) == "all customers"


@pytest.mark.parametrize(("both", "kept"), [(10, {"S1": "S1"}), (9, {})])
def test_a_segment_is_the_same_where_half_of_all_are_in_both(both, kept):
    ids = {"segments": [{"segment": "S1"}, {"segment": "S2"}]}
    new = pd.Series(["S1"] * 15 + ["S2"] * 40)
    old = pd.Series(["S1"] * both + ["S2"] * (15 - both) + ["S1"] * (20 - 15) + ["S2"] * 35)
    told = naming._match(new, old, ids, ids)
    assert {k: v for k, v in told.items() if k == "S1"} == kept and told["S2"] == "S2"


def test_the_border_is_met_from_the_side_of_the_start_as_near_as_can_be():
    known, column = pd.Series([0.5, 2.25]), {"lowest": -4.0, "highest": 10.0}
    above = moves.nearest_number(known, column, 1.0, lambda v: v >= 3.2)
    assert above == pytest.approx(3.2, abs=1e-6) and above >= 3.2
    assert moves.nearest_number(known, column, 1.0, lambda v: (v >= 9) | (v <= -1.5)) == pytest.approx(-1.5, abs=1e-6)
    assert np.isnan(moves.nearest_number(known, column, 1.0, lambda v: v > 11))
    assert np.isnan(moves.nearest_number(known, column, NONE, lambda v: v > 0))
    assert moves.nearest_number(known, column, 12.0, lambda v: v < 9) == pytest.approx(9, abs=1e-4)


def test_whole_numbers_move_to_whole_numbers_within_the_range_seen():
    known, column = pd.Series([0.0, 2.0, NONE]), {"lowest": 0.0, "highest": 9.0}
    assert moves.nearest_number(known, column, 4.0, lambda v: v >= 6.5) == 7.0
    assert moves.nearest_number(known, column, 4.0, lambda v: (v >= 9) | (v == 0)) == 0.0
    assert moves._nearest_whole({"lowest": 0.5, "highest": 3.5}, 1.0, lambda v: v > 0) == [1, 2, 3]
    assert moves._is_whole(pd.Series([1.0, 2.0])) and not moves._is_whole(pd.Series([1.0, 2.5]))
    assert not moves._is_whole(pd.Series(dtype=float))


def test_the_level_most_at_home_of_those_that_land():
    levels, chances = ["a", "b", "c", "d"], np.array([0.4, 0.3, 0.2, 0.1])
    assert moves.nearest_level(levels, "a", chances, lambda codes: codes >= 1) == "b"
    assert moves.nearest_level(levels, "b", chances, lambda codes: codes >= 1) == "c"
    assert np.isnan(moves.nearest_level(levels, "d", chances, lambda codes: codes > 2))


def test_the_odds_of_two_groups_are_split_among_what_is_known():
    mixture = Mixture(
        np.array([0.25, 0.75]), np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 9.0]]), np.stack([np.eye(3), 4 * np.eye(3)]),
        (np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([[0.5, 0.5], [0.2, 0.8]])),
    )  # fmt: skip
    point = Points(np.array([[3.0, 2.0, np.nan]]), np.array([[0, -1]]), (2, 2))
    told = explain.split_odds(point, mixture, 0, 1)
    assert told == pytest.approx([-2 + 9 / 8, 0 + 4 / 8, 0, np.log(3), 0, np.log(1 / 3) + 2 * np.log(2)])
    density = log_density(point, mixture)[0]
    assert told.sum() == pytest.approx(density[0] - density[1])


def test_chances_are_never_told_as_certain_and_middles_are_those_known():
    told = [explain._tell_chance(c) for c in (0.995, 0.99, 0.494, 0.01, 0.009)]
    assert told == ["over 99 %", "99 %", "49 %", "1 %", "under 1 %"]
    assert explain._middle(pd.Series([1.0, 5.0, 2.0, NONE]), "number") == 2.0
    assert explain._middle(pd.Series(["b", "a", "b", None]), "choice") == "b"
    assert np.isnan(explain._middle(pd.Series([NONE]), "number"))
    assert [explain._show(v, "x_share") for v in ("a", NONE, 0.25)] == ["a", "not known", "25 %"]


def test_reasons_are_told_strongest_first_and_the_rest_last():
    table = pd.DataFrame({"feature": ["b", "a", "c"], "segment_median": 1.0, "other_median": 2.0, "value": 3.0})
    told = explain._tell_reasons(table, np.array([0.5, -0.5, -2.0, 9.0]))
    assert told["feature"].tolist() == ["c", "a", "b", explain.REST] and told["pull"].tolist() == [-2, -0.5, 0.5, 9]


def test_a_profile_by_hand():
    numbers = pd.DataFrame({"n": [1.0, 2, 3, 4, 5, NONE, 7, 8, 9, 10, 11]})
    choices = pd.DataFrame({"c": ["x"] * 4 + ["y"] * 6 + [None]})
    segment = pd.Series(["S1"] * 6 + ["S2"] * 5)
    told = profile.profile_segments(Columns(numbers, choices, pd.DataFrame()), segment).set_index(
        ["segment", "feature"]
    )
    own = told.loc["S1", "n"]
    spread = (np.nanquantile(numbers, 0.84) - np.nanquantile(numbers, 0.16)) / 2
    assert (own["median"], own["overall_median"], own["shift"]) == pytest.approx((3, 6, -3 / spread))
    assert (own["p10"], own["p90"], own["known_share"]) == pytest.approx((1.4, 4.6, 5 / 6))
    assert told.loc[("S1", "c = x"), "median"] == pytest.approx(4 / 6)
    assert told.loc[("S2", "c = x"), "overall_median"] == pytest.approx(0.4)
    assert told.loc[("S2", "c = y"), "known_share"] == pytest.approx(4 / 5)
    assert told["customers_count"].tolist() == [6] * 3 + [5] * 3


def test_a_column_that_hardly_varies_is_spread_by_its_deviation():
    shown = pd.DataFrame({"heap": [0.0] * 19 + [5.0], "flat": 1.0})
    told = profile._spread(shown)
    assert told["heap"] == pytest.approx(np.std(shown["heap"], ddof=1)) and np.isnan(told["flat"])


def test_given_segments_show_the_fit_and_the_other_that_fits_best():
    share = np.array([[0.7, 0.25, 0.05], [0.1, 0.66, 0.24]])
    told = given._members(pd.Series(["a", "c"]), np.array([0, 2]), share, ["a", "b", "c"])
    assert told["confidence"].tolist() == [0.7, 0.24] and told["second"].tolist() == ["b", "b"]
    assert told["second_confidence"].tolist() == [0.25, 0.66] and told["between"].tolist() == [True, True]
    near = given._members(pd.Series(["a"]), np.array([0]), np.array([[0.76, 0.24]]), ["a", "b"])
    assert not near["between"].any()
    alone = given._members(pd.Series(["a"]), np.array([0]), np.ones((1, 1)), ["a"])
    assert alone["second"].isna().all() and alone["second_confidence"].isna().all() and not alone["between"].any()


def test_shuffles_are_told_beside_what_the_labels_gain():
    gains = np.array([9.0, 0.0, 1.0, 2.0, 5.0])
    told = given._evidence(3, -4.0, gains)
    assert (
        told["count"].tolist() == [1, 3] and told["criterion"].tolist() == [-4, 5] and told["gain"].tolist() == [0, 9]
    )
    assert told["null_median"][1] == 1.5 and told["null_high"][1] == pytest.approx(2 + 0.85 * 3)
    null = given._null(gains)
    assert null["draw"].tolist() == [0, 1, 2, 3, 4]
    assert null["z"].to_numpy() == pytest.approx((gains - 2) / np.std(gains[1:], ddof=1))


@pytest.mark.parametrize(
    ("bands", "told"), [([1, 1], "all of the 2"), ([0, 0], "none of the 2"), ([1, 0], "1 of the 2")]
)
def test_how_many_given_segments_a_search_comes_upon(bands, told):
    table = pd.DataFrame({"band": [["not trustworthy", "stable"][b] for b in bands]})
    assert told in given._tell_recovery(table, 2) and given._tell_recovery(table.iloc[:0], 2) == ""


def test_segments_that_would_not_come_back_are_listed():
    table = pd.DataFrame({"segment": ["S1", "S2", "S3", "S4"], "band": ["not trustworthy"] * 3 + ["stable"]})
    assert describe.warn_unstable(table).startswith(" S1, S2 and S3 would")
    assert (
        describe.warn_unstable(table.iloc[2:]).startswith(" S3 would") and describe.warn_unstable(table.iloc[3:]) == ""
    )


def test_half_of_a_schemes_features_may_not_be_absent():
    three = {"columns": [{"name": n} for n in "abc"]}
    filled = frozen.add_absent(pd.DataFrame({"a": [1.0], "b": [2.0]}), three)
    assert filled["c"].isna().all() and len(filled.columns) == 3
    four = {"columns": [{"name": n} for n in "abcd"]}
    assert damaged(frozen.add_absent, pd.DataFrame({"a": [1.0], "b": [2.0]}), four)


def test_levels_never_seen_count_as_other_where_there_is_one():
    text = pd.Series(["b", "new", None, "a"])
    assert scheme._code(text, ["a", "b", "other"]).tolist() == [1, 2, -1, 0]
    assert scheme._code(text, ["a", "b"]).tolist() == [1, -1, -1, 0]


def test_weights_may_be_rounded_and_must_be_above_nought():
    wrong = ([0.5, 0.502], [0.5, 0.498], [1.0, 0.0], [1.2, -0.2], [1.0])
    for weights, refused in (([0.5, 0.5009], False), *((w, True) for w in wrong)):
        assert damaged(soundness._check_weights, weights, 2) == refused


def test_numbers_must_be_finite_and_of_one_shape_and_covariances_positive():
    assert soundness._finite([[1, 2.0], [3, 4]]) and soundness._finite([])
    for wrong in ([[1], [2, 3]], [1, [2]], [np.inf], [True], ["1"], None):
        assert not soundness._finite(wrong)
    assert soundness._round([[[0.5, 0.1], [0.1, 0.5]]], (1, 2, 2)) and soundness._round([], (2, 0, 0))
    for wrong in ([[1.0, 0.5], [0.4, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0 - 1e-9]]):
        assert not soundness._round([wrong], (1, 2, 2))
    spec = {"kind": "power", "power": 0.0, "centre": 1.0, "offset": 0.0, "location": 0.0, "spread": 0.4}
    assert not damaged(soundness._check_transform, {"name": "a", "transform": spec})
    for spread in (0.0, -0.5):
        assert damaged(soundness._check_transform, {"name": "a", "transform": {**spec, "spread": spread}})
