"""Whether the effect differs between easier and harder work, told only where the data carry it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.seniority.partialling import Partialled
from pmo_analysis.analysis.seniority.smoothing import Numbers, Rows

COLUMNS = ["part", "value", "low", "high", "n"]
DIFFERENCE = "difference"
LEAST_SIDE = 20


def effect_by(part: Partialled, modifier: pd.Series, clusters: list[Rows], *, level: float) -> pd.DataFrame:
    """part, value, low, high, n: the effect where `modifier` is at most its median, above it, and the difference.

    The residuals are those of the whole; the interval is a delete-one-customer jackknife over them. Rows without a
    modifier belong to neither side. Empty where the modifier is no number or a side has fewer than 20 rows.
    """
    numbers = pd.to_numeric(modifier, errors="coerce").astype("Float64").to_numpy(float, na_value=np.nan)
    if np.isnan(numbers).all():
        return pd.DataFrame(columns=COLUMNS)
    median = float(np.nanmedian(numbers))
    sides = {f"up to {median:g}": numbers <= median, f"above {median:g}": numbers > median}
    if min(side.sum() for side in sides.values()) < LEAST_SIDE:
        return pd.DataFrame(columns=COLUMNS)
    product, power = part.outcome * part.treatment, part.treatment**2
    cross = np.array([[product[c][side[c]].sum() for side in sides.values()] for c in clusters])
    square = np.array([[power[c][side[c]].sum() for side in sides.values()] for c in clusters])
    lines = _tell(cross, square, part.degrees, level)
    counts = [int(side.sum()) for side in sides.values()]
    lines.insert(0, "part", [*sides, DIFFERENCE])
    return lines.assign(n=[*counts, sum(counts)])


def _tell(cross: Numbers, square: Numbers, degrees: float, level: float) -> pd.DataFrame:
    whole = cross.sum(0) / square.sum(0)
    without = (cross.sum(0) - cross) / np.maximum(square.sum(0) - square, 1e-12)
    effects, parts = np.append(whole, whole[1] - whole[0]), np.column_stack([without, without[:, 1] - without[:, 0]])
    count = len(cross)
    error = np.sqrt((count - 1) / count * np.sum((parts - parts.mean(0)) ** 2, axis=0))
    reach = float(special.stdtrit(degrees, (1 + level) / 2)) * error
    return pd.DataFrame({"value": effects, "low": effects - reach, "high": effects + reach})


def tell_difference(lines: pd.DataFrame, modifier: str) -> str:
    """One sentence: on which side of the modifier the effect is larger, or that this cannot be told."""
    if lines.empty:
        return ""
    one = lines.set_index("part").loc[DIFFERENCE]
    name = modifier.replace("_", " ")
    if one["low"] <= 0 <= one["high"]:
        return f"Whether it differs with {name} cannot be told."
    more = "more" if one["value"] > 0 else "less"
    reach = f"{abs(one['value']):.2g} (difference {one['low']:+.2g} to {one['high']:+.2g})"
    return f"Where {name} is {lines['part'].iloc[1]} it is {reach} {more}."
