"""Invented customers with planted groups, or with none: families on which segmentation is measured.

Imports nothing from the analysis. Each family takes a number of customers and a seed and gives a table
(index customer_id) and the planted groups. Settings are frozen here: separations were tuned so that the rule that
knows the true parameters has about the adjusted Rand index named.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

NAMES = ("spend_cost", "planned_hours", "requests_count", "wait_days", "bespoke_share", "headcount_count")
SEPARATION = {"clear": 5.0, "overlapping": 3.15, "unequal": 4.7, "heavy": 4.8, "mixed": 2.6, "skewed_noise": 4.4}
LEVELS = ("plan", "build", "run", "close")

Planted = tuple[pd.DataFrame, pd.Series, float]


def _table(columns: np.ndarray | dict[str, np.ndarray], names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    frame = pd.DataFrame(columns if isinstance(columns, dict) else dict(zip(names, np.asarray(columns).T, strict=True)))
    return frame.set_index(pd.Index([f"c{i:06d}" for i in range(len(frame))], name="customer_id"))


def _marginals(z: np.ndarray) -> np.ndarray:
    """Latent normals as log-money, hours, counts, days, shares and people: monotone in each column."""
    return np.column_stack(
        [
            np.exp(8 + 0.9 * z[:, 0]),
            np.exp(3 + 0.6 * z[:, 1]),
            np.round((2.5 + 0.6 * z[:, 2]).clip(0) ** 2, 1),
            (6 + z[:, 3]).clip(0.1) ** 2,
            stats.norm.cdf(0.5 * z[:, 4] - 0.3),
            np.exp(4 + 0.7 * z[:, 5]),
        ]
    )


def _centres(rng: np.random.Generator, k: int, d: int, distance: float) -> np.ndarray:
    """Centres whose nearest pair lies `distance` noise deviations apart."""
    centres = rng.normal(size=(k, d))
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(centres) for b in centres[:i]]
    return centres * distance / min(gaps)


def _covariances(rng: np.random.Generator, k: int, d: int) -> np.ndarray:
    parts = [np.eye(d) * 0.6 + 0.4 * (lambda a: a @ a.T / d)(rng.normal(size=(d, d))) for _ in range(k)]
    return np.stack([0.7 * parts[0] + 0.3 * part for part in parts])


def _latent(rng: np.random.Generator, n: int, distance: float, shares: np.ndarray, noise: Callable | None = None):
    k, d = len(shares), len(NAMES)
    while True:
        centres, covariances = _centres(rng, k, d, distance), _covariances(rng, k, d)
        if np.linalg.norm(centres, axis=1).max() < 1.6 * distance:
            break
    groups = rng.choice(k, size=n, p=shares)
    if n >= 4 * k:
        groups[: 4 * k] = np.repeat(np.arange(k), 4)
    roots = np.linalg.cholesky(covariances)
    white = rng.normal(size=(n, d)) if noise is None else noise(rng, n, d)
    z = centres[groups] + np.einsum("nij,nj->ni", roots[groups], white)
    density = np.stack(
        [stats.multivariate_normal(c, s).logpdf(z) for c, s in zip(centres, covariances, strict=True)], axis=1
    )
    return z / z.std(axis=0), groups, density + np.log(shares)


def _planted(frame: pd.DataFrame, groups: np.ndarray, density: np.ndarray) -> Planted:
    from sklearn.metrics import adjusted_rand_score

    return frame, pd.Series(groups, frame.index, name="planted"), adjusted_rand_score(groups, density.argmax(axis=1))


def _grouped(
    n: int, seed: int, family: str, shares: np.ndarray | None = None, noise: Callable | None = None
) -> Planted:
    rng = np.random.default_rng([seed, len(family)])
    k = int(rng.integers(3, 6))
    shares = rng.dirichlet(np.full(k, 12.0)) if shares is None else shares
    z, groups, density = _latent(rng, n, SEPARATION[family], shares, noise)
    return _planted(_table(_marginals(z)), groups, density)


def clear(n: int, seed: int) -> Planted:
    """Three to five Gaussian groups under monotone marginals; the oracle has about .99."""
    return _grouped(n, seed, "clear")


def overlapping(n: int, seed: int) -> Planted:
    """As clear, nearer together; the oracle has about .86."""
    return _grouped(n, seed, "overlapping")


def unequal(n: int, seed: int) -> Planted:
    """Three groups, the smallest a twentieth of the largest."""
    return _grouped(n, seed, "unequal", np.array([20.0, 8.0, 1.0]) / 29)


def heavy(n: int, seed: int) -> Planted:
    """Groups whose noise has the tails of a t with five degrees, cell by cell."""
    return _grouped(n, seed, "heavy", noise=lambda r, m, d: r.standard_t(5, size=(m, d)) * np.sqrt(3 / 5))


def skewed_noise(n: int, seed: int) -> Planted:
    """Groups of skewed, not Gaussian shape: breaks the assumption of round groups."""
    return _grouped(n, seed, "skewed_noise", noise=lambda r, m, d: (r.gamma(3, size=(m, d)) - 3) / np.sqrt(3))


def mixed(n: int, seed: int) -> Planted:
    """Three text columns beside the six numbers, one cell in ten missing; the oracle has about .89."""
    rng = np.random.default_rng([seed, 77])
    k = int(rng.integers(3, 6))
    shares = rng.dirichlet(np.full(k, 12.0))
    z, groups, density = _latent(rng, n, SEPARATION["mixed"], shares)
    frame = _table(_marginals(z))
    for name in ("stage", "channel", "contract"):
        chances = rng.dirichlet(np.full(4, 0.6), size=k) * 0.9 + 0.025
        codes = np.array([rng.choice(4, p=chances[g]) for g in groups])
        frame[name] = np.array(LEVELS)[codes]
        density = density + np.log(chances[:, codes]).T
    return _planted(_hide(frame, rng), groups, density)


def _hide(frame: pd.DataFrame, rng: np.random.Generator, share: float = 0.1) -> pd.DataFrame:
    return frame.mask(rng.random(frame.shape) < share)


def _correlated(rng: np.random.Generator, n: int, d: int = 6) -> np.ndarray:
    loading = rng.normal(size=(d, 2))
    return rng.normal(size=(n, 2)) @ loading.T * 0.7 + rng.normal(size=(n, d))


def gradient(n: int, seed: int) -> pd.DataFrame:
    """One population along Gaussian gradients."""
    return _table(_correlated(np.random.default_rng([seed, 1]), n))


def lognormal(n: int, seed: int) -> pd.DataFrame:
    """One population, every column log-normal."""
    return _table(np.exp(_correlated(np.random.default_rng([seed, 2]), n)))


def t4(n: int, seed: int) -> pd.DataFrame:
    """One population, multivariate t with four degrees."""
    rng = np.random.default_rng([seed, 3])
    return _table(_correlated(rng, n) / np.sqrt(rng.chisquare(4, size=(n, 1)) / 4))


def uniform(n: int, seed: int) -> pd.DataFrame:
    """One population, uniform in a cube."""
    return _table(np.random.default_rng([seed, 4]).random((n, 6)))


def gamma(n: int, seed: int) -> pd.DataFrame:
    """One population, gamma columns with a common part."""
    rng = np.random.default_rng([seed, 5])
    return _table(rng.gamma(1.5, size=(n, 1)) + rng.gamma(1.0, size=(n, 6)))


def curved(n: int, seed: int) -> pd.DataFrame:
    """One population along a bent curve."""
    rng = np.random.default_rng([seed, 6])
    t = rng.normal(size=n)
    shape = np.column_stack([t, t**2, np.abs(t), np.sin(t), -t, 0.5 * t**2])
    return _table(shape + 0.5 * rng.normal(size=(n, 6)))


def mixed_one(n: int, seed: int) -> pd.DataFrame:
    """One population of numbers and texts, one cell in ten missing."""
    rng = np.random.default_rng([seed, 7])
    z = _correlated(rng, n)
    frame = _table(_marginals(z / z.std(axis=0)))
    for j, name in enumerate(("stage", "channel", "contract")):
        frame[name] = np.array(LEVELS)[np.digitize(z[:, j] + 1.5 * rng.normal(size=n), [-1.0, 0.3, 1.5])]
    return _hide(frame, rng)


def zero_heavy(n: int, seed: int) -> pd.DataFrame:
    """One population of request counts and shares of few requests: most cells are zero."""
    rng = np.random.default_rng([seed, 8])
    rate = rng.gamma(2.0, size=(n, 1)) * rng.gamma(1.5, 0.5, size=(n, 6))
    return _table(rng.poisson(rate) / 4)


GROUPED: dict[str, Callable[[int, int], Planted]] = {
    "clear": clear,
    "overlapping": overlapping,
    "unequal": unequal,
    "heavy": heavy,
    "skewed_noise": skewed_noise,
    "mixed": mixed,
}
UNGROUPED: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "gradient": gradient,
    "lognormal": lognormal,
    "t4": t4,
    "uniform": uniform,
    "gamma": gamma,
    "curved": curved,
    "mixed_one": mixed_one,
    "zero_heavy": zero_heavy,
}


def shopping(n: int, seed: int, *, quarters: int = 8, movers: float = 0.06) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A panel: four groups 3.9 noise deviations apart, a drift common to all, a share that moves once for good."""
    rng = np.random.default_rng([seed, 9])
    centres = _centres(rng, 4, 4, 3.9)
    home = rng.integers(4, size=n)
    moves = np.flatnonzero(rng.random(n) < movers)
    when, to = rng.integers(2, quarters - 1, size=n), (home + rng.integers(1, 4, size=n)) % 4
    own, drift = 0.5 * rng.normal(size=(n, 4)), np.cumsum(0.15 * rng.normal(size=(quarters, 4)), axis=0)
    rows = []
    for q in range(quarters):
        group = np.where(np.isin(np.arange(n), moves) & (when <= q), to, home)
        z = centres[group] + own + drift[q] + 0.87 * rng.normal(size=(n, 4))
        rows.append(
            pd.DataFrame(np.exp(0.5 * z), columns=["a_cost", "b_hours", "c_count", "d_days"]).assign(
                customer_id=[f"c{i:05d}" for i in range(n)], quarter=f"20{20 + q // 4}Q{q % 4 + 1}"
            )
        )
    planted = pd.DataFrame({"customer_id": [f"c{i:05d}" for i in moves], "moved_at": when[moves]})
    return pd.concat(rows, ignore_index=True), planted
