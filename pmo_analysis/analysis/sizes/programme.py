"""The cheapest cut of sorted hours into tiers, exactly, by dynamic programming.

Within a tier the best standard size is the newsvendor's quantile under/(under + over). The cost of a run of
neighbouring values satisfies the quadrangle inequality (for any set of allowed sizes, so also for round
numbers), hence the best previous cut moves only forward and each layer takes n log n steps, done level by
level on whole arrays. Prefix sums give the cost of any run at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class Costs(NamedTuple):
    """What a missing and a spare hour cost, and the step of which sizes are multiples (None: any size)."""

    under: float
    over: float
    step: float | None


@dataclass(frozen=True, eq=False)
class Runs:
    """Sorted distinct hours with prefix sums: what any run [start, stop) of them costs at its best size."""

    values: Numbers
    weight: Numbers
    total: Numbers
    costs: Costs

    @classmethod
    def of(cls, hours: Numbers, weights: Numbers | None, costs: Costs) -> Runs:
        """Runs of the given hours; alike hours are one value with their weights added."""
        values, counts = _distinct(hours, weights)
        return cls.of_sorted(values, counts, counts * values, costs)

    @classmethod
    def of_sorted(cls, values: Numbers, weights: Numbers, totals: Numbers, costs: Costs) -> Runs:
        """Runs of distinct values that ascend, each with its weight and its weight times hours."""
        weight, total = np.concatenate([[0.0], np.cumsum(weights)]), np.concatenate([[0.0], np.cumsum(totals)])
        return cls(values, weight, total, costs)

    def size(self, start: Indices, stop: Indices) -> Numbers:
        """The best standard size of each run: its quantile, at a round number if a step is set."""
        under, over, step = self.costs
        share = under / (under + over)
        aim = self.weight[start] + share * (self.weight[stop] - self.weight[start])
        # A hair below the aim, so that rounding in the sums cannot step over an exact tie.
        middle = np.searchsorted(self.weight, aim * (1 - 1e-12), side="left") - 1
        exact = self.values[np.clip(middle, start, stop - 1)]
        if step is None:
            return exact
        below = np.maximum(np.floor(exact / step + 1e-9), 1.0) * step
        above = np.maximum(np.ceil(exact / step - 1e-9), 1.0) * step
        return np.where(self.loss(start, stop, below) <= self.loss(start, stop, above), below, above)

    def loss(self, start: Indices, stop: Indices, size: Numbers) -> Numbers:
        """Cost of spare and missing hours when each value of a run gets this size."""
        split = np.clip(np.searchsorted(self.values, size, side="right"), start, stop)
        spare = size * (self.weight[split] - self.weight[start]) - (self.total[split] - self.total[start])
        missing = self.total[stop] - self.total[split] - size * (self.weight[stop] - self.weight[split])
        return self.costs.over * np.maximum(spare, 0.0) + self.costs.under * np.maximum(missing, 0.0)

    def cost(self, start: Indices, stop: Indices) -> Numbers:
        """Cost of each run at its best size."""
        return self.loss(start, stop, self.size(start, stop))

    def cut_cost(self, bounds: Indices) -> float:
        """Cost of a whole cut, given by its bounds (0, …, n)."""
        return float(self.cost(bounds[:-1], bounds[1:]).sum())


def _distinct(hours: Numbers, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    order = np.sort(hours) if weights is None else hours[at := np.argsort(hours, kind="stable")]
    first = np.flatnonzero(np.concatenate([[True], order[1:] != order[:-1]]))
    if weights is None:
        return order[first], np.diff(np.append(first, len(order))).astype(float)
    return order[first], np.add.reduceat(weights[at], first)


def best_cuts(runs: Runs, most: int, least_weight: float = 0.0) -> list[Indices]:
    """For 1, 2, … `most` tiers the bounds (0, …, n) of the cheapest cut; stops where no cut is allowed."""
    costs, came_from = [_first_layer(runs, least_weight)], []
    while len(costs) < min(most, len(runs.values)):
        best, came = _next_layer(runs, costs[-1], least_weight)
        if not np.isfinite(best[-1]):
            break
        costs.append(best)
        came_from.append(came)
    return [_trace(came_from[:k], len(runs.values)) for k in range(len(costs))]


def _first_layer(runs: Runs, least: float) -> Numbers:
    stop = np.arange(1, len(runs.values) + 1)
    cost = runs.cost(np.zeros_like(stop), stop)
    return np.concatenate([[np.inf], np.where(runs.weight[stop] >= least, cost, np.inf)])


def _next_layer(runs: Runs, before: Numbers, least: float) -> tuple[Numbers, Indices]:
    count = len(runs.values)
    best, came = np.full(count + 1, np.inf), np.zeros(count + 1, dtype=np.int64)
    rows = np.array([[1, count, 0, count]])
    while len(rows):
        low, high, first, last = rows.T
        middle = (low + high) // 2
        reach = np.minimum(last, middle - 1)
        best[middle], came[middle] = _cheapest(runs, before, least, (middle, first, np.maximum(reach, first)))
        left = np.stack([low, middle - 1, first, came[middle]], axis=1)
        right = np.stack([middle + 1, high, came[middle], last], axis=1)
        rows = np.concatenate([left, right])
        rows = rows[rows[:, 0] <= rows[:, 1]]
    return best, came


def _cheapest(
    runs: Runs, before: Numbers, least: float, rows: tuple[Indices, Indices, Indices]
) -> tuple[Numbers, Indices]:
    """For each row (a stop and a range of starts) the cheapest start, on one long ragged array."""
    stops, first, last = rows
    lengths = last - first + 1
    begin = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    row = np.repeat(np.arange(len(stops)), lengths)
    start = np.arange(lengths.sum()) - begin[row] + first[row]
    stop = stops[row]
    allowed = (start < stop) & (runs.weight[stop] - runs.weight[start] >= least)
    total = np.full(len(start), np.inf)
    total[allowed] = before[start[allowed]] + runs.cost(start[allowed], stop[allowed])
    best = np.minimum.reduceat(total, begin)
    hit = np.flatnonzero(total == best[row])
    # The first hit of each row: later ones cost the same.
    return best, start[hit[np.searchsorted(row[hit], np.arange(len(stops)))]]


def _trace(came_from: list[Indices], last: int) -> Indices:
    bounds = [last]
    for came in reversed(came_from):
        bounds.append(int(came[bounds[-1]]))
    return np.array([0, *bounds[::-1]])


def improve_cut(runs: Runs, bounds: Indices, least: float, single: npt.NDArray[np.bool_] | None = None) -> Indices:
    """The cut moved to where both neighbours cost the same, again and again, as long as it costs less.

    single: which values are hours and not means of several; limits and sizes then stay among those.
    """
    loss = runs.cut_cost(bounds)
    for _ in range(50):
        moved = _moved(runs, bounds)
        if (np.diff(moved) < 1).any() or (np.diff(runs.weight[moved]) < least).any():
            return bounds
        better = runs.cut_cost(moved)
        if better >= loss or (single is not None and not single[_touched(runs, moved)].all()):
            return bounds
        bounds, loss = moved, better
    return bounds


def _moved(runs: Runs, bounds: Indices) -> Indices:
    size = runs.size(bounds[:-1], bounds[1:])
    return np.concatenate(
        [[0], np.searchsorted(runs.values, even_limits(size, runs.costs), side="right"), [len(runs.values)]]
    )


def _touched(runs: Runs, bounds: Indices) -> Indices:
    """The values at each limit's sides and at each size."""
    sizes = np.searchsorted(runs.values, runs.size(bounds[:-1], bounds[1:]))
    return np.concatenate([bounds[1:-1] - 1, bounds[1:-1], np.minimum(sizes, len(runs.values) - 1)])


def even_limits(size: Numbers, costs: Costs) -> Numbers:
    """The hours at which two neighbouring sizes cost the same."""
    return (costs.under * size[:-1] + costs.over * size[1:]) / (costs.under + costs.over)
