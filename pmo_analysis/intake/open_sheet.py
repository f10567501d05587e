"""A program of its own that reads one worksheet: `python -I open_sheet.py FILE SHEET MEGABYTES SECONDS`.

Worksheets are packed, and the library that unpacks them is compiled: a small file can claim more cells than any machine
holds, and a damaged one can end the process. So that process is not ours, and it may take only so much. It writes lines
of JSON: the names of the sheets and the number of the first row, then the cells of each row as text; or a fault.
"""

from __future__ import annotations

import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import python_calamine as calamine

_MOST_BYTES = 4_000_000_000  # the largest worksheet that Excel can hold is about so large
_SMALL_BYTES, _MOST_TIMES = 100_000_000, 200  # real sheets shrink to a tenth or a fiftieth
_MOST_CELLS, _MOST_TEXT = 50_000_000, 1_000_000_000


def main(path: str, sheet: str, megabytes: str, seconds: str) -> None:
    """Write the rows of a sheet (its name or position, as JSON) to standard output, or what keeps them from it."""
    for limit, most in (("DATA", int(megabytes) * 1_000_000), ("CPU", int(seconds)), ("CORE", 0)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (most, most))
    try:
        for line in _read(path, json.loads(sheet)):
            sys.stdout.write(json.dumps(line) + "\n")
    except (calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        sys.stdout.write(json.dumps({"fault": reason}) + "\n")


def _read(path: str, sheet: int | str) -> Iterator[object]:
    if zipfile.is_zipfile(path):
        _refuse_bomb(path)
    book = calamine.CalamineWorkbook.from_path(path)
    names = book.sheet_names
    there = sheet < len(names) if isinstance(sheet, int) else sheet in names
    found = book.get_sheet_by_name(names[sheet] if isinstance(sheet, int) else sheet) if there else None
    yield {"sheets": names, "there": there, "first": 1 + (found.start[0] if found and found.start else 0)}
    yield from _rows(found) if found else ()


def _refuse_bomb(path: str) -> None:
    """ValueError where the archive says, or turns out, to hold far more than a worksheet does."""
    with zipfile.ZipFile(path) as archive:
        held = sum(part.file_size for part in archive.infolist())
        packed = sum(part.compress_size for part in archive.infolist())
        if held > _MOST_BYTES or held > max(_SMALL_BYTES, _MOST_TIMES * packed):
            raise ValueError(f"it unpacks from {packed / 1e6:,.1f} to {held / 1e6:,.0f} MB, which no worksheet does")
        if broken := archive.testzip():  # also where a part is longer than the archive's directory says
            raise ValueError(f"its part {broken} is not what the archive says")


def _rows(sheet: calamine.CalamineSheet) -> Iterator[list[str]]:
    if sheet.height * sheet.width > _MOST_CELLS:
        raise ValueError(f"it claims {sheet.height:,} rows of {sheet.width:,} cells")
    written = 0
    for row in sheet.iter_rows():
        cells = [_text(cell) for cell in row]
        written += sum(map(len, cells))
        if written > _MOST_TEXT:
            raise ValueError(f"its cells hold more than {_MOST_TEXT / 1e6:,.0f} million letters")
        yield cells


def _text(cell: object) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime() if cell.time() == time(0):
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
        case timedelta():
            return repr(cell.total_seconds() / 3600)
        case _:
            return str(cell)


if __name__ == "__main__":
    main(*sys.argv[1:])
