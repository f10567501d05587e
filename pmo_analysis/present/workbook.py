"""The workbook: cover, contents, one marked table per sheet, data dictionary and notes; no formula in it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xlsxwriter

from pmo_analysis.contract.quarters import quarter_end
from pmo_analysis.contract.units import UNITS
from pmo_analysis.present.dictionary import describe_columns, meaning_of
from pmo_analysis.present.excel_cells import choose_format, choose_width, clean_text, make_formats, write_cell
from pmo_analysis.present.front_sheets import write_contents, write_cover
from pmo_analysis.present.tables import flatten

if TYPE_CHECKING:
    from pmo_analysis.quarter import Quarter

MOST_ROWS = 200_000
"""Rows shown on a sheet. Excel ends at 1,048,576, but a sheet that people open needs fewer; Parquet has them all."""
MOST_COLUMNS = 16_384
HEADER_ROW = 3
FIGURES = ("value", "low", "high", "worst", "best", "change", "change_low", "change_high", "mix", "rate",
           "expected_effect", "observed_effect", "worst_anchor", "best_anchor")  # fmt: skip
# Texts stay texts, whatever they look like.
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
    "in_memory": True,
}


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name in Excel, the table on it and what a row of it tells."""

    name: str
    table: str
    meaning: str
    rows: pd.DataFrame
    units: tuple[str, ...] = ()
    """The format of each row's figures, in tables in which every row has a unit of its own."""


def write_workbook(quarter: Quarter, path: Path) -> Path:
    """Write a quarter's result tables as an Excel workbook; the same quarter gives the same bytes.

    Sheets: Cover, Contents, one per table of `quarter.tables()` (an Excel table with filter, frozen header and
    formats by the columns' suffixes), Dictionary (every column of input and result tables) and Notes.
    """
    sheets = _list_sheets(quarter)
    whole = io.BytesIO()  # xlsxwriter's own file of a full disk is no OSError, and complains once more when it goes
    book = xlsxwriter.Workbook(whole, _OPTIONS)
    month = quarter.settings["fiscal_year_end_month"]
    made_on = datetime.combine(quarter_end(quarter.quarter, month), time())
    book.set_properties({"title": f"{quarter.organisation}, {quarter.quarter}", "created": made_on})
    write_cover(book, quarter)
    write_contents(book, [(s.name, s.meaning, len(s.rows)) for s in sheets])
    formats = make_formats(book)
    for sheet in sheets:
        _write_sheet(book, sheet, formats)
    book.close()
    path.write_bytes(whole.getbuffer())
    return path


def _list_sheets(quarter: Quarter) -> list[Sheet]:
    tables = {name: flatten(rows) for name, rows in quarter.tables().items()}
    taken = {"cover", "contents", "dictionary", "notes", "history"}
    definitions = quarter.measures.definitions
    sheets = [
        Sheet(_free(_sheet_name(name), taken, 31), name, meaning_of(name), rows, list_units(rows, definitions))
        for name, rows in tables.items()
    ]
    about = {"Dictionary": describe_columns(tables), "Notes": list_notes(quarter)}
    return [*sheets, *(Sheet(n, n.lower(), meaning_of(n.lower()), rows) for n, rows in about.items())]


def list_notes(quarter: Quarter) -> pd.DataFrame:
    """What a reader must know beside the figures: kind, about, note.

    Definitions of the measures, settings that differ from the house's, what could not be answered and the
    problems of the data, in this order.
    """
    settings = quarter.settings.table()
    parts = [
        _notes("definition", quarter.measures.definitions, "title", "formula"),
        _notes("not answered", quarter.unanswered.drop_duplicates("sentence"), "missing", "sentence"),
        _notes("problem in the data", _told_problems(quarter.problems), "place", "said"),
        _notes("setting changed", settings[settings["changed"]], "name", "value"),
    ]
    return pd.concat(parts, ignore_index=True)


def _notes(kind: str, rows: pd.DataFrame, about: str, note: str) -> pd.DataFrame:
    return pd.DataFrame({"kind": kind, "about": rows[about].astype("str"), "note": rows[note].astype("str")})


