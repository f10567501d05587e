"""Add rows to a table of a folder source, whole or not at all, each key once."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE


def append_rows(folder: Path, table: str, rows: pd.DataFrame) -> tuple[Path, int]:
    """Append to `<table>.csv` the rows whose key is not there yet; returns the file and how many were added.

    The file's own columns and their order are kept, new columns come last. Raises InputError where the table
    is kept as Parquet or the file cannot be read as CSV.
    """
    path = folder / f"{table}.csv"
    if (folder / f"{table}.parquet").exists():
        raise InputError(f"{table} is kept as Parquet in {folder}; rows can only be added to {table}.csv.")
    header, existing = _read(path)
    keys = [k for k in TABLE[table].key if k in rows]
    there = {tuple(dict(zip(header, line, strict=False)).get(k, "") for k in keys) for line in existing}
    new = rows[[tuple(str(v) for v in key) not in there for key in rows[keys].itertuples(index=False)]]
    if len(new):
        columns = header + [c for c in rows.columns if c not in header]
        _write(path, columns, existing, new.reindex(columns=columns))
    return path, len(new)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.exists():
        return [], []
    try:
        lines = list(csv.reader(path.read_text("utf-8-sig").splitlines(keepends=True), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 CSV ({error}); nothing was added. Run pmo check.") from error
    return (lines[0], lines[1:]) if lines else ([], [])


def _write(path: Path, columns: list[str], existing: list[list[str]], new: pd.DataFrame) -> None:
    """Write a new file beside the old one and rename it over: a reader sees the old or the new."""
    beside = path.with_name(f".{path.name}.writing")
    lines = [*existing, *([_cell(v) for v in row] for row in new.itertuples(index=False))]
    try:
        with beside.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(line + [""] * (len(columns) - len(line)) for line in lines)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written ({error.strerror}); nothing was added.") from error


def _cell(value: object) -> str:
    if pd.isna(value):
        return ""
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
