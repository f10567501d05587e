"""Medians and other quantiles, for complete and for censored values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.estimates.sums import Estimate


def median_interval(values: pd.Series, *, level: float = 0.95, minimum: int = 5) -> Estimate:
    """The median and an interval that assumes nothing about the values' distribution."""
    return quantile_interval(values, 0.5, level=level, minimum=minimum)


def quantile_interval(values: pd.Series, share: float, *, level: float = 0.95, minimum: int = 5) -> Estimate:
    """A quantile with limits from order statistics (binomial; between neighbours as Nyblom 1992).

    Below `minimum` values, and where no order statistic reaches so far out, a limit is missing.
    """
    known = np.asarray(values, "float64")
    ordered = np.sort(known[~np.isnan(known)])
    n = len(ordered)
    value = float(np.quantile(ordered, share)) if n else np.nan
    if n < minimum:
        return {"value": value, "low": np.nan, "high": np.nan, "n": n}
    tail = (1 - level) / 2
    low = _order_limit(ordered, share, tail)
    high = -_order_limit(-ordered[::-1], 1 - share, tail)
    return {"value": value, "low": low, "high": high, "n": n}


def _order_limit(ordered: np.ndarray, share: float, tail: float) -> float:
    """The lower limit: between the two order statistics whose binomial tails enclose `tail`."""
    n = len(ordered)
    below = special.bdtr(np.arange(n), n, share)  # P(X_(i+1) > quantile) for i = 0 … n-1
    last = int(np.searchsorted(below, tail, side="right")) - 1
    if last < 0:
        return np.nan
    if last + 1 >= n:
        return float(ordered[-1])
    part = (tail - below[last]) / (below[last + 1] - below[last])
    rank = last + 1  # Nyblom's weight: interpolation on the binomial scale, corrected for its curvature
    weight = part / (part + (1 - part) * (rank * (1 - share)) / (max(n - rank, 1) * share))
    return float((1 - weight) * ordered[last] + weight * ordered[last + 1])


def summarise_quantiles(
    values: pd.Series, *, shares: Iterable[float] = (0.1, 0.5, 0.85, 0.9), minimum: int = 10
) -> dict[str, float]:
    """P10, median, P85 and P90 as p10, p50, p85, p90, and n; below `minimum` values only the median stands."""
    known = np.asarray(pd.Series(values).dropna(), "float64")
    told = {
        f"p{round(100 * s)}": float(np.quantile(known, s)) if len(known) >= (1 if s == 0.5 else minimum) else np.nan
        for s in shares
    }
    return {**told, "n": len(known)}


def censored_quantile(
    durations: pd.Series, ended: pd.Series, share: float = 0.5, *, level: float = 0.95, minimum: int = 5
) -> Estimate:
    """The time by which a share has ended, open ones counted as lasting at least until now.

    Kaplan–Meier with log–log limits (Brookmeyer & Crowley 1982); missing where the curve does not reach it.
    `n` counts ended and open ones.
    """
    time, done = np.asarray(durations, "float64"), np.asarray(ended, "bool")
    time, done = time[~np.isnan(time)], done[~np.isnan(time)]
    n = len(time)
    if not done.any():
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": n}
    times, survival, error = _kaplan_meier(time, done)
    left = 1 - share + 1e-12
    value = _first(times, survival <= left)
    if n < minimum:
        return {"value": value, "low": np.nan, "high": np.nan, "n": n}
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = special.ndtri((1 + level) / 2) * error / np.abs(np.log(survival))
        lower, upper = survival ** np.exp(reach), survival ** np.exp(-reach)
    return {"value": value, "low": _first(times, lower <= left), "high": _first(times, upper <= left), "n": n}


def _kaplan_meier(time: np.ndarray, done: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times at which something ended, the share still open after them, and Greenwood's error of its log."""
    times, ended = np.unique(time[done], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.cumsum(ended / (at_risk * (at_risk - ended))))
    return times, np.cumprod(1 - ended / at_risk), error


def _first(times: np.ndarray, reached: np.ndarray) -> float:
    return float(times[int(np.argmax(reached))]) if reached.any() else np.nan
