"""Notes on figures and corrections of values, written beside the data and read again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.quarters import parse_quarter, quarter_end
from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.append import append_rows
from pmo_analysis.intake.corrections import APPLIED, apply_corrections, read_corrections, read_value
from pmo_analysis.intake.load import load

if TYPE_CHECKING:
    from pmo_analysis.intake.dataset import Dataset

NOTES = ["note_id", "figure", "text", "by", "on", "reason"]
_LONGEST = 1000


def tell_notes(data: Dataset, quarter: str, fiscal_year_end_month: int = 12) -> pd.DataFrame:
    """The notes that a quarter's report shows: those for it, and those for every report, once they were written.

    Columns: note_id, figure, text, by (a role), on, reason; in the order in which they were written.
    """
    rows = data.frame("annotations")
    known = ~(rows["noted_on"] > pd.Timestamp(quarter_end(quarter, fiscal_year_end_month)))
    mine = rows[(rows["quarter"] == quarter) | (rows["quarter"].isna() & known)]
    mine = mine.rename(columns={"author_role": "by", "noted_on": "on"})
    return mine.sort_values(["on", "note_id"], ignore_index=True)[NOTES]


def write_note(
    folder: str | Path, figure: str, text: str, *, on: date, quarter: str = "", role: str = "", reason: str = ""
) -> tuple[Path, str]:
    """Add a note to `annotations.csv` of a folder source; returns the file and the note's id.

    The text is published as it stands, in the report of `quarter` or in every report from `on` on.
    """
    target = _folder(folder)
    if quarter:
        parse_quarter(quarter)
    _require_text("note", text)
    data = load(target)
    taken = set(data.frame("annotations")["note_id"].dropna())
    note = next(f"N{i}" for i in range(1, len(taken) + 2) if f"N{i}" not in taken)
    row = {
        "note_id": note,
        "figure": figure,
        "text": text,
        "quarter": quarter,
        "author_role": role,
        "noted_on": pd.Timestamp(on),
        "reason": reason,
    }
    return append_rows(target, "annotations", pd.DataFrame([row]))[0], note


def write_correction(
    folder: str | Path, table: str, key: str, column: str, becomes: str, *, reason: str, on: date
) -> tuple[Path, str]:
    """Add a corrected value to `corrections.csv` of a folder source; returns the file and what the value was.

    What the row holds now, after earlier corrections, is kept as `was`. InputError where there is no such row or
    column, where the value cannot be read or breaks a rule of the contract, or where a correction of the same day is
    there already.
    """
    target = _folder(folder)
    _require_text("reason", reason)
    data = load(target)
    was = _value_now(data, table, key, column)
    row = {"table": table, "key": key, "column": column, "was": was, "becomes": becomes, "reason": reason}
    new = pd.DataFrame([row | {"on": pd.Timestamp(on)}])
    state = apply_corrections(data, pd.concat([read_corrections(data), new]))[1].merge(new)["state"].iloc[-1]
    if state != APPLIED:
        stop = "" if state.endswith((".", "?")) else "."
        raise InputError(f"{table} {key} {column}: {state}{stop} Nothing was written.")
    path, added = append_rows(target, "corrections", new.rename(columns={"on": "corrected_on"}))
    if not added:
        raise InputError(f"{path} holds a correction of {table} {key} {column} of {on} already. Give another day.")
    return path, was


def _value_now(data: Dataset, table: str, key: str, column: str) -> str:
    """The value of a row as text, blank where it has none; InputError where there is no such row or column."""
    if table not in TABLE or not TABLE[table].key:
        raise InputError(f"There is no table {table!r} with a key. {nearest(table, TABLE)}").as_wrong_use()
    if column not in TABLE[table].names:
        raise InputError(
            f"Table {table!r} has no column {column!r}. {nearest(column, TABLE[table].names)}"
        ).as_wrong_use()
    copies, _ = apply_corrections(data, read_corrections(data))
    found = read_value(data.connection, copies.get(table, data.read[table]), TABLE[table], key, column)
    if found is None:
        raise InputError(f"Table {table!r} has no row {key!r}. Its key is {'; '.join(TABLE[table].key)}.")
    return found


def _folder(source: str | Path) -> Path:
    folder = Path(source)
    if not folder.exists():
        raise InputError(
            f"There is no folder {str(source)!r}. Give the folder that holds customers.csv and the others."
        )
    if not folder.is_dir():
        raise InputError(
            f"{source} is not a folder of tables. Add the row to the annotations or corrections table of the database."
        )
    return folder


def _require_text(what: str, text: str) -> None:
    if not text.strip() or len(text) > _LONGEST:
        raise InputError(f"A {what} needs 1 to {_LONGEST} characters; this has {len(text.strip())}.")
