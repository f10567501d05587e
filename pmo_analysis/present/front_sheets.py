"""The first two sheets of the workbook: what was found, how to read it, and where each table stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import xlsxwriter

from pmo_analysis.present.excel_cells import clean_text

if TYPE_CHECKING:
    from pmo_analysis.quarter import Quarter

HOW_TO_READ = (
    "Each sheet holds one table; the line above it says what a row tells. The names of columns end in their unit: "
    "_share is 0 to 1 (shown as percent), _hours, _days, _count, _cost and _benefit (money).",
    "low and high are the ends of the {level:.0%} interval around a figure; n is the number of observations behind it.",
    "A blank cell means not measured or not estimable. It never means zero.",
    "Texts are texts: nothing in this workbook is calculated, linked outside or run.",
    "Dictionary explains every column; Notes has the definitions, what could not be answered, the problems of the "
    "data and the settings that were changed.",
)


def write_cover(book: xlsxwriter.Workbook, quarter: Quarter) -> None:
    """Organisation, quarter, what each part found in a sentence, and how to read the workbook."""
    page = _open(book, "Cover")
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 100)
    page.write_string(0, 0, clean_text(quarter.organisation), book.add_format({"bold": True, "font_size": 18}))
    page.write_string(1, 0, f"Quarter {quarter.quarter}", book.add_format({"font_size": 14}))
    first = [name for name in ("headline", "advice") if name in quarter.sentences]
    said = {name.replace("_", " ").capitalize(): quarter.sentences[name] for name in [*first, *quarter.sentences]}
    row = _write_block(book, page, 3, "What was found", list(said.items()))
    level = quarter.settings["interval_level"]
    _write_block(book, page, row + 1, "How to read this workbook", [("", t.format(level=level)) for t in HOW_TO_READ])


def write_contents(book: xlsxwriter.Workbook, sheets: Sequence[tuple[str, str, int]]) -> None:
    """A line per sheet with a link to it; `sheets` are name, meaning and number of rows."""
    page = _open(book, "Contents")
    bold = book.add_format({"bold": True, "bottom": 1})
    link = book.add_format({"font_color": "#1f5c8b", "underline": 1})
    for place, (title, width) in enumerate((("Sheet", 34), ("What a row tells", 90), ("Rows", 10))):
        page.set_column(place, place, width)
        page.write_string(0, place, title, bold)
    for row, (name, meaning, count) in enumerate(sheets, start=1):
        target = name.replace("'", "''")
        page.write_url(row, 0, f"internal:'{target}'!A1", link, name)
        page.write_string(row, 1, clean_text(meaning))
        page.write_number(row, 2, count, book.add_format({"num_format": "#,##0"}))
    page.freeze_panes(1, 0)


def _open(book: xlsxwriter.Workbook, name: str) -> Any:
    page = book.add_worksheet(name)
    page.hide_gridlines(2)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    return page


def _write_block(book: xlsxwriter.Workbook, page: Any, row: int, title: str, lines: Sequence[tuple[str, str]]) -> int:
    """A heading and its lines below each other; gives the row after the last."""
    page.write_string(row, 0, title, book.add_format({"bold": True, "font_size": 12, "bottom": 1}))
    top = book.add_format({"valign": "top", "bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for place, (name, text) in enumerate(lines, start=row + 1):
        page.write_string(place, 0, clean_text(name), top)
        page.write_string(place, 1, clean_text(text), wrapped)
    return row + len(lines) + 1
