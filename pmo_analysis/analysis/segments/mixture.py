"""A mixture of Gaussian groups with choices beside them, fitted by EM; missing cells are integrated out.

Group covariances are shrunk to the pooled one and the pooled one to its diagonal, so that a small group does not
take the shape of its noise. Levels of choices are independent within a group (latent class), Dirichlet-smoothed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_TO_POOLED = 40.0
_TO_DIAGONAL = 30.0
_FLOOR = 0.02
_BLOCK = 50_000
_SETTLED = 1e-4


@dataclass(frozen=True, eq=False)
class Points:
    """Customers as numbers (n × d, missing NaN), codes of choices (n × c, missing −1) and levels per choice."""

    numbers: np.ndarray
    codes: np.ndarray
    levels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def shown(self) -> np.ndarray:
        """Choices as 0/1 columns, one per level (n × levels); all 0 where missing."""
        parts = [np.eye(m + 1)[self.codes[:, j], :m] for j, m in enumerate(self.levels)]
        return np.hstack(parts) if parts else np.zeros((len(self), 0))

    def take(self, rows: np.ndarray | slice) -> Points:
        """Some of the customers."""
        return Points(self.numbers[rows], self.codes[rows], self.levels)


@dataclass(frozen=True, eq=False)
class Mixture:
    """Weights (k), means (k × d), covariances (k × d × d) and, per choice, probabilities (k × levels)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    chances: tuple[np.ndarray, ...]


def fit_mixture(points: Points, labels: np.ndarray, *, steps: int = 12) -> Mixture:
    """The mixture reached by EM from a partition (labels 0…k−1)."""
    share = np.eye(labels.max() + 1)[labels]
    start = Mixture(
        share.mean(axis=0),
        np.zeros((share.shape[1], points.numbers.shape[1])),
        np.stack([np.eye(points.numbers.shape[1])] * share.shape[1]),
        (),
    )
    mixture = _maximise(points, share, start)
    for _ in range(steps):
        before, share = share, membership(points, mixture)
        mixture = _maximise(points, share, mixture)
        if np.abs(share - before).max() < _SETTLED:
            break
    return mixture


def membership(points: Points, mixture: Mixture) -> np.ndarray:
    """Probability of each group for each customer (n × k), in blocks so that a million customers need little memory."""
    share = np.empty((len(points), len(mixture.weights)))
    for start in range(0, len(points), _BLOCK):
        rows = slice(start, start + _BLOCK)
        density = log_density(points if len(points) <= _BLOCK else points.take(rows), mixture)
        density = np.exp(density - density.max(axis=1, keepdims=True))
        share[rows] = density / density.sum(axis=1, keepdims=True)
    return share


def log_density(points: Points, mixture: Mixture) -> np.ndarray:
    """Log of weight × density of what is known of each customer, per group (n × k)."""
    density = np.tile(np.log(mixture.weights), (len(points), 1))
    for rows, seen in missing_patterns(points.numbers):
        if seen.any():
            density[rows] += _gaussian(points.numbers[rows][:, seen], mixture, seen)
    if mixture.chances:
        density += points.shown @ np.log(np.hstack(mixture.chances)).T
    return density


def missing_patterns(numbers: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows that miss the same cells, with the mask of what they have."""
    seen = np.isfinite(numbers)
    if seen.all():
        return [(np.arange(len(numbers)), seen[0])] if len(numbers) else []
    patterns, inverse = np.unique(seen, axis=0, return_inverse=True)
    return [(np.flatnonzero(inverse.ravel() == i), pattern) for i, pattern in enumerate(patterns)]


def _gaussian(x: np.ndarray, mixture: Mixture, seen: np.ndarray) -> np.ndarray:
    roots = np.linalg.cholesky(mixture.covariances[:, seen][:, :, seen])
    white = np.linalg.inv(roots) @ (x - mixture.means[:, None, seen]).swapaxes(1, 2)
    size = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    return (-0.5 * (white**2).sum(axis=1) - size[:, None]).T - 0.5 * seen.sum() * np.log(2 * np.pi)


def _maximise(points: Points, share: np.ndarray, now: Mixture) -> Mixture:
    sizes = share.sum(axis=0) + 1e-9
    first, second = _moments(points.numbers, share, now)
    means = first / sizes[:, None]
    scatter = second - sizes[:, None, None] * means[:, :, None] * means[:, None, :]
    pooled = _pool(scatter.sum(axis=0), sizes.sum())
    own = (scatter + _TO_POOLED * pooled) / (sizes + _TO_POOLED)[:, None, None]
    means = _calm(means, sizes, np.diag(pooled))
    counts = np.split(share.T @ points.shown, np.cumsum(points.levels)[:-1], axis=1) if points.levels else []
    return Mixture((sizes + 1) / (sizes + 1).sum(), means, own, tuple(_chances(c) for c in counts))


def _moments(numbers: np.ndarray, share: np.ndarray, now: Mixture) -> tuple[np.ndarray, np.ndarray]:
    """Sums of x and of x xᵀ per group, missing cells by their expectation given the others."""
    k, d = now.means.shape
    first, second = np.zeros((k, d)), np.zeros((k, d, d))
    for rows, seen in missing_patterns(numbers):
        if seen.all():
            weighted = share[rows].T[:, :, None] * numbers[rows]
            first += weighted.sum(axis=1)
            second += weighted.swapaxes(1, 2) @ numbers[rows]
            continue
        for g in range(k):
            filled, doubt = _fill(numbers[rows], seen, now.means[g], now.covariances[g])
            weight = share[rows, g]
            first[g] += weight @ filled
            second[g] += (filled * weight[:, None]).T @ filled + weight.sum() * doubt
    return first, second


def _fill(x: np.ndarray, seen: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    blank, doubt = ~seen, np.zeros_like(covariance)
    gain = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, blank)])
    filled = x.copy()
    filled[:, blank] = mean[blank] + (x[:, seen] - mean[seen]) @ gain
    doubt[np.ix_(blank, blank)] = covariance[np.ix_(blank, blank)] - covariance[np.ix_(blank, seen)] @ gain
    return filled, doubt


def _pool(scatter: np.ndarray, n: float) -> np.ndarray:
    pooled = scatter / n
    own = np.diag(np.maximum(np.diag(pooled), _FLOOR))
    keep = n / (n + _TO_DIAGONAL)
    return keep * pooled + (1 - keep) * own + _FLOOR * np.eye(len(pooled))


def _calm(means: np.ndarray, sizes: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Means drawn to the overall one where a column does not tell the groups apart (James & Stein)."""
    overall = sizes @ means / sizes.sum()
    between = sizes @ (means - overall) ** 2
    keep = np.clip(1 - (len(sizes) - 1) * variance / np.maximum(between, 1e-12), 0, 1)
    return overall + keep * (means - overall)


def _chances(counts: np.ndarray) -> np.ndarray:
    """Levels' probabilities per group from their counts (k × levels), drawn a little to everybody's."""
    overall = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * counts.shape[1])
    return (counts + 2 * overall) / (counts.sum(axis=1, keepdims=True) + 2)


def fill_missing(points: Points, mixture: Mixture) -> np.ndarray:
    """Numbers with every missing cell at its expectation under the mixture."""
    share = membership(points, mixture)
    filled = points.numbers.copy()
    for rows, seen in missing_patterns(points.numbers):
        if not seen.all():
            groups = zip(mixture.means, mixture.covariances, strict=True)
            guesses = np.stack([_fill(points.numbers[rows], seen, mean, spread)[0] for mean, spread in groups])
            filled[rows] = np.einsum("ng,gnd->nd", share[rows], guesses)
    return filled
