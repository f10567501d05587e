"""Whether treated and untreated can be compared at all, told without the outcome."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from pmo_analysis.analysis.seniority.basis import Basis
from pmo_analysis.analysis.seniority.smoothing import Numbers, Rows, fit_smooth, reml_penalty

ROUNDS = 5
STEEPEST = 8.0


def left_out_propensity(treatment: Numbers, basis: Basis, clusters: list[Rows]) -> Numbers:
    """Each row's probability of treatment given its confounders, from a fit without its customer.

    Penalised logistic regression by iterated weighted least squares.
    """
    logit = np.full(len(treatment), np.log((treatment.mean() + 0.01) / (1.01 - treatment.mean())))
    penalty = None
    for _ in range(ROUNDS):
        chance = expit(logit)
        root = np.sqrt(np.maximum(chance * (1 - chance), 1e-3))
        working = logit + (treatment - chance) / root**2
        columns, values = basis.columns * root[:, None], working * root
        penalty = reml_penalty(columns, values, basis, penalty)
        fitted = fit_smooth(columns, values, penalty)
        logit = np.clip(working - fitted.residual / root, -STEEPEST, STEEPEST)
    left = np.empty_like(logit)
    for cluster in clusters:
        left[cluster] = (values[cluster] - fitted.without(cluster)) / root[cluster]
    return expit(np.clip(left, -30, 30))


def residual_share(treatment: Numbers, left: Numbers) -> float:
    """The share of the treatment's variance that its confounders leave."""
    return float(np.sum(left**2) / np.sum((treatment - treatment.mean()) ** 2))
