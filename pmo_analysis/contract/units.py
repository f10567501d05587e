"""How a column's suffix is told: one place that gives every face its unit and its format."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Unit:
    """What a suffix means: its kind of value, its words and its spreadsheet format."""

    suffix: str
    kind: str
    meaning: str
    excel: str
    decimals: int


UNITS = (
    Unit("_hours", "number", "hours", "#,##0.0", 1),
    Unit("_days", "number", "working days", "#,##0.0", 1),
    Unit("_fte", "number", "full-time equivalents", "0.0", 1),
    Unit("_share", "number", "share, 0 to 1", "0%", 0),
    Unit("_score", "number", "score", "0.0", 1),
    Unit("_count", "number", "count", "#,##0", 0),
    Unit("_on", "date", "date", "yyyy-mm-dd", 0),
    Unit("_id", "text", "identifier", "@", 0),
    Unit("_cost", "money", "money", "#,##0", 0),
    Unit("_benefit", "money", "money", "#,##0", 0),
    Unit("_budget", "money", "money", "#,##0", 0),
)


def unit_of(column: str) -> Unit | None:
    """The unit that a column's suffix names, or None."""
    return next((u for u in UNITS if column.endswith(u.suffix)), None)


def round_significant(value: float, figures: int = 2) -> float:
    """A number to so many significant figures: 48 213 → 48 000."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, figures - 1 - math.floor(math.log10(abs(value))))


def tell_money(value: float, currency: str, figures: int = 2) -> str:
    """Money for a sentence, two significant figures: `EUR 48k`, `EUR 1.2m`, `EUR 640`."""
    if not math.isfinite(value):
        return "not known"
    rounded = round_significant(value, figures)
    sign, size = ("−" if rounded < 0 else ""), abs(rounded)
    for limit, letter in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if size >= limit:
            scale = 1e3 if letter == "k" else limit
            return (
                f"{sign}{currency} {size / scale:,.{figures}g}{letter}"
                if size / scale < 10**figures
                else f"{sign}{currency} {size / scale:,.0f}{letter}"
            )
    return f"{sign}{currency} {size:,.0f}" if size >= 10 else f"{sign}{currency} {size:,.2g}"


def tell_number(value: float, column: str = "", currency: str = "") -> str:
    """A number in the words of its column's unit: 0.314 of `_share` → `31 %`."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)) or value is pd.NA:
        return "not known"
    unit = unit_of(column)
    if unit and unit.kind == "money":
        return tell_money(float(value), currency)
    if unit and unit.suffix == "_share":
        return f"{100 * float(value):.0f} %"
    decimals = unit.decimals if unit else (0 if abs(value) >= 100 else 1)
    return f"{float(value):,.{decimals}f}"
