"""Tables of a few rows whose figures can be worked out on paper: what a slip of one sign, limit or case would change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from pmo_analysis.analysis.cost.rates import _supply
from pmo_analysis.analysis.estimates.sums import ratio_interval
from pmo_analysis.analysis.headline.benefits import list_benefits
from pmo_analysis.analysis.headline.figures import tell_headline
from pmo_analysis.analysis.history.recut import _what_changed
from pmo_analysis.analysis.leadership.elsewhere import is_ratio
from pmo_analysis.analysis.measures import measure_outcomes
from pmo_analysis.analysis.measures.over_quarters import _join
from pmo_analysis.analysis.queues import erlang_b
from pmo_analysis.analysis.scenarios.changes import checked_changes
from pmo_analysis.analysis.segments.columns import is_number
from pmo_analysis.analysis.segments.explain import _tell_chance
from pmo_analysis.analysis.segments.frozen import add_absent
from pmo_analysis.analysis.segments.moves import _way
from pmo_analysis.analysis.segments.partitions import Partition, _rand
from pmo_analysis.analysis.segments.soundness import _check_segments, _check_transform
from pmo_analysis.analysis.sizes.tiers import _usable
from pmo_analysis.analysis.targets.review import _practical_hours
from pmo_analysis.analysis.targets.stops import _added_up
from pmo_analysis.analysis.value import earned_value, rank_acceptability, score_value
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

HOUSE = Settings()


def test_a_benefit_that_nobody_confirmed_is_not_confirmed_though_it_was_realised():
    benefits = pd.DataFrame({
        "due_on": pd.Timestamp("2026-08-01"), "planned_benefit": [100.0, 200.0, 300.0],
        "realised_benefit": [90.0, 150.0, 50.0], "confirmed": pd.array([True, None, False], "boolean"),
    })  # fmt: skip
    told = list_benefits(benefits, "2026Q3", HOUSE).set_index("figure")
    assert told.loc["confirmed_benefit", "value"] == told.loc["confirmed_to_date_benefit", "value"] == 90
    assert told.loc["confirmed_benefit", "n"] == told.loc["confirmed_to_date_benefit", "n"] == 1
    assert told.loc["realised_benefit", "value"] == 290


def tell_load(capacity: pd.DataFrame) -> pd.Series:
    """The figure of load for 60 hours worked in the quarter."""
    history = pd.DataFrame({
        "quarter": ["2026Q2", "2026Q3"], "customer_id": "A", "worked_hours": [50.0, 60.0],
        "cost_to_serve_cost": 1.0, "charged_cost": np.nan, "engagement_count": 1, "basis": "hours",
    })  # fmt: skip
    costs = history.iloc[[1]].drop(columns="quarter")
    cells = pd.DataFrame(columns=["measure", "group_kind", "group", "value", "low", "high", "n"])
    changes = pd.DataFrame(columns=[*cells.columns, "against", "change", "direction"])
    figures = tell_headline(costs, history, capacity, cells, changes, quarter="2026Q3", settings=HOUSE).figures
    return figures.set_index("figure").loc["utilisation_share"]


def test_hours_that_could_be_worked_stand_for_practical_ones_at_the_share_of_the_house():
    share = HOUSE["practical_share"]
    capacity = pd.DataFrame(
        {"quarter": ["2026Q2", "2026Q3"], "role": "lead", "practical_hours": np.nan, "theoretical_hours": 100.0}
    )
    assert tell_load(capacity)["value"] == pytest.approx(60 / (100 * share))
    assert tell_load(capacity.assign(practical_hours=[80.0, 75.0]))["value"] == pytest.approx(60 / 75)


def test_the_price_of_less_than_an_hour_is_a_price():
    capacity = pd.DataFrame({
        "quarter": "2026Q3", "role": ["lead", "analyst", "clerk"], "practical_hours": [0.5, None, 0.0],
        "theoretical_hours": [None, 10.0, None], "capacity_cost": [60.0, None, 5.0],
    })  # fmt: skip
    roles = pd.DataFrame({"role": ["lead", "analyst", "clerk"], "hourly_cost": [None, 40.0, 20.0], "side": "pmo"})
    told = _supply(Dataset.from_frames({"capacity": capacity, "roles": roles}), roles, HOUSE).set_index("role")
    hours = 10 * HOUSE["practical_share"]
    assert told["supplied_hours"].to_dict() == pytest.approx({"lead": 0.5, "analyst": hours})
    assert told["supplied_cost"].to_dict() == pytest.approx({"lead": 60, "analyst": 40 * hours})
    assert told["from_hourly"].to_dict() == {"lead": False, "analyst": True}


def test_next_quarters_hours_are_taken_where_they_are_stated_else_the_latest():
    capacity = pd.DataFrame(
        {
            "quarter": ["2026Q2", "2026Q3", "2026Q4", "2027Q1"],
            "role": "lead",
            "practical_hours": [1.0, 2.0, 3.0, 4.0],
            "capacity_cost": 1.0,
        }
    )
    whole = Dataset.from_frames({"capacity": capacity})
    assert _practical_hours(whole, "2026Q3", HOUSE, None).to_dict() == {"lead": 3.0}
    latest = Dataset.from_frames({"capacity": capacity.iloc[:2]})
    assert _practical_hours(latest, "2026Q3", HOUSE, None).to_dict() == {"lead": 2.0}


def test_of_what_would_free_as_much_the_first_service_by_name_is_stopped_first():
    rows = pd.DataFrame({
        "service_id": ["T", "S", "R", "N"], "wrong": "off target", "customer_id": "A",
        "worked_hours": [5.0, 5.0, 9.0, 0.0], "tight_hours": [2.0, 2.0, 1.0, 0.0],
    })  # fmt: skip
    assert _added_up(rows, HOUSE)["service_id"].tolist() == ["S", "T", "R"]


def test_earned_value_over_a_cost_of_one():
    told = earned_value(pd.DataFrame({"BAC": [10.0], "PV": [2.0], "EV": [3.0], "AC": [1.0]})).iloc[0]
    assert (told["CPI"], told["SPI"], told["EAC"]) == pytest.approx((3, 1.5, 10 / 3))
    one = earned_value(pd.DataFrame({"BAC": [1.0], "PV": [1.0], "EV": [1.0], "AC": [2.0]})).iloc[0]
    assert (one["CPI"], one["SPI"]) == pytest.approx((0.5, 1.0))
    assert np.isnan(earned_value(pd.DataFrame({"BAC": [10.0], "PV": [0.0], "EV": [0.0], "AC": [0.0]}))["CPI"].iloc[0])


def test_one_draw_is_enough_to_rank_and_none_is_not():
    scores = pd.DataFrame({"value": [9.0, 1.0]}, index=["a", "b"])
    told = rank_acceptability(scores, draws=1, ranks=1)
    assert told[["unit_id", "rank", "share"]].to_dict("records") == [{"unit_id": "a", "rank": 1, "share": 1.0}]
    for wrong in ({"draws": 0}, {"draws": True}, {"ranks": 0}):
        with pytest.raises(InputError, match="not a whole number of 1 or more"):
            rank_acceptability(scores, **wrong)
    with pytest.raises(InputError, match="give at least one of each"):
        rank_acceptability(pd.DataFrame({"value": []}))


def test_rows_that_sum_up_nothing_are_left_out_of_a_score_and_the_rest_is_weighed_by_its_rows():
    rows = pd.DataFrame({
        "unit_id": ["a", "a", "a", "b"], "outcome": "quality", "value": [20.0, 60.0, 90.0, 40.0],
        "n": [1.0, 3.0, 0.0, 2.0],
    })  # fmt: skip
    told = score_value(rows)
    assert told.left_out[["unit_id", "n"]].to_dict("records") == [{"unit_id": "a", "n": 0.0}]
    raw = told.outcomes.set_index("unit_id")["raw"]
    assert raw["a"] == pytest.approx((20 + 3 * 60) / 4)
    assert raw["b"] == pytest.approx(40)
    assert told.scores.set_index("unit_id")["n"].to_dict() == {"a": 4, "b": 2}


def test_a_change_against_last_year_is_told_as_that():
    cell = {"measure": "csat_score", "group_kind": "all", "group": "all"}
    cells = pd.DataFrame([{**cell, "value": 4.0, "low": 3.0, "high": 5.0, "n": 7}])
    changes = pd.DataFrame([
        {**cell, "against": "last quarter", "change": 9.0, "low": 8.0, "high": 10.0, "direction": "better"},
        {**cell, "against": "last year", "change": 1.0, "low": 0.5, "high": 1.5, "direction": "worse"},
    ])  # fmt: skip
    (row,) = _join(cells, changes).to_dict("records")
    assert (row["change"], row["change_low"], row["change_high"], row["direction"]) == (1.0, 0.5, 1.5, "worse")


def test_five_rows_in_two_clusters_have_a_range_and_four_have_none():
    rows = pd.DataFrame({"hours": [1.0, 2.0, 3.0, 4.0, 6.0], "count": 1.0, "customer": ["a", "a", "a", "b", "b"]})
    told = ratio_interval(rows, "hours", "count", cluster="customer", minimum=5)
    assert told["value"] == pytest.approx(16 / 5)
    assert told["low"] < told["value"] < told["high"]
    assert np.isnan(ratio_interval(rows.iloc[:4], "hours", "count", cluster="customer", minimum=5)["low"])
    alone = ratio_interval(rows.assign(customer="a"), "hours", "count", cluster="customer", minimum=5)
    assert np.isnan(alone["low"])


def test_a_chart_is_a_ratio_where_rows_with_both_parts_give_it():
    rows = pd.DataFrame({"quarter": "2026Q3", "numerator": [1.0, 2.0, 50.0], "denominator": [2.0, 4.0, np.nan]})
    chart = pd.DataFrame({"quarter": ["2026Q3"], "value": [0.5]})
    assert is_ratio(rows, chart)
    assert not is_ratio(rows, chart.assign(value=53 / 6))


def test_nobody_waits_for_nothing_and_everybody_where_nobody_serves():
    load, servers = np.array([0.0, 0.0, 1.0, 2.0]), np.array([0.0, 2.0, 0.0, 1.0])
    assert erlang_b(load, servers).tolist() == pytest.approx([1.0, 0.0, 1.0, 2 / 3])


@pytest.mark.parametrize(("change", "wrong"), [("self_service_share", -0.1), ("standard_share", 1.1), ("fte", -1.0)])
def test_a_share_outside_0_to_1_is_no_change(change, wrong):
    assert checked_changes({change: 0.0}, ["S"], ["lead"]) == {change: 0.0}
    with pytest.raises(SettingError, match=change):
        checked_changes({change: wrong}, ["S"], ["lead"])


@pytest.mark.parametrize(("numbers", "quantity"), [([1, 2, 2], False), ([1, 2, 3], True), ([0, 0, 0], False)])
def test_a_number_of_three_values_is_a_quantity(numbers, quantity):
    assert is_number(pd.Series(numbers)) is quantity
    assert is_number(pd.Series(numbers * 200 + [9])) is (len(set(numbers)) > 1)


def test_chances_are_never_told_as_certain():
    told = [_tell_chance(chance) for chance in (0.002, 0.01, 0.4, 0.99, 0.999)]
    assert told == ["under 1 %", "1 %", "40 %", "99 %", "over 99 %"]


def test_a_scheme_stands_while_less_than_half_of_its_features_are_gone():
    scheme = {"columns": [{"name": name} for name in "abc"]}
    values = pd.DataFrame({"a": [1.0], "b": [2.0]})
    assert add_absent(values, scheme)["c"].isna().all()
    assert add_absent(values.assign(c=1.0), scheme).columns.tolist() == ["a", "b", "c"]
    with pytest.raises(InputError, match="of which 2 are not there: b, c"):
        add_absent(values[["a"]], scheme)


def test_the_way_to_the_highest_value_is_up():
    column = {"lowest": 1.0, "highest": 9.0}
    assert (_way(column, 9.0), _way(column, 1.0)) == (1, -1)


def test_likeness_of_partitions_is_the_adjusted_rand_index():
    chance = np.random.default_rng(4)
    for n in (5, 12, 40):
        a, b = chance.integers(0, 3, n), chance.integers(0, 2, n)
        assert _rand(np.eye(3)[a], np.eye(2)[b]) == pytest.approx(adjusted_rand_score(a, b))


def test_old_segments_that_came_apart_or_grew_together_are_named():
    old = np.array(["S1"] * 10 + ["S2"] * 6 + ["S3"] * 6)
    apart = np.array([0] * 5 + [1] * 5 + [2] * 6 + [3] * 6)
    assert _what_changed(old, Partition(apart, 0.0)) == "S1 has come apart"
    together = np.array([0] * 10 + [1] * 12)
    assert _what_changed(old, Partition(together, 0.0)) == "S2 and S3 have grown together"
    assert _what_changed(old, Partition(np.arange(22) % 2, 0.0)).startswith("S1 and S2 and S3 have grown together")
    across = np.arange(22) % 5
    assert _what_changed(old, Partition(across, 0.0)) == "it finds 5 groups that lie across the old 3"


@pytest.mark.parametrize("spread", [0.0, -1.0])
def test_a_transform_without_spread_is_damage(spread):
    good = {"kind": "power", "power": 1.0, "centre": 0.0, "offset": 0.0, "location": 0.0, "spread": 1.0}
    _check_transform({"name": "hours", "transform": good})
    for wrong in ({**good, "spread": spread}, {**good, "kind": "sine"}, None, {**good, "power": None}):
        with pytest.raises(InputError, match="'hours' has no usable transform"):
            _check_transform({"name": "hours", "transform": wrong})


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        ([], "lists no segments"),
        ([{"segment": "S1"}], "lacks its id or its name"),
        ([{"segment": "", "name": "x"}], "is not a text"),
        ([{"segment": "S1", "name": "x"}, {"segment": "S1", "name": "y"}], "two segments have the same id"),
    ],
)
def test_segments_of_a_damaged_scheme_are_told_apart(segments, told):
    with pytest.raises(InputError, match=told):
        _check_segments(segments)


def test_weights_below_nought_and_without_end_are_counted():
    with pytest.raises(InputError, match="1 negative hours, 2 negative or endless weights in 4 rows"):
        _usable([1.0, -2.0, 3.0, 4.0], [1.0, -1.0, np.inf, 2.0])
    values, weight, left_out = _usable([1.0, np.nan, 3.0, 4.0], [1.0, 1.0, 0.0, 2.0])
    assert (values.tolist(), weight.tolist()) == ([1.0, 4.0], [1.0, 2.0])
    assert left_out["reason"].tolist() == ["hours missing or not a number", "no weight"]


def test_a_path_is_no_dataset():
    with pytest.raises(InputError, match="pmo.load"):
        measure_outcomes("data/demo", "2026Q3", pd.DataFrame(), HOUSE)
