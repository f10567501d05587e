"""Customers whose true value is known, and hours whose mean is 1: made apart from what analyses them.

Value: customers of four groups, one to 120 observations each, half of them fewer than four. What is true of customers lies
7 apart (standard deviation), of which `shared` is common to their outcomes; an observation strays by 20. In `whole` families
an observation is of all outcomes, in the others of one, drawn anew each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

WEIGHTS = {"execution": 0.3, "productivity": 0.25, "decisions": 0.2, "benefit": 0.15, "experience": 0.1}
TRUE_SD, NOISE_SD, GROUP_SD, GROUPS = 7.0, 20.0, 4.0, 4


@dataclass(frozen=True)
class Family:
    """shared: part of the customers' variance that is common to their outcomes; whole: each observation is of all of them.

    apart: the groups' means differ outcome by outcome instead of alike.
    """

    shared: float
    whole: bool
    apart: bool = False


VALUE = {
    "half shared": Family(0.5, True),
    "all shared": Family(1.0, True),
    "none shared": Family(0.0, True, apart=True),
    "half shared, one outcome each": Family(0.5, False),
    "all shared, one outcome each": Family(1.0, False),
    "none shared, one outcome each": Family(0.0, False, apart=True),
}


@dataclass(frozen=True, eq=False)
class Planted:
    """Observations (unit_id, outcome, value), groups, and per unit the truth, two oracles' scores and observations.

    The oracle knows each variance and each group's mean; `informed` knows the variances only: no analysis can do better.
    """

    rows: pd.DataFrame
    groups: dict[str, str]
    units: pd.DataFrame


def plant_value(family: str, units: int, seed: int) -> Planted:
    """A table of observations and what is true of each unit."""
    kind, rng = VALUE[family], np.random.default_rng([units, seed])
    outcomes = len(WEIGHTS)
    group, count = rng.integers(0, GROUPS, units), _counts(units, rng)
    means = 55 + rng.normal(0, GROUP_SD, (GROUPS, outcomes if kind.apart else 1)) * np.ones((1, outcomes))
    covariance = TRUE_SD**2 * (kind.shared * np.ones((outcomes, outcomes)) + (1 - kind.shared) * np.eye(outcomes))
    true = means[group] + rng.multivariate_normal(np.zeros(outcomes), covariance, units)
    unit = np.repeat(np.arange(units), count)
    if kind.whole:
        unit, outcome = np.repeat(unit, outcomes), np.tile(np.arange(outcomes), len(unit))
    else:
        outcome = rng.integers(0, outcomes, len(unit))
    value = true[unit, outcome] + rng.normal(0, NOISE_SD, len(unit))
    names = np.array([f"c{i:04d}" for i in range(units)])
    rows = pd.DataFrame({"unit_id": names[unit], "outcome": np.array(list(WEIGHTS))[outcome], "value": value})
    weight = np.array(list(WEIGHTS.values()))
    seen, total = np.zeros((2, units, outcomes))
    np.add.at(seen, (unit, outcome), 1)
    np.add.at(total, (unit, outcome), value)
    known = pd.DataFrame(
        {
            "truth": true @ weight,
            "oracle": _know_all(seen, total, means[group], covariance) @ weight,
            "informed": _know_variances(seen, total, group, covariance, apart=kind.apart) @ weight,
            "count": count,
        },
        index=pd.Index(names, name="unit_id"),
    )
    return Planted(rows, dict(zip(names, [f"g{g}" for g in group], strict=True)), known)


def _counts(units: int, rng: np.random.Generator) -> np.ndarray:
    few, many = rng.integers(1, 4, units), np.exp(rng.uniform(np.log(4), np.log(121), units)).astype("int64")
    return np.where(rng.random(units) < 0.5, few, many)


def _know_all(seen: np.ndarray, total: np.ndarray, centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Units × outcomes: the best guess of somebody who knows all means and variances."""
    # What n observations say of an outcome: precision n/σ², and nothing where n is 0.
    precision = seen / NOISE_SD**2
    surprise = total / NOISE_SD**2 - precision * centre
    inner = np.eye(covariance.shape[0]) + covariance @ (precision[:, :, None] * np.eye(covariance.shape[0]))
    return centre + np.linalg.solve(inner, (surprise @ covariance)[:, :, None])[:, :, 0]


def _know_variances(
    seen: np.ndarray, total: np.ndarray, group: np.ndarray, covariance: np.ndarray, *, apart: bool
) -> np.ndarray:
    """Units × outcomes: the best guess from all units' cells at once, their means left to be found (kriging)."""
    unit, outcome = np.nonzero(seen)
    n, outcomes = seen.shape
    spread = GROUP_SD**2 * (np.eye(outcomes) if apart else np.ones((outcomes, outcomes)))
    flat = 1e4 * np.eye(outcomes)

    def common(units: np.ndarray, of: np.ndarray) -> np.ndarray:
        same_unit, same_group = units[:, None] == unit, group[units][:, None] == group[unit]
        pair = np.ix_(of, outcome)
        return covariance[pair] * same_unit + spread[pair] * same_group + flat[pair]

    noise = np.diag(NOISE_SD**2 / seen[unit, outcome])
    surprise = np.linalg.solve(common(unit, outcome) + noise, total[unit, outcome] / seen[unit, outcome] - 55)
    every = common(np.repeat(np.arange(n), outcomes), np.tile(np.arange(outcomes), n))
    return 55 + (every @ surprise).reshape(n, outcomes)


# Hours per standard hour, of mean 1. A tail of n = 30 deliveries may well hold nothing of what lies beyond.
HOURS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "lognormal .8": lambda rng, n: rng.lognormal(-(0.8**2) / 2, 0.8, n),
    "lognormal 1": lambda rng, n: rng.lognormal(-0.5, 1.0, n),
    "lognormal 1.2": lambda rng, n: rng.lognormal(-(1.2**2) / 2, 1.2, n),
    "Pareto 2.5": lambda rng, n: (rng.pareto(2.5, n) + 1) * 1.5 / 2.5,
    "Pareto 3": lambda rng, n: (rng.pareto(3, n) + 1) * 2 / 3,
    "one in ten five times as long": lambda rng, n: rng.lognormal(-0.08, 0.4, n) * _sometimes(rng, n, 5) / 1.4,
    "Weibull .7": lambda rng, n: rng.weibull(0.7, n) / 1.2658235060572,
    "gamma 2": lambda rng, n: rng.gamma(2, 0.5, n),
}
STANDARD = (8.0, 20.0, 60.0)


def _sometimes(rng: np.random.Generator, n: int, factor: float) -> np.ndarray:
    return np.where(rng.random(n) < 0.1, factor, 1.0)


def plant_hours(family: str, n: int, seed: int, *, sized: bool) -> pd.DataFrame:
    """Deliveries with standard hours (all alike, or of three sizes) and hours worked; worked over standard is truly 1."""
    rng = np.random.default_rng([n, seed, sized])
    standard = rng.choice(STANDARD, n) if sized else np.ones(n)
    return pd.DataFrame({"worked": standard * HOURS[family](rng, n), "standard": standard})
