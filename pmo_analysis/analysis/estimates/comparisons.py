"""Comparing estimates: differences, their direction, and false alarms among many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.estimates.sums import Estimate


def difference_interval(now: Mapping[str, Any], before: Mapping[str, Any]) -> Estimate:
    """`now` − `before` for independent estimates, from their own limits.

    Squares of the four distances are added (Newcombe 1998, method 10; MOVER of Zou & Donner 2008), so an
    uneven interval stays uneven. Works on dicts of numbers and on tables (columns are combined row by row).
    """
    value = now["value"] - before["value"]
    low = value - np.sqrt((now["value"] - now["low"]) ** 2 + (before["high"] - before["value"]) ** 2)
    high = value + np.sqrt((now["high"] - now["value"]) ** 2 + (before["value"] - before["low"]) ** 2)
    return {"value": value, "low": low, "high": high, "n": np.minimum(now["n"], before["n"])}


def difference_of_means(now: pd.DataFrame, before: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """`now` − `before` of means or ratios row by row, from their standard errors: value, low, high, n, p_value.

    Student's t with Welch's (1947) degrees. Nearer to its level than combining limits, since what makes the two estimates
    lopsided cancels in their difference. Both tables: value, n, error, freedom; blank where an error is.
    """
    value, parts = now["value"] - before["value"], [table["error"] ** 2 for table in (now, before)]
    error = np.sqrt(parts[0] + parts[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = error**4 / (parts[0] ** 2 / now["freedom"] + parts[1] ** 2 / before["freedom"])
        p_value = 2 * special.stdtr(freedom, -np.abs(value) / error)
    reach = pd.Series(special.stdtrit(freedom, (1 + level) / 2), index=value.index) * error
    n = np.minimum(now["n"], before["n"])
    return pd.DataFrame({"value": value, "low": value - reach, "high": value + reach, "n": n, "p_value": p_value})


def difference_p_value(difference: Mapping[str, Any], *, level: float = 0.95) -> np.ndarray:
    """The two-sided p that belongs to an interval of a difference: below 1 − level exactly when it excludes 0."""
    value = np.asarray(difference["value"], "float64")
    near = np.where(
        value >= 0, value - np.asarray(difference["low"], "float64"), np.asarray(difference["high"], "float64") - value
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        z = special.ndtri((1 + level) / 2) * np.abs(value) / near
    return np.where(np.isfinite(near), 2 * special.ndtr(-np.where(value == 0, 0.0, z)), np.nan)


def benjamini_hochberg(p_values: Any) -> np.ndarray:
    """Adjusted p: flagging those at or below q keeps false alarms among the flagged at q (1995); blanks stay blank."""
    p = np.asarray(p_values, "float64")
    known = np.flatnonzero(np.isfinite(p))
    adjusted = np.full(p.shape, np.nan)
    if len(known):
        order = known[np.argsort(p[known], kind="stable")]
        scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def tell_direction(low: pd.Series, high: pd.Series, better: pd.Series) -> pd.Series:
    """better / worse only where the interval excludes 0, else `no clear change`; `not estimable` without one.

    `better` is `higher` or `lower` per row; any other word gives higher / lower instead.
    """
    sign = np.where(low > 0, 1, np.where(high < 0, -1, 0))
    good = np.where(better == "higher", 1, np.where(better == "lower", -1, 0))
    told = np.where(
        sign == 0,
        "no clear change",
        np.where(sign * good == 0, np.where(sign > 0, "higher", "lower"), np.where(sign * good > 0, "better", "worse")),
    )
    return pd.Series(np.where(low.isna() | high.isna(), "not estimable", told), index=low.index, dtype="str")
