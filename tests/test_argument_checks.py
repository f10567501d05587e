"""Costing, queueing and sizing say in words what they cannot work with, and never take a blank for nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.cost import capacity_cost
from pmo_analysis.analysis.queues import queue_wait
from pmo_analysis.analysis.sizes import size_tiers
from pmo_analysis.contract.errors import InputError

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
