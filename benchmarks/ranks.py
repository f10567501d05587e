"""Ranks over all weights beside a loop over scikit-criteria and pymcdm: `python -m benchmarks.ranks`.

All in one run on the same alternatives and weights. A loop ranks all alternatives under one weight after another; it is
timed for a few weights and told for all, since each takes as long as the next. Its best ten must be ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

OUTCOMES = [f"outcome_{i + 1}" for i in range(6)]
DRAWS, RANKS = 10_000, 10
LOOPED = {"pymcdm": 100, "scikit-criteria": 30}


def even(n: int, seed: int = 2000) -> pd.DataFrame:
    """Alternatives evenly spread from 0 to 100: most are beaten by others in every outcome."""
    return _table(np.random.default_rng(seed).uniform(0, 100, (n, len(OUTCOMES))))


def unbeaten(n: int, seed: int = 2000) -> pd.DataFrame:
    """Alternatives on a sphere: none is beaten by another in every outcome, each is best under some weight."""
    arrows = np.abs(np.random.default_rng(seed).standard_normal((n, len(OUTCOMES))))
    return _table(100 * arrows / np.linalg.norm(arrows, axis=1, keepdims=True))


def traded(n: int, seed: int = 2000) -> pd.DataFrame:
    """Alternatives on a simplex: what one outcome gains the others lose, so that totals are close."""
    return _table(100 * np.random.default_rng(seed).dirichlet(np.ones(len(OUTCOMES)), n))


def alike(n: int, seed: int = 2000) -> pd.DataFrame:
    """Outcomes that go together (correlation .8): few alternatives are ever best."""
    common = 0.2 * np.eye(len(OUTCOMES)) + 0.8
    return _table(50 + 10 * np.random.default_rng(seed).multivariate_normal(np.zeros(len(OUTCOMES)), common, n))


def tied(n: int, seed: int = 2000) -> pd.DataFrame:
    """Scores of 1 to 5: many alternatives are the same."""
    return _table(np.random.default_rng(seed).integers(1, 6, (n, len(OUTCOMES))).astype("float64"))


FAMILIES: dict[str, Callable[[int], pd.DataFrame]] = {
    "even": even,
    "none beaten": unbeaten,
    "traded": traded,
    "going together": alike,
    "tied": tied,
}


def _table(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=OUTCOMES)


def draw_weights(draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Weights evenly from all that are not negative and add up to 1: draws × outcomes."""
    return np.random.default_rng(seed).dirichlet(np.ones(len(OUTCOMES)), draws)


def tell_ranks(scores: pd.DataFrame) -> object:
    """What is measured: the best ten ranks with error bars over 10,000 weights."""
    from pmo_analysis.analysis.value import rank_acceptability

    return rank_acceptability(scores, weights=pd.DataFrame(draw_weights(), columns=OUTCOMES), ranks=RANKS)


def loop_pymcdm(scores: pd.DataFrame, weights: np.ndarray) -> list[np.ndarray]:
    """Row numbers of the best ten under each weight, by pymcdm's weighted sum."""
    from pymcdm.helpers import rrankdata
    from pymcdm.methods import WSM

    values, types, method = scores.to_numpy(), np.ones(len(OUTCOMES)), WSM(_as_they_are)
    return [
        np.argsort(rrankdata(method(values, weight, types, validation=False)), kind="stable")[:RANKS]
        for weight in weights
    ]


def _as_they_are(values: np.ndarray, cost: bool = False) -> np.ndarray:
    return values


def loop_scikit_criteria(scores: pd.DataFrame, weights: np.ndarray) -> list[np.ndarray]:
    """Row numbers of the best ten under each weight, by scikit-criteria's weighted sum."""
    import skcriteria
    from skcriteria.agg.simple import WeightedSumModel

    matrix, method = skcriteria.mkdm(scores.to_numpy(), [max] * len(OUTCOMES)), WeightedSumModel()
    told = (method.evaluate(matrix.replace(weights=weight)) for weight in weights)
    return [np.argsort(result.rank_, kind="stable")[:RANKS] for result in told]


LOOPS: dict[str, Callable[[pd.DataFrame, np.ndarray], list[np.ndarray]]] = {
    "pymcdm": loop_pymcdm,
    "scikit-criteria": loop_scikit_criteria,
}


def compare(n: int) -> pd.DataFrame:
    """Family, seconds of CPU for 10,000 weights of ours and of each loop, how many times ours, and share of equal best tens."""
    return pd.DataFrame([{"family": family, **compare_one(draw(n))} for family, draw in FAMILIES.items()])


def compare_one(scores: pd.DataFrame) -> dict[str, float]:
    """The same of one set of alternatives, without its family."""
    from pmo_analysis.analysis.value.best_first import best_first

    ours, _ = _timed(tell_ranks, scores)
    told = {"ours_s": ours}
    for name, loop in LOOPS.items():
        some = draw_weights()[: LOOPED[name]]
        seconds, theirs = _timed(loop, scores, some)
        whole, best = seconds * DRAWS / len(some), best_first(scores.to_numpy(), some, RANKS)
        agree = np.mean([np.array_equal(best[:, i], rows) for i, rows in enumerate(theirs)])
        told |= {f"{name}_s": whole, f"{name}_times": whole / ours, f"{name}_agree": float(agree)}
    return told


def _timed(run: Callable[..., Any], *given: object) -> tuple[float, Any]:
    began = time.process_time()
    told = run(*given)
    return time.process_time() - began, told


def main() -> None:
    """Measure 10,000 alternatives and print the table."""
    for loop in LOOPS.values():  # imports and first use are not counted
        loop(even(20), draw_weights(2))
    tell_ranks(even(1000))
    print(f"10,000 alternatives × 6 outcomes × {DRAWS:,} weights; loops timed for {LOOPED}")
    print(compare(10_000).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
