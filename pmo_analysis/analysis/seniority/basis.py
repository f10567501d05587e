"""Confounders as columns for a regression: straight lines left free, smooth curves to be shrunk.

Three smooth parts (each at most 60 Nyström features of a kernel): a curve per number that may jump (Laplace's
kernel on ranks), a smooth curve per number that may differ by level of the categories, and a joint smooth surface
of all numbers (Gaussian kernels).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

Numbers = npt.NDArray[np.float64]
LANDMARKS = 60
# Directions along which a kernel varies less than this share of its main one are not worth a column.
LEAST_VARIED = 1e-4
RARE = 5
MOST_LEVELS = 30


@dataclass(frozen=True, eq=False)
class Basis:
    """`columns`: rows × features, the first `free` of them unpenalised; `part`: which smooth part each belongs to."""

    columns: Numbers
    free: int
    part: npt.NDArray[np.int64]


def make_basis(confounders: pd.DataFrame, *, seed: int = 0) -> Basis:
    """The regression columns of confounders: numbers and yes/no as they are, text as levels.

    A missing number is the median with a mark of its own, a missing level a level of its own; levels seen
    fewer than five times, and beyond the 30 most frequent, are pooled.
    """
    numbers, levels = _numbers(confounders), _levels(confounders)
    constant = np.ones((len(confounders), 1))
    free = _independent(np.column_stack([constant, *linear_columns(confounders).values()]))
    several = [j for j in range(numbers.shape[1]) if len(np.unique(numbers[:, j])) > 2]
    smooth = _smooth_parts(numbers[:, several], levels, np.random.default_rng(seed))
    part = np.concatenate([[-1] * free.shape[1], *([k] * s.shape[1] for k, s in enumerate(smooth))]).astype(int)
    return Basis(np.column_stack([free, *smooth]), free.shape[1], part)


def linear_columns(confounders: pd.DataFrame) -> dict[str, Numbers]:
    """Per confounder its straight-line columns: the number and a mark where it is missing, or its levels."""
    columns = {}
    for name in confounders:
        one = confounders[[name]]
        levels = [_dummies(v) for v in _levels(one)]
        columns[str(name)] = np.column_stack([np.empty((len(one), 0)), _numbers(one), *_marks(one), *levels])
    return columns


def _numbers(confounders: pd.DataFrame) -> Numbers:
    columns = []
    for name in confounders:
        if _is_number(confounders[name]):
            values = confounders[name].astype("Float64").to_numpy(float, na_value=np.nan)
            filled = np.where(np.isfinite(values), values, np.nanmedian(values) if np.isfinite(values).any() else 0.0)
            if filled.std() > 0:
                columns.append((filled - filled.mean()) / filled.std())
    return np.column_stack(columns) if columns else np.empty((len(confounders), 0))


def _marks(confounders: pd.DataFrame) -> list[Numbers]:
    numeric = [name for name in confounders if _is_number(confounders[name])]
    return [confounders[name].isna().to_numpy(float) for name in numeric if confounders[name].isna().any()]


def _levels(confounders: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    found = []
    for name in confounders:
        if not _is_number(confounders[name]):
            code, _names = pd.factorize(confounders[name].astype("object"), use_na_sentinel=False)
            counts = np.bincount(code)
            frequent = [c for c in np.argsort(-counts, kind="stable") if counts[c] >= RARE][:MOST_LEVELS]
            rank = np.zeros(len(counts), dtype=np.int64)
            rank[frequent] = np.arange(1, len(frequent) + 1)
            found.append(rank[code])
    return found


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)


def _dummies(level: npt.NDArray[np.int64]) -> Numbers:
    return (level[:, None] == np.unique(level)[1:]).astype(float)


def _independent(columns: Numbers) -> Numbers:
    """Columns that the earlier ones do not already tell."""
    kept: list[int] = []
    basis = np.empty((len(columns), 0))
    for at in range(columns.shape[1]):
        rest = columns[:, at] - basis @ (basis.T @ columns[:, at])
        size = float(np.linalg.norm(rest))
        if size > 1e-8 * max(float(np.linalg.norm(columns[:, at])), 1e-300):
            kept.append(at)
            basis = np.column_stack([basis, rest / size])
    return columns[:, kept]


def _smooth_parts(numbers: Numbers, levels: list[npt.NDArray[np.int64]], rng: np.random.Generator) -> list[Numbers]:
    if numbers.shape[1] == 0:
        return []
    order = np.lexsort([*levels, *numbers.T[::-1]])
    at = np.sort(rng.choice(order, min(LANDMARKS, len(order)), replace=False))
    same = np.sum([(lev[:, None] == lev[at]).astype(float) for lev in levels], axis=0) if levels else None
    gaps = (numbers[:, None, :] - numbers[at]) ** 2
    ranks = np.sqrt(12.0) * rankdata(numbers, axis=0) / len(numbers)
    jumping = np.exp(-np.abs(ranks[:, None, :] - ranks[at])).sum(2)
    parts = [_nystroem(jumping, at)]
    if same is not None:
        parts.append(_nystroem(np.exp(-0.5 * gaps / 1.5**2).sum(2) * same, at))
    if numbers.shape[1] > 1:
        joint = np.exp(-0.5 * gaps.sum(2) / 2.0**2)
        parts.append(_nystroem(joint * (1.0 + (same if same is not None else 0.0)), at))
    return parts


def _nystroem(kernel: Numbers, at: npt.NDArray[np.int64]) -> Numbers:
    value, vector = np.linalg.eigh(kernel[at])
    kept = value > LEAST_VARIED * value.max()
    return kernel @ (vector[:, kept] / np.sqrt(value[kept]))
