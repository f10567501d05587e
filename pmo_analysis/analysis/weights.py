"""Weights of the outcomes: from pairwise comparisons (AHP), from swings, or from an order alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.showing import show_result

# Mean consistency index of random matrices, for 1, 2, 3 … alternatives.
RANDOM_INDEX = {
    "saaty": (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
    "donegan_dodd": (
        0.0,
        0.0,
        0.4887,
        0.8045,
        1.0591,
        1.1797,
        1.2519,
        1.3171,
        1.3733,
        1.4055,
        1.4213,
        1.4497,
        1.4643,
        1.4822,
        1.4969,
    ),
}
CONSISTENT_BELOW = 0.10


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of things compared in pairs, and whether the comparisons agree with each other.

    weights: Series by name, in the matrix's order, adding up to 1.
    lambda_max: principal eigenvalue (for column averages the mean of (A·w)/w, as that method has it).
    consistency_index = (lambda_max − n) / (n − 1); consistency_ratio = index / random index; above 0.10 compare again.
    method and random_index name what was used.
    """

    weights: pd.Series
    consistency_ratio: float
    consistency_index: float
    lambda_max: float
    method: str
    random_index: str
    sentence: str

    def _repr_html_(self) -> str:
        table = self.weights.rename("weight").to_frame()
        return show_result(self.sentence, table, index=True)


def ahp_weights(
    matrix: Any,
    *,
    method: Literal["eigenvector", "geometric_mean", "column_average"] = "eigenvector",
    random_index: Literal["saaty", "donegan_dodd"] = "saaty",
) -> Weights:
    """How much each outcome weighs, judged two at a time: matrix[i][j] = how many times i outweighs j.

    Numbers, or fractions as text (`"1/3"`); a DataFrame keeps its names. InputError when it is not
    square, positive and reciprocal. Source: Saaty (1990); random index of Saaty or of Donegan & Dodd (1991).
    """
    names, values = _read_pairs(matrix)
    if random_index not in RANDOM_INDEX:
        raise SettingError(f"random_index {random_index!r} is not known. Use {' or '.join(RANDOM_INDEX)}.")
    weights = _weigh(values, method)
    size, lambda_max = len(values), _lambda_max(values, weights, method)
    index = (lambda_max - size) / (size - 1) if size > 2 else 0.0
    if size > len(RANDOM_INDEX[random_index]):
        raise InputError(
            f"{size} things cannot be compared consistently in pairs; "
            f"at most {len(RANDOM_INDEX[random_index])}. Group them first."
        )
    ratio = index / RANDOM_INDEX[random_index][size - 1] if size > 2 else 0.0
    verdict = (
        "agree well enough"
        if ratio <= CONSISTENT_BELOW
        else "contradict each other: compare again before using the weights"
    )
    sentence = (
        f"The comparisons {verdict} (consistency ratio {ratio:.3f}, random index {random_index}, "
        f"limit {CONSISTENT_BELOW})."
    )
    return Weights(
        pd.Series(weights, index=names, name="weight"), ratio, index, lambda_max, method, random_index, sentence
    )


def _read_pairs(matrix: Any) -> tuple[list[Any], np.ndarray]:
    names = list(matrix.index) if isinstance(matrix, pd.DataFrame) else None
    rows = matrix.to_numpy() if isinstance(matrix, pd.DataFrame) else matrix
    values = np.array([[_number(cell) for cell in row] for row in rows], "float64")
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not (values > 0).all():
        raise InputError("A comparison matrix is square and positive. Give one row and one column per outcome.")
    apart = np.argwhere(np.abs(values * values.T - 1) > 0.02)
    if len(apart):
        i, j = apart[0]
        raise InputError(
            f"Row {i + 1}, column {j + 1} is {values[i, j]:g} and its mirror {values[j, i]:g}; each must be 1 over the "
            f"other ({len(apart)} cells are not)."
        )
    return names or list(range(len(values))), values


def _number(cell: Any) -> float:
    above, slash, below = str(cell).partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"{cell!r} is not a comparison. Write a number such as 3 or a fraction such as 1/3."
        ) from error


def _weigh(values: np.ndarray, method: str) -> np.ndarray:
    match method:
        case "eigenvector":
            roots, vectors = np.linalg.eig(values)
            weights = np.abs(vectors[:, int(np.argmax(roots.real))].real)
        case "geometric_mean":
            weights = np.exp(np.log(values).mean(axis=1))
        case "column_average":
            weights = (values / values.sum(axis=0)).mean(axis=1)
        case _:
            raise SettingError(f"method {method!r} is not known. Use eigenvector, geometric_mean or column_average.")
    return weights / weights.sum()


def _lambda_max(values: np.ndarray, weights: np.ndarray, method: str) -> float:
    if method == "column_average":
        return float(values.sum(axis=0) @ weights)
    return float((values @ weights / weights).mean())


def swing_weights(points: Mapping[str, float]) -> pd.Series:
    """Weights from swings: points (0–100) for moving each outcome from its worst to its best anchor; they add up to 1."""
    values = pd.Series(dict(points), dtype="float64")
    if len(values) == 0 or (values < 0).any() or values.isna().any() or values.sum() == 0:
        raise InputError(
            "Swing points are at least 0 and not all 0: one number per outcome, 100 for the swing that matters most."
        )
    return (values / values.sum()).rename("weight")


def rank_order_centroid(order: Sequence[str]) -> pd.Series:
    """Weights when only the order is known, most important first: the mean of all weights in that order.

    Source: Barron & Barrett (1996).
    """
    names = list(order)
    if len(set(names)) != len(names) or not names:
        raise InputError("An order names each outcome once, the most important first.")
    shares = np.cumsum(1 / np.arange(len(names), 0, -1))[::-1] / len(names)
    return pd.Series(shares, index=names, name="weight")
