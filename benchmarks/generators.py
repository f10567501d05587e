"""Invented customers with planted groups: families on which segmentation is measured.

Imports nothing from the analysis. Each family takes a number of customers and a seed and gives a table (index
customer_id); a grouped one also the planted groups and the oracle's adjusted Rand index on this very table: that of
the Bayes rule with the true parameters, seeing what the table shows and no hidden cell. Settings are frozen here:
separations were tuned on seeds 0–99 at n = 3,000 so that the oracle's mean is .99, .86, .99, .98 and .89 for clear,
overlapping, unequal, heavy and mixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.populations import LEVELS, NAMES, UNGROUPED, as_quantities, as_table, correlated, hide

__all__ = ["GROUPED", "UNGROUPED", "shopping"]

SEPARATION = {
    "clear": 5.0,
    "overlapping": 3.15,
    "unequal": 5.1,
    "heavy": 4.8,
    "mixed": 3.07,
    "skewed_noise": 4.4,
    "bananas": 5.0,
    "few_columns": 5.0,
    "pair": 4.0,
    "bridge": 5.0,
}
NORMAL, TAILED = stats.norm(), stats.t(5, scale=np.sqrt(3 / 5))
SKEWED = stats.gamma(3, loc=-np.sqrt(3), scale=1 / np.sqrt(3))

Planted = tuple[pd.DataFrame, pd.Series, float]


@dataclass(frozen=True, eq=False)
class Truth:
    """The parameters behind a drawn table: `noise` is the distribution of one cell before a group's covariance."""

    shares: np.ndarray
    centres: np.ndarray
    roots: np.ndarray
    noise: Any = NORMAL

    def density(self, z: np.ndarray) -> np.ndarray:
        """Log density of each latent row in each group, its share included."""
        parts = [
            self.noise.logpdf((z - centre) @ np.linalg.inv(root).T).sum(axis=1) - np.log(np.diag(root)).sum()
            for centre, root in zip(self.centres, self.roots, strict=True)
        ]
        return np.stack(parts, axis=1) + np.log(self.shares)

    def seen_density(self, z: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """As `density` for Gaussian noise, of the seen cells alone."""
        answer = np.tile(np.log(self.shares), (len(z), 1))
        patterns, which = np.unique(seen, axis=0, return_inverse=True)
        covariances = self.roots @ self.roots.transpose(0, 2, 1)
        for i, pattern in enumerate(patterns):
            rows = np.flatnonzero(which.ravel() == i)
            if pattern.any():
                for g, (centre, cov) in enumerate(zip(self.centres, covariances, strict=True)):
                    part = stats.multivariate_normal(centre[pattern], cov[np.ix_(pattern, pattern)])
                    answer[rows, g] += part.logpdf(z[np.ix_(rows, pattern)])
        return answer


def _centres(rng: np.random.Generator, k: int, d: int, distance: float) -> np.ndarray:
    """Centres whose nearest pair lies `distance` noise deviations apart."""
    centres = rng.normal(size=(k, d))
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(centres) for b in centres[:i]]
    return centres * distance / min(gaps)


def _covariances(rng: np.random.Generator, k: int, d: int) -> np.ndarray:
    parts = [np.eye(d) * 0.6 + 0.4 * (lambda a: a @ a.T / d)(rng.normal(size=(d, d))) for _ in range(k)]
    return np.stack([0.7 * parts[0] + 0.3 * part for part in parts])


def _truth(rng: np.random.Generator, shares: np.ndarray, distance: float, noise: Any = NORMAL, d: int = 6) -> Truth:
    """Parameters with no group very far from the rest."""
    while True:
        centres, covariances = _centres(rng, len(shares), d, distance), _covariances(rng, len(shares), d)
        if np.linalg.norm(centres, axis=1).max() < 1.6 * distance:
            return Truth(shares, centres, np.linalg.cholesky(covariances), noise)


