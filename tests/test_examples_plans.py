"""The best use of scarce hours step by step, against all possible plans and an independent linear program."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from pmo_analysis.analysis.targets import assign_capacity, assignment, hour_prices, whole_plans
from pmo_analysis.analysis.targets.hour_prices import Problem
from pmo_analysis.contract.errors import InputError


def problem_of(count: int, seed: int, *, floor: tuple[int, ...] = (), tight: float = 0.4) -> Problem:
    """Pairs of two roles, drawn at random, and groups in turn where minimums are given."""
    rng = np.random.default_rng(seed)
    need = np.asfortranarray(rng.uniform(0.5, 5, (count, 2)))
    group = np.arange(count) % len(floor) if floor else np.full(count, -1)
    return Problem(rng.uniform(1, 20, count), need, need.sum(0) * tight, group, np.array(floor, dtype=np.int64))


def all_plans(problem: Problem) -> float:
    """The value of the best plan by trying all; minus infinity where none is allowed."""
    best = -np.inf
    for plan in product((False, True), repeat=len(problem.value)):
        chosen = np.array(plan)
        enough = all((chosen & (problem.group == g)).sum() >= f for g, f in enumerate(problem.floor))
        if enough and (problem.need[chosen].sum(0) <= problem.limit + 1e-9).all():
            best = max(best, float(problem.value[chosen].sum()))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("floor", [(), (1, 1), (2, 1, 0)])
def test_the_best_plan_is_that_of_all_plans(seed, floor):
    problem = problem_of(10, seed, floor=floor)
    chosen, prices, bound, exact = whole_plans.best_plan(problem)
    assert chosen is not None and exact and problem.value[chosen].sum() == pytest.approx(all_plans(problem))
    assert bound >= all_plans(problem) - 1e-9 and (prices >= 0).all()
    assert (problem.need[chosen].sum(0) <= problem.limit * (1 + 1e-9)).all()


def test_no_pair_at_all_has_a_plan_without_minimums_only():
    none = problem_of(4, 0).take(np.zeros(0, dtype=np.int64), np.ones(2), np.zeros(1, dtype=np.int64))
    chosen, prices, bound, exact = whole_plans.best_plan(none)
    assert chosen is not None and len(chosen) == 0 and (prices.tolist(), bound, exact) == ([0, 0], 0, True)
    assert whole_plans.best_plan(replace(none, floor=np.ones(1, dtype=np.int64)))[0] is None


def test_a_bound_is_no_lower_than_the_linear_program_and_meets_it_at_its_prices():
    problem = problem_of(40, 3)
    whole = linprog(-problem.value, problem.need.T, problem.limit, bounds=(0, 1))
    for prices in ([0.0, 0.0], [1.0, 0.2], [0.3, 3.0]):
        bound, slope = hour_prices.bound_at(problem, np.array(prices))
        worth = problem.value - problem.need @ prices
        assert bound == pytest.approx(np.dot(prices, problem.limit) + worth[worth > 0].sum())
        assert slope == pytest.approx(problem.limit - problem.need[worth > 0].sum(0)) and bound >= -whole.fun
    prices, bound = hour_prices.find_prices(problem)
    assert bound == pytest.approx(-whole.fun) and prices == pytest.approx(-whole.ineqlin.marginals)


def test_in_each_group_the_best_of_the_others_make_up_its_minimum():
    problem = Problem(np.zeros(6), np.ones((6, 1)), np.ones(1), np.array([0, 0, 0, 1, 1, -1]), np.array([2, 1]))
    worth = np.array([-1.0, 3.0, -0.5, -4.0, -2.0, -0.1])
    assert hour_prices.choose_at(problem, worth).tolist() == [False, True, True, False, True, False]
    free = replace(problem, floor=np.zeros(2, dtype=np.int64))
    assert hour_prices.choose_at(free, np.array([0.0, 0.5, -1, 0.2, 0, 1e-9])).tolist() == [
        False,
        True,
        False,
        True,
        False,
        True,
    ]


def test_prices_are_sought_from_afar_and_from_a_sample(monkeypatch):
    problem = problem_of(400, 5)
    prices, bound = hour_prices.find_prices(problem)
    for start in (prices * 2 + 0.1, prices * 0.3):
        found, lowest = hour_prices.lower_bound(problem, start, close=1e-9, steps=200)
        assert lowest == pytest.approx(bound, rel=1e-5) and found == pytest.approx(prices, rel=0.05)
        _, after_one = hour_prices.lower_bound(problem, start, steps=1)
        assert bound - 1e-9 <= after_one <= hour_prices.bound_at(problem, start)[0]
    monkeypatch.setattr(hour_prices, "CORE", 300)
    monkeypatch.setattr(hour_prices, "SAMPLE", 100)
    told, near = hour_prices.find_prices(problem)
    assert bound <= near + 1e-9 and near == pytest.approx(bound, rel=1e-3) and told == pytest.approx(prices, rel=0.1)


def test_pairs_near_the_margin_are_solved_for_and_the_others_are_as_prices_say(monkeypatch):
    problem = problem_of(400, 6)
    prices, _ = hour_prices.find_prices(problem)
    margin = hour_prices.margin(problem, prices)
    assert margin == pytest.approx(np.abs(problem.worth(prices)) / (problem.need @ prices))
    whole = hour_prices.linear_choice(problem, prices)[0]
    monkeypatch.setattr(hour_prices, "CORE", 300)
    monkeypatch.setattr(hour_prices, "NEAR", 50)
    core, sure = hour_prices.near_margin(problem, prices)
    assert len(core) == 50 and margin[core].max() <= np.sort(margin)[49] and not sure[core].any()
    rest = np.setdiff1d(np.arange(400), core)
    assert sure[rest].tolist() == (problem.worth(prices)[rest] > 0).tolist()
    chosen, again = hour_prices.linear_choice(problem, prices)
    assert chosen.tolist() == whole.tolist() and again == pytest.approx(prices)
    assert not hour_prices.is_crowded(problem, prices)
    alike = replace(problem, value=problem.need @ prices)
    assert hour_prices.is_crowded(alike, prices)
    nudged = hour_prices.nudge(alike)
    assert np.abs(nudged.value / alike.value - 1).max() <= 1e-3 and len(np.unique(nudged.value)) == 400
    monkeypatch.setattr(hour_prices, "NEAR", 400)
    assert not hour_prices.is_crowded(alike, prices)


def test_a_linear_program_keeps_minimums_and_takes_several_of_a_kind():
    problem = Problem(
        np.array([1.0, 5, 9]), np.array([[1.0], [1], [1]]), np.array([1.5]), np.array([0, 1, 1]), np.array([1, 0])
    )
    assert hour_prices.solve_linear(problem).x == pytest.approx([1, 0, 0.5])
    assert hour_prices.solve_linear(replace(problem, floor=np.zeros(2, int))).x == pytest.approx([0, 0.5, 1])
    more = hour_prices.solve_linear(replace(problem, floor=np.zeros(2, int)), np.array([1.0, 1, 1.2]))
    assert more.x == pytest.approx([0, 0.3, 1.2]) and hour_prices.prices_of(more, 1) == pytest.approx([5])
    none = hour_prices.solve_linear(replace(problem, floor=np.array([2, 0])))
    assert none.x is None and hour_prices.prices_of(none, 2).tolist() == [0, 0]


def test_pairs_alike_are_planned_as_kinds(monkeypatch):
    base = problem_of(12, 8)
    which = np.repeat(np.arange(12), 30)
    problem = Problem(
        base.value[which], base.need[which], base.need.sum(0) * 11.3, np.full(360, -1), np.zeros(0, dtype=np.int64)
    )
    assert whole_plans._kinds(problem) is None
    monkeypatch.setattr(whole_plans, "CORE", 100)
    found = whole_plans._kinds(problem)
    assert found is not None and len(found[0]) == 12
    assert all(len(set(which[found[1] == k])) == 1 for k in range(12))
    chosen, prices, bound = whole_plans._by_kinds(problem, *found)
    whole = linprog(-problem.value, problem.need.T, problem.limit, bounds=(0, 1))
    assert bound == pytest.approx(-whole.fun) and prices == pytest.approx(-whole.ineqlin.marginals)
    assert chosen is not None and (problem.need[chosen].sum(0) <= problem.limit * (1 + 1e-9)).all()
    assert problem.value[chosen].sum() >= bound - 2 * problem.value.max()
    assert whole_plans._kinds(replace(problem, value=np.arange(360.0))) is None
    assert whole_plans._kinds(replace(problem, floor=np.ones(1, int))) is None


def test_what_is_left_is_filled_by_score_as_long_as_it_fits():
    need = np.array([[2.0], [2.0], [1.0], [3.0], [1.0]])
    problem = Problem(np.array([1.0, 1, 1, 1, -1]), need, np.array([5.0]), np.full(5, -1), np.zeros(0, dtype=np.int64))
    first = np.array([True, False, False, False, False])
    told = whole_plans._fill(problem, first, np.array([0.1, 0.2, 0.3, 0.9, 2.0]))
    assert told is not None and told.tolist() == [True, False, False, True, False]
    worse = whole_plans._fill(problem, first, np.array([0.1, 0.4, 0.3, 0.2, 2.0]))
    assert worse is not None and worse.tolist() == [True, True, True, False, False]
    both = replace(problem, group=np.array([0, 0, 0, 1, 1]), floor=np.array([1, 1]))
    least = whole_plans._fill(both, ~np.ones(5, bool), np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    assert least is not None and least[4] and least[:3].any() and need[least].sum() <= 5
    assert whole_plans._fill(replace(both, limit=np.array([1.9])), first, np.zeros(5)) is None


def pairs_of(**columns: list) -> pd.DataFrame:
    """Pairs of customers A, B, … and one service."""
    count = len(next(iter(columns.values())))
    usual = {"customer_id": list("ABCDEFGH")[:count], "service_id": "S", "value": 1.0}
    return pd.DataFrame(usual | columns)


def test_pairs_left_out_are_counted_by_their_first_reason():
    pairs = pairs_of(
        value=[5.0, np.nan, 3.0, np.nan, 2.0, 9.0],
        lead_hours=[1.0, 1, np.nan, np.nan, 1, 50],
        eligible=["yes", "yes", "1", "no", None, "TRUE"],
    )
    told = assign_capacity(pairs, {"lead": 10.0})
    assert told.left_out.to_numpy().tolist() == [
        [2, "not eligible"],
        [1, "no value"],
        [1, "hours not known"],
        [1, "needs more hours than there are"],
    ]
    assert told.plan["customer_id"].tolist() == ["A"] and (told.objective, told.bound, told.exact) == (5, 5, True)
    with pytest.raises(InputError, match="1 of 1 eligible"):
        assign_capacity(pairs_of(lead_hours=[1.0], eligible=["perhaps"]), {"lead": 1})


@pytest.mark.parametrize(("share", "served"), [(0.5, 2), (0.26, 2), (0.25, 1), (0.0, 0), (1.0, 4)])
def test_minimum_shares_are_rounded_up(share, served):
    pairs = pairs_of(value=[-1.0] * 4, lead_hours=[1.0] * 4)
    told = assign_capacity(pairs, {"lead": 9.0}, minimum_share={"S": share})
    assert len(told.plan) == served and told.objective == -served
    alone = assign_capacity(pairs, {"lead": 9.0}, minimum_share=0.01)  # one of each customer's only pair
    assert len(alone.plan) == 4


def test_why_no_plan_meets_the_minimums():
    pairs = pairs_of(lead_hours=[3.0, 2.0, 4.0])
    with pytest.raises(InputError, match="lead has 4.9 hours and the minimums need at least 5"):
        assign_capacity(pairs, {"lead": 4.9}, minimum_share={"S": 0.6})
    assert len(assign_capacity(pairs, {"lead": 5.0}, minimum_share={"S": 0.6}).plan) == 2
    for hours in (2.5, 1.0):  # one pair of the two needed fits by itself, or none
        with pytest.raises(InputError, match="for 1 of 1 too few of the pairs fit the capacity even alone"):
            assign_capacity(pairs, {"lead": hours}, minimum_share={"S": 0.6})
    for share in (1.1, -0.1, {"A": 0.5, "S": 0.5}, {"Z": 0.5}, "half"):
        with pytest.raises(InputError, match="share"):
            assign_capacity(pairs, {"lead": 9.0}, minimum_share=share)


def test_hours_and_capacity_on_both_sides_of_nought():
    assert len(assign_capacity(pairs_of(lead_hours=[0.0, 0.4]), {"lead": 0.0}).plan) == 1
    for capacity in ({"lead": -0.5}, {"lead": None}, {"lead": np.inf}, {"lead": "x"}, 5):
        with pytest.raises(InputError, match="apacity"):
            assign_capacity(pairs_of(lead_hours=[1.0]), capacity)
    with pytest.raises(InputError, match="aide_hours"):
        assign_capacity(pairs_of(lead_hours=[1.0], aide_hours=[1.0]), {"lead": 1.0})
    twice = pairs_of(lead_hours=[1.0, 1.0]).assign(customer_id="A")
    with pytest.raises(InputError, match="1 of 2 rows name"):
        assign_capacity(twice, {"lead": 1.0})


def test_the_first_hour_of_a_role_without_any_is_worth_the_best_pair_that_lacks_only_it():
    pairs = pairs_of(
        value=[6.0, 8.0, 9.0, 1.0],
        lead_hours=[2.0, 4.0, 1.0, 0.0],
        aide_hours=[1.0, 1, 20, 1],
        eligible=[True, True, True, True],
    )
    told = assign_capacity(pairs, {"lead": 0.0, "aide": 5.0}).prices.set_index("role")
    assert (
        told.loc["lead", "hourly_price"] == 3
        and told.loc["aide", "hourly_price"] == 0
        and told.loc["aide", "used_hours"] == 1
    )
    assert told.loc["aide", "told"] == "aide has hours to spare: 4 of 5."
    barred = assign_capacity(pairs.assign(eligible=[False, True, True, True]), {"lead": 0.0, "aide": 5.0})
    assert barred.prices["hourly_price"].tolist() == [2, 0] and "lead's: one more would add 2" in barred.sentence
    words = assignment._sentence(2, 3, 90.0, 100.0, told.reset_index())
    assert words.startswith("2 of 3 pairs fit, worth 90, at most 10 % below the best possible.")
    assert "the best there is" in assignment._sentence(0, 0, 0.0, 0.0, told.iloc[:0].reset_index())
