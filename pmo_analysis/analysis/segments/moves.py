"""What would move a customer: the nearest value of one feature alone that places it in the next best segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import as_float
from pmo_analysis.analysis.segments.mixture import Mixture, Points, membership
from pmo_analysis.analysis.segments.transforms import apply_transform

# Steps grow on the way, so that a near border is found however far the range goes.
_STEPS = np.geomspace(1e-4, 1, 200)
_ROUNDS = 5
# Whether each value tried in a column places the customer in the other segment.
_Lands = Callable[[np.ndarray], np.ndarray]


def nearest_number(known: pd.Series, column: Mapping[str, Any], start: float, lands: _Lands) -> float:
    """The value nearest to `start`, within the range the scheme has seen, at which the customer lands; NaN if none.

    known: what customers have in that column; where that is whole numbers only, so is the answer.
    """
    if not np.isfinite(start):
        return np.nan
    if _is_whole(as_float(known).dropna()):
        found = _nearest_whole(column, start, lands)
    else:
        ends = [end for end in (column["lowest"], column["highest"]) if (end - start) * _way(column, end) > 0]
        found = [v for v in (_first_on_the_way(start, end, lands) for end in ends) if np.isfinite(v)]
    return float(min(found, key=lambda v: abs(v - start), default=np.nan))


def nearest_level(levels: list[str], start: Any, chances: np.ndarray, lands: _Lands) -> str | float:
    """The level most at home in the other segment (by its chances there) that places the customer in it; NaN if none."""
    codes = np.array([i for i, level in enumerate(levels) if level != start], dtype=int)
    landing = codes[lands(codes)]
    return levels[int(landing[np.argmax(chances[landing])])] if len(landing) else np.nan


def lands_in(point: Points, mixture: Mixture, column: Mapping[str, Any], place: int, second: int) -> _Lands:
    """A function that says of values tried in one column (numbers: values; choices: codes) where the customer lands.

    place: the column's position among the point's numbers or among its choices.
    """

    def lands(tried: np.ndarray) -> np.ndarray:
        many = point.take(np.zeros(len(tried), int))
        if column["kind"] == "number":
            many.numbers[:, place] = apply_transform(tried, column["transform"])
        else:
            many.codes[:, place] = tried
        return membership(many, mixture).argmax(axis=1) == second if len(tried) else np.zeros(0, bool)

    return lands


def _way(column: Mapping[str, Any], end: float) -> int:
    """Up towards the highest value, down towards the lowest."""
    return 1 if end == column["highest"] else -1


def _first_on_the_way(start: float, end: float, lands: _Lands) -> float:
    """The first value between start and end at which the customer lands: a grid, made finer around the border."""
    for _ in range(_ROUNDS):
        grid = start + (end - start) * _STEPS
        hits = np.flatnonzero(lands(grid))
        if not len(hits):
            return np.nan
        start, end = (grid[hits[0] - 1] if hits[0] else start), grid[hits[0]]
    return float(end)


def _nearest_whole(column: Mapping[str, Any], start: float, lands: _Lands) -> list[float]:
    low, high = np.ceil(column["lowest"]), np.floor(column["highest"])
    grid = np.unique(np.round(np.linspace(low, high, int(min(high - low + 1, len(_STEPS))))))
    return grid[lands(grid)].tolist()


def _is_whole(known: pd.Series) -> bool:
    return len(known) > 0 and bool((known == known.round()).all())