def _draw(rng: np.random.Generator, n: int, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Latent rows and their groups; each group has four customers at least."""
    k, d = truth.centres.shape
    groups = rng.choice(k, size=n, p=truth.shares)
    if n >= 4 * k:
        groups[: 4 * k] = np.repeat(np.arange(k), 4)
    white = truth.noise.rvs(size=(n, d), random_state=rng)
    return truth.centres[groups] + np.einsum("nij,nj->ni", truth.roots[groups], white), groups


def _planted(frame: pd.DataFrame, groups: np.ndarray, density: np.ndarray) -> Planted:
    from sklearn.metrics import adjusted_rand_score

    return frame, pd.Series(groups, frame.index, name="planted"), adjusted_rand_score(groups, density.argmax(axis=1))


def _shares(rng: np.random.Generator) -> np.ndarray:
    return rng.dirichlet(np.full(int(rng.integers(3, 6)), 12.0))


def _grouped(n: int, seed: int, family: str, shares: np.ndarray | None = None, noise: Any = NORMAL) -> Planted:
    rng = np.random.default_rng([seed, len(family)])
    truth = _truth(rng, _shares(rng) if shares is None else shares, SEPARATION[family], noise)
    z, groups = _draw(rng, n, truth)
    return _planted(as_table(as_quantities(z)), groups, truth.density(z))


def clear(n: int, seed: int) -> Planted:
    """Three to five Gaussian groups under monotone marginals; the oracle has about .99."""
    return _grouped(n, seed, "clear")


def overlapping(n: int, seed: int) -> Planted:
    """As clear, nearer together; the oracle has about .86."""
    return _grouped(n, seed, "overlapping")


def unequal(n: int, seed: int) -> Planted:
    """Three groups, the smallest a twentieth of the largest; the oracle has about .99."""
    return _grouped(n, seed, "unequal", np.array([20.0, 8.0, 1.0]) / 29)


def heavy(n: int, seed: int) -> Planted:
    """Groups whose noise has the tails of a t with five degrees, cell by cell; the oracle has about .98."""
    return _grouped(n, seed, "heavy", noise=TAILED)


def skewed_noise(n: int, seed: int) -> Planted:
    """Groups of skewed, not Gaussian shape: breaks the assumption of round groups."""
    return _grouped(n, seed, "skewed_noise", noise=SKEWED)


def mixed(n: int, seed: int) -> Planted:
    """Three text columns beside the six numbers, one cell in ten missing; the oracle has about .89."""
    rng = np.random.default_rng([seed, 77])
    truth = _truth(rng, _shares(rng), SEPARATION["mixed"])
    z, groups = _draw(rng, n, truth)
    shown, told = _choices(rng, groups, len(truth.shares), ("stage", "channel", "contract"))
    frame = hide(as_table(as_quantities(z)).join(shown), rng)
    density = truth.seen_density(z, frame[list(NAMES)].notna().to_numpy())
    for name in shown:
        density = density + np.where(frame[[name]].notna(), told[name], 0.0)
    return _planted(frame, groups, density)


def _choices(
    rng: np.random.Generator, groups: np.ndarray, k: int, names: tuple[str, ...], spread: float = 0.6
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Text columns whose chances differ by group, and the log chance of each answer seen in each group."""
    shown, told = {}, {}
    for name in names:
        chances = rng.dirichlet(np.full(4, spread), size=k) * 0.9 + 0.025
        codes = (rng.random((len(groups), 1)) > np.cumsum(chances[groups], axis=1)).sum(axis=1).clip(max=3)
        shown[name], told[name] = np.array(LEVELS)[codes], np.log(chances[:, codes]).T
    return as_table(shown), told


def texts(n: int, seed: int) -> Planted:
    """Groups that show in six text columns only; the six numbers are of one population."""
    rng = np.random.default_rng([seed, 78])
    shares = _shares(rng)
    groups = rng.choice(len(shares), size=n, p=shares)
    names = ("stage", "channel", "contract", "site", "need", "sponsor")
    shown, told = _choices(rng, groups, len(shares), names, 0.3)
    frame = as_table(as_quantities(correlated(rng, n))).join(shown)
    return _planted(frame, groups, np.log(shares) + sum(told.values()))


def bananas(n: int, seed: int) -> Planted:
    """Groups bent within: their second and fourth columns follow the square of the first and third."""
    rng = np.random.default_rng([seed, 79])
    truth = _truth(rng, _shares(rng), SEPARATION["bananas"])
    z, groups = _draw(rng, n, truth)
    bent = [_bend(z, centre) for centre in truth.centres]
    # A bend moves a column by what the row shows elsewhere, so densities carry over without a Jacobian.
    shown = np.stack(bent)[groups, np.arange(n)]
    density = np.stack(
        [truth.density(_bend(shown, centre, -1.0))[:, g] for g, centre in enumerate(truth.centres)], axis=1
    )
    return _planted(as_table(as_quantities(shown)), groups, density)


def _bend(z: np.ndarray, centre: np.ndarray, amount: float = 1.0) -> np.ndarray:
    bent = z.copy()
    bent[:, [1, 3]] += amount * 0.6 * ((z[:, [0, 2]] - centre[[0, 2]]) ** 2 - 1)
    return bent


def few_columns(n: int, seed: int) -> Planted:
    """Groups that show in three of twelve columns."""
    rng = np.random.default_rng([seed, 80])
    truth = _truth(rng, _shares(rng), SEPARATION["few_columns"], d=3)
    z, groups = _draw(rng, n, truth)
    both = [as_quantities(np.column_stack([z, correlated(rng, n, 3)])), as_quantities(correlated(rng, n))]
    names = (*NAMES, *(f"other_{name}" for name in NAMES))
    return _planted(as_table(np.hstack(both), names), groups, truth.density(z))


def pair(n: int, seed: int) -> Planted:
    """Two groups, one three times the other."""
    return _grouped(n, seed, "pair", np.array([0.75, 0.25]))


def bridge(n: int, seed: int) -> Planted:
    """Clear groups, and one customer in twelve on the way from one group to another, counted with the likelier."""
    rng = np.random.default_rng([seed, 81])
    truth = _truth(rng, _shares(rng), SEPARATION["bridge"])
    z, groups = _draw(rng, n, truth)
    between = rng.random(n) < 1 / 12
    other = (groups + rng.integers(1, len(truth.shares), size=n)) % len(truth.shares)
    step = rng.uniform(0.2, 0.8, size=(n, 1)) * (truth.centres[other] - truth.centres[groups])
    z = z + np.where(between[:, None], step, 0.0)
    density = truth.density(z)
    return _planted(as_table(as_quantities(z)), np.where(between, density.argmax(axis=1), groups), density)


GROUPED: dict[str, Callable[[int, int], Planted]] = {
    "clear": clear,
    "overlapping": overlapping,
    "unequal": unequal,
    "heavy": heavy,
    "skewed_noise": skewed_noise,
    "mixed": mixed,
    "texts": texts,
    "bananas": bananas,
    "few_columns": few_columns,
    "pair": pair,
    "bridge": bridge,
}


def shopping(
    n: int, seed: int, *, quarters: int = 8, movers: float = 0.06, tails: float | None = None, blips: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A panel: four groups 3.9 noise deviations apart, a drift common to all, a share that moves once for good.

    tails: noise from quarter to quarter of a t with so many degrees. blips: share of customers' quarters that look
    like another group for that one quarter. Gives the panel and customer_id, moved_at of movers.
    """
    rng = np.random.default_rng([seed, 9])
    centres = _centres(rng, 4, 4, 3.9)
    home = rng.integers(4, size=n)
    moves = np.flatnonzero(rng.random(n) < movers)
    when, to = rng.integers(2, quarters - 1, size=n), (home + rng.integers(1, 4, size=n)) % 4
    own, drift = 0.5 * rng.normal(size=(n, 4)), np.cumsum(0.15 * rng.normal(size=(quarters, 4)), axis=0)
    noise = stats.t(tails, scale=np.sqrt(1 - 2 / tails)) if tails else NORMAL
    rows = []
    for q in range(quarters):
        group = np.where(np.isin(np.arange(n), moves) & (when <= q), to, home)
        away = (group + rng.integers(1, 4, size=n)) % 4 if blips else group
        group = np.where(rng.random(n) < blips, away, group) if blips else group
        z = centres[group] + own + drift[q] + 0.87 * noise.rvs(size=(n, 4), random_state=rng)
        rows.append(
            pd.DataFrame(np.exp(0.5 * z), columns=["a_cost", "b_hours", "c_count", "d_days"]).assign(
                customer_id=[f"c{i:05d}" for i in range(n)], quarter=f"20{20 + q // 4}Q{q % 4 + 1}"
            )
        )
    planted = pd.DataFrame({"customer_id": [f"c{i:05d}" for i in moves], "moved_at": when[moves]})
    return pd.concat(rows, ignore_index=True), planted
