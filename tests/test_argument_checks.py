"""Costing, queueing and sizing say in words what they cannot work with, and never take a blank for nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.cost import capacity_cost
from pmo_analysis.analysis.queues import queue_wait
from pmo_analysis.analysis.scenarios import what_if
from pmo_analysis.analysis.sizes import size_tiers
from pmo_analysis.analysis.value import rank_acceptability, score_value
from pmo_analysis.contract.errors import InputError
from pmo_analysis.quarter import baseline

CAPACITY = pd.DataFrame({"role": ["clerk"], "capacity_cost": [4800.0], "practical_hours": [100.0]})
ACTIVITIES = pd.DataFrame(
    {"activity": ["order", "call"], "role": "clerk", "quantity_count": [10.0, 20.0], "unit_hours": [2.0, 1.0]}
)


def test_what_an_activity_took_being_blank_leaves_unused_capacity_unknown():
    told = capacity_cost(CAPACITY, ACTIVITIES.assign(unit_hours=[2.0, np.nan]))
    assert told.activities["assigned_cost"].tolist() == pytest.approx([960.0, np.nan], nan_ok=True)
    assert told.unused[["used_hours", "unused_hours", "unused_cost"]].isna().all(axis=None)
    assert "not known" in told.sentence


def test_costs_read_as_text_and_roles_read_as_numbers_are_the_same_costs():
    told = capacity_cost(CAPACITY.assign(role=7, capacity_cost="4800"), ACTIVITIES.assign(role="7"))
    assert told.unused["unused_cost"].tolist() == [4800.0 - 40 * 48.0]


@pytest.mark.parametrize(
    ("capacity", "activities", "told"),
    [
        (CAPACITY.drop(columns="role"), ACTIVITIES, "capacity: no column 'role'"),
        (CAPACITY.assign(capacity_cost=-5.0), ACTIVITIES, "1 capacity_cost are below zero or endless, first -5"),
        (CAPACITY, ACTIVITIES.assign(quantity_count=["ten", "20"]), "1 of 2 are not numbers, such as 'ten'"),
        (CAPACITY, ACTIVITIES.assign(role=["clerk", None]), "1 rows name no role"),
        (CAPACITY, [1], "give a table"),
    ],
)
def test_costing_refuses_what_has_no_cost(capacity, activities, told):
    with pytest.raises(InputError, match=told):
        capacity_cost(capacity, activities)


@pytest.mark.parametrize("given", [("two", 0.5, 1), ([1, 2], [1, 2, 3], 1), ({"a": 1}, 0.5, 1), ([[1], [2]], 0.5, 1)])
def test_queueing_refuses_text_and_lists_of_different_lengths(given):
    with pytest.raises(InputError, match="Queueing needs numbers"):
        queue_wait(*given)


def test_work_that_takes_no_time_never_waits_and_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert queue_wait(1, 0, 1, target_hours=1)["service_level"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"weights": [1, np.inf, 1]}, "0 negative hours, 1 negative or endless weights in 3 rows"),
        ({"weights": ["a", 1, 1]}, "weights: 1 of 3 are not numbers"),
        ({"under_cost": None}, "under_cost = None"),
        ({"round_to": "half"}, "round_to = 'half'"),
        ({"tiers": float("nan")}, "tiers = nan"),
        ({"max_tiers": None}, "max_tiers = None"),
        ({"min_share": 1.5}, "a share, 0 to 1"),
    ],
)
def test_sizing_refuses_options_that_are_no_numbers(options, told):
    with pytest.raises(InputError, match=told):
        size_tiers([1.0, 2.0, 3.0], **options)


def test_sizing_refuses_a_table_of_hours():
    with pytest.raises(InputError, match="not a table"):
        size_tiers(pd.DataFrame({"hours": [1.0, 2.0]}))


OPTIONS = pd.DataFrame({"cost": [1.0, 0.0, 0.5], "time": [0.0, 1.0, 0.4]}, index=["A", "B", "C"])


@pytest.mark.parametrize(
    ("scores", "options", "told"),
    [
        (OPTIONS.to_numpy(), {}, "give a table"),
        (OPTIONS.iloc[:0], {}, "0 alternatives and 2 outcomes"),
        (OPTIONS.assign(name="x"), {}, "name: 3 of 3 are not numbers, such as 'x'"),
        (OPTIONS, {"ranks": 0}, "ranks=0"),
        (OPTIONS, {"weights": {"cost": -1, "time": 2}}, "at least 0 and not all 0; 1 of 1 sets"),
        (OPTIONS, {"weights": pd.DataFrame({"cost": [0.0, 1.0], "time": [0.0, 1.0]})}, "1 of 2 sets"),
    ],
)
def test_ranking_refuses_what_has_no_rank(scores, options, told):
    with pytest.raises(InputError, match=told):
        rank_acceptability(scores, draws=50, **options)


def test_value_is_the_same_from_columns_that_can_hold_blanks():
    rows = [(f"u{i}", o, float(10 * i + k)) for i in range(4) for k, o in enumerate(("cost", "time", "cost"))]
    plain = pd.DataFrame(rows, columns=["unit_id", "outcome", "value"])
    scores = [score_value(t, {"cost": 2, "time": 1}, draws=50).scores for t in (plain, plain.convert_dtypes())]
    np.testing.assert_allclose(scores[1]["score"], scores[0]["score"])


def test_a_change_to_no_scenario_tells_how_to_make_one():
    with pytest.raises(InputError, match="what_if needs a Scenario, not NoneType"):
        what_if(None, volume=2)
    with pytest.raises(InputError, match="baseline needs a Quarter, not NoneType"):
        baseline(None)
