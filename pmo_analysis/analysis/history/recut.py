"""Whether the old segments still hold, judged in the last quarter against the best cut that could be made there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.segments import assign_segments
from pmo_analysis.analysis.segments.columns import MINIMUM_CUSTOMERS
from pmo_analysis.analysis.segments.mixture import Points, fit_mixture, membership
from pmo_analysis.analysis.segments.partitions import Partition, score_labels, search_partitions
from pmo_analysis.analysis.segments.place import complete_points
from pmo_analysis.analysis.segments.scheme import encode

_MOST_ROWS = 800
_STEPS = 10
# Natural log of the Bayes factor of a fresh cut against the old groups: e^10 to 1 is beyond doubt (Jeffreys; Kass &
# Raftery 1995 call 5 very strong); the rest is for the search, which takes the best of many.
_EVIDENCE = 10.0
_EMPTIED, _FEWEST_TO_EMPTY = 0.2, 5
_STILL_THE_SAME = 0.7
_PART = 0.25


def advise_recut(now: pd.DataFrame, scheme: Mapping[str, Any], *, quarter: str, seed: int) -> tuple[bool, str]:
    """Whether to cut new segments, and why, from the customers of one quarter (index customer_id).

    The old groups, moved to where their customers are now, against a fresh cut of the same features, by the
    integrated completed likelihood: it pays for every group, so that a fresh cut does not win by fitting noise.
    """
    if len(scheme["segments"]) == 1 or len(now) < MINIMUM_CUSTOMERS:
        return False, "too few customers, or one segment, to compare cuts"
    rng = np.random.default_rng(seed)
    now = now.sort_index()
    if len(now) > _MOST_ROWS:
        now = now.iloc[np.sort(rng.choice(len(now), _MOST_ROWS, replace=False))]
    points = complete_points(encode(now, scheme["columns"]))
    assigned = assign_segments(now, scheme)["segment"].to_numpy()
    old = _settle(points, pd.factorize(assigned, sort=True)[0])
    counts = range(2, len(scheme["segments"]) + 3)
    with threadpool_limits(1):
        fresh = max(search_partitions(points, counts, seed=seed, thorough=False).values(), key=lambda p: p.score)
    emptied = _emptied(assigned, scheme)
    if emptied and fresh.count < len(scheme["segments"]):
        return True, f"in {quarter} hardly anybody is left in {' and '.join(emptied)}"
    gain = fresh.score - old.score
    if gain <= _EVIDENCE:
        return False, f"in {quarter} a fresh cut would tell the customers apart no better"
    return True, f"in {quarter} a fresh cut tells customers apart better: {_what_changed(assigned, fresh)}"


def _emptied(assigned: np.ndarray, scheme: Mapping[str, Any]) -> list[str]:
    """Segments that hold less than a fifth of the share they had when the scheme was cut."""
    names, weights = [s["segment"] for s in scheme["segments"]], np.array(scheme["weights"])
    left = np.array([(assigned == name).mean() for name in names])
    expected = weights * len(assigned) >= _FEWEST_TO_EMPTY
    return [name for name, gone in zip(names, expected & (left < _EMPTIED * weights), strict=True) if gone]


def _settle(points: Points, labels: np.ndarray) -> Partition:
    """The old groups where they are now; where they end up as other groups than they were, as they were."""
    old = _renumber(labels)
    moved = _renumber(membership(points, fit_mixture(points, old, steps=_STEPS)).argmax(axis=1))
    tries = [old, moved] if adjusted_rand_score(old, moved) >= _STILL_THE_SAME else [old]
    return max((Partition(labels, score_labels(points, labels)) for labels in tries), key=lambda p: p.score)


def _renumber(labels: np.ndarray) -> np.ndarray:
    return np.unique(labels, return_inverse=True)[1].ravel()


def _what_changed(assigned: np.ndarray, fresh: Partition) -> str:
    """In words: which old segments came apart, which grew together, or that other groups are there."""
    counts = pd.crosstab(assigned, fresh.labels)
    of_old, of_new = counts.div(counts.sum(axis=1), axis=0), counts.div(counts.sum(axis=0), axis=1)
    apart = [s for s in counts.index if ((of_old.loc[s] >= _PART) & (of_new.loc[s] >= 0.5)).sum() > 1]
    together = [list(of_old.index[of_old[g] >= 0.5]) for g in counts.columns]
    told = [f"{s} has come apart" for s in apart]
    told += [f"{' and '.join(pair)} have grown together" for pair in together if len(pair) > 1]
    return "; ".join(told) or f"it finds {fresh.count} groups that lie across the old {len(counts)}"
