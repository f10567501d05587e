"""Is there more than one group at all? A test whose null looks like the data but has one population.

Two statistics for 2, 3 and 4 groups: how much the best partition gains in completed likelihood over one group, and
how deep a valley lies between the groups it finds (the widest break of a minimum spanning tree of valleys). Curved
or heavy-tailed single populations gain likelihood without a valley. Both are compared with the same search on
tables drawn from one population (`null.py`). The threshold was set by simulation; it is not a proved level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import minimum_spanning_tree

from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.null import one_population
from pmo_analysis.analysis.segments.partitions import Partition, search_partitions

MOST_ROWS = 400
_COUNTS = range(2, 5)
_DRAWS = (19, 29, 39)
_CLEAR_MARGIN = 2.0
# A curve gains likelihood without a valley; planted groups that were found always had a deeper one than this.
_LEAST_VALLEY = 0.5


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


def threshold(n: int) -> float:
    """How far beyond one population the data must lie, in standard deviations of the null."""
    return 2.0 + 1.5 * np.log(np.clip(n, 60, MOST_ROWS) / 60)


def check_structure(points: Points, *, seed: int) -> Test:
    """Whether points (numbers complete) hold more than one group; at most 400 rows are used."""
    rng = np.random.default_rng([seed, 1])
    if len(points) > MOST_ROWS:
        points = points.take(np.sort(rng.choice(len(points), MOST_ROWS, replace=False)))
    seen = _statistics(points, seed)
    draw = one_population(points)
    null: list[tuple[dict[int, float], float]] = []
    for stop in _DRAWS:
        null += [_statistics(draw(rng), seed) for _ in range(stop - len(null))]
        z, deeper = _standardise(seen, null)
        if abs(z[0] - threshold(len(points))) > _CLEAR_MARGIN:
            break
    limit = threshold(len(points))
    gains = {k: np.array([g.get(k, 0.0) for g, _ in null]) for k in _COUNTS}
    found = bool(z[0] > limit and deeper > _LEAST_VALLEY)
    return Test(found, float(z[0]), float(limit), seen[0], gains, _draws([seen, *null], z))


def _draws(statistics: list[tuple[dict[int, float], float]], z: np.ndarray) -> pd.DataFrame:
    rows = [(i, max(g.values(), default=0.0), v) for i, (g, v) in enumerate(statistics)]
    return pd.DataFrame(rows, columns=["draw", "gain", "valley"]).assign(z=z)


def _statistics(points: Points, seed: int) -> tuple[dict[int, float], float]:
    best = search_partitions(points, _COUNTS, seed=seed, thorough=False)
    gains = {k: p.score - best[1].score for k, p in best.items() if k > 1}
    return gains, max((valley(points, p) for k, p in best.items() if k > 1), default=0.0)


def _standardise(
    seen: tuple[dict[int, float], float], null: list[tuple[dict[int, float], float]]
) -> tuple[np.ndarray, float]:
    """Gain and valley together (the data first, then each null draw), and the valley alone, in deviations of the null."""
    table = np.array([[max(g.values(), default=0.0), v] for g, v in null])
    own = np.array([max(seen[0].values(), default=0.0), seen[1]])
    centre, spread = table.mean(axis=0), np.maximum(table.std(axis=0, ddof=1), [1.0, 0.02])
    apart = (own - centre) / spread
    mix = ((table - centre) / spread) @ [1.0, 0.5]
    both = np.concatenate([[apart @ [1.0, 0.5]], mix])
    return (both - mix.mean()) / max(mix.std(ddof=1), 1e-6), float(apart[1])


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
