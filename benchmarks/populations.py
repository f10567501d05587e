"""Invented customers of one population: families in which a segmentation should find no groups.

Imports nothing from the analysis. Each family takes a number of customers and a seed and gives a table (index
customer_id). Settings are frozen here, as those of the planted groups in `generators.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

NAMES = ("spend_cost", "planned_hours", "requests_count", "wait_days", "bespoke_share", "headcount_count")
LEVELS = ("plan", "build", "run", "close")


def as_table(columns: np.ndarray | dict[str, np.ndarray], names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    """Columns as a table, index customer_id."""
    frame = pd.DataFrame(columns if isinstance(columns, dict) else dict(zip(names, np.asarray(columns).T, strict=True)))
    return frame.set_index(pd.Index([f"c{i:06d}" for i in range(len(frame))], name="customer_id"))


def as_quantities(z: np.ndarray) -> np.ndarray:
    """Latent normals as log-money, hours, counts, days, shares and people: monotone in each column."""
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    return np.column_stack(
        [
            np.exp(8 + 0.9 * z[:, 0]),
            np.exp(3 + 0.6 * z[:, 1]),
            np.round((6 + 1.2 * z[:, 2]).clip(0) ** 2),
            (6 + z[:, 3]).clip(0.1) ** 2,
            stats.norm.cdf(0.5 * z[:, 4] - 0.3),
            np.exp(4 + 0.7 * z[:, 5]),
        ]
    )


def hide(frame: pd.DataFrame, rng: np.random.Generator, share: float = 0.1) -> pd.DataFrame:
    """The table with a share of its cells missing at random."""
    return frame.mask(rng.random(frame.shape) < share)


def correlated(rng: np.random.Generator, n: int, d: int = 6) -> np.ndarray:
    """Gaussian columns that share two gradients."""
    loading = rng.normal(size=(d, 2))
    return rng.normal(size=(n, 2)) @ loading.T * 0.7 + rng.normal(size=(n, d))


def gradient(n: int, seed: int) -> pd.DataFrame:
    """One population along Gaussian gradients."""
    return as_table(correlated(np.random.default_rng([seed, 1]), n))


def lognormal(n: int, seed: int) -> pd.DataFrame:
    """One population, every column log-normal."""
    return as_table(np.exp(correlated(np.random.default_rng([seed, 2]), n)))


def t4(n: int, seed: int) -> pd.DataFrame:
    """One population, multivariate t with four degrees."""
    rng = np.random.default_rng([seed, 3])
    return as_table(correlated(rng, n) / np.sqrt(rng.chisquare(4, size=(n, 1)) / 4))


def uniform(n: int, seed: int) -> pd.DataFrame:
    """One population, uniform in a cube."""
    return as_table(np.random.default_rng([seed, 4]).random((n, 6)))


def gamma(n: int, seed: int) -> pd.DataFrame:
    """One population, gamma columns with a common part."""
    rng = np.random.default_rng([seed, 5])
    return as_table(rng.gamma(1.5, size=(n, 1)) + rng.gamma(1.0, size=(n, 6)))


def curved(n: int, seed: int) -> pd.DataFrame:
    """One population along a bent curve."""
    rng = np.random.default_rng([seed, 6])
    t = rng.normal(size=n)
    shape = np.column_stack([t, t**2, np.abs(t), np.sin(t), -t, 0.5 * t**2])
    return as_table(shape + 0.5 * rng.normal(size=(n, 6)))


def mixed_one(n: int, seed: int) -> pd.DataFrame:
    """One population of numbers and texts, one cell in ten missing."""
    rng = np.random.default_rng([seed, 7])
    z = correlated(rng, n)
    frame = as_table(as_quantities(z / z.std(axis=0)))
    for j, name in enumerate(("stage", "channel", "contract")):
        frame[name] = np.array(LEVELS)[np.digitize(z[:, j] + 1.5 * rng.normal(size=n), [-1.0, 0.3, 1.5])]
    return hide(frame, rng)


def ring(n: int, seed: int) -> pd.DataFrame:
    """One population around a ring: nobody in the middle, no break anywhere."""
    rng = np.random.default_rng([seed, 10])
    angle = rng.uniform(0, 2 * np.pi, size=n)
    around = 2.5 * np.column_stack([np.cos(angle), np.sin(angle), np.cos(angle + 1), np.sin(angle + 2)])
    return as_table(np.hstack([around, rng.normal(size=(n, 2))]) + 0.5 * rng.normal(size=(n, 6)))


def wedge(n: int, seed: int) -> pd.DataFrame:
    """One population whose spread grows with its size."""
    rng = np.random.default_rng([seed, 11])
    size = rng.gamma(2.0, size=(n, 1))
    return as_table(size + size * 0.6 * rng.normal(size=(n, 6)))


def counts(n: int, seed: int) -> pd.DataFrame:
    """One population of small counts: few values per column, a common rate."""
    rng = np.random.default_rng([seed, 12])
    return as_table(rng.poisson(rng.gamma(3.0, size=(n, 1)) * np.linspace(0.3, 2.0, 6)).astype(float))


def twelve(n: int, seed: int) -> pd.DataFrame:
    """One population in twelve correlated columns of money, hours, counts, days and shares."""
    z = correlated(np.random.default_rng([seed, 13]), n, 12)
    return as_table(
        np.hstack([as_quantities(z[:, :6]), as_quantities(z[:, 6:])]), (*NAMES, *(f"other_{x}" for x in NAMES))
    )


def spoiled(n: int, seed: int) -> pd.DataFrame:
    """One population with one cell in fifty ten times too far out, as typed or exported wrongly."""
    rng = np.random.default_rng([seed, 14])
    z = correlated(rng, n)
    return as_table(np.where(rng.random(z.shape) < 0.02, 10 * z, z))


def zero_heavy(n: int, seed: int) -> pd.DataFrame:
    """One population of request counts and shares of few requests: most cells are zero."""
    rng = np.random.default_rng([seed, 8])
    rate = rng.gamma(2.0, size=(n, 1)) * rng.gamma(1.5, 0.5, size=(n, 6))
    return as_table(rng.poisson(rate) / 4)


UNGROUPED: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "gradient": gradient,
    "lognormal": lognormal,
    "t4": t4,
    "uniform": uniform,
    "gamma": gamma,
    "curved": curved,
    "mixed_one": mixed_one,
    "zero_heavy": zero_heavy,
    "ring": ring,
    "wedge": wedge,
    "counts": counts,
    "twelve": twelve,
    "spoiled": spoiled,
}
