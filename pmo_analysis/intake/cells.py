"""Single cells against the contract: read, written in one way, and what is wrong with those that cannot be."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pandas as pd

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.quarters import parse_quarter
from pmo_analysis.contract.tables import Column

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})([ T].*)?")
_YEARS = (1900, 2200)  # a two-digit year read as four digits lands far outside
_FLAGS = {
    "true": "yes",
    "t": "yes",
    "yes": "yes",
    "y": "yes",
    "1": "yes",
    "false": "no",
    "f": "no",
    "no": "no",
    "n": "no",
    "0": "no",
}


def read_cells(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """A column's text written in the contract's way, and per row what is wrong with it (missing = nothing).

    Numbers keep every decimal, dates become yyyy-mm-dd, yes/no becomes yes or no. An unreadable cell is missing.
    """
    distinct = {c: _read(c.strip(), column) for c in cells.dropna().unique()}
    values = cells.map({c: v for c, (v, _) in distinct.items()}).astype("str")
    faults = cells.map({c: fault or None for c, (_, fault) in distinct.items()}).astype("str")
    if column.required:
        blank = values.isna() & faults.isna()
        faults = faults.mask(blank, "blank, but required")
    return values, faults


def plain_decimal(text: str) -> Decimal | None:
    """An exact number, or None where the text is not one."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _read(text: str, column: Column) -> tuple[str | None, str]:
    if not text:
        return None, ""
    match column.kind:
        case "number" | "money" | "count":
            return _number(text, column)
        case "date":
            return _date(text)
        case "flag":
            return (_FLAGS[text.lower()], "") if text.lower() in _FLAGS else (None, "not yes or no")
        case "quarter":
            return _quarter(text)
        case _ if column.choices and text not in column.choices:
            return None, f"not one of {', '.join(column.choices)}"
        case _:
            return text, ""


def _number(text: str, column: Column) -> tuple[str | None, str]:
    value = plain_decimal(text)
    if value is None:
        return None, "not a number"
    if column.kind == "count" and value != value.to_integral_value():
        return None, "not a whole number"
    if column.low is not None and value < Decimal(str(column.low)):
        return None, f"below {column.low:g}"
    if column.high is not None and value > Decimal(str(column.high)):
        return None, f"above {column.high:g}"
    plain = f"{value:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return ("0" if plain in ("-0", "") else plain), ""


def _date(text: str) -> tuple[str | None, str]:
    match = _ISO.fullmatch(text)
    if not match:
        return None, "not a date (yyyy-mm-dd)"
    if not _YEARS[0] <= int(match[1]) <= _YEARS[1]:
        return None, f"a year outside {_YEARS[0]} to {_YEARS[1]}"
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat(), ""
    except ValueError:
        return None, "not a day of the calendar"


def _quarter(text: str) -> tuple[str | None, str]:
    try:
        parse_quarter(text)
    except SettingError:
        return None, "not a quarter such as 2026Q3"
    return text, ""
