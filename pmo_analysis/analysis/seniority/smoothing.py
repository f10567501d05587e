"""A regression with free lines and shrunken curves: how much to shrink by restricted likelihood (REML),
and what the rows of a customer would be predicted without that customer.

The update of the variances is the generalised Fellner–Schall step (Wood & Fasiolo 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from pmo_analysis.analysis.seniority.basis import Basis

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
STEPS = 30
# The steps end when no part's degrees of freedom change by more than this.
SETTLED = 0.02
MOST_PAIRED = 2000


@dataclass(frozen=True, eq=False)
class Smooth:
    """A penalised regression ready to be refitted without some rows.

    `hat` is what each row's outcome adds to each row's prediction; with more than 2,000 rows it is not kept.
    """

    columns: Numbers
    outcome: Numbers
    matrix: Numbers
    inverse: Numbers
    moments: Numbers
    residual: Numbers
    hat: Numbers | None

    def without(self, rows: Rows) -> Numbers:
        """Residuals of these rows when none of them was used to fit (smoothing kept as it is)."""
        if len(rows) < len(self.inverse):
            own = self._own(rows)
            return np.asarray(np.linalg.solve(np.eye(len(rows)) - own, self.residual[rows]), dtype=np.float64)
        part = self.columns[rows]
        moments = self.moments - part.T @ self.outcome[rows]
        return self.outcome[rows] - part @ np.linalg.solve(self.matrix - part.T @ part, moments)

    def _own(self, rows: Rows) -> Numbers:
        if self.hat is not None:
            return np.asarray(self.hat[rows[:, None], rows])
        part = self.columns[rows]
        return np.asarray(part @ self.inverse @ part.T, dtype=np.float64)


def fit_smooth(columns: Numbers, outcome: Numbers, penalty: Numbers) -> Smooth:
    """The penalised least-squares fit; `penalty` one number per column, 0 = free."""
    matrix = columns.T @ columns + np.diag(np.maximum(penalty, 1e-8))
    inverse, moments = np.linalg.inv(matrix), columns.T @ outcome
    hat = columns @ inverse @ columns.T if len(outcome) <= MOST_PAIRED else None
    return Smooth(columns, outcome, matrix, inverse, moments, outcome - columns @ (inverse @ moments), hat)


def reml_penalty(columns: Numbers, outcome: Numbers, basis: Basis, start: Numbers | None = None) -> Numbers:
    """Per column the penalty noise/variance that restricted likelihood chooses, part by part.

    `start`: the penalty of a like fit, from which fewer steps are needed.
    """
    gram, moments, square = columns.T @ columns, columns.T @ outcome, float(outcome @ outcome)
    parts = [np.flatnonzero(basis.part == k) for k in range(basis.part.max(initial=-1) + 1)]
    noise = max(float(outcome.var()), 1e-12)
    scale = np.array([max(np.mean(np.sum(columns[:, p] ** 2, 1)), 1e-12) for p in parts])
    ratio = scale if start is None else np.array([start[p[0]] for p in parts])
    before = np.full(len(parts), np.inf)
    for _ in range(STEPS):
        penalty = np.maximum(_spread(parts, ratio, columns.shape[1]), 1e-10)
        coefficient, kept = _solve(gram + np.diag(penalty), moments)
        used = np.array([len(p) - r * kept[p].sum() for p, r in zip(parts, ratio, strict=True)])
        if np.all(np.abs(used - before) < SETTLED):
            break
        fitted = max(float(square - 2 * coefficient @ moments + coefficient @ gram @ coefficient), 1e-12)
        noise = fitted / max(len(outcome) - basis.free - used.sum(), 1.0)
        power = np.array([np.sum(coefficient[p] ** 2) for p in parts])
        ratio = 1.0 / np.clip(power / np.maximum(used, 1e-6) / noise, 1e-7, 1e5)
        before = used
    return _spread(parts, ratio, columns.shape[1])


def _solve(matrix: Numbers, moments: Numbers) -> tuple[Numbers, Numbers]:
    """The solution, and the diagonal of the inverse: by Cholesky, in general where rounding has left no root."""
    root, failed = lapack.dpotrf(matrix, lower=1)
    if failed:
        inverse = np.linalg.inv(matrix)
        return inverse @ moments, np.diag(inverse)
    solution, _ = lapack.dpotrs(root, moments, lower=1)
    inverse, _ = lapack.dpotri(root, lower=1, overwrite_c=1)
    return solution, np.diag(inverse)


def _spread(parts: list[Rows], penalty: Numbers, width: int) -> Numbers:
    full = np.zeros(width)
    for part, value in zip(parts, penalty, strict=True):
        full[part] = value
    return full
