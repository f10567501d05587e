"""How far the limits between sizes would move had other engagements been asked for: a bootstrap of the cut."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.sizes.programme import Costs, Numbers, Runs, even_limits

DRAWS = 100
POINTS = 100
COLUMNS = ["tier", "limit_hours", "low", "high", "changed_share", "n"]


def move_limits(
    hours: pd.Series | Numbers,
    tiers: pd.DataFrame,
    *,
    under_cost: float = 1.0,
    over_cost: float = 1.0,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Tells how sure each limit between two sizes is: its range, and the engagements whose size would change.

    hours of the engagements; tiers: tier, to_hours, standard_hours, ascending, that they were cut into. The engagements are
    redrawn 100 times with replacement and cut anew into as many tiers at the same costs (more than 100 distinct hours are put
    together in 100 even parts). One row per limit: tier (below it), limit_hours, low, high, changed_share (of the
    engagements, the mean over the redraws), n.
    """
    values = np.sort(np.asarray(hours, float))
    costs, size = Costs(under_cost, over_cost, None), tiers["standard_hours"].to_numpy(float)
    points, counts = _points(values)
    if len(size) < 2 or len(points) < len(size):
        return pd.DataFrame(columns=COLUMNS)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / counts.sum(), DRAWS)
    moved = np.stack([even_limits(_cut(points, one.astype(float), len(size), costs), costs) for one in drawn])
    told = tiers["to_hours"].to_numpy(float)[:-1]
    low, high = np.quantile(moved, [(1 - level) / 2, (1 + level) / 2], axis=0)
    before, after = np.searchsorted(values, told, side="right"), np.searchsorted(values, moved, side="right")
    changed = np.abs(after - before).mean(axis=0) / len(values)
    # The limit as told is rounded: it may lie a hair outside what the redraws gave.
    low, high = np.minimum(low, told), np.maximum(high, told)
    columns = (tiers["tier"].tolist()[:-1], told, low, high, changed, len(values))
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _points(values: Numbers) -> tuple[Numbers, Numbers]:
    points, counts = np.unique(values, return_counts=True)
    if len(points) <= POINTS:
        return points, counts.astype(float)
    parts = np.array_split(values, POINTS)
    means = np.array([p.mean() for p in parts])
    return means, np.array([float(len(p)) for p in parts])


def _cut(points: Numbers, drawn: Numbers, tiers: int, costs: Costs) -> Numbers:
    """The cheapest sizes of one redraw: all runs of neighbouring points priced, then the best cut layer by layer."""
    seen = drawn > 0
    runs = Runs.of_sorted(points[seen], drawn[seen], drawn[seen] * points[seen], costs)
    count = len(runs.values)
    start, stop = np.triu_indices(count + 1, k=1)
    cost = np.full((count + 1, count + 1), np.inf)
    cost[start, stop] = runs.cost(start, stop)
    best, came = cost[0], []
    for _ in range(min(tiers, count) - 1):
        whole = best[:, None] + cost
        came.append(whole.argmin(axis=0))
        best = whole.min(axis=0)
    bounds = [count]
    for layer in reversed(came):
        bounds.append(layer[bounds[-1]])
    cut = np.array([0, *bounds[::-1]])
    sizes = runs.size(cut[:-1], cut[1:])
    # A redraw with fewer distinct hours than sizes repeats the largest.
    return np.append(sizes, np.repeat(sizes[-1:], tiers - len(sizes)))