def _told_problems(problems: pd.DataFrame) -> pd.DataFrame:
    rows = problems.astype("str")
    said = (
        rows["problem"] + " (" + rows["rows"] + rows["rows"].map({"1": " row"}).fillna(" rows") + "). " + rows["remedy"]
    )
    return pd.DataFrame({"place": (rows["table"] + "." + rows["column"]).str.rstrip("."), "said": said})


def list_units(rows: pd.DataFrame, definitions: pd.DataFrame) -> tuple[str, ...]:
    """The format of each row's figures: by the table's column `unit`, else by the unit of its `measure`.

    A unit is a column suffix, with or without its `_`, or money; any other word is a plain number.
    """
    if "unit" in rows:
        words = rows["unit"].astype("str").fillna("")
    elif "measure" in rows and len(definitions):
        words = rows["measure"].map(definitions.drop_duplicates("measure").set_index("measure")["unit"]).fillna("")
    else:
        return ()
    known = {u.suffix for u in UNITS if u.kind in ("number", "money")}
    suffixes = ("_cost" if w == "money" else f"_{w.removeprefix('_')}" for w in words)
    return tuple(s if s in known else "number" for s in suffixes)


def _sheet_name(name: str) -> str:
    """A name that Excel takes: at most 31 characters, none of []:*?/\\, no apostrophe at an end."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", clean_text(name).replace("_", " ")).strip("' ")
    return (plain[:1].upper() + plain[1:])[:31].rstrip("' ") or "Table"


def _free(name: str, taken: set[str], longest: int) -> str:
    """The name, or with a number behind it where it is taken; Excel does not tell capitals apart."""
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{name[: longest - 1 - len(str(number))]} {number}"
    taken.add(free.lower())
    return free


def _write_sheet(book: xlsxwriter.Workbook, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    page = book.add_worksheet(sheet.name)
    shown = sheet.rows.iloc[:MOST_ROWS, :MOST_COLUMNS]
    page.write_string(0, 0, sheet.meaning, formats["title"])
    page.write_url(1, 0, "internal:'Contents'!A1", formats["link"], "Back to contents")
    page.write_string(2, 0, _extent(sheet, shown))
    if len(shown.columns):
        _write_rows(page, shown, sheet.units, formats)
        _mark_table(page, f"pmo_{len(book.worksheets())}_{sheet.table}", shown)
    page.freeze_panes(HEADER_ROW + 1, 1)
    page.repeat_rows(HEADER_ROW)
    page.set_landscape()
    page.fit_to_pages(1, 0)


def _extent(sheet: Sheet, shown: pd.DataFrame) -> str:
    if shown.shape == sheet.rows.shape:
        return f"{len(shown):,} row{'s' * (len(shown) != 1)}"
    whole = f"{len(sheet.rows):,} rows and {len(sheet.rows.columns):,} columns"
    return f"The first {len(shown):,} rows and {len(shown.columns):,} columns of {whole}; all are in tables/{sheet.table}.parquet"


def _mark_table(page: Any, name: str, shown: pd.DataFrame) -> None:
    """The rows as an Excel table: a name that no other table has, a filter on each column, stripes."""
    columns = [{"header": text} for text in _headers(shown)]
    last = HEADER_ROW + max(len(shown), 1)
    page.add_table(HEADER_ROW, 0, last, len(columns) - 1, {
        "name": re.sub(r"\W", "_", name, flags=re.ASCII)[:200], "columns": columns, "style": "Table Style Light 1",
    })  # fmt: skip


def _headers(shown: pd.DataFrame) -> list[str]:
    """Column names that Excel takes as headers: no control characters, told apart without regard to capitals."""
    taken: set[str] = set()
    return [_free(clean_text(str(c))[:255] or "column", taken, 255) for c in shown.columns]


def _write_rows(page: Any, shown: pd.DataFrame, units: Sequence[str], formats: Mapping[str, Any]) -> None:
    for place, name in enumerate(shown.columns):
        kind = choose_format(str(name), shown[name])
        by_row = units if units and name in FIGURES and kind == "number" else [kind] * len(shown)
        page.set_column(place, place, choose_width(str(name), shown[name]))
        for row, (value, form) in enumerate(zip(shown[name].astype(object), by_row, strict=False), HEADER_ROW + 1):
            write_cell(page, row, place, value, formats[form], formats)
