"""How a figure is told to people: in its unit, with its range, and a dash where it is missing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.contract.units import round_significant, tell_money, unit_of
from pmo_analysis.present.templating import render

MISSING = "–"
_MONEY = ("money", "_cost", "_benefit", "_budget")
_WORDS = {"_days": "days", "_hours": "hours", "_fte": "full-time equivalents"}


def is_number(value: object) -> bool:
    """Whether there is a finite number to tell."""
    known = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return known and math.isfinite(value)  # type: ignore[arg-type]


def tell(value: object, unit: str = "", currency: str = "") -> str:
    """A figure to two significant figures in its unit, a column suffix or a word: `31 %`, `EUR 48k`, `3.2 days`."""
    if not is_number(value):
        return MISSING
    number = float(value)  # type: ignore[arg-type]
    suffix = f"_{unit}" if f"_{unit}" in ("_share", "_days", "_hours", "_fte", "_count", "_score") else unit
    if suffix in _MONEY:
        return tell_money(number, currency).replace("-", "−")
    if suffix == "_share":
        return f"{_plain(100 * number, whole=True)} %"
    if suffix == "_score":
        return _plain(number, whole=True)
    if suffix == "_count":
        return _counted(number)
    return f"{_plain(number, whole=suffix == 'points')} {_WORDS.get(suffix, '')}".strip()


def _counted(number: float) -> str:
    return f"{number:,.0f}".replace("-", "−") if number == round(number) else _plain(number)


def _plain(number: float, whole: bool = False) -> str:
    """Two significant figures; whole numbers below a hundred where `whole`."""
    if whole and abs(number) < 100:
        told = f"{number:.0f}"
    else:
        rounded = round_significant(number)
        told = f"{rounded:,.0f}" if abs(rounded) >= 10 else f"{rounded:.2g}"
    return "0" if told == "-0" else told.replace("-", "−")


def tell_range(value: object, low: object, high: object, unit: str = "", currency: str = "") -> str:
    """A figure with its range: `31 % (27 to 35)`; exact figures have none; where it is not estimable that is said."""
    if not is_number(value):
        return MISSING
    told = tell(value, unit, currency)
    if not (is_number(low) and is_number(high)):
        return f"{told} (range not estimable)"
    return told if low == high else f"{told} ({tell_limits(low, high, unit, currency)})"


def tell_limits(low: object, high: object, unit: str = "", currency: str = "") -> str:
    """A range: `27 to 35 %`, `EUR 34 to 3,900`; a dash where either limit is missing."""
    if not (is_number(low) and is_number(high)):
        return MISSING
    first, last = tell(low, unit, currency), tell(high, unit, currency)
    if first.endswith(" %"):
        first = first.removesuffix(" %")
    if currency and float(low) >= 0 and last.startswith(currency + " "):  # type: ignore[arg-type]
        last = last.removeprefix(currency + " ")
    for word in _WORDS.values():
        first = first.removesuffix(" " + word) if last.endswith(word) else first
    return f"{first} to {last}"


_BARELY = {True: "just over 0", False: "just under 0"}


def tell_change(low: object, high: object, unit: str = "", currency: str = "") -> str:
    """The interval of a difference with signs; shares in points: `−2 to +7 points`."""
    if not (is_number(low) and is_number(high)):
        return MISSING
    points = unit in ("_share", "share")
    ends = [100 * float(v) if points else float(v) for v in (low, high)]  # type: ignore[arg-type]
    if unit in ("_score", "score", "points") or points:
        # A change that leaves out nought must not be told with nought as its end.
        clear = ends[0] * ends[1] > 0
        said = [_signed(end, _plain(end, whole=abs(end) >= 0.5 or not clear)) for end in ends]
        return f"{said[0]} to {said[1]} points"
    widest = max(abs(end) for end in ends)
    first, last = (
        _BARELY[end > 0] if 0 < abs(end) < 0.005 * widest else _signed(end, tell(end, unit, currency)) for end in ends
    )
    for word in _WORDS.values():
        first = first.removesuffix(" " + word) if last.endswith(word) else first
    return f"{first} to {last}"


def _signed(value: float, told: str) -> str:
    return f"+{told}" if value > 0 and told.split()[0] != "0" else told


def told(rows: pd.DataFrame, column: str, unit: str = "", currency: str = "") -> list[str]:
    """A column in words, in the unit of its suffix unless another is given; dashes where there is no such column."""
    if column not in rows:
        return [MISSING] * len(rows)
    return [tell(v, unit or _suffix(column), currency) for v in rows[column]]


def told_ranges(
    rows: pd.DataFrame, columns: tuple[str, str, str] = ("value", "low", "high"), *, unit: str = "", currency: str = ""
) -> list[str]:
    """Three columns (value, low, high) in words, row by row; `unit` may be the name of a column that holds it."""
    if rows.empty or any(c not in rows for c in columns):
        return [MISSING] * len(rows)
    units = rows[unit] if unit in rows else [unit or _suffix(columns[0])] * len(rows)
    return [
        tell_range(value, low, high, u, currency)
        for value, low, high, u in zip(*(rows[c] for c in columns), units, strict=True)
    ]


def _suffix(column: str) -> str:
    unit = unit_of(column)
    return unit.suffix if unit else ("_count" if column == "n" else "")


def day(value: object) -> str:
    """A date in words: `31 December 2026`; text stays what it is, missing is a dash."""
    if isinstance(value, pd.Timestamp):
        return f"{value.day} {value:%B %Y}"
    return str(value) if isinstance(value, str) and value else MISSING


def cell(value: object) -> str:
    """One value as text; missing is a dash, never a zero."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return _counted(float(value)) if is_number(value) else str(value)  # type: ignore[arg-type]


def table(rows: pd.DataFrame, *, caption: str, most: int = 12) -> str:
    """A table as HTML, escaped, at most so many rows; says how many more there are. Nothing for no rows.

    The first column names the row; columns of figures are set flush right.
    """
    if rows.empty:
        return ""
    cells = [[cell(v) for v in row] for row in rows.head(most).itertuples(index=False)]
    kinds = ["number" if _is_figures(column) else "words" for column in zip(*cells, strict=True)]
    return render("table.html.j2", caption=caption, heads=list(rows.columns), rows=cells, kinds=kinds,
                  more=max(len(rows) - most, 0))  # fmt: skip


_FIGURE = re.compile(r"^(–|[+−]?([A-Z]{3} |[£$€])?[\d,.]+.{0,34})$")


def _is_figures(texts: Iterable[Any]) -> bool:
    return all(_FIGURE.match(t) for t in texts)


def join(names: Iterable[str], most: int = 4) -> str:
    """Names as a list in a sentence: `a, b and c`; `a, b, c and 4 more`."""
    names = [str(n) for n in names]
    shown = names[:most] if len(names) > most else names[:-1] or names
    rest = f"{len(names) - most} more" if len(names) > most else (names[-1] if len(names) > 1 else "")
    return ", ".join(shown) + (f" and {rest}" if rest else "")
