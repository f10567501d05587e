"""Cuts of very many hours: the exact programme on hours put together in bins, made exact again where it matters.

The cost of an engagement is made of straight lines that bend up at a size and down at a limit between two. Hours put
together at their mean therefore never cost more than they do apart, but where a limit lies among them, and there by at
most (under + over) / 2 times their total deviation from the mean. The best cut of the bins into k tiers, less k - 1 such
errors, bounds every cut of the hours from below: the answer's distance from the best possible is known, not hoped for.
Where it exceeds 1e-5 finer bins are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pmo_analysis.analysis.sizes.programme import Costs, Indices, Numbers, Runs, best_cuts, improve_cut

EXACT_VALUES = 6_000
SORTED_VALUES = 1_000_000
TOLERANCE = 1e-5
CHUNK = 1 << 18
# A binary number's leading 13 digits name its bin: bins are one part in 8,192 to 16,384 wide, over 30 doublings.
DIGITS = 39
OCTAVES = 30 << (52 - DIGITS)


@dataclass(frozen=True, eq=False)
class Cuts:
    """For 1, 2, … tiers: bounds of the cheapest cut of `runs` found, and a loss that no cut can be below."""

    runs: Runs
    bounds: list[Indices]
    least_loss: Numbers


@dataclass(frozen=True, eq=False)
class _Bins:
    """Neighbouring hours put together: runs of their means, and per bin the most that they deviate from it in all."""

    runs: Runs
    deviation: Numbers
    first: Indices


def cheapest_cuts(hours: Numbers, weights: Numbers | None, most: int, costs: Costs, *, min_share: float) -> Cuts:
    """The cheapest cuts into 1 to `most` tiers.

    Exact up to 6,000 distinct hours, above it within 1e-5 of `least_loss`. With a minimum share the bound is only
    proven where the programme is exact; it is missing elsewhere.
    """
    if len(hours) > SORTED_VALUES and min_share == 0:
        found = _cut_histogram(hours, weights, most, costs)
        if found is not None:
            return found
    runs = Runs.of(hours, weights, costs)
    least = min_share * runs.weight[-1] * (1 - 1e-12)
    if len(runs.values) <= EXACT_VALUES:
        bounds = best_cuts(runs, most, least)
        return Cuts(runs, bounds, np.array([runs.cut_cost(b) for b in bounds]))
    for bins_count in (EXACT_VALUES, 4 * EXACT_VALUES):
        bins = _merge(runs, runs.values, np.zeros(len(runs.values)), bins_count)
        rough = best_cuts(bins.runs, most, least)
        bounds = [improve_cut(runs, bins.first[b], least) for b in rough]
        bound = _bound(bins, rough) if min_share == 0 else np.full(len(rough), np.nan)
        if not _is_far(runs, bounds, bound):
            break
    return Cuts(runs, bounds, bound)


def _is_far(runs: Runs, bounds: list[Indices], bound: Numbers) -> bool:
    loss = np.array([runs.cut_cost(b) for b in bounds])
    return bool((loss > bound + TOLERANCE * loss).any())


def _bound(bins: _Bins, rough: list[Indices]) -> Numbers:
    at_a_limit = (bins.runs.costs.under + bins.runs.costs.over) / 2 * bins.deviation.max()
    return np.maximum([bins.runs.cut_cost(b) - k * at_a_limit for k, b in enumerate(rough)], 0.0)


def _merge(runs: Runs, low: Numbers, spread: Numbers, most: int) -> _Bins:
    """At most so many bins of neighbours (which begin at `low` and deviate by `spread`), alike in weight times width."""
    first = _first_of_bins(runs, low, most)
    weight, total = np.diff(runs.weight[first]), np.diff(runs.total[first])
    merged = Runs.of_sorted(total / weight, weight, total, runs.costs)
    plain = replace(runs, costs=Costs(1.0, 1.0, None))
    deviation = plain.loss(first[:-1], first[1:], merged.values) + np.add.reduceat(spread, first[:-1])
    return _Bins(merged, deviation, first)


def _first_of_bins(runs: Runs, low: Numbers, most: int) -> Indices:
    count = len(runs.values)
    if count <= most:
        return np.arange(count + 1)
    gap = low[1:] - low[:-1]
    # The wider of the gaps on both sides, so that a lonely value is a bin of its own.
    width = np.maximum(np.append(gap, gap[-1:]), np.concatenate([gap[:1], gap]))
    share = np.cumsum(np.sqrt(np.diff(runs.weight) * width))
    first = np.searchsorted(share, np.arange(1, most) / most * share[-1])
    return np.unique(np.concatenate([[0], first, [count]]))


def _spread(runs: Runs, low: Numbers, high: Numbers) -> Numbers:
    """The most that hours between low and high can deviate from their mean in all: where all lie at the ends."""
    above, below = np.maximum(high - runs.values, 0.0), np.maximum(runs.values - low, 0.0)
    return 2 * np.diff(runs.weight) * above * below / np.maximum(high - low, 1e-300)


def _cut_histogram(hours: Numbers, weights: Numbers | None, most: int, costs: Costs) -> Cuts | None:
    """Cuts without sorting the hours; None where bins by leading digits are too coarse for them."""
    weight, total = _histogram(hours, weights)
    full = np.flatnonzero(weight)
    low, high = _edges(hours, full)
    fine = Runs.of_sorted(total[full] / weight[full], weight[full], total[full], costs)
    spread = _spread(fine, low, high)
    bins = _merge(fine, low, spread, EXACT_VALUES)
    rough = best_cuts(bins.runs, most)
    near = np.zeros(len(weight), dtype=bool)
    near[full] = _near_cuts(bins, rough) & (spread > 0)
    runs = _spell_out(hours, weights, near, fine, full)
    limits = [(fine.values[c[1:-1] - 1] + fine.values[c[1:-1]]) / 2 for c in (bins.first[b] for b in rough)]
    starts = [np.concatenate([[0], np.searchsorted(runs.values, m), [len(runs.values)]]) for m in limits]
    means = np.isin(runs.values, fine.values[_between(near[full], spread)])
    bounds = [improve_cut(runs, b, 0.0, ~means) for b in starts]
    bound = _bound(bins, rough)
    return None if _is_far(runs, bounds, bound) else Cuts(runs, bounds, bound)


def _between(near: np.ndarray, spread: Numbers) -> np.ndarray:
    """Bins of unlike hours that are not spelled out: no limit and no size may move there."""
    return ~near & (spread > 0)


def _keys(hours: Numbers) -> Iterator[tuple[slice, Indices]]:
    """Chunk by chunk the bin of each hour by its leading digits above the least; next to nothing is in the first."""
    bottom, least = hours.min(), _least_digits(hours)
    for start in range(0, len(hours), CHUNK):
        at = slice(start, start + CHUNK)
        key = np.right_shift((hours[at] - bottom).view(np.int64), DIGITS)
        key -= least
        yield at, np.maximum(key, 0, out=key)


def _least_digits(hours: Numbers) -> int:
    return int(np.float64(hours.max() - hours.min()).view(np.int64) >> DIGITS) - OCTAVES


def _histogram(hours: Numbers, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    weight, total = np.zeros(OCTAVES + 1), np.zeros(OCTAVES + 1)
    for at, key in _keys(hours):
        each = hours[at] if weights is None else weights[at] * hours[at]
        weight += np.bincount(key, None if weights is None else weights[at], minlength=OCTAVES + 1)
        total += np.bincount(key, each, minlength=OCTAVES + 1)
    return weight, total


def _edges(hours: Numbers, full: Indices) -> tuple[Numbers, Numbers]:
    """From where to where the hours of each of these bins can lie."""
    least = _least_digits(hours)
    low, high = (((full + least + k) << DIGITS).view(np.float64) for k in (0, 1))
    low, high = hours.min() + np.where(full > 0, low, 0.0), hours.min() + high
    return low, np.minimum(high, hours.max())


def _near_cuts(bins: _Bins, rough: list[Indices]) -> np.ndarray:
    """Which fine bins lie in the bins around a limit or a size of any of the cuts."""
    runs, wide = bins.runs, np.zeros(len(bins.deviation), dtype=bool)
    for cut in rough:
        size = np.searchsorted(runs.values, runs.size(cut[:-1], cut[1:]))
        for at in (size - 1, size, size + 1, cut - 1, cut):
            wide[np.clip(at, 0, len(wide) - 1)] = True
    return np.repeat(wide, np.diff(bins.first))


def _spell_out(hours: Numbers, weights: Numbers | None, near: np.ndarray, fine: Runs, full: Indices) -> Runs:
    """Runs of single hours in the bins that are near a cut, and of means in the others."""
    picked = [(at, near[key]) for at, key in _keys(hours)]
    raw = np.concatenate([hours[at][mask] for at, mask in picked])
    raw_weight = None if weights is None else np.concatenate([weights[at][mask] for at, mask in picked])
    rest = ~near[full]
    values, counts = fine.values[rest], np.diff(fine.weight)[rest]
    if len(raw):
        # Alike hours are put together first: unweighted ones sort fast, and few are left.
        single = Runs.of(raw, raw_weight, fine.costs)
        values, counts = np.append(values, single.values), np.append(counts, np.diff(single.weight))
    return Runs.of(values, counts, fine.costs)
