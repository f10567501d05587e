"""One population that looks like the data: smooth, possibly bent dependence, the data's tails, unimodal columns, no groups.

Normal scores are turned so that the strongest bend comes first (`bend.py`); each coordinate follows the earlier ones
with squares, sizes and their logarithms where the data ask for them, and residuals from neighbours in fitted value.
Heavy tails are common to a row. Columns then take the nearest unimodal densities (isotonic up, then down). Choices
cut continua into levels (`continuum.py`). Cells that the data miss are hidden and filled as in the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.isotonic import isotonic_regression

from pmo_analysis.analysis.segments.bend import turn_to_bend, weigh_tails
from pmo_analysis.analysis.segments.continuum import draw_codes, fit_continua
from pmo_analysis.analysis.segments.mixture import Points, fit_mixture, missing_patterns

_RIDGE = 1.0
_ENTER = 8.0
_MOST_TERMS = 4
_NEIGHBOURS = 15

Sampler = Callable[[np.random.Generator], Points]


@dataclass(frozen=True, eq=False)
class _Step:
    """How one coordinate follows from earlier ones: bends, coefficients, and residuals ordered by fitted value."""

    bends: list[tuple[int, str]]
    coefficients: np.ndarray
    fitted: np.ndarray
    residuals: np.ndarray


def one_population(points: Points, known: np.ndarray | None = None) -> Sampler:
    """A sampler of tables like these points (numbers complete) in which nobody belongs to a group.

    known: which cells of the numbers were not filled in (rows × columns); the others are filled in every draw.
    """
    scores = normal_scores(points.numbers)
    draw_scores = _dependence(points.numbers, scores)
    quantiles = [unimodal_quantiles(column) for column in points.numbers.T]
    continua = fit_continua(points, scores) if points.levels else None
    fill = _filler(points, known)

    def draw(rng: np.random.Generator) -> Points:
        ranks = _ranks(draw_scores(rng))
        numbers = np.column_stack([q(r) for q, r in zip(quantiles, ranks.T, strict=True)]) if quantiles else ranks
        codes = draw_codes(points, continua, ndtri(ranks), rng) if continua else points.codes
        return fill(Points(numbers, codes, points.levels))

    return draw


def normal_scores(numbers: np.ndarray) -> np.ndarray:
    """Columns as the normal quantiles of their ranks."""
    return ndtri((rankdata(numbers, axis=0) - 0.5) / max(len(numbers), 1)) if numbers.size else numbers


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.asarray((np.argsort(np.argsort(values, axis=0), axis=0) + 0.5) / max(len(values), 1))


def _filler(points: Points, known: np.ndarray | None) -> Callable[[Points], Points]:
    """Hides what the data miss and fills it with what one population of the data would expect."""
    if known is None or known.all():
        return lambda drawn: drawn
    everybody = fit_mixture(points, np.zeros(len(points), int), steps=1)
    mean, spread = everybody.means[0], everybody.covariances[0]
    patterns = missing_patterns(np.where(known, points.numbers, np.nan))
    slopes = [np.linalg.solve(spread[np.ix_(seen, seen)], spread[np.ix_(seen, ~seen)]) for _, seen in patterns]

    def fill(drawn: Points) -> Points:
        filled = drawn.numbers.copy()
        for (rows, seen), slope in zip(patterns, slopes, strict=True):
            filled[np.ix_(rows, ~seen)] = mean[~seen] + (drawn.numbers[np.ix_(rows, seen)] - mean[seen]) @ slope
        return Points(filled, drawn.codes, drawn.levels)

    return fill


def _dependence(numbers: np.ndarray, scores: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """A sampler of scores that bend together and spread as the data's do."""
    if scores.shape[1] == 0:
        return lambda rng: scores
    turned, back = turn_to_bend(scores)
    steps = [_fit_step(turned, j) for j in range(turned.shape[1])]
    degrees = weigh_tails((numbers - numbers.mean(axis=0)) / np.maximum(numbers.std(axis=0), 1e-9))[0]

    def draw(rng: np.random.Generator) -> np.ndarray:
        drawn = np.zeros(turned.shape)
        for j, step in enumerate(steps):
            drawn[:, j] = _draw_coordinate(step, drawn[:, :j], rng)
        far = np.sqrt(degrees / rng.chisquare(degrees, size=(len(drawn), 1))) if np.isfinite(degrees) else 1.0
        return drawn @ back * far

    return draw


