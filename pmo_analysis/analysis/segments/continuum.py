"""Choices without groups: each choice cuts an unseen continuum into levels, and the continua go together as one Gaussian.

A latent class and a continuum explain two choices equally well; only how many go together in which way tells them
apart. So the null of `structure.py` keeps every pair's correlation (polychoric, Olsson 1979, by Hermite series) and
the correlation with the numbers, and has no classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import eval_hermitenorm, gammaln, ndtri
from scipy.stats import norm

from pmo_analysis.analysis.segments.mixture import Points

_TERMS = 8
_GRID = np.linspace(-0.98, 0.98, 99)
_FLOOR = 0.02
_CHANCE = 2.0
# Beyond this a continuum heaps its customers at both ends of the levels: two groups to anyone who sees the levels only.
_MOST = 0.7


@dataclass(frozen=True, eq=False)
class Continua:
    """Per choice the order of its levels and their cumulated shares; how the continua follow from the numbers' scores
    (slopes), and the root of what is left of their covariance."""

    orders: list[np.ndarray]
    shares: list[np.ndarray]
    slopes: np.ndarray
    root: np.ndarray


def fit_continua(points: Points, scores: np.ndarray) -> Continua:
    """The continua behind the choices of points whose numbers have these normal scores."""
    orders = _order_levels(points, scores)
    shares = [_shares(points.codes[:, j], order) for j, order in enumerate(orders)]
    middles = [_middles(share) for share in shares]
    shown = np.column_stack([_show(points.codes[:, j], orders[j], m) for j, m in enumerate(middles)])
    joint = _correlations(scores, shown, points.codes >= 0, shares, middles)
    d = scores.shape[1]
    slopes = np.linalg.solve(joint[:d, :d] + _FLOOR * np.eye(d), joint[:d, d:])
    left = joint[d:, d:] - joint[d:, :d] @ slopes
    return Continua(orders, shares, slopes, _root(left))


def draw_codes(points: Points, continua: Continua, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes for rows with these scores; missing where the data miss them."""
    codes = points.codes.copy()
    latent = scores @ continua.slopes + rng.normal(size=codes.shape) @ continua.root.T
    ranks = (np.argsort(np.argsort(latent, axis=0), axis=0) + 0.5) / max(len(codes), 1)
    for j, (order, share) in enumerate(zip(continua.orders, continua.shares, strict=True)):
        drawn = order[np.searchsorted(np.cumsum(share)[:-1], ranks[:, j])]
        codes[:, j] = np.where(points.codes[:, j] >= 0, drawn, -1)
    return codes


def _order_levels(points: Points, scores: np.ndarray) -> list[np.ndarray]:
    """Levels by their mean place on the leading axis of everything known: the order in which a continuum would cut."""
    shown = [np.eye(m + 1)[points.codes[:, j]][:, :m] for j, m in enumerate(points.levels)]
    parts = [(s - s.mean(axis=0)) / np.sqrt(max(s.var(axis=0).sum(), 1e-9)) for s in shown]
    plane = np.hstack([scores, *parts])
    axis = np.linalg.svd(plane - plane.mean(axis=0), full_matrices=False)[0][:, 0]
    return [np.argsort(axis @ s / np.maximum(s.sum(axis=0), 1), kind="stable") for s in shown]


def _shares(codes: np.ndarray, order: np.ndarray) -> np.ndarray:
    counts = np.bincount(codes[codes >= 0], minlength=len(order))[order] + 1e-3
    return np.asarray(counts / counts.sum())


def _edges(shares: np.ndarray) -> np.ndarray:
    return ndtri(np.clip(np.concatenate([[0.0], np.cumsum(shares)]), 0, 1))


def _middles(shares: np.ndarray) -> np.ndarray:
    """Mean of a standard normal within each level."""
    return -np.diff(norm.pdf(_edges(shares))) / shares


def _show(codes: np.ndarray, order: np.ndarray, middles: np.ndarray) -> np.ndarray:
    place = np.zeros(len(order))
    place[order] = middles
    return np.where(codes >= 0, place[codes], 0.0)


def _correlations(
    scores: np.ndarray, shown: np.ndarray, known: np.ndarray, shares: list[np.ndarray], middles: list[np.ndarray]
) -> np.ndarray:
    """Correlations of scores and continua: Pearson, polyserial, polychoric."""
    n, d = scores.shape
    c = shown.shape[1]
    told = np.array([share @ m**2 for share, m in zip(shares, middles, strict=True)])
    joint = np.eye(d + c)
    joint[:d, :d] = scores.T @ scores / n + 1e-6 * np.eye(d)
    joint[:d, d:] = np.clip(scores.T @ shown / np.maximum(known.sum(axis=0), 1) / told, -0.98, 0.98)
    series = np.stack([_hermite(share, m) for share, m in zip(shares, middles, strict=True)])
    for i in range(c):
        for j in range(i):
            seen = (shown[:, i] @ shown[:, j]) / max((known[:, i] & known[:, j]).sum(), 1)
            curve = (_GRID[:, None] ** np.arange(1, _TERMS + 1)) @ (series[i] * series[j])
            joint[d + i, d + j] = joint[d + j, d + i] = np.interp(seen, np.maximum.accumulate(curve), _GRID)
    joint[:, d:] = _calm(joint[:, d:], n)
    joint[d:, :d] = joint[:d, d:].T
    np.fill_diagonal(joint, 1.0)
    return joint


def _calm(correlations: np.ndarray, n: int) -> np.ndarray:
    """Correlations less what chance and the ordering of levels add to them (positive-part James & Stein)."""
    calm = correlations * np.clip(1 - _CHANCE / (n * np.maximum(correlations**2, 1e-12)), 0, 1)
    return np.clip(calm, -_MOST, _MOST)


def _hermite(shares: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Coefficients of the level means as a series in normalised Hermite polynomials of the continuum."""
    edges = _edges(shares)
    inner, weight = np.where(np.isfinite(edges), edges, 0.0), norm.pdf(edges)
    orders = np.arange(1, _TERMS + 1)
    return np.array(
        [-np.diff(eval_hermitenorm(k - 1, inner) * weight) @ middles / np.exp(0.5 * gammaln(k + 1)) for k in orders]
    )


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, _FLOOR)))
