"""The effect of a treatment once confounders are taken out of both outcome and treatment.

Each customer's residuals come from a fit without that customer, so that a flexible fit cannot explain its own
noise; the customers' own levels are a random effect (Chernozhukov et al. 2018; REML in place of a choice among
learners). The interval is a delete-one-customer jackknife of the whole estimate with the smoothing kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from pmo_analysis.analysis.seniority.basis import Basis
from pmo_analysis.analysis.seniority.smoothing import Numbers, Rows, Smooth, fit_smooth, reml_penalty

MOST_BLOCKS, LARGE, BLOCKS_WHEN_LARGE = 40, 1000, 20
# Bias is the product of both errors; fitting the outcome more closely is nearly free and removes most of it.
UNDERSMOOTH = 8.0


@dataclass(frozen=True, eq=False)
class Partialled:
    """The effect per unit of treatment, its error and degrees of freedom, and the residuals of both."""

    effect: float
    error: float
    degrees: float
    outcome: Numbers
    treatment: Numbers

    def limits(self, level: float) -> tuple[float, float]:
        """The interval of that level."""
        reach = float(special.stdtrit(self.degrees, (1 + level) / 2)) * self.error
        return self.effect - reach, self.effect + reach


def partial_out(outcome: Numbers, treatment: Numbers, basis: Basis, clusters: list[Rows]) -> Partialled:
    """The effect of treatment on outcome; `clusters` are the rows of each customer."""
    shrink, first, penalty = _fit_outcome(outcome, basis, clusters)
    treatment_fit = fit_smooth(basis.columns, treatment, reml_penalty(basis.columns, treatment, basis))
    left_t = shrink.apply(_left_out(treatment_fit, clusters))
    rest = outcome - float(_left_out(first, clusters) @ left_t / (left_t @ left_t)) * treatment
    outcome_fit = _refit(outcome, rest, basis, shrink, penalty)
    left_y = _left_out(outcome_fit, clusters)
    effect = float(left_y @ left_t / (left_t @ left_t))
    blocks = _blocks(clusters, left_t)
    error = _jackknife_error(outcome_fit, treatment_fit, shrink, blocks)
    weight = np.array([np.sum(left_t[c] ** 2) for c in clusters]) / np.sum(left_t**2)
    degrees = max(min(1.0 / float(np.sum(weight**2)), len(blocks)) - 1.0, 1.0)
    return Partialled(effect, error, degrees, left_y, left_t)


class _Centre:
    """Subtracts of each customer's mean the part that its own level explains; then rows count alike."""

    def __init__(self, clusters: list[Rows], ratio: float, rows: int) -> None:
        self.group = np.empty(rows, dtype=np.int64)
        for number, cluster in enumerate(clusters):
            self.group[cluster] = number
        self.count = np.array([len(c) for c in clusters], dtype=float)
        self.share = 1.0 - 1.0 / np.sqrt(1.0 + self.count * ratio)

    def apply(self, values: Numbers, rows: Rows | None = None) -> Numbers:
        """The rows (all, or some whole customers') with that part of their customer's mean taken out."""
        group = self.group if rows is None else self.group[rows]
        return values - self._means(values, group) * _tall(self.share[group], values)

    def undo(self, values: Numbers) -> Numbers:
        """The rows as they were before `apply`."""
        grown = 1.0 / (1.0 - self.share) - 1.0
        return values + self._means(values, self.group) * _tall(grown[self.group], values)

    def _means(self, values: Numbers, group: npt.NDArray[np.int64]) -> Numbers:
        if values.ndim == 1:
            return (np.bincount(group, values, len(self.count)) / self.count)[group]
        sums = np.zeros((len(self.count), values.shape[1]))
        np.add.at(sums, group, values)
        return (sums / self.count[:, None])[group]


def _tall(share: Numbers, values: Numbers) -> Numbers:
    return share if values.ndim == 1 else share[:, None]


