"""What an hour of each role is worth when pairs compete for it, and a bound that no plan can exceed.

At given prices each pair is worth its value less its hours at those prices; all that is worth something is taken, in each
group at least its minimum. Hours at their prices plus what the taken pairs are worth bounds the value of every plan
(Lagrangian duality; Everett 1963). The lowest such bound is sought from the prices of a linear program on a sample, by
cutting planes within a trust region over the roles alone (boxstep; Marsten, Hogan and Blankenship 1975): each step looks
at all pairs once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Chosen = npt.NDArray[np.bool_]
SAMPLE = 10_000
CORE = 20_000
# Of more pairs a linear program takes the nearest to being worth nothing; the rest is as the prices say.
NEAR = 8_000
NUDGE = 1e-3
STEPS = 60
CLOSE = 2e-6


@dataclass(frozen=True, eq=False)
class Problem:
    """value per pair; need: pair × role hours; limit per role; group per pair (-1: none) and how many each must get."""

    value: Numbers
    need: Numbers
    limit: Numbers
    group: Indices
    floor: Indices

    def worth(self, prices: Numbers) -> Numbers:
        """Value less hours at these prices."""
        return self.value - self.need @ prices

    def take(self, rows: Indices, limit: Numbers, floor: Indices) -> Problem:
        """Some of the pairs under other limits."""
        return Problem(self.value[rows], np.asfortranarray(self.need[rows]), limit, self.group[rows], floor)


def choose_at(problem: Problem, worth: Numbers) -> Chosen:
    """Pairs worth something, and in each group that has too few of them the best of the others."""
    chosen = worth > 0
    if not problem.floor.any():
        return chosen
    lacking = problem.floor - count_groups(problem.group[chosen], len(problem.floor))
    rest = np.flatnonzero(~chosen & (problem.group >= 0))
    rest = rest[lacking[problem.group[rest]] > 0]
    rest = rest[np.lexsort((-worth[rest], problem.group[rest]))]
    group = problem.group[rest]
    place = np.arange(len(rest)) - np.searchsorted(group, group, side="left")
    chosen[rest[place < lacking[group]]] = True
    return chosen


def count_groups(group: Indices, groups: int) -> Indices:
    """How many pairs each group has."""
    return np.bincount(group[group >= 0], minlength=groups)


def bound_at(problem: Problem, prices: Numbers) -> tuple[float, Numbers]:
    """No plan is worth more than this; and how it changes with each price: hours there are less hours taken."""
    worth = problem.worth(prices)
    chosen = choose_at(problem, worth)
    return float(prices @ problem.limit + worth[chosen].sum()), problem.limit - chosen.astype(float) @ problem.need


def find_prices(problem: Problem) -> tuple[Numbers, float]:
    """Prices at which the bound is lowest, and the bound."""
    count, roles = len(problem.value), len(problem.limit)
    if count <= CORE:
        prices = prices_of(solve_linear(problem), roles)
        return prices, bound_at(problem, prices)[0]
    rows = np.sort(np.random.default_rng(0).choice(count, SAMPLE, replace=False))
    sample = problem.take(rows, problem.limit * SAMPLE / count, np.zeros_like(problem.floor))
    return lower_bound(problem, prices_of(solve_linear(sample), roles))


def is_crowded(problem: Problem, prices: Numbers) -> bool:
    """Whether more pairs than a linear program takes lie within a hair of being worth nothing."""
    return int((margin(problem, prices) < NUDGE).sum()) > NEAR


def nudge(problem: Problem) -> Problem:
    """Values moved by up to one in a thousand each, so that pairs worth the same are no longer."""
    noise = np.random.default_rng(0).uniform(-NUDGE, NUDGE, len(problem.value))
    return replace(problem, value=problem.value * (1 + noise))


def margin(problem: Problem, prices: Numbers) -> Numbers:
    """Each pair's worth, in parts of what its hours cost."""
    paid = problem.need @ prices
    return np.abs(problem.value - paid) / np.maximum(paid, 1e-12)


