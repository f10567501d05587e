"""A regression with free lines and shrunken curves: how much to shrink by restricted likelihood (REML),
and what the rows of a customer would be predicted without that customer.

The update of the variances is the generalised Fellner–Schall step (Wood & Fasiolo 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmo_analysis.analysis.seniority.basis import Basis

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
STEPS = 30


@dataclass(frozen=True, eq=False)
class Smooth:
    """A penalised regression ready to be refitted without some rows."""

    columns: Numbers
    outcome: Numbers
    matrix: Numbers
    inverse: Numbers
    moments: Numbers
    residual: Numbers

    def without(self, rows: Rows) -> Numbers:
        """Residuals of these rows when none of them was used to fit (smoothing kept as it is)."""
        part = self.columns[rows]
        if len(rows) < part.shape[1]:
            own = part @ self.inverse @ part.T
            return np.asarray(np.linalg.solve(np.eye(len(rows)) - own, self.residual[rows]), dtype=np.float64)
        moments = self.moments - part.T @ self.outcome[rows]
        return self.outcome[rows] - part @ np.linalg.solve(self.matrix - part.T @ part, moments)


def fit_smooth(columns: Numbers, outcome: Numbers, penalty: Numbers) -> Smooth:
    """The penalised least-squares fit; `penalty` one number per column, 0 = free."""
    matrix = columns.T @ columns + np.diag(np.maximum(penalty, 1e-8))
    inverse, moments = np.linalg.inv(matrix), columns.T @ outcome
    return Smooth(columns, outcome, matrix, inverse, moments, outcome - columns @ (inverse @ moments))


def reml_penalty(columns: Numbers, outcome: Numbers, basis: Basis) -> Numbers:
    """Per column the penalty noise/variance that restricted likelihood chooses, part by part."""
    gram, moments = columns.T @ columns, columns.T @ outcome
    parts = [np.flatnonzero(basis.part == k) for k in range(basis.part.max(initial=-1) + 1)]
    noise = max(float(outcome.var()), 1e-12)
    variance = np.array([noise / max(np.mean(np.sum(columns[:, p] ** 2, 1)), 1e-12) for p in parts])
    for _ in range(STEPS):
        penalty = _spread(parts, noise / variance, columns.shape[1])
        inverse = np.linalg.inv(gram + np.diag(np.maximum(penalty, 1e-10)))
        coefficient = inverse @ moments
        used = np.array([len(p) - noise / v * inverse[p, p].sum() for p, v in zip(parts, variance, strict=True)])
        square = np.array([np.sum(coefficient[p] ** 2) for p in parts])
        fitted = max(float(outcome @ outcome - 2 * coefficient @ moments + coefficient @ gram @ coefficient), 1e-12)
        noise = fitted / max(len(outcome) - basis.free - used.sum(), 1.0)
        newer = np.clip(square / np.maximum(used, 1e-6), noise * 1e-7, noise * 1e5)
        if np.all(np.abs(np.log(newer / variance)) < 0.02):
            break
        variance = newer
    return _spread(parts, noise / variance, columns.shape[1])


def _spread(parts: list[Rows], penalty: Numbers, width: int) -> Numbers:
    full = np.zeros(width)
    for part, value in zip(parts, penalty, strict=True):
        full[part] = value
    return full
