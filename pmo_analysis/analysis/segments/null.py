"""One population that looks like the data: smooth, possibly curved dependence, unimodal columns, no groups.

Sequential regression in normal scores: each column on the earlier ones, with squares, sizes and their logarithms where the
data ask for them, and residuals from neighbours in fitted value. Marginals are the nearest unimodal densities
(isotonic up, then down). Choices follow a multinomial logit on the simulated columns. The data's own gaps follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.isotonic import isotonic_regression
from sklearn.linear_model import LogisticRegression

from pmo_analysis.analysis.segments.mixture import Points

_RIDGE = 1.0
_ENTER = 12.0
_MOST_TERMS = 4
_NEIGHBOURS = 15


@dataclass(frozen=True, eq=False)
class _Step:
    """How one column follows from earlier ones: terms, coefficients, and residuals ordered by fitted value."""

    column: int
    earlier: list[int]
    bends: list[tuple[int, str]]
    coefficients: np.ndarray
    fitted: np.ndarray
    residuals: np.ndarray


def one_population(points: Points) -> Callable[[np.random.Generator], Points]:
    """A sampler of tables like these points (numbers complete) in which nobody belongs to a group."""
    scores = _normal_scores(points.numbers)
    steps = _fit_steps(scores)
    quantiles = [unimodal_quantiles(column) for column in points.numbers.T]
    logits = _fit_logits(points, scores)

    def draw(rng: np.random.Generator) -> Points:
        drawn = _draw_scores(steps, scores.shape, rng)
        ranks = (np.argsort(np.argsort(drawn, axis=0), axis=0) + 0.5) / len(drawn)
        numbers = np.column_stack([q(r) for q, r in zip(quantiles, ranks.T, strict=True)]) if steps else drawn
        codes = _draw_codes(points, logits, ndtri(ranks), rng)
        return Points(numbers, codes, points.levels)

    return draw


def _normal_scores(numbers: np.ndarray) -> np.ndarray:
    if numbers.shape[1] == 0:
        return numbers
    return ndtri((rankdata(numbers, axis=0) - 0.5) / len(numbers))


def _fit_steps(z: np.ndarray) -> list[_Step]:
    order = np.argsort([_curvature(z, j) for j in range(z.shape[1])], kind="stable")
    return [_fit_step(z, int(j), [int(i) for i in order[:at]]) for at, j in enumerate(order)]


def _curvature(z: np.ndarray, j: int) -> float:
    """Share of what linear terms leave of a column that squares of the others explain."""
    others = np.delete(z, j, axis=1)
    straight = z[:, j] - _predict(others, z[:, j])
    return 1 - ((straight - _predict(others**2, straight)) ** 2).sum() / max((straight**2).sum(), 1e-12)


def _predict(terms: np.ndarray, target: np.ndarray) -> np.ndarray:
    x = np.column_stack([np.ones(len(target)), terms])
    return x @ _ridge(x, target)


def _ridge(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    penalty = _RIDGE * np.eye(x.shape[1])
    penalty[0, 0] = 1e-9
    return np.linalg.solve(x.T @ x + penalty, x.T @ target)


def _bend(z: np.ndarray, bend: tuple[int, str]) -> np.ndarray:
    size = np.abs(z[:, bend[0]])
    return {"square": size**2, "size": size, "log": np.log(size + 0.1)}[bend[1]]


def _terms(z: np.ndarray, earlier: list[int], bends: list[tuple[int, str]]) -> np.ndarray:
    return np.column_stack([np.ones(len(z)), z[:, earlier], *(_bend(z, b) for b in bends)])


def _fit_step(z: np.ndarray, j: int, earlier: list[int]) -> _Step:
    bends: list[tuple[int, str]] = []
    while True:
        x = _terms(z, earlier, bends)
        coefficients = _ridge(x, z[:, j])
        residual = z[:, j] - x @ coefficients
        entering = _next_bend(z, earlier, bends, residual)
        if entering is None:
            break
        bends = [*bends, entering]
    fitted = x @ coefficients
    order = np.argsort(fitted, kind="stable")
    return _Step(j, earlier, bends, coefficients, fitted[order], residual[order])


def _next_bend(
    z: np.ndarray, earlier: list[int], bends: list[tuple[int, str]], residual: np.ndarray
) -> tuple[int, str] | None:
    free = [(i, shape) for i in earlier for shape in ("square", "size", "log") if (i, shape) not in bends]
    if len(bends) >= _MOST_TERMS or not free:
        return None
    gains = [np.corrcoef(_bend(z, b), residual)[0, 1] ** 2 for b in free]
    best = int(np.nanargmax(gains))
    ratio = gains[best] / max(1 - gains[best], 1e-9) * (len(z) - len(earlier) - len(bends) - 2)
    return free[best] if ratio > _ENTER else None


def _draw_scores(steps: list[_Step], shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    n, z = shape[0], np.zeros(shape)
    for step in steps:
        fitted = _terms(z, step.earlier, step.bends) @ step.coefficients
        if step.earlier:
            near = np.searchsorted(step.fitted, fitted) + rng.integers(-_NEIGHBOURS, _NEIGHBOURS + 1, size=n)
            raw = fitted + step.residuals[np.clip(near, 0, n - 1)]
        else:
            raw = rng.normal(size=n)
        z[:, step.column] = ndtri((np.argsort(np.argsort(raw + 1e-9 * rng.normal(size=n))) + 0.5) / n)
    return z


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


def _fit_logits(points: Points, scores: np.ndarray) -> list[LogisticRegression | None]:
    fits = []
    for j in range(len(points.levels)):
        known = points.codes[:, j] >= 0
        x = _choice_terms(points, scores, j)[known]
        y = points.codes[known, j]
        fits.append(LogisticRegression(C=0.3, max_iter=200).fit(x, y) if x.shape[1] and len(np.unique(y)) > 1 else None)
    return fits


def _choice_terms(points: Points, scores: np.ndarray, j: int) -> np.ndarray:
    earlier = [np.eye(points.levels[i] + 1)[points.codes[:, i]][:, : points.levels[i]] for i in range(j)]
    return np.hstack([scores, *earlier])


def _draw_codes(
    points: Points, logits: list[LogisticRegression | None], scores: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    codes = points.codes.copy()
    for j, logit in enumerate(logits):
        known = points.codes[:, j] >= 0
        if logit is None:
            codes[known, j] = rng.permutation(codes[known, j])
            continue
        chances = logit.predict_proba(_choice_terms(Points(scores, codes, points.levels), scores, j))
        drawn = (np.cumsum(chances, axis=1) < rng.random((len(codes), 1))).sum(axis=1)
        codes[:, j] = np.where(known, logit.classes_[np.minimum(drawn, len(logit.classes_) - 1)], -1)
    return codes
