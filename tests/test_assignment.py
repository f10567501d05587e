"""Who gets what within the hours: the exhaustive best of few pairs, a proven bound of many, and clear refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from benchmarks.pairs import CAPACITY, ROLES, draw_pairs
from pmo_analysis.analysis.targets import assign_capacity
from pmo_analysis.analysis.targets.hour_prices import Problem, bound_at, find_prices, solve_linear
from pmo_analysis.contract.errors import InputError


def few_pairs(seed):
    rng = np.random.default_rng(seed)
    names = {"customer_id": [f"C{i // 4}" for i in range(12)], "service_id": [f"S{i % 4}" for i in range(12)]}
    hours = {f"{r}_hours": rng.integers(0, 6, 12).astype(float) for r in "ab"}
    pairs = pd.DataFrame({**names, "value": rng.integers(-2, 20, 12).astype(float), **hours})
    return pairs.assign(eligible=rng.random(12) < 0.9), dict(
        zip("ab", rng.integers(4, 16, 2).astype(float), strict=True)
    )


def exhaustive_best(pairs, capacity, share):
    plans = np.array(list(itertools.product([0, 1], repeat=len(pairs))))
    able = pairs["eligible"].to_numpy()
    fits = (plans[:, ~able] == 0).all(axis=1)
    for role, hours in capacity.items():
        fits &= plans @ pairs[f"{role}_hours"].to_numpy() <= hours
    groups = [] if share is None else [*pairs["customer_id"].unique()] if isinstance(share, float) else list(share)
    for name in groups:
        members = ((pairs["customer_id"] == name) | (pairs["service_id"] == name)).to_numpy() & able
        wanted = share if isinstance(share, float) else share[name]
        fits &= plans[:, members].sum(axis=1) >= np.ceil(wanted * members.sum() - 1e-9)
    return (plans[fits] @ pairs["value"].to_numpy()).max() if fits.any() else None


@pytest.mark.parametrize("share", [None, 0.25, 0.5, {"S1": 0.6}, {"C0": 0.5, "C2": 0.25}])
def test_few_pairs_with_minimum_shares_are_the_exhaustive_best_or_refused(share):
    for seed in range(6):
        pairs, capacity = few_pairs(seed)
        best = exhaustive_best(pairs, capacity, share)
        if best is None:
            with pytest.raises(InputError, match="No plan"):
                assign_capacity(pairs, capacity, minimum_share=share)
            continue
        told = assign_capacity(pairs, capacity, minimum_share=share)
        assert told.objective == pytest.approx(best) and told.exact and told.bound >= best - 1e-9


@pytest.mark.parametrize("kind", CAPACITY)
def test_thirty_thousand_pairs_lie_near_a_bound_whatever_they_are_like(kind):
    pairs, capacity = draw_pairs(kind, 30_000, 7)
    told = assign_capacity(pairs, capacity)
    assert (told.prices["used_hours"] <= told.prices["capacity_hours"] * (1 + 1e-9)).all()
    assert told.plan.merge(pairs, on=["customer_id", "service_id"])["eligible"].all()
    # Twenty roles leave at most twenty pairs cut in two, of some hundreds where hours are very short.
    assert 0 <= 1 - told.objective / told.bound < (0.005 if kind == "tight" else 0.001)


def test_prices_found_step_by_step_are_those_of_the_whole_linear_program():
    pairs, capacity = draw_pairs("independent", 40_000, 3)
    pairs = pairs[pairs["eligible"]]
    need = np.asfortranarray(pairs[[f"{r}_hours" for r in ROLES]].to_numpy())
    limit = np.array([capacity[r] for r in ROLES])
    problem = Problem(pairs["value"].to_numpy(), need, limit, np.full(len(pairs), -1), np.zeros(0, dtype=np.int64))
    prices, bound = find_prices(problem)
    exact = solve_linear(problem)
    assert bound == pytest.approx(-exact.fun, rel=2e-5) and bound >= -exact.fun * (1 - 1e-9)
    assert bound_at(problem, prices)[0] == pytest.approx(bound)


def test_each_customers_minimum_is_kept_among_many():
    pairs, capacity = draw_pairs("independent", 30_000, 8)
    told = assign_capacity(pairs, capacity, minimum_share=0.4)
    served = told.plan.groupby("customer_id").size()
    able = pairs[pairs["eligible"]].groupby("customer_id").size()
    assert (served.reindex(able.index, fill_value=0) >= np.ceil(0.4 * able - 1e-9)).all()
    free = assign_capacity(pairs, capacity)
    assert told.objective <= free.bound and 1 - told.objective / told.bound < 0.005


def test_rows_in_another_order_are_the_same_plan():
    pairs, capacity = draw_pairs("correlated", 4_000, 1)
    told = assign_capacity(pairs, capacity)
    again = assign_capacity(pairs.sample(frac=1, random_state=3), capacity)
    pd.testing.assert_frame_equal(told.plan, again.plan)
    assert told.objective == again.objective


def test_the_price_of_each_roles_hour_is_told_in_words():
    pairs = pd.DataFrame({"customer_id": list("ABC"), "service_id": "S", "value": [10.0, 8.0, 3.0]})
    told = assign_capacity(pairs.assign(analyst_hours=[2.0, 2.0, 2.0], coach_hours=1.0), {"analyst": 5.0, "coach": 9.0})
    assert told.prices["told"].tolist() == [
        "One hour more of analyst would add 1.5.",  # half a pair worth 3
        "coach has hours to spare: 7 of 9.",
    ]


def test_a_role_without_hours_tells_what_its_first_would_add():
    pairs = pd.DataFrame({"customer_id": list("AB"), "service_id": "S", "value": [10.0, 9.0], "a_hours": [5.0, 3.0]})
    told = assign_capacity(pairs, {"a": 0.0})
    assert told.plan.empty and told.prices["hourly_price"].tolist() == [3.0]
    assert told.left_out.to_dict("records") == [{"pairs_count": 2, "reason": "needs more hours than there are"}]


def test_pairs_of_unknown_hours_or_value_are_left_out_and_told():
    pairs = pd.DataFrame(
        {"customer_id": list("ABC"), "service_id": "S", "value": [1.0, np.nan, 2.0], "a_hours": [1.0, 1.0, np.nan]}
    )
    told = assign_capacity(pairs, {"a": 9.0})
    assert told.plan["customer_id"].tolist() == ["A"]
    assert told.left_out["reason"].tolist() == ["no value", "hours not known"]


@pytest.mark.parametrize(
    ("capacity", "share", "told"),
    [
        ({"a": float("nan")}, None, "zero or more"),
        ({"a": 3.0}, 0.5, "a has 3 hours and the minimums need at least 6"),
        ({"a": 1.0}, 0.5, "too few of the pairs fit"),
        ({"a": 9.0}, {"C0": 0.5, "S1": 0.5}, "two minimum shares"),
    ],
)
def test_impossible_questions_say_what_is_wrong(capacity, share, told):
    names = {"customer_id": ["C0", "C0", "C1", "C1", "C2", "C2"], "service_id": ["S1", "S2"] * 3}
    pairs = pd.DataFrame({**names, "value": 1.0, "a_hours": 2.0})
    with pytest.raises(InputError, match=told):
        assign_capacity(pairs, capacity, minimum_share=share)


def test_no_pair_at_all_is_an_empty_plan():
    none = pd.DataFrame({"customer_id": [], "service_id": [], "value": [], "a_hours": []}).astype(
        {"value": float, "a_hours": float}
    )
    told = assign_capacity(none, {"a": 3.0})
    assert told.plan.empty and told.objective == 0 and told.prices["hourly_price"].tolist() == [0.0]
