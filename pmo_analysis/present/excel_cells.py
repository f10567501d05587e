"""Cells of the workbook: a value by its kind, a format by the column's suffix, texts that Excel can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from pmo_analysis.contract.units import UNITS, unit_of
from pmo_analysis.present.tables import looks_like_formula

LONGEST_TEXT = 32_767
_CUT = " … (cut here; the whole text is in the Parquet file)"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NUMBER = "[>=1000]#,##0;[<=-1000]-#,##0;0.0##"


def make_formats(book: xlsxwriter.Workbook) -> Mapping[str, Any]:
    """Cell formats by column suffix; plain numbers, texts and the sheet's own words beside them."""
    by_suffix = {u.suffix: book.add_format({"num_format": u.excel, "valign": "top"}) for u in UNITS}
    return {
        **by_suffix,
        "number": book.add_format({"num_format": _NUMBER, "valign": "top"}),
        "whole": book.add_format({"num_format": "#,##0", "valign": "top"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
        "text": book.add_format({"valign": "top", "text_wrap": True}),
        "literal": book.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True}),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "link": book.add_format({"font_color": "#1f5c8b", "underline": 1}),
    }


def choose_format(name: str, values: pd.Series) -> str:
    """The name of a column's format in `make_formats`: its suffix, or number, whole, date, text."""
    unit = unit_of(name)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date"
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        whole = pd.api.types.is_integer_dtype(values.dtype) or name == "n"
        return unit.suffix if unit and unit.kind != "text" else "whole" if whole else "number"
    return "text"


def write_cell(page: Any, row: int, place: int, value: Any, form: Any, formats: Mapping[str, Any]) -> None:
    """One value by its kind; what is missing or not finite stays blank.

    Text that looks like a formula carries Excel's mark for text, so that it stays text when somebody edits the cell.
    """
    match value:
        case bool() | np.bool_():
            page.write_boolean(row, place, bool(value), formats["text"])
        case str():
            kind = "literal" if looks_like_formula(value) else "text"
            page.write_string(row, place, clean_text(value), formats[kind])
        case datetime() | date() if value is not pd.NaT:
            _write_day(page, row, place, value, formats)
        case int() | float() | np.integer() | np.floating() | Decimal():
            if math.isfinite(value):
                page.write_number(row, place, float(value), form)
        case _ if value is not None and value is not pd.NaT and value is not pd.NA:
            page.write_string(row, place, clean_text(str(value)), formats["text"])


def _write_day(page: Any, row: int, place: int, value: datetime | date, formats: Mapping[str, Any]) -> None:
    """A day as Excel's date; days before 1900, which Excel does not have, as text."""
    if value.year < 1900:
        page.write_string(row, place, value.isoformat()[:10], formats["text"])
    else:
        page.write_datetime(row, place, date(value.year, value.month, value.day), formats["date"])


def clean_text(text: str) -> str:
    """Text that a cell can hold: without control characters, cut with a note where it is longer than Excel allows."""
    plain = _NOT_IN_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return plain if _length(plain) <= LONGEST_TEXT else plain[: (LONGEST_TEXT - len(_CUT)) // 2] + _CUT


def _length(text: str) -> int:
    """Characters as Excel counts them: those beyond the basic plane, such as emoji, are two."""
    return len(text) + sum(c > "\uffff" for c in text) if len(text) > LONGEST_TEXT // 2 else len(text)


def choose_width(name: str, values: pd.Series) -> float:
    """The width of a column wide enough for its name and nine in ten of its values, within reason."""
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return max(len(name) + 3, 11)
    lengths = values.dropna().astype("str").str.len()
    usual = float(lengths.quantile(0.9)) if len(lengths) else 0.0
    return min(max(len(name) + 3, usual + 1), 60)
