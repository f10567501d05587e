"""Who moved for good: each customer's quarters against paths that stay in a segment or move once.

A customer's stacked quarters are Gaussian about its path's means, with an offset of its own that lasts (S_own) and
noise that fades from quarter to quarter (S_e, AR(ρ)). Knowing the lasting offset is what keeps a customer who always
sits near a border from flickering. Moves are flagged so that the expected share of false ones stays below a level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ROUNDS = 6
_EDGE = 2
_MOST_MOVERS = 0.3
_MOST_VARIABLE = 0.15
_FLOOR = 0.02


@dataclass(frozen=True, eq=False)
class Paths:
    """Segment before, segment after and first quarter after (−1 for staying) of each path considered."""

    before: np.ndarray
    after: np.ndarray
    at: np.ndarray

    def segments(self, quarters: int) -> np.ndarray:
        """The segment of each path in each quarter (paths × quarters)."""
        later = (self.at[:, None] >= 0) & (np.arange(quarters) >= self.at[:, None])
        return np.where(later, self.after[:, None], self.before[:, None])


@dataclass(frozen=True, eq=False)
class Noise:
    """Covariance of the lasting offset, of the fading noise, and the latter's correlation from quarter to quarter."""

    own: np.ndarray
    fading: np.ndarray
    rho: float


def list_paths(segments: int, quarters: int) -> Paths:
    """Every way to stay, and every way to move once with two quarters on either side."""
    rows = [(a, a, -1) for a in range(segments)]
    rows += [
        (a, b, q)
        for a in range(segments)
        for b in range(segments)
        if a != b
        for q in range(_EDGE, quarters - _EDGE + 1)
    ]
    before, after, at = np.array(rows).T
    return Paths(before, after, at)


def follow_paths(panel: np.ndarray, means: np.ndarray, weights: np.ndarray) -> tuple[Paths, np.ndarray]:
    """Probability of each path for each customer, by EM over means, shares, the share of movers and the noise.

    panel: customers × quarters × features, an absent quarter wholly NaN, other gaps filled.
    """
    quarters = panel.shape[1]
    paths = list_paths(len(means), quarters)
    chance = np.zeros((len(panel), len(paths.at)))
    nearest = ((np.nanmedian(panel, axis=1)[:, None, :] - means) ** 2).sum(axis=2).argmin(axis=1)
    chance[np.arange(len(panel)), nearest] = 1
    moving = 0.05
    for turn in range(_ROUNDS):
        noise = _estimate_noise(panel, chance, paths, means, steady=turn == 0)
        prior = _prior(paths, weights, moving)
        fit = _log_likelihood(panel, paths.segments(quarters), means, noise) + prior
        chance = np.exp(fit - fit.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        means, weights = _update(panel, chance, paths, means)
        moving = float(np.clip(chance[:, paths.at >= 0].sum(axis=1).mean(), 1e-4, _MOST_MOVERS))
    return paths, chance


def flag_moves(paths: Paths, chance: np.ndarray, *, level: float) -> list[tuple[int, int, float]]:
    """Customers that moved: row, path and probability of that move within a quarter; false ones at most `level`."""
    moves = np.flatnonzero(paths.at >= 0)
    if not len(moves):
        return []
    best = moves[chance[:, moves].argmax(axis=1)]
    same = (paths.before == paths.before[best][:, None]) & (paths.after == paths.after[best][:, None])
    near = same & (np.abs(paths.at - paths.at[best][:, None]) <= 1) & (paths.at >= 0)
    sure = (chance * near).sum(axis=1)
    order = np.argsort(-sure, kind="stable")
    false_share = np.cumsum(1 - sure[order]) / np.arange(1, len(order) + 1)
    count = int(((false_share <= level) & (sure[order] > 0.5)).sum())
    return [(int(i), int(best[i]), float(sure[i])) for i in order[:count]]


def _prior(paths: Paths, weights: np.ndarray, moving: float) -> np.ndarray:
    staying = paths.at < 0
    moves = max((~staying).sum() / len(weights), 1)
    return np.log(weights[paths.before]) + np.where(staying, np.log(1 - moving), np.log(moving / moves))


def _expected(chance: np.ndarray, paths: Paths, means: np.ndarray, quarters: int) -> np.ndarray:
    return np.stack([chance @ means[segment] for segment in paths.segments(quarters).T], axis=1)


def _estimate_noise(panel: np.ndarray, chance: np.ndarray, paths: Paths, means: np.ndarray, *, steady: bool) -> Noise:
    rest = panel - _expected(chance, paths, means, panel.shape[1])
    if steady:
        # Movers would count as noise before anybody is known to move.
        spread = np.nansum(np.nanvar(panel, axis=1), axis=1)
        rest = rest[spread <= np.quantile(spread, 1 - _MOST_VARIABLE)]
    v0, v1, v2 = (_lagged(rest, lag) for lag in range(3))
    fading = np.trace(v0 - v1)
    rho = float(np.clip(np.trace(v1 - v2) / fading, 0, 0.9)) if fading > 1e-9 else 0.0
    own_noise = _positive((v0 - v1) / (1 - rho))
    return Noise(_positive(v0 - own_noise), own_noise + _FLOOR * np.eye(len(v0)), rho)


def _lagged(rest: np.ndarray, lag: int) -> np.ndarray:
    lag = min(lag, rest.shape[1] - 1)
    early, late = rest[:, : rest.shape[1] - lag], rest[:, lag:]
    both = np.isfinite(early[..., 0]) & np.isfinite(late[..., 0])
    if not both.any():
        return np.zeros((rest.shape[2], rest.shape[2]))
    product = early[both].T @ late[both] / both.sum()
    return (product + product.T) / 2


def _positive(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-6)) @ vectors.T


def _log_likelihood(panel: np.ndarray, segments: np.ndarray, means: np.ndarray, noise: Noise) -> np.ndarray:
    """Log density of each customer's known quarters under each path, up to what paths share."""
    n, quarters = panel.shape[:2]
    lag = np.abs(np.subtract.outer(np.arange(quarters), np.arange(quarters)))
    fit = np.zeros((n, len(segments)))
    present = np.isfinite(panel).all(axis=2)
    patterns, inverse = np.unique(present, axis=0, return_inverse=True)
    for i, seen in enumerate(patterns):
        rows = np.flatnonzero(inverse.ravel() == i)
        ar = noise.rho ** lag[np.ix_(seen, seen)]
        covariance = np.kron(np.ones_like(ar), noise.own) + np.kron(ar, noise.fading)
        mean = means[segments[:, seen]].reshape(len(segments), -1)
        white = np.linalg.solve(covariance, mean.T)
        fit[rows] = panel[rows][:, seen].reshape(len(rows), -1) @ white - 0.5 * (mean.T * white).sum(axis=0)
    return fit


def _update(panel: np.ndarray, chance: np.ndarray, paths: Paths, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k, quarters = len(means), panel.shape[1]
    known = np.isfinite(panel[..., 0])
    sums, size = np.zeros_like(means), np.zeros(k)
    for q, segment in enumerate(paths.segments(quarters).T):
        share = chance[known[:, q]] @ np.eye(k)[segment]
        sums += share.T @ panel[known[:, q], q]
        size += share.sum(axis=0)
    # Two customers' worth of the old centre: a segment that empties keeps its place.
    centres = (sums + 2 * quarters * means) / (size + 2 * quarters)[:, None]
    started = chance @ np.eye(k)[paths.before]
    weights = started.sum(axis=0) + 1
    return centres, weights / weights.sum()
