"""Whole pairs within the hours: the linear program's choice filled up, and the proven best where that can be."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from pmo_analysis.analysis.targets.hour_prices import (
    CORE,
    Chosen,
    Indices,
    Numbers,
    Problem,
    bound_at,
    choose_at,
    count_groups,
    find_prices,
    is_crowded,
    linear_choice,
    lower_bound,
    nudge,
    prices_of,
    solve_linear,
)

EXACT_PAIRS = 300
NODES = 1_000
ROUNDS = 200
SURE = 1e-9


def best_plan(problem: Problem) -> tuple[Chosen | None, Numbers, float, bool]:
    """The plan (None: none was found), an hour's price per role, the bound, and whether the plan is proven best."""
    short = (count_groups(problem.group, len(problem.floor)) < problem.floor).any()
    if short or not len(problem.value):
        return None if short else np.zeros(0, dtype=bool), np.zeros(len(problem.limit)), 0.0, True
    kinds = _kinds(problem)
    chosen, prices, bound = _by_kinds(problem, *kinds) if kinds is not None else _by_pairs(problem)
    worth = float(problem.value[chosen].sum()) if chosen is not None else -np.inf
    if bound - worth <= SURE * max(abs(bound), 1.0):
        return chosen, prices, bound, True
    free = _open_pairs(problem, prices, bound - worth)
    if len(free) > EXACT_PAIRS:
        return chosen, prices, bound, False
    return _whole_numbers(problem, free, (chosen, prices, bound))


def _by_pairs(problem: Problem) -> tuple[Chosen | None, Numbers, float]:
    prices, bound = find_prices(problem)
    seen, at = problem, prices
    if len(problem.value) > CORE and is_crowded(problem, prices):
        seen = nudge(problem)
        at, _ = lower_bound(seen, prices, reach=3e-3, close=3e-8)
    first, exact = linear_choice(seen, at)
    lower = bound_at(problem, exact)[0]
    if lower < bound:
        prices, bound = exact, lower
    return _fill(problem, first, seen.worth(at) / np.maximum(seen.need @ at, 1e-12)), prices, bound


def _kinds(problem: Problem) -> tuple[Indices, Indices] | None:
    """Pairs alike in value and hours: the first of each kind and each pair's kind; None where most are unlike."""
    if problem.floor.any() or len(problem.value) <= CORE:
        return None
    mixed = np.random.default_rng(0).uniform(1, 2, problem.need.shape[1] + 1)
    # Alike pairs have the same sum of weighted columns; that unlike ones do by chance is beyond belief.
    keys, first, kind = np.unique(
        problem.need @ mixed[1:] + mixed[0] * problem.value, return_index=True, return_inverse=True
    )
    return (first, kind) if len(keys) <= CORE else None


def _by_kinds(problem: Problem, first: Indices, kind: Indices) -> tuple[Chosen | None, Numbers, float]:
    counts = np.bincount(kind)
    found = solve_linear(problem.take(first, problem.limit, problem.floor), counts.astype(float))
    prices = prices_of(found, len(problem.limit))
    order = np.argsort(kind, kind="stable")
    place = np.empty(len(kind), dtype=np.int64)
    place[order] = np.arange(len(kind)) - (np.cumsum(counts) - counts)[kind[order]]
    chosen = place < np.floor(found.x + 1e-7)[kind]
    score = problem.worth(prices) / np.maximum(problem.need @ prices, 1e-12)
    return _fill(problem, chosen, score), prices, bound_at(problem, prices)[0]


def _fill(problem: Problem, first: Chosen, score: Numbers) -> Chosen | None:
    """The pairs that a minimum needs, then those chosen first, then the others by score, as long as they fit."""
    must = _least_choice(problem, score + first * (np.ptp(score) + 1.0))
    if must is None:
        return None
    chosen = must.copy()
    for block in (first & ~must, ~first & ~must & (problem.value > 0)):
        rows = np.flatnonzero(block)
        _take_in_order(problem, chosen, rows[np.argsort(-score[rows], kind="stable")])
    return chosen


def _least_choice(problem: Problem, rank: Numbers) -> Chosen | None:
    """The highest ranked pairs that meet each minimum, or those of fewest hours; None where neither fits."""
    if not problem.floor.any():
        return np.zeros(len(rank), dtype=bool)
    slight = -(problem.need / np.maximum(problem.limit, 1e-12)).sum(1)
    for tried in (rank, slight):
        must = choose_at(problem, tried - tried.max() - 1.0)
        if (must.astype(float) @ problem.need <= problem.limit * (1 + SURE)).all():
            return must
    return None


def _take_in_order(problem: Problem, chosen: Chosen, order: Indices) -> None:
    """Mark these pairs one after the other, passing over those that no longer fit."""
    left = problem.limit * (1 + SURE) - chosen.astype(float) @ problem.need
    block = np.zeros_like(chosen)
    block[order] = True
    if (block.astype(float) @ problem.need <= left).all():
        chosen |= block
        return
    for _ in range(ROUNDS):
        order = order[np.all([problem.need[order, r] <= left[r] for r in range(len(left))], axis=0)]
        if not len(order):
            break
        fits = np.asarray((np.cumsum(problem.need[order[:CORE]], axis=0) <= left).all(axis=1))
        count = len(fits) if fits.all() else int(np.argmin(fits))
        chosen[order[:count]] = True
        left = left - problem.need[order[:count]].sum(0)
        order = order[count:]


def _open_pairs(problem: Problem, prices: Numbers, gap: float) -> Indices:
    """Pairs that a better plan may choose otherwise than the prices do: the worth of the others exceeds the gap."""
    if problem.floor.any():
        return np.arange(len(problem.value))
    return np.flatnonzero(np.abs(problem.worth(prices)) <= gap * (1 + SURE))


def _whole_numbers(
    problem: Problem, free: Indices, found: tuple[Chosen | None, Numbers, float]
) -> tuple[Chosen | None, Numbers, float, bool]:
    """The best plan among the open pairs by a whole-number program; it can only be better than what was found."""
    chosen, prices, bound = found
    sure = choose_at(problem, problem.worth(prices))
    sure[free] = False
    part = problem.take(free, problem.limit - sure.astype(float) @ problem.need, problem.floor)
    best = _solve_whole(part)
    if best is None:
        return (*found, False)
    plan, proven, least = best
    rest = float(problem.value[sure].sum())
    sure[free[plan]] = True
    if chosen is None or problem.value[sure].sum() > problem.value[chosen].sum():
        chosen = sure
    return chosen, prices, min(bound, rest + least), proven


def _solve_whole(problem: Problem) -> tuple[Chosen, bool, float] | None:
    limits = [LinearConstraint(problem.need.T, ub=problem.limit)]
    if problem.floor.any():
        member = problem.group == np.arange(len(problem.floor))[:, None]
        limits.append(LinearConstraint(member.astype(float), lb=problem.floor))
    # A limit on nodes, not on time: the same answer on every machine.
    options = {"mip_rel_gap": 1e-9, "node_limit": NODES}
    whole = np.ones(len(problem.value))
    found = milp(-problem.value, constraints=limits, bounds=Bounds(0, 1), integrality=whole, options=options)
    if found.x is None:
        return None
    return found.x > 0.5, found.status == 0, float(-found.mip_dual_bound)
