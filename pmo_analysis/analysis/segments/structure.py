"""Is there more than one group at all? A test whose null looks like the data but has one population.

Two statistics of a quick search for 2, 3 and 4 groups: how much the best partition gains in completed likelihood over
one group, which may have heavy tails; and how deep the valleys between its groups are (mean edge of a minimum spanning
tree of valleys, averaged over the counts). Bends and tails gain likelihood without a valley, so the valley counts more.
Both are compared with the same search on tables drawn from one population (`null.py`).
The threshold was set by simulation; it is not a proved level.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import minimum_spanning_tree

from pmo_analysis.analysis.segments.bend import weigh_tails
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.null import one_population
from pmo_analysis.analysis.segments.partitions import Partition, search_partitions

MOST_ROWS = 400
_COUNTS = range(2, 5)
_DRAWS = (12, 24, 48)
# Draws stop when the data lie this many standard errors of z from the threshold.
_SURE = 3.0
# A bend gains likelihood but has no valley; where groups overlap the valley shows them better as well.
_VALLEY_WEIGHT = 2.0
_LEAST_SPREAD = (1.5, 0.05)
# As two independent statistics would spread together, or so: among many customers a null without any valley hardly does.
_LEAST_JOINT_SPREAD = 2.0
_RIDGE = 0.05
_GRID = 32


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
    return 2.65 + 0.35 * np.log(np.clip(n, 60, MOST_ROWS) / 60)


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
        z = float(null["z"].iloc[0])
        if abs(z - limit) > _SURE * np.sqrt((1 + z**2 / 2) / stop):
            break
    by_count = {k: np.array([s.gains.get(k, 0.0) for s in seen[1:]]) for k in _COUNTS}
    return Test(z > limit, z, limit, seen[0].gains, by_count, null)


def _measure(points: Points, seed: int) -> _Seen:
    best = search_partitions(points, _COUNTS, seed=seed, thorough=False)
    several = {k: p for k, p in best.items() if k > 1}
    gains = {k: p.score - best[1].score for k, p in several.items()}
    deep = float(np.mean([valley(points, p) for p in several.values()])) if several else 0.0
    return _Seen(gains, max(gains.values(), default=0.0) - weigh_tails(points.numbers)[1], deep)


def _standardise(seen: list[_Seen]) -> pd.DataFrame:
    """Gain, valley and both together in deviations of the null, the data first: draw, gain, valley, z."""
    null = pd.DataFrame({"draw": range(len(seen)), "gain": [s.gain for s in seen], "valley": [s.valley for s in seen]})
    gain, deep = (_beyond(null[c], least) for c, least in zip(("gain", "valley"), _LEAST_SPREAD, strict=True))
    return null.assign(z=_beyond(gain + _VALLEY_WEIGHT * deep, _LEAST_JOINT_SPREAD))


def _beyond(statistic: pd.Series, least_spread: float) -> pd.Series:
    drawn = statistic.iloc[1:]
    return (statistic - drawn.mean()) / max(float(drawn.std()), least_spread)


def valley(points: Points, partition: Partition) -> float:
    """How deep the breaks between groups are: 0 where density never dips between them, towards 1 for empty space."""
    labels, k = partition.labels, partition.count
    if k < 2:
        return 0.0
    y = np.hstack([points.numbers, points.shown])
    means = np.stack([y[labels == g].mean(axis=0) for g in range(k)])
    toward = np.linalg.inv(np.cov((y - means[labels]).T) + _RIDGE * np.eye(y.shape[1])) @ means.T
    dips = np.zeros((k, k))
    for a, b in combinations(range(k), 2):
        score = y @ (toward[:, a] - toward[:, b])
        dips[a, b] = _dip(score[labels == b], score[labels == a]) + 1e-6
    return float(minimum_spanning_tree(dips).sum() / (k - 1))


def _dip(lower: np.ndarray, upper: np.ndarray) -> float:
    """The fall of root density between the medians of two groups on the axis that tells them apart."""
    both = np.concatenate([lower, upper])
    spread = np.sqrt((len(lower) * lower.var() + len(upper) * upper.var()) / len(both))
    width = max(float(spread), 1e-9) * len(both) ** -0.2
    grid = np.linspace(np.median(lower), np.median(upper), _GRID)
    height = np.sqrt(np.exp(-0.5 * ((grid[:, None] - both) / width) ** 2).mean(axis=1))
    lowest = int(height.argmin())
    peak = min(height[: lowest + 1].max(), height[lowest:].max())
    return float(peak - height[lowest]) / max(height.max(), 1e-9)
