"""Who moved for good: each customer's quarters against paths that stay in a segment or move once.

A customer's stacked quarters are Gaussian about its path's means, with an offset of its own that lasts (S_own) and
noise that fades from quarter to quarter (S_e, AR(ρ)). Knowing the lasting offset is what keeps a customer who always
sits near a border from flickering. Where a row looks back over several quarters, a move shows as a ramp and the noise
is a moving average; both are known from the look-back. Moves are flagged so that the expected share of false ones
stays below a level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from pmo_analysis.analysis.history.noise import Noise, estimate_noise, fading_correlation, median_over_quarters

_ROUNDS = 6
# A change seen in fewer quarters than this may be a blip: possible, but not told as a move.
_EDGE = 2
_MOST_MOVERS = 0.3
_MOST_VARIABLE = 0.15
# Degrees of freedom of the scale of a customer's noise: scales between half and twice the usual are common.
_FREEDOM = 8.0
# Customers' worth of the scheme's centre that a segment keeps, so that one which empties keeps its place.
_CENTRE_WORTH = 2.0


@dataclass(frozen=True, eq=False)
class Paths:
    """Segment before, segment after (the same for staying) and first quarter after of each path considered."""

    before: np.ndarray
    after: np.ndarray
    at: np.ndarray

    @property
    def moves(self) -> np.ndarray:
        """Which paths move."""
        return self.before != self.after

    def shares(self, segments: int, windows: np.ndarray) -> np.ndarray:
        """Share of each segment in what each quarter's row looks back on (paths × quarters × segments)."""
        single = np.arange(windows.shape[1]) - (windows.shape[1] - len(windows))
        later = (single >= self.at[:, None]) @ windows.T
        later = (later * self.moves[:, None])[:, :, None]
        return (1 - later) * np.eye(segments)[self.before][:, None] + later * np.eye(segments)[self.after][:, None]


@dataclass(frozen=True, eq=False)
class Panel:
    """What is known of customers quarter by quarter.

    `numbers`: customers × quarters × features, missing NaN; `choices`: log chance of the texts seen, customers ×
    quarters × segments (0 where none); `windows`: weight of each single quarter in each quarter's row.
    """

    numbers: np.ndarray
    choices: np.ndarray
    windows: np.ndarray


def list_paths(segments: int, quarters: int, earliest: int = 1) -> Paths:
    """Every way to stay, and every way to move once from `earliest` on (before 0: where rows look back further)."""
    rows = [(a, a, quarters) for a in range(segments)]
    rows += [(a, b, q) for a in range(segments) for b in range(segments) if a != b for q in range(earliest, quarters)]
    before, after, at = np.array(rows).T
    return Paths(before, after, at)


