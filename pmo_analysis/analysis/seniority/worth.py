"""Whether a better outcome is worth the dearer hours: what ten points more senior share cost, and what a point must be worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.seniority.effect import TEN_POINTS, SeniorEffect

WORTH = ["figure", "value", "low", "high", "n"]
EXTRA, BREAK_EVEN, NET = (
    "extra cost of ten points, per delivery",
    "worth of an outcome point from which it pays",
    "money gained less extra cost, per delivery",
)


def extra_cost(planned_hours: pd.Series, gap: float) -> float:
    """What ten points more senior share cost more per delivery: a tenth of its mean planned hours at the rate gap."""
    hours = planned_hours.astype("float64").dropna()
    return float(TEN_POINTS * hours.mean() * gap) if len(hours) else float("nan")


def tell_worth(effect: SeniorEffect | None, cost: float, point: float) -> pd.DataFrame:
    """WORTH: the extra cost, the worth of an outcome point from which it pays, and the net gain where that is known.

    `point`: money per point of outcome (0 = not known). The break-even's range runs from the effect's high end
    to its low end; it has no upper limit (missing) where the low end is not above nought.
    """
    if effect is None or not np.isfinite(cost) or not np.isfinite(effect.estimate):
        return pd.DataFrame(columns=WORTH)
    even = [cost / e if e > 0 else np.nan for e in (effect.estimate, effect.high, effect.low)]
    rows = [(EXTRA, cost, np.nan, np.nan, effect.n), (BREAK_EVEN, *even, effect.n)]
    if point > 0:
        rows.append((NET, *(point * e - cost for e in (effect.estimate, effect.low, effect.high)), effect.n))
    return pd.DataFrame(rows, columns=WORTH)
