"""Quarters as text, `2026Q3`; the year is the one in which the fiscal year ends."""

from __future__ import annotations

import re
from datetime import date, timedelta

from pmo_analysis.contract.errors import SettingError

_PATTERN = re.compile(r"([1-9][0-9]{3})Q([1-4])")


def parse_quarter(quarter: str) -> tuple[int, int]:
    """`2026Q3` → (2026, 3); anything else is a SettingError that shows the form."""
    match = _PATTERN.fullmatch(str(quarter))
    if not match:
        raise SettingError(f"{quarter!r} is not a quarter. Write it like 2026Q3 (year, Q, 1 to 4).")
    return int(match[1]), int(match[2])


def shift_quarter(quarter: str, count: int) -> str:
    """The quarter `count` quarters later (earlier when negative)."""
    year, number = parse_quarter(quarter)
    index = year * 4 + number - 1 + count
    return f"{index // 4:04d}Q{index % 4 + 1}"


def quarters_between(first: str, last: str) -> list[str]:
    """All quarters from first to last, both included; empty when last is before first."""
    (y0, n0), (y1, n1) = parse_quarter(first), parse_quarter(last)
    return [shift_quarter(first, i) for i in range(y1 * 4 + n1 - y0 * 4 - n0 + 1)]


def quarter_of(day: date, fiscal_year_end_month: int = 12) -> str:
    """The quarter in which a day lies."""
    months_past_end = (day.month - fiscal_year_end_month - 1) % 12
    year = day.year + (1 if day.month > fiscal_year_end_month else 0)
    return f"{year:04d}Q{months_past_end // 3 + 1}"


def quarter_start(quarter: str, fiscal_year_end_month: int = 12) -> date:
    """The first day of a quarter."""
    year, number = parse_quarter(quarter)
    month = fiscal_year_end_month + 1 + 3 * (number - 1)
    months = (year - 1) * 12 + month - 1
    return date(months // 12, months % 12 + 1, 1)


def quarter_end(quarter: str, fiscal_year_end_month: int = 12) -> date:
    """The last day of a quarter."""
    return quarter_start(shift_quarter(quarter, 1), fiscal_year_end_month) - timedelta(days=1)


def last_complete_quarter(day: date, fiscal_year_end_month: int = 12) -> str:
    """The last quarter that has ended on or before a day."""
    current = quarter_of(day, fiscal_year_end_month)
    ended = quarter_end(current, fiscal_year_end_month) <= day
    return current if ended else shift_quarter(current, -1)
