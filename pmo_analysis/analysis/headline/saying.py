"""Figures of page 1 in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pmo_analysis.contract.units import tell_money, tell_number


def say_measured(row: Mapping[str, Any], words: str, *, beside: bool) -> str:
    """A figure, its range and its change; what stands beside another figure tells only a clear change."""
    value = _amount(row["value"], row["unit"])
    words = words.replace("working days", "working day", 1) if (value, row["unit"]) == ("1", "_days") else words
    told = f"{value} {words}" if row["unit"] in ("_share", "_days") else f"{words[0].upper() + words[1:]}: {value}"
    quiet = beside and row["direction"] == "no clear change"
    return f"{told}{say_range(row)}{'' if quiet else say_change(row)}."


def _amount(value: float, unit: str, currency: str = "") -> str:
    if unit == "_cost":
        return tell_money(value, currency)
    if unit == "_days":
        return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
    return (
        tell_number(value, unit)
        if unit.startswith("_")
        else f"{value:.0f}"
        if unit == "points"
        else f"{value:.1f} {unit}"
    )


def say_range(row: Mapping[str, Any]) -> str:
    """The range and n in brackets, or that there are too few to say."""
    n = int(row["n"])
    if not (np.isfinite(row["low"]) and np.isfinite(row["high"])):
        return f" (n = {n}: too few to say how sure)"
    low, high = (_amount(row[k], row["unit"]) for k in ("low", "high"))
    return f" ({low} to {high}, n = {n})" if row["low"] != row["high"] else ""


def say_change(row: Mapping[str, Any], currency: str = "") -> str:
    """`; 1 to 7 points more than in 2026Q2: better`, or that there is no clear change and how large it could be."""
    if row["direction"] in ("not estimable", ""):
        return ""
    unit, low, high = row["unit"], row["change_low"], row["change_high"]
    if row["direction"] == "no clear change":
        less, more = _difference(-min(low, 0), unit, currency), _difference(max(high, 0), unit, currency)
        return f"; no clear change since {row['against']} (between {less} less and {more} more)"
    judged = f": {row['direction']}" if row["direction"] in ("better", "worse") else ""
    near, far = sorted((abs(low), abs(high)))
    first = f"{100 * near:.0f}" if unit == "_share" else _amount(near, unit, currency)  # the points are said once
    way = "more" if row["change"] > 0 else "less"
    return f"; {first} to {_difference(far, unit, currency)} {way} than in {row['against']}{judged}"


def _difference(value: float, unit: str, currency: str) -> str:
    if unit != "_share":
        return _amount(value, unit, currency)
    points = f"{100 * value:.0f}"
    return f"{points} point" if points == "1" else f"{points} points"
