"""Few observations shrink: a normal hierarchical model of units, outcomes and groups, integrated over a grid.

y_io ~ N(θ_io, σ_o²/n_io); θ_io = μ_go + a_i + b_io, a_i ~ N(0, ρτ²), b_io ~ N(0, (1 − ρ)τ²);
μ_go = m_o + u_g + v_go with the same split of A²; m_o flat. A unit's good name in one outcome thus speaks for it
in another as far as the data say so (ρ). τ, ρ, A and σ are not plugged in but integrated over, flat in τ and A,
so that the limits carry their uncertainty (Morris 1983; Gelman 2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

_TAU_STEPS, _SPREAD_STEPS, _SHARED, _NOISE_QUANTILES = 24, 6, (0.0, 0.35, 0.7, 0.95), (0.1, 0.5, 0.9)
_NEGLIGIBLE = 1e-4


@dataclass(frozen=True, eq=False)
class Seen:
    """Means and counts per unit × outcome (count 0 where unmeasured), group numbers, noise variance per outcome.

    `loose`: groups too small for a mean of their own; their units shrink to the whole.
    """

    mean: np.ndarray
    count: np.ndarray
    group: np.ndarray
    loose: np.ndarray
    noise: np.ndarray
    freedom: float


@dataclass(frozen=True, eq=False)
class _Point:
    """One point of the grid: unit-level variances and what follows from them."""

    shared: float
    own: float
    precision: np.ndarray  # 1 / (σ²/n + own), 0 where unmeasured
    pull: np.ndarray  # shared / (1 + shared Σ precision), per unit
    information: np.ndarray  # groups × outcomes × outcomes
    signal: np.ndarray  # groups × outcomes
    fit: float


@dataclass(frozen=True, eq=False)
class Posterior:
    """Weights of the kept grid points, and per point the mean and variance of each unit's scores (points × units × scores)."""

    weight: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    def centre(self) -> np.ndarray:
        """Units × scores: the mean of the mixture."""
        return np.tensordot(self.weight, self.mean, 1)

    def spread(self) -> np.ndarray:
        """Units × scores: the standard deviation of the mixture."""
        second = np.tensordot(self.weight, self.variance + self.mean**2, 1)
        return np.sqrt(np.maximum(second - self.centre() ** 2, 0.0))

    def quantile(self, share: float, score: int = 0) -> np.ndarray:
        """Per unit the quantile of the mixture, by bisection."""
        mean, sd = self.mean[:, :, score], np.sqrt(self.variance[:, :, score])
        low, high = (mean - 8 * sd).min(axis=0), (mean + 8 * sd).max(axis=0)
        for _ in range(40):
            middle = (low + high) / 2
            below = self.weight @ special.ndtr((middle - mean) / np.maximum(sd, 1e-12)) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2


def integrate_scores(seen: Seen, directions: np.ndarray) -> Posterior:
    """The posterior of each unit's scores θ·direction; `directions`: scores × outcomes."""
    centre = _weighted_mean(seen)
    centred = np.where(seen.count > 0, seen.mean - centre, 0.0)
    spreads = _spreads(seen, centred)
    tried = [
        (point, *level)
        for point in _points(seen, centred)
        for level in zip(*_group_level(point, spreads, seen), strict=True)
    ]
    fits = np.array([entry[1] for entry in tried])
    weight = np.exp(fits - fits.max())
    kept = np.flatnonzero(weight > _NEGLIGIBLE)
    told = [_unit_level(tried[i][0], tried[i][2], tried[i][3], seen, centred, directions) for i in kept]
    offset = directions @ centre
    return Posterior(
        weight[kept] / weight[kept].sum(),
        np.stack([mean for mean, _ in told]) + offset,
        np.stack([variance for _, variance in told]),
    )


def _weighted_mean(seen: Seen) -> np.ndarray:
    weight = np.sqrt(seen.count)
    return (weight * np.where(seen.count > 0, seen.mean, 0.0)).sum(axis=0) / weight.sum(axis=0)


def _reach(seen: Seen, centred: np.ndarray) -> float:
    """A standard deviation that the units' true ones hardly exceed."""
    some = seen.count > 0
    return 1.5 * float(np.sqrt((seen.count * centred**2).sum() / seen.count.sum() + (centred[some] ** 2).mean()) + 1e-9)


def _spreads(seen: Seen, centred: np.ndarray) -> np.ndarray:
    if seen.loose.all() or len(seen.loose) < 2:
        return np.zeros(1)
    return _reach(seen, centred) * np.linspace(0, 1, _SPREAD_STEPS) ** 2


