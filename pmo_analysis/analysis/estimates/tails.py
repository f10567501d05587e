"""What a few rows have not shown yet: ratios drawn with their upper half extended as a lognormal or a Pareto tail."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special

# With more clusters what was seen of the tail suffices.
_MOST_CLUSTERS = 2000
# A Pareto tail with a lesser exponent has no variance to speak of: every limit would be as good as none.
_LEAST_EXPONENT = 2.2


def draw_tail(
    totals: np.ndarray, draws: int, seed: int, shape: Literal["lognormal", "pareto"]
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Ratio and linearised error of each draw, and the ratio of the population drawn from.

    `totals`: clusters × (above, below). Ratios above the middle of the positive ones are drawn from half a lognormal, or a
    Pareto distribution, fitted to them, the others as seen; denominators as seen, apart from the ratios. None where nothing
    has such a tail: a negative sum, parts of a whole, all ratios alike.
    """
    above, below = totals.T
    if len(totals) > _MOST_CLUSTERS or (above < 0).any() or (below <= 0).any() or (above <= below).all():
        return None
    ratio = above / below
    middle = float(np.median(ratio[ratio > 0]))
    upper = ratio > middle
    if not upper.any():
        return None
    rng, size = np.random.default_rng(seed), len(totals)
    drawn = rng.integers(0, size, (draws, size))
    beyond, mean = _draw_beyond(np.log(ratio[upper] / middle), (draws, size), rng, shape)
    ratios, weights = np.where(upper[drawn], middle * beyond, ratio[drawn]), below[rng.integers(0, size, (draws, size))]
    truth = ratio[~upper].sum() / size + upper.mean() * middle * mean
    return *_ratio_and_error(ratios, weights), float(truth)


def _draw_beyond(
    logs: np.ndarray, shape: tuple[int, int], rng: np.random.Generator, kind: str
) -> tuple[np.ndarray, float]:
    """How many times the middle the ratios above it are: draws, and their mean."""
    if kind == "pareto":
        exponent = max(1 / float(logs.mean()), _LEAST_EXPONENT)
        return np.exp(rng.standard_exponential(shape) / exponent), exponent / (exponent - 1)
    sigma = float(np.sqrt((logs**2).mean()))
    # The mean of half a lognormal: e^(σ²/2) · 2Φ(σ).
    return np.exp(sigma * np.abs(rng.standard_normal(shape))), float(np.exp(sigma**2 / 2) * 2 * special.ndtr(sigma))


def _ratio_and_error(ratios: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size, whole = ratios.shape[1], weights.sum(axis=1)
    value = (ratios * weights).sum(axis=1) / whole
    rest = ((ratios - value[:, None]) * weights) ** 2
    return value, np.sqrt(rest.sum(axis=1) * size / (size - 1)) / whole
