"""The cheapest cut of sorted hours into tiers, exactly, by dynamic programming.

Within a tier the best standard size is the newsvendor's quantile under/(under + over). The cost of a run of
neighbouring values satisfies the quadrangle inequality (for any set of allowed sizes, so also for round
numbers), hence the best previous cut moves only forward and each layer takes n log n steps, done level by
level on whole arrays. Prefix sums give the cost of any run at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
EXACT_CUTS = 10_000


@dataclass(frozen=True, eq=False)
class Runs:
    """Sorted distinct hours with prefix sums: what any run [start, stop) of them costs at its best size."""

    values: Numbers
    weight: Numbers
    total: Numbers
    under: float
    over: float
    step: float | None

    @classmethod
    def of(cls, hours: Numbers, weights: Numbers | None, *, under: float, over: float, step: float | None) -> Runs:
        """Runs of the given hours; alike hours are one value with their weights added."""
        values, counts = _distinct(hours, weights)
        weight = np.concatenate([[0.0], np.cumsum(counts)])
        return cls(values, weight, np.concatenate([[0.0], np.cumsum(counts * values)]), under, over, step)

    def size(self, start: Indices, stop: Indices) -> Numbers:
        """The best standard size of each run: its quantile, at a round number if a step is set."""
        share = self.under / (self.under + self.over)
        aim = self.weight[start] + share * (self.weight[stop] - self.weight[start])
        # A hair below the aim, so that rounding in the sums cannot step over an exact tie.
        middle = np.searchsorted(self.weight, aim * (1 - 1e-12), side="left") - 1
        exact = self.values[np.clip(middle, start, stop - 1)]
        if self.step is None:
            return exact
        below = np.maximum(np.floor(exact / self.step + 1e-9), 1.0) * self.step
        above = np.maximum(np.ceil(exact / self.step - 1e-9), 1.0) * self.step
        return np.where(self.loss(start, stop, below) <= self.loss(start, stop, above), below, above)

    def loss(self, start: Indices, stop: Indices, size: Numbers) -> Numbers:
        """Cost of spare and missing hours when each value of a run gets this size."""
        split = np.clip(np.searchsorted(self.values, size, side="right"), start, stop)
        spare = size * (self.weight[split] - self.weight[start]) - (self.total[split] - self.total[start])
        missing = self.total[stop] - self.total[split] - size * (self.weight[stop] - self.weight[split])
        return self.over * np.maximum(spare, 0.0) + self.under * np.maximum(missing, 0.0)

    def cost(self, start: Indices, stop: Indices) -> Numbers:
        """Cost of each run at its best size."""
        return self.loss(start, stop, self.size(start, stop))


def _distinct(hours: Numbers, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    order = np.sort(hours) if weights is None else hours[at := np.argsort(hours, kind="stable")]
    first = np.flatnonzero(np.concatenate([[True], order[1:] != order[:-1]]))
    if weights is None:
        return order[first], np.diff(np.append(first, len(order))).astype(float)
    return order[first], np.add.reduceat(weights[at], first)


def best_cuts(runs: Runs, most: int, least_weight: float = 0.0) -> list[Indices]:
    """For 1, 2, … `most` tiers the bounds (0, …, n) of the cheapest cut; stops where no cut is allowed.

    Up to 10,000 distinct values every cut is tried; above, cuts at 10,000 evenly spread values, then moved
    to where both neighbours cost the same until nothing improves.
    """
    cuts = _candidate_cuts(runs)
    costs, came_from = [_first_layer(runs, cuts, least_weight)], []
    while len(costs) < min(most, len(cuts) - 1):
        best, came = _next_layer(runs, cuts, costs[-1], least_weight)
        if not np.isfinite(best[-1]):
            break
        costs.append(best)
        came_from.append(came)
    found = [cuts[_trace(came_from[:k], len(cuts) - 1)] for k in range(len(costs))]
    thinned = len(cuts) <= len(runs.values)
    return [_polish(runs, bounds, least_weight) for bounds in found] if thinned else found


def _candidate_cuts(runs: Runs) -> Indices:
    count = len(runs.values)
    if count <= EXACT_CUTS:
        return np.arange(count + 1)
    spread = np.linspace(0, 1, EXACT_CUTS // 2)
    by_count = np.searchsorted(runs.weight, spread * runs.weight[-1])
    by_hours = np.searchsorted(runs.total, spread * runs.total[-1])
    return np.unique(np.clip(np.concatenate([[0, count], by_count, by_hours]), 0, count))


def _first_layer(runs: Runs, cuts: Indices, least: float) -> Numbers:
    stop = cuts[1:]
    cost = runs.cost(np.zeros_like(stop), stop)
    return np.concatenate([[np.inf], np.where(runs.weight[stop] >= least, cost, np.inf)])


def _next_layer(runs: Runs, cuts: Indices, before: Numbers, least: float) -> tuple[Numbers, Indices]:
    best, came = np.full(len(cuts), np.inf), np.zeros(len(cuts), dtype=np.int64)
    rows = np.array([[1, len(cuts) - 1, 0, len(cuts) - 1]])
    while len(rows):
        low, high, first, last = rows.T
        middle = (low + high) // 2
        reach = np.minimum(last, middle - 1)
        best[middle], came[middle] = _cheapest(runs, cuts, before, least, (middle, first, np.maximum(reach, first)))
        left = np.stack([low, middle - 1, first, came[middle]], axis=1)
        right = np.stack([middle + 1, high, came[middle], last], axis=1)
        rows = np.concatenate([left, right])
        rows = rows[rows[:, 0] <= rows[:, 1]]
    return best, came


def _cheapest(
    runs: Runs, cuts: Indices, before: Numbers, least: float, rows: tuple[Indices, Indices, Indices]
) -> tuple[Numbers, Indices]:
    """For each row (a stop and a range of starts) the cheapest start, on one long ragged array."""
    stops, first, last = rows
    lengths = last - first + 1
    begin = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    row = np.repeat(np.arange(len(stops)), lengths)
    start = np.arange(lengths.sum()) - begin[row] + first[row]
    stop = stops[row]
    allowed = (start < stop) & (runs.weight[cuts[stop]] - runs.weight[cuts[start]] >= least)
    total = np.full(len(start), np.inf)
    total[allowed] = before[start[allowed]] + runs.cost(cuts[start[allowed]], cuts[stop[allowed]])
    best = np.minimum.reduceat(total, begin)
    hit = np.flatnonzero(total == best[row])
    # The first hit of each row: later ones cost the same.
    return best, start[hit[np.searchsorted(row[hit], np.arange(len(stops)))]]


def _trace(came_from: list[Indices], last: int) -> Indices:
    bounds = [last]
    for came in reversed(came_from):
        bounds.append(int(came[bounds[-1]]))
    return np.array([0, *bounds[::-1]])


def _polish(runs: Runs, bounds: Indices, least: float) -> Indices:
    loss = runs.cost(bounds[:-1], bounds[1:]).sum()
    for _ in range(50):
        size = runs.size(bounds[:-1], bounds[1:])
        limit = (runs.under * size[:-1] + runs.over * size[1:]) / (runs.under + runs.over)
        moved = np.concatenate([[0], np.searchsorted(runs.values, limit, side="right"), [len(runs.values)]])
        if (np.diff(moved) < 1).any() or (np.diff(runs.weight[moved]) < least).any():
            return bounds
        better = runs.cost(moved[:-1], moved[1:]).sum()
        if better >= loss:
            return bounds
        bounds, loss = moved, better
    return bounds
