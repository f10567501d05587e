"""What changed for everybody, apart from noise: the paired change of each feature since the first quarter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from pmo_analysis.analysis.estimates import benjamini_hochberg

COLUMNS = ["feature", "quarter", "shift", "low", "high", "n", "clear"]
_TRIM = 0.2
_LEVEL = 0.95
_FALSE_SHARE = 0.05
_FEWEST = 8


def tell_drift(panel: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Change of everybody since the first quarter, in deviations of the cut, with its interval.

    Customers are compared with themselves; the mean change without the fifth at either end (Tukey & McLaughlin 1963;
    Yuen 1974), so that movers do not count as drift. `clear`: told apart from noise, of all features and quarters
    the expected share of false ones at most .05 (Benjamini & Hochberg 1995). Limits are missing below eight customers.
    """
    (customer, who), (at, quarters) = (pd.factorize(panel[key], sort=True) for key in ("customer_id", "quarter"))
    rows = []
    for feature in scores:
        cells = np.full((len(who), len(quarters)), np.nan)
        cells[customer, at] = scores[feature]
        rows += [
            (feature, quarter, *_trimmed(cells[:, q] - cells[:, 0], first=q == 0)) for q, quarter in enumerate(quarters)
        ]
    told = pd.DataFrame(rows, columns=[*COLUMNS[:-1], "p"])
    later = told["quarter"] > quarters[0]
    return told.assign(clear=benjamini_hochberg(told["p"].where(later)) <= _FALSE_SHARE)[COLUMNS]


def _trimmed(change: np.ndarray, *, first: bool) -> tuple[float, float, float, int, float]:
    """Trimmed mean, its limits, n and p-value."""
    known = np.sort(change[np.isfinite(change)])
    n, cut = len(known), int(_TRIM * len(known))
    if first or n == 0:
        value = 0.0 if n else np.nan
        return value, value, value, n, np.nan
    value = float(known[cut : n - cut].mean())
    if n < _FEWEST:
        return value, np.nan, np.nan, n, np.nan
    winsorised = np.clip(known, known[cut], known[n - cut - 1])
    error = winsorised.std(ddof=1) / ((1 - 2 * _TRIM) * np.sqrt(n))
    freedom = n - 2 * cut - 1
    half = stats.t.ppf((1 + _LEVEL) / 2, freedom) * error
    p = 2 * stats.t.sf(abs(value) / error, freedom) if error > 0 else float(value == 0)
    return value, value - half, value + half, n, float(p)