def _refit(outcome: Numbers, rest: Numbers, basis: Basis, shrink: _Centre, penalty: Numbers) -> Smooth:
    """The outcome's fit, no smoother than that of the outcome less the effect.

    Where the effect hides the difficulty (seniors make good what is hard) the outcome alone looks flat, and a fit
    that is too smooth would leave difficulty in the residuals.
    """
    columns = shrink.apply(basis.columns)
    both = np.minimum(penalty, reml_penalty(columns, shrink.apply(rest), basis, penalty))
    return fit_smooth(columns, shrink.apply(outcome), both / UNDERSMOOTH)


def _fit_outcome(outcome: Numbers, basis: Basis, clusters: list[Rows]) -> tuple[_Centre, Smooth, Numbers]:
    """The share of each customer's own level in its mean, the outcome's fit and its penalty, found in turns."""
    ratio, penalty = 0.0, reml_penalty(basis.columns, outcome, basis)
    for _ in range(3):
        shrink = _Centre(clusters, ratio, len(outcome))
        columns, values = shrink.apply(basis.columns), shrink.apply(outcome)
        penalty = reml_penalty(columns, values, basis, penalty)
        fitted = fit_smooth(columns, values, penalty / UNDERSMOOTH)
        newer = _between_ratio(shrink.undo(_left_out(fitted, clusters)), shrink)
        if abs(newer - ratio) < 0.02:
            break
        ratio = newer
    return shrink, fitted, penalty


def _between_ratio(residual: Numbers, shrink: _Centre) -> float:
    """Variance between customers over variance within, by analysis of variance (0 where it is not seen)."""
    rows, groups = len(residual), len(shrink.count)
    if groups in (1, rows):
        return 0.0
    means = np.bincount(shrink.group, residual, groups) / shrink.count
    within = np.sum((residual - means[shrink.group]) ** 2) / (rows - groups)
    between = np.sum(shrink.count * (means - residual.mean()) ** 2)
    variance = (between - (groups - 1) * within) / (rows - np.sum(shrink.count**2) / rows)
    return float(max(variance, 0.0) / max(within, 1e-12))


def _left_out(fitted: Smooth, clusters: list[Rows]) -> Numbers:
    residual = np.empty_like(fitted.residual)
    for cluster in clusters:
        residual[cluster] = fitted.without(cluster)
    return residual


def _blocks(clusters: list[Rows], treatment: Numbers) -> list[Rows]:
    """The customers, or where there are many 40 (above 1,000 rows 20) blocks of them with alike information."""
    most = MOST_BLOCKS if len(treatment) <= LARGE else BLOCKS_WHEN_LARGE
    if len(clusters) <= most:
        return clusters
    information = np.array([np.sum(treatment[c] ** 2) for c in clusters])
    filled = np.zeros(most)
    members: list[list[Rows]] = [[] for _ in range(most)]
    for cluster in np.argsort(-information, kind="stable"):
        block = int(np.argmin(filled))
        filled[block] += information[cluster]
        members[block].append(clusters[cluster])
    return [np.concatenate(m) for m in members if m]


def _jackknife_error(outcome: Smooth, treatment: Smooth, shrink: _Centre, blocks: list[Rows]) -> float:
    count = len(blocks)
    cross, square = np.zeros((count, count)), np.zeros((count, count))
    for one in range(count):
        for other in range(one + 1, count):
            rows, split = np.concatenate([blocks[one], blocks[other]]), len(blocks[one])
            left_y, left_t = outcome.without(rows), shrink.apply(treatment.without(rows), rows)
            product, power = left_y * left_t, left_t**2
            cross[other, one], cross[one, other] = product[:split].sum(), product[split:].sum()
            square[other, one], square[one, other] = power[:split].sum(), power[split:].sum()
    # Row: the block left out of everything; its own rows have no part in that estimate.
    effects = cross.sum(1) / square.sum(1)
    return float(np.sqrt((count - 1) / count * np.sum((effects - effects.mean()) ** 2)))
