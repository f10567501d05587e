"""Is there more than one group at all? A test whose null looks like the data but has one population.

Two statistics of a quick search for 2, 3 and 4 groups: how much the best partition gains in completed likelihood over
one group, which may have heavy tails; and how deep a valley lies between the groups (the widest break of a minimum
spanning tree of valleys, less a charge for every further group). Bent or heavy-tailed single populations gain
likelihood without a valley. Both are compared with the same search on tables drawn from one population (`null.py`).
The threshold was set by simulation; it is not a proved level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import minimum_spanning_tree

from pmo_analysis.analysis.segments.bend import weigh_tails
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.null import one_population
from pmo_analysis.analysis.segments.partitions import Partition, search_partitions

MOST_ROWS = 400
_COUNTS = range(2, 5)
_DRAWS = (15, 27, 39)
_CLEAR_MARGIN = 1.5
# A valley tells groups from a bend, but is noisier than the gain: it counts half.
_VALLEY_WEIGHT = 0.5
# Bends reach the threshold now and then, but without a valley, and never twice the threshold.
_LEAST_VALLEY = 1.0
_WITHOUT_VALLEY = 2.0
# More groups have more pairs, of which the widest break is taken.
_VALLEY_CHARGE = 0.08
_LEAST_SPREAD = (1.5, 0.05)


@dataclass(frozen=True, eq=False)
class Test:
    """The outcome: `found`, the standardised statistic `z`, its `threshold`, gains of the null draws by count.

    `null`: one row per draw: draw (0 the data themselves, 1… one population), gain, valley, z
    """

    found: bool
    z: float
    threshold: float
    gain: dict[int, float]
    null_gain: dict[int, np.ndarray]
    null: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Seen:
    """Gain over one group by count, the best of them less what heavy tails gain, and the valley."""

    gains: dict[int, float]
    gain: float
    valley: float


def threshold(n: int) -> float:
    """How far beyond one population the data must lie, in standard deviations of the null."""
    return 3.0 + 0.8 * np.log(np.clip(n, 60, MOST_ROWS) / 60)


def check_structure(points: Points, *, seed: int, known: np.ndarray | None = None) -> Test:
    """Whether points (numbers complete) hold more than one group; at most 400 rows are used.

    known: which cells of the numbers were not filled in (rows × columns), so that null draws are filled alike.
    """
    rng = np.random.default_rng([seed, 1])
    if len(points) > MOST_ROWS:
        rows = np.sort(rng.choice(len(points), MOST_ROWS, replace=False))
        points, known = points.take(rows), known if known is None else known[rows]
    limit = float(threshold(len(points)))
    seen = [_measure(points, seed)]
    draw = one_population(points, known)
    for stop in _DRAWS:
        seen += [_measure(draw(rng), seed) for _ in range(stop + 1 - len(seen))]
        null = _standardise(seen)
        if abs(null["z"].iloc[0] - limit) > _CLEAR_MARGIN:
            break
    by_count = {k: np.array([s.gains.get(k, 0.0) for s in seen[1:]]) for k in _COUNTS}
    z, deep = float(null["z"].iloc[0]), float(_beyond(null["valley"], _LEAST_SPREAD[1]).iloc[0])
    found = z > limit and (deep > _LEAST_VALLEY or z > _WITHOUT_VALLEY * limit)
    return Test(found, z, limit, seen[0].gains, by_count, null)


def _measure(points: Points, seed: int) -> _Seen:
    best = search_partitions(points, _COUNTS, seed=seed, thorough=False)
    several = {k: p for k, p in best.items() if k > 1}
    gains = {k: p.score - best[1].score for k, p in several.items()}
    charged = [valley(points, p) - _VALLEY_CHARGE * (k - 2) for k, p in several.items()]
    return _Seen(gains, max(gains.values(), default=0.0) - weigh_tails(points.numbers)[1], max(charged, default=0.0))


def _standardise(seen: list[_Seen]) -> pd.DataFrame:
    """Gain, valley and both together in deviations of the null, the data first: draw, gain, valley, z."""
    null = pd.DataFrame({"draw": range(len(seen)), "gain": [s.gain for s in seen], "valley": [s.valley for s in seen]})
    gain, deep = (_beyond(null[c], least) for c, least in zip(("gain", "valley"), _LEAST_SPREAD, strict=True))
    return null.assign(z=_beyond(gain + _VALLEY_WEIGHT * deep, 0.1))


def _beyond(statistic: pd.Series, least_spread: float) -> pd.Series:
    drawn = statistic.iloc[1:]
    return (statistic - drawn.mean()) / max(float(drawn.std()), least_spread)


def valley(points: Points, partition: Partition) -> float:
    """The widest break between groups: 0 where density never dips between them, towards 1 for empty space."""
    k = partition.count
    directions = _directions(points, partition.labels)
    dips = np.zeros((k, k))
    for a in range(k):
        for b in range(a):
            dips[a, b] = _dip(points, partition.labels, directions, a, b) + 1e-6
    return float(minimum_spanning_tree(dips).max()) if k > 1 else 0.0


def _indicators(points: Points) -> np.ndarray:
    shown = [np.eye(m + 1)[points.codes[:, j]][:, :m] for j, m in enumerate(points.levels)]
    return np.hstack([points.numbers, *shown])


def _directions(points: Points, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = _indicators(points)
    means = np.stack([y[labels == g].mean(axis=0) for g in range(labels.max() + 1)])
    within = np.cov((y - means[labels]).T) + 0.05 * np.eye(y.shape[1])
    return y, means, np.linalg.inv(within)


def _dip(
    points: Points, labels: np.ndarray, directions: tuple[np.ndarray, np.ndarray, np.ndarray], a: int, b: int
) -> float:
    y, means, precision = directions
    score = y @ (precision @ (means[a] - means[b]))
    upper, lower = score[labels == a], score[labels == b]
    pooled = np.concatenate([lower - lower.mean(), upper - upper.mean()])
    width = max(pooled.std(), 1e-9) * len(pooled) ** -0.2
    grid = np.linspace(np.median(lower), np.median(upper), 48)
    both = np.concatenate([lower, upper])
    height = np.sqrt(np.exp(-0.5 * ((grid[:, None] - both) / width) ** 2).mean(axis=1))
    lowest = int(height.argmin())
    peak = min(height[: lowest + 1].max(), height[lowest:].max())
    return float(peak - height[lowest]) / max(height.max(), 1e-9)
