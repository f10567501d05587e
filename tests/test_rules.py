"""Rules in units people use, and names that are plain, each of its own, and stay while the segment does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmo_analysis.analysis.segments import assign_segments, keep_names, segment_customers
from pmo_analysis.analysis.segments.naming import call_feature, name_segments, shift_segments, word_shift
from pmo_analysis.analysis.segments.rules import Condition, describe_segments


@pytest.mark.parametrize(
    ("feature", "called", "more", "less"),
    [
        ("small_requests_count", "small requests", "many small requests", "few small requests"),
        ("senior_share", "senior share", "high senior share", "low senior share"),
        ("planning_stage_share", "requests in planning", "often in planning", "seldom in planning"),
        ("size_L_share", "requests of size L", "often size L", "seldom size L"),
        ("change_management_need", "need of change management", "strong need of change management",
         "little need of change management"),
        ("wait_days", "wait days", "long wait", "short wait"),
        ("spend_cost", "spend", "high spend", "low spend"),
    ],
)  # fmt: skip
def test_features_are_called_what_people_call_them(feature, called, more, less):
    assert (call_feature(feature), word_shift(feature, 0.5), word_shift(feature, -0.5)) == (called, more, less)
    assert word_shift(feature, 0.1) == f"medium {called}"


def test_levels_are_told_as_they_are_written_in_the_data():
    assert Condition("size = XL", 0.5, np.nan).tell() == "size XL"
    assert Condition("home_Office = Bonn", np.nan, 0.5).tell() == "home Office other than Bonn"
    assert Condition("strategic = yes", 0.5, np.nan).tell() == "strategic"
    assert Condition("strategic = yes", np.nan, 0.5).tell() == "not strategic"
    assert Condition("strategic = no", np.nan, 0.5).tell() == "strategic"


def test_whole_numbers_are_told_as_whole_numbers():
    assert Condition("tools_need", 3.5, np.nan, whole=True).tell() == "need of tools at least 4"
    assert Condition("tools_need", np.nan, 3.5, whole=True).tell() == "need of tools at most 3"
    assert Condition("tools_need", 2.5, 3.5, whole=True).tell() == "need of tools 3"
    assert Condition("wait_days", 3.5, np.nan).tell() == "wait days above 3.5"
    assert Condition("senior_share", np.nan, 0.195).tell() == "senior share at most 19.5 %"


def test_shifts_are_cliffs_delta_by_hand():
    # Of the pairs (inside, outside) (1,2) (1,3) (3,2) (3,3): one above, two below, one tie → −1/4.
    shown = pd.DataFrame({"x": [1.0, 3.0, 2.0, 3.0]})
    shift = shift_segments(shown, pd.Series(["a", "a", "b", "b"]))
    assert shift["x"].to_dict() == pytest.approx({"a": -0.25, "b": 0.25})


def test_a_rule_says_no_more_than_it_needs_to():
    rng = np.random.default_rng(0)
    shown = pd.DataFrame({"wait_days": np.r_[rng.uniform(1, 9, 40), rng.uniform(21, 40, 40)], "noise": rng.random(80)})
    rules = describe_segments(shown, pd.Series(np.repeat(["S1", "S2"], 40)))
    assert rules["rule"].tolist() == ["wait days at most 20", "wait days above 20"]
    assert (rules[["precision", "coverage"]] == 1).all(axis=None)
    assert rules["name"].tolist() == ["short wait", "long wait"]


def test_precision_and_coverage_are_shares_by_hand():
    # The best cut, between 1 and 2, catches 10 of which 9 belong, of 10 that belong.
    x = np.r_[np.full(9, 1.0), 3.0, 1.0, np.full(29, 3.0)]
    rules = describe_segments(pd.DataFrame({"x": x}), pd.Series(np.repeat(["S1", "S2"], [10, 30]))).set_index("segment")
    assert rules.loc["S1", ["precision", "coverage"]].tolist() == pytest.approx([9 / 10, 9 / 10])
    assert rules.loc["S2", ["precision", "coverage"]].tolist() == pytest.approx([29 / 30, 29 / 30])


def test_a_choice_of_two_is_told_by_what_it_is():
    plan = pd.Series(np.repeat([1.0, 0.0], 20))
    shown = pd.DataFrame({"stage = Plan": plan, "stage = Run": 1 - plan})
    rules = describe_segments(shown, pd.Series(np.repeat(["S1", "S2"], 20)))
    assert rules["rule"].tolist() == ["stage Plan", "stage Run"]


def test_two_segments_never_have_names_that_say_the_same():
    x = np.repeat([1.0, 5.0, 6.0], 20)
    shown = pd.DataFrame({"x": x, "y_count": np.tile([1.0, 2.0], 30), "wait_days": np.repeat([9.0, 1.0, 5.0], 20)})
    segment = pd.Series(np.repeat(["S1", "S2", "S3"], 20))
    names = name_segments(shown, segment, {"S1": ["x"], "S2": ["x"], "S3": ["x"]})
    assert len(set(names.values())) == 3 and names["S1"] == "low x"
    twins = name_segments(shown, segment, {"S1": ["wait_days"], "S2": [], "S3": []})
    assert len(set(twins.values())) == 3


def test_a_large_segment_is_named_by_how_it_differs_from_the_others():
    # Against everybody the middle of nine in ten is no different; against the rest it is.
    shown = pd.DataFrame({"tool_requests_count": np.r_[np.zeros(180), np.full(20, 9.0)]})
    rules = describe_segments(shown, pd.Series(np.repeat(["S1", "S2"], [180, 20])))
    assert rules["name"].tolist() == ["few tool requests", "many tool requests"]


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    group = np.repeat([0, 1, 2], [50, 40, 30])
    centres = np.array([[1.0, 20.0, 2.0], [9.0, 20.0, 9.0], [1.0, 90.0, 9.0]])
    numbers = centres[group] * np.exp(rng.normal(0, 0.15, (120, 3)))
    index = pd.Index([f"c{i:03d}" for i in range(120)], name="customer_id")
    return pd.DataFrame(numbers, index, ["tool_requests_count", "wait_days", "spend_cost"])


@pytest.fixture(scope="module")
def scheme(customers):
    return segment_customers(customers, segments=3).scheme


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_segments_keep_their_names_when_customers_change_a_little(customers, scheme, seed):
    rng = np.random.default_rng(seed)
    later = customers.iloc[np.sort(rng.choice(120, 100, replace=False))] * np.exp(rng.normal(0, 0.05, (100, 3)))
    kept = keep_names(segment_customers(later, segments=3).scheme, scheme, later)
    names = {s["segment"]: s["name"] for s in scheme["segments"]}
    assert {s["segment"]: s["name"] for s in kept["segments"]} == names
    assert (assign_segments(later, kept)["segment"] == assign_segments(later, scheme)["segment"]).mean() > 0.97


def test_a_segment_that_is_new_gets_an_id_never_used_before(customers, scheme):
    two = segment_customers(customers.iloc[:90], segments=2).scheme
    gone = keep_names(two, scheme, customers.iloc[:90])
    assert gone["ids_used"] == ["S1", "S2", "S3"] and {s["segment"] for s in gone["segments"]} == {"S1", "S2"}
    # The third segment is back, but nobody can know that it is the same: S3 was of another line of customers.
    back = keep_names(scheme, gone, customers)
    assert {s["segment"] for s in back["segments"]} == {"S1", "S2", "S4"}
    assert back["ids_used"] == ["S1", "S2", "S3", "S4"]
    assert len({s["name"] for s in back["segments"]}) == 3
    json.dumps(back)


def test_a_whole_organisation_told_as_one_group_keeps_no_segments_name(customers, scheme):
    one = segment_customers(customers, segments=1).scheme
    assert [s["segment"] for s in keep_names(one, scheme, customers)["segments"]] == ["all customers"]
    assert [s["segment"] for s in keep_names(scheme, one, customers)["segments"]] == ["S1", "S2", "S3"]


def test_the_scheme_carries_rules_and_how_well_they_describe(customers, scheme):
    assert scheme["version"] == 2
    for s in scheme["segments"]:
        assert s["rule"] and s["name"] and s["precision"] > 0.9 and s["coverage"] > 0.9
    assert sum(s["customers_count"] for s in scheme["segments"]) == len(customers)
    ranges = {c["name"]: (c["lowest"], c["highest"]) for c in scheme["columns"]}
    assert ranges["wait_days"] == (customers["wait_days"].min(), customers["wait_days"].max())