def _draw_coordinate(step: _Step, earlier: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n = len(earlier)
    fitted = _terms(earlier, step.bends) @ step.coefficients
    if step.bends:
        near = np.searchsorted(step.fitted, fitted) + rng.integers(-_NEIGHBOURS, _NEIGHBOURS + 1, size=n)
        drawn = fitted + step.residuals[np.clip(near, 0, n - 1)]
    else:
        drawn = fitted + step.residuals.std() * rng.normal(size=n)
    return np.asarray(drawn / max(drawn.std(), 1e-9))


def _ridge(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    penalty = _RIDGE * np.eye(x.shape[1])
    penalty[0, 0] = 1e-9
    return np.linalg.solve(x.T @ x + penalty, x.T @ target)


def _bend(z: np.ndarray, bend: tuple[int, str]) -> np.ndarray:
    size = np.abs(z[:, bend[0]])
    return {"square": size**2, "size": size, "log": np.log(size + 0.1)}[bend[1]]


def _terms(earlier: np.ndarray, bends: list[tuple[int, str]]) -> np.ndarray:
    return np.column_stack([np.ones(len(earlier)), earlier, *(_bend(earlier, b) for b in bends)])


def _fit_step(turned: np.ndarray, j: int) -> _Step:
    earlier, target = turned[:, :j], turned[:, j]
    bends: list[tuple[int, str]] = []
    while True:
        x = _terms(earlier, bends)
        coefficients = _ridge(x, target)
        residual = target - x @ coefficients
        entering = _next_bend(earlier, bends, residual)
        if entering is None:
            break
        bends = [*bends, entering]
    fitted = x @ coefficients
    order = np.argsort(fitted, kind="stable")
    return _Step(bends, coefficients, fitted[order], residual[order])


def _next_bend(earlier: np.ndarray, bends: list[tuple[int, str]], residual: np.ndarray) -> tuple[int, str] | None:
    d = earlier.shape[1]
    free = [(i, shape) for i in range(d) for shape in ("square", "size", "log") if (i, shape) not in bends]
    if len(bends) >= _MOST_TERMS or not free:
        return None
    shapes = np.column_stack([_bend(earlier, b) for b in free])
    shapes = shapes - shapes.mean(axis=0)
    spare = residual - residual.mean()
    gains = (spare @ shapes) ** 2 / np.maximum((shapes**2).sum(axis=0) * (spare @ spare), 1e-12)
    best = int(gains.argmax())
    ratio = gains[best] / max(1 - gains[best], 1e-9) * (len(earlier) - d - len(bends) - 2)
    return free[best] if ratio > _ENTER else None


def unimodal_quantiles(column: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The quantile function of the nearest unimodal distribution; a heap at one end, such as zeros, stays a heap."""
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= 12:
        heights = unimodal(counts / counts.sum())
        steps = np.cumsum(heights / heights.sum())
        return lambda p: values[np.minimum(np.searchsorted(steps, p), len(values) - 1)]
    low, high = (counts[i] / len(column) if counts[i] > max(3, 0.05 * len(column)) else 0.0 for i in (0, -1))
    inner = column[(column > values[0] if low else True) & (column < values[-1] if high else True)]
    smooth = _smooth_quantiles(np.asarray(inner))

    def quantiles(p: np.ndarray) -> np.ndarray:
        middle = smooth(np.clip((p - low) / max(1 - low - high, 1e-9), 0, 1))
        return np.where(p < low, values[0], np.where(p > 1 - high, values[-1], middle))

    return quantiles


def _smooth_quantiles(column: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    bins = int(np.clip(2 * len(column) ** 0.4, 6, 40))
    counts, edges = np.histogram(column, bins=bins)
    heights = unimodal(counts / max(len(column), 1))
    steps = np.concatenate([[0.0], np.cumsum(heights / heights.sum())]) + 1e-9 * np.arange(len(edges))
    return lambda p: np.interp(p, steps, edges)


def unimodal(heights: np.ndarray) -> np.ndarray:
    """The nearest heights that rise, then fall (least squares, best of the eight highest as peak)."""
    best, least = np.full(len(heights), heights.mean()), np.inf
    for peak in np.argsort(-heights, kind="stable")[:8]:
        rise = isotonic_regression(heights[: peak + 1])
        fall = isotonic_regression(heights[peak + 1 :], increasing=False) if peak + 1 < len(heights) else heights[:0]
        shape = np.concatenate([rise, fall])
        loss = ((shape - heights) ** 2).sum()
        if loss < least - 1e-15 and (len(fall) == 0 or rise[-1] >= fall[0] - 1e-12):
            best, least = shape, loss
    return np.maximum(best, 1e-12)