def linear_choice(problem: Problem, prices: Numbers) -> tuple[Chosen, Numbers]:
    """What is taken whole in the linear program of the pairs near the margin, all others as the prices say; its prices."""
    core, chosen = near_margin(problem, prices)
    found = solve_linear(_rest(problem, core, chosen))
    if found.x is None:
        return choose_at(problem, problem.worth(prices)), prices
    chosen[core[found.x > 1 - 1e-7]] = True
    return chosen, prices_of(found, len(problem.limit))


def near_margin(problem: Problem, prices: Numbers) -> tuple[Indices, Chosen]:
    """The pairs whose worth is smallest beside their hours' price, and the others that are taken."""
    chosen = choose_at(problem, problem.worth(prices))
    if len(chosen) <= CORE:
        return np.arange(len(chosen)), np.zeros_like(chosen)
    core = np.sort(np.argpartition(margin(problem, prices), NEAR)[:NEAR])
    chosen[core] = False
    return core, chosen


def _rest(problem: Problem, core: Indices, sure: Chosen) -> Problem:
    floor = np.maximum(problem.floor - count_groups(problem.group[sure], len(problem.floor)), 0)
    able = count_groups(problem.group[core], len(floor))
    return problem.take(core, np.maximum(problem.limit - sure @ problem.need, 0.0), np.minimum(floor, able))


def solve_linear(problem: Problem, most: Numbers | None = None) -> OptimizeResult:
    """The linear program in which parts of pairs may be taken; `most` of each, one where it is not given."""
    grouped = np.flatnonzero(problem.group >= 0)
    ones = sparse.csr_matrix(
        (-np.ones(len(grouped)), (problem.group[grouped], grouped)), shape=(len(problem.floor), len(problem.value))
    )
    kept = np.flatnonzero(problem.floor)
    matrix = sparse.vstack([sparse.csr_matrix(problem.need.T), ones[kept]]).tocsc()
    limits = np.concatenate([problem.limit, -problem.floor[kept].astype(float)])
    bounds = np.column_stack([np.zeros(len(problem.value)), np.ones(len(problem.value)) if most is None else most])
    return linprog(-problem.value, A_ub=matrix, b_ub=limits, bounds=bounds, method="highs")


def prices_of(found: OptimizeResult, roles: int) -> Numbers:
    """An hour's price per role; zeros where the program has no solution."""
    if found.x is None:
        return np.zeros(roles)
    return np.maximum(-found.ineqlin.marginals[:roles], 0.0)


def lower_bound(
    problem: Problem, start: Numbers, *, reach: float = 0.02, close: float = CLOSE, steps: int = STEPS
) -> tuple[Numbers, float]:
    """Cutting planes: below the highest of all planes seen, near the best prices so far, lies the next try."""
    bound, slope = bound_at(problem, start)
    # In shares of the bound, so that all numbers are near one.
    scale, unit = problem.limit / bound, bound
    best, bound = start * scale, 1.0
    planes, heights = [slope / problem.limit], [bound - float(slope @ start) / unit]
    width = np.maximum(best, best.mean())
    for _ in range(steps):
        tried, promised = _lowest_point(planes, heights, np.maximum(best - reach * width, 0.0), best + reach * width)
        if bound - promised <= close * bound:
            break
        value, slope = bound_at(problem, tried / scale)
        value /= unit
        planes.append(slope / problem.limit)
        heights.append(value - float(planes[-1] @ tried))
        gained = (bound - value) / (bound - promised)
        reach *= 2.0 if gained > 0.7 else 1.0 if gained > 0.2 else 0.6
        if value < bound:
            best, bound = tried, value
    return best / scale, bound * unit


def _lowest_point(planes: list[Numbers], heights: list[float], low: Numbers, high: Numbers) -> tuple[Numbers, float]:
    matrix = np.column_stack([np.stack(planes), -np.ones(len(planes))])
    limits = [*zip(low, high, strict=True), (None, None)]
    found = linprog(np.append(np.zeros(len(low)), 1.0), matrix, -np.asarray(heights), bounds=limits, method="highs")
    return found.x[:-1], float(found.x[-1])
