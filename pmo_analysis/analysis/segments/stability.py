"""Would each segment come back if other customers had been seen? Cluster-wise bootstrap Jaccard.

Customers are drawn with replacement (repeats dropped), the search is run anew on those drawn with the same number of
groups, and each segment is compared with the group found that is most like it. Hennig (2007), Cluster-wise assessment
of cluster stability, Computational Statistics & Data Analysis 52; repeats are dropped as in his R package fpc.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import MINIMUM_CUSTOMERS
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.partitions import SMALLEST_GROUP, search_partitions
from pmo_analysis.analysis.segments.place import complete_points

DRAWS = 40
_MOST_ROWS = 800
_COLUMNS = ["segment", "jaccard", "low", "high", "band", "draws", "customers_count"]


def measure_stability(points: Points, labels: np.ndarray, names: list[str], *, seed: int) -> pd.DataFrame:
    """How surely each segment comes back in a new search; columns as in `Segmentation.stability`.

    points: customers on the scheme's scales; labels 0…k−1, one per customer; names: the segments. Above 800
    customers 800 are drawn first. Empty where there is one group, nothing to tell customers by, or too few of them.
    """
    rows = _choose_rows(len(points), seed)
    some = points.take(rows)
    if len(names) < 2 or len(points) < MINIMUM_CUSTOMERS or _count_distinct(some) < 2:
        return pd.DataFrame([], columns=_COLUMNS)
    complete = complete_points(some)

    def search_again(drawn: np.ndarray) -> np.ndarray:
        """From fresh starts: a search that began at the answer would find every answer stable."""
        among = complete.take(drawn)
        count = min(len(names), len(drawn) // SMALLEST_GROUP, _count_distinct(among))
        if count < 2:
            return np.zeros(len(drawn), int)
        found = search_partitions(among, range(count, count + 1), seed=int(drawn.sum()), thorough=False)
        return found[max(found)].labels

    rng = np.random.default_rng([seed, 2])
    table = bootstrap_jaccard(labels[rows], search_again, draws=DRAWS, rng=rng, count=len(names))
    sizes = np.bincount(labels, minlength=len(names))
    return _tell_stability(table, names).assign(customers_count=sizes)[_COLUMNS]


def bootstrap_jaccard(
    labels: np.ndarray,
    refit: Callable[[np.ndarray], np.ndarray],
    *,
    draws: int,
    rng: np.random.Generator,
    count: int | None = None,
) -> np.ndarray:
    """Per draw and group its likeness to the nearest group that `refit` finds among the rows drawn (draws × groups).

    refit: takes the rows drawn (without repeats) and gives their labels 0…; missing where no member was drawn.
    """
    table = []
    for _ in range(draws):
        drawn = np.unique(rng.integers(0, len(labels), len(labels)))
        table.append(best_jaccard(labels[drawn], refit(drawn), count or int(labels.max()) + 1))
    return np.array(table)


def best_jaccard(labels: np.ndarray, found: np.ndarray, count: int) -> np.ndarray:
    """For each of `count` groups the Jaccard coefficient (shared over joint members) of the found group most like it."""
    shared = np.zeros((count, int(found.max()) + 1))
    np.add.at(shared, (labels, found), 1)
    size = shared.sum(axis=1, keepdims=True)
    joint = size + shared.sum(axis=0) - shared
    return np.where(size[:, 0] > 0, (shared / joint).max(axis=1), np.nan)


def name_band(jaccard: float) -> str:
    """Hennig's words for a mean Jaccard coefficient."""
    if np.isnan(jaccard) or jaccard < 0.60:
        return "not trustworthy"
    return "very stable" if jaccard >= 0.85 else "stable" if jaccard >= 0.75 else "a pattern"


def _count_distinct(points: Points) -> int:
    """How many customers differ in anything."""
    return (
        len(np.unique(np.hstack([points.numbers, points.codes]), axis=0))
        if points.numbers.size + points.codes.size
        else 1
    )


def _choose_rows(n: int, seed: int) -> np.ndarray:
    """The rows that stability is measured on: all, or 800 of many."""
    if n <= _MOST_ROWS:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, 3]).choice(n, _MOST_ROWS, replace=False))


def _tell_stability(table: np.ndarray, names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(table, columns=names)
    mean = frame.mean()
    return pd.DataFrame(
        {
            "segment": names,
            "jaccard": mean.to_numpy(),
            "low": frame.quantile(0.05).to_numpy(),
            "high": frame.quantile(0.95).to_numpy(),
            "band": [name_band(j) for j in mean],
            "draws": frame.notna().sum().to_numpy(),
        }
    )