def follow_paths(panel: Panel, means: np.ndarray, weights: np.ndarray) -> tuple[Paths, np.ndarray]:
    """Probability of each path for each customer, by EM over means, shares, the share of movers and the noise.

    A move whose old or new segment lies nearest in fewer than two quarters has probability zero: one quarter is a blip.
    """
    quarters = panel.numbers.shape[1]
    recorded = np.flatnonzero(panel.windows.any(axis=0))[0] - (panel.windows.shape[1] - quarters)
    paths = list_paths(len(means), quarters, int(recorded) + 1)
    shares = paths.shares(len(means), panel.windows)
    chance = _start(panel, means, len(paths.at))
    moving = 0.05
    for turn in range(_ROUNDS):
        rest = panel.numbers - np.einsum("np,pqk,kd->nqd", chance, shares, means, optimize=True)
        noise = estimate_noise(_steadiest(panel.numbers, rest) if turn == 0 else rest, panel.windows)
        fit = _log_likelihood(panel, shares, means, noise) + _prior(paths, weights, moving)
        chance = np.exp(fit - fit.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        means = _centres(panel.numbers, chance, shares, means)
        started = chance @ np.eye(len(means))[paths.before]
        weights = (started.sum(axis=0) + 1) / (len(chance) + len(means))
        moving = float(np.clip(chance[:, paths.moves].sum(axis=1).mean(), 1e-4, _MOST_MOVERS))
    return paths, np.where(_borne_out(panel, paths, means, noise), chance, 0.0)


def _borne_out(panel: Panel, paths: Paths, means: np.ndarray, noise: Noise) -> np.ndarray:
    """Whether two quarters at least speak for either segment of a path (customers × paths); staying always is.

    Rows that look back over several quarters are no single quarters; an edge has no two, and is only possible anyway.
    """
    n, quarters = panel.numbers.shape[:2]
    if panel.windows.shape[1] > quarters:
        return np.ones((n, len(paths.at)), bool)
    root = cholesky(np.linalg.inv(noise.own + noise.fading), lower=True)
    apart = np.stack([((np.nan_to_num(panel.numbers - mean) @ root) ** 2).sum(axis=2) for mean in means], axis=2)
    fits = panel.choices - 0.5 * apart
    nearer = (fits[:, :, paths.before] > fits[:, :, paths.after]) & np.isfinite(panel.numbers).any(axis=2)[:, :, None]
    farther = fits[:, :, paths.before] < fits[:, :, paths.after]
    early = np.arange(quarters)[:, None] < paths.at
    seen = np.minimum((nearer & early).sum(axis=1), (farther & ~early).sum(axis=1))
    edge = (paths.at < _EDGE) | (paths.at > quarters - _EDGE)
    return ~paths.moves | edge | (seen >= _EDGE)


def flag_moves(
    paths: Paths, chance: np.ndarray, *, quarters: int, level: float, look_back: int = 1
) -> tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]]:
    """Customers that moved, and those that possibly did: row, path, probability of that move about then.

    Of those that moved the expected share of false ones is at most `level`, and the new segment was seen in two quarters
    at least, as was the old one; whoever else more probably moved than stayed is possible.
    """
    moves = np.flatnonzero(paths.moves)
    if not len(moves):
        return [], []
    best = moves[chance[:, moves].argmax(axis=1)]
    same = (paths.before == paths.before[best][:, None]) & (paths.after == paths.after[best][:, None])
    tellable = paths.moves & (paths.at >= max(1, _EDGE - look_back + 1)) & (paths.at <= quarters - _EDGE)
    near = same & tellable & (np.abs(paths.at - paths.at[best][:, None]) <= max(1, look_back // 2))
    sure, inside = (chance * near).sum(axis=1), tellable[best]
    order = np.argsort(np.where(inside, -sure, 1.0), kind="stable")[: int(inside.sum())]
    false_share = np.cumsum(1 - sure[order]) / np.arange(1, len(order) + 1)
    told = order[(false_share <= level) & (sure[order] > 0.5)]
    anyhow = chance[:, moves].sum(axis=1)
    doubtful = np.setdiff1d(np.flatnonzero(anyhow > 0.5), told)
    return (
        [(int(i), int(best[i]), float(sure[i])) for i in told],
        [(int(i), int(best[i]), float(anyhow[i])) for i in doubtful],
    )


def _start(panel: Panel, means: np.ndarray, paths: int) -> np.ndarray:
    """Everybody stays where its middle lies."""
    middle = median_over_quarters(panel.numbers)
    apart = np.nansum((middle[:, None, :] - means) ** 2, axis=2)
    chance = np.zeros((len(middle), paths))
    chance[np.arange(len(middle)), (panel.choices.sum(axis=1) - 0.5 * apart).argmax(axis=1)] = 1
    return chance


def _steadiest(numbers: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """All but the most variable customers: movers would count as noise before anybody is known to move."""
    steps = (numbers - median_over_quarters(numbers)[:, None]) ** 2
    spread = np.nansum(steps, axis=(1, 2)) / np.maximum(np.isfinite(steps).sum(axis=(1, 2)), 1)
    return rest[spread <= np.quantile(spread, 1 - _MOST_VARIABLE)]


def _prior(paths: Paths, weights: np.ndarray, moving: float) -> np.ndarray:
    ways = max(paths.moves.sum() / len(weights), 1)
    return np.log(weights[paths.before]) + np.where(paths.moves, np.log(moving / ways), np.log(1 - moving))


def _log_likelihood(panel: Panel, shares: np.ndarray, means: np.ndarray, noise: Noise) -> np.ndarray:
    """Log density of each customer's known cells under each path, up to what paths share; missing cells integrated out.

    Customers differ in how noisy they are: the scale of each one's noise is unknown, which makes the density a
    multivariate t. A customer that is restless altogether needs more to count as one that moved.
    """
    n, quarters = panel.numbers.shape[:2]
    correlation = fading_correlation(panel.windows, noise.rho)
    covariance = np.kron(np.ones((quarters, quarters)), noise.own) + np.kron(correlation, noise.fading)
    corners = np.kron(np.eye(quarters), means)  # every path's means are a mixture of (quarter, segment) corners
    flat, mixing = panel.numbers.reshape(n, -1), shares.reshape(len(shares), -1)
    fit = np.einsum("nqk,pqk->np", panel.choices, shares, optimize=True)
    patterns, inverse = np.unique(np.isfinite(flat), axis=0, return_inverse=True)
    for i, seen in enumerate(patterns):
        who = np.flatnonzero(inverse.ravel() == i)
        root = cholesky(covariance[np.ix_(seen, seen)], lower=True)
        known = solve_triangular(root, corners[:, seen].T, lower=True)
        rows = solve_triangular(root, flat[who][:, seen].T, lower=True)
        size = ((mixing @ (known.T @ known)) * mixing).sum(axis=1)
        apart = (rows**2).sum(axis=0)[:, None] - 2 * (rows.T @ known) @ mixing.T + size
        fit[who] -= 0.5 * (_FREEDOM + seen.sum()) * np.log(_FREEDOM + np.maximum(apart, 0))
    return fit


def _centres(numbers: np.ndarray, chance: np.ndarray, shares: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Segment means by least squares over customers' expected paths, feature by feature over the cells known."""
    quarters = numbers.shape[1]
    keep = _CENTRE_WORTH * quarters
    square = np.tile(keep * np.eye(len(means)), (numbers.shape[2], 1, 1))
    product = keep * means.T
    for q in range(quarters):
        known = np.isfinite(numbers[:, q])
        weight = known.T.astype(float) @ chance
        square = square + np.einsum("dp,pk,pl->dkl", weight, shares[:, q], shares[:, q], optimize=True)
        product = product + np.where(known, numbers[:, q], 0).T @ chance @ shares[:, q]
    return np.linalg.solve(square, product[:, :, None])[:, :, 0].T
