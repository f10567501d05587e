"""How one population departs from an ellipse: the direction along which it bends, and how heavy its tails are.

A bent population (a banana, an arch) and a heavy-tailed one gain likelihood from being cut into groups. What is
learnt here lets the null of `structure.py` bend and spread as the data do, so that such gains prove nothing.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.special import gammaln

_MOST_AXES = 5
_ROUNDS = 6
_DEGREES = (16.0, 8.0, 5.0, 3.0)
_T_ROUNDS = 6
_FLOOR = 0.02


def turn_to_bend(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Uncorrelated coordinates of unit size, the bending one first, and the matrix that turns them back into scores.

    The first coordinate is the one whose square says most about the others, the second what it says it about:
    columns rarely show a bend each on its own, their combinations do (largest cross-skewness of whitened data).
    """
    n = len(scores)
    left, size, axes = np.linalg.svd(scores - scores.mean(axis=0), full_matrices=False)
    white, size = left * np.sqrt(n), np.maximum(size / np.sqrt(n), 1e-6)
    most = min(_MOST_AXES, white.shape[1])
    start = np.zeros((white.shape[1], 2))
    if most >= 2:
        start[:most] = np.column_stack(_strongest_bend(white[:, :most]))
    turn = np.linalg.qr(np.column_stack([start[:, : 2 * (most >= 2)], np.eye(len(start))]))[0][:, : len(start)]
    return white @ turn, (turn.T * size) @ axes


def _strongest_bend(white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit directions u and v, at right angles, with the largest mean of (x·u)² (x·v); best of several starts."""
    bends = [_follow_bend(white, u) for u in _start_directions(white.shape[1])]
    _, along, towards = max(bends, key=lambda bend: bend[0])
    return along, towards


def _start_directions(d: int) -> list[np.ndarray]:
    axes = list(np.eye(d))
    return axes + [(a + sign * b) / np.sqrt(2) for a, b in combinations(axes, 2) for sign in (1, -1)]


def _follow_bend(white: np.ndarray, along: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    for _ in range(_ROUNDS):
        _, towards = _bend_of(white, along)
        skew = (white * (white @ towards)[:, None]).T @ white / len(white)
        beside = np.eye(len(along)) - np.outer(towards, towards)
        values, vectors = np.linalg.eigh(beside @ skew @ beside)
        along = vectors[:, np.abs(values).argmax()]
    strength, towards = _bend_of(white, along)
    return strength, along, towards


def _bend_of(white: np.ndarray, along: np.ndarray) -> tuple[float, np.ndarray]:
    towards = (white @ along) ** 2 @ white / len(white)
    towards = towards - along * (towards @ along)
    strength = float(np.linalg.norm(towards))
    return strength, towards / max(strength, 1e-12)


def weigh_tails(numbers: np.ndarray) -> tuple[float, float]:
    """Degrees of freedom of the multivariate t that suits the numbers best, and its gain over a Gaussian.

    The gain is in log-likelihood less half the log of the count of rows; where there is none the degrees are infinite.
    """
    n, d = numbers.shape
    y = numbers - numbers.mean(axis=0)
    gauss = y.T @ y / n + _FLOOR * np.eye(d)
    plain = -0.5 * n * (np.linalg.slogdet(gauss)[1] + d * np.log(2 * np.pi)) - 0.5 * _sizes(y, gauss).sum()
    gain, degrees = 0.0, np.inf
    for nu in _DEGREES if d else ():
        likelihood = _t_likelihood(y, gauss, nu) - plain
        if likelihood < gain:
            break
        gain, degrees = likelihood, nu
    return (degrees, gain - 0.5 * np.log(n)) if gain > 0.5 * np.log(n) else (np.inf, 0.0)


def _sizes(y: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.asarray(((y @ np.linalg.inv(spread)) * y).sum(axis=1))


def _t_likelihood(y: np.ndarray, spread: np.ndarray, nu: float) -> float:
    n, d = y.shape
    for _ in range(_T_ROUNDS):
        weights = (nu + d) / (nu + _sizes(y, spread))
        spread = (y * weights[:, None]).T @ y / n + _FLOOR * np.eye(d)
    height = gammaln((nu + d) / 2) - gammaln(nu / 2) - 0.5 * d * np.log(nu * np.pi)
    tail = 0.5 * (nu + d) * np.log1p(_sizes(y, spread) / nu).sum()
    return float(n * height - 0.5 * n * np.linalg.slogdet(spread)[1] - tail)