def _points(seen: Seen, centred: np.ndarray) -> Iterator[_Point]:
    shares = _SHARED if seen.mean.shape[1] > 1 else (1.0,)
    scales = (
        seen.freedom / special.chdtri(seen.freedom, 1 - np.array(_NOISE_QUANTILES)) if seen.freedom > 0 else np.ones(1)
    )
    for scale in scales:
        with np.errstate(divide="ignore"):
            error = seen.noise * scale / seen.count
        # Counts of rows inform about σ through the spread within units: chi-square quantiles carry equal weight.
        for tau in _reach(seen, centred) * np.linspace(0, 1, _TAU_STEPS) ** 1.5:
            for shared in shares if tau > 0 else shares[:1]:
                yield _point(tau**2 * shared, tau**2 * (1 - shared), error, seen, centred)


def _point(shared: float, own: float, error: np.ndarray, seen: Seen, centred: np.ndarray) -> _Point:
    precision = 1 / (error + own)
    total = precision.sum(axis=1)
    pull = shared / (1 + shared * total)
    weighted = precision * centred
    signal = weighted - pull[:, None] * precision * weighted.sum(axis=1, keepdims=True)
    groups, outcomes = len(seen.loose), centred.shape[1]
    member = np.zeros((groups, len(centred)))
    member[seen.group, np.arange(len(centred))] = 1.0
    information = -np.einsum("gi,io,ip->gop", member, precision * pull[:, None], precision, optimize=True)
    information[:, np.arange(outcomes), np.arange(outcomes)] += member @ precision
    measured = seen.count > 0
    volume = np.log(precision[measured]).sum() - np.log1p(shared * total).sum()
    return _Point(shared, own, precision, pull, information, member @ signal, volume - (centred * signal).sum())


def _group_level(point: _Point, spreads: np.ndarray, seen: Seen) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per spread of the groups: log of the marginal likelihood, mean and covariance of each group's outcome means."""
    outcomes = point.signal.shape[1]
    split = point.shared / (point.shared + point.own) if point.shared + point.own > 0 else 0.5
    alike = split * np.ones((outcomes, outcomes)) + (1 - split) * np.eye(outcomes)
    prior = (spreads[:, None, None, None] ** 2 * alike) * ~seen.loose[:, None, None]
    inner = np.eye(outcomes) + point.information @ prior
    own = prior @ np.linalg.inv(inner)
    precision = np.linalg.solve(inner, point.information[None]).sum(axis=1)
    whole = np.linalg.solve(inner, point.signal[None, :, :, None])[..., 0].sum(axis=1)
    covariance = np.linalg.inv(precision)
    centre = (covariance @ whole[:, :, None])[..., 0]
    fit = point.fit - np.linalg.slogdet(inner)[1].sum(axis=1) - np.linalg.slogdet(precision)[1]
    fit += np.einsum("go,sgop,gp->s", point.signal, own, point.signal) + (whole * centre).sum(axis=1)
    keep = np.eye(outcomes) - own @ point.information
    mean = (keep @ centre[:, None, :, None])[..., 0] + np.einsum("sgop,gp->sgo", own, point.signal)
    return fit / 2, mean, own + keep @ covariance[:, None] @ np.swapaxes(keep, 2, 3)


def _unit_level(
    point: _Point, mean: np.ndarray, covariance: np.ndarray, seen: Seen, centred: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each unit's scores: units × scores."""
    rest = (centred - mean[seen.group]) * (seen.count > 0)
    # gain = C·P·rest for C = shared·11ᵀ + own·I and P the inverse of C + noise, unit by unit.
    weighted = point.precision * rest
    signal = weighted - point.pull[:, None] * point.precision * weighted.sum(axis=1, keepdims=True)
    gain = point.shared * signal.sum(axis=1, keepdims=True) + point.own * signal
    told = (mean[seen.group] + gain) @ directions.T
    variances = []
    for direction in directions:
        reach = point.shared * direction.sum() + point.own * direction  # C·w, outcome by outcome
        through = point.precision * reach
        solved = through - point.pull[:, None] * point.precision * through.sum(axis=1, keepdims=True)
        left = direction * (seen.count >= 0) - solved  # (I − P·C)·w: what still hangs on the group's mean
        own = point.shared * direction.sum() ** 2 + point.own * (direction**2).sum() - (reach * solved).sum(axis=1)
        spread = (left[:, None] @ covariance[seen.group])[:, 0]  # einsum would look for its path each of thousand times
        variances.append(own + (spread * left).sum(axis=1))
    return told, np.maximum(np.column_stack(variances), 0.0)
