"""A folder of CSV and Parquet files, named after the contract's tables, into the engine."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.csv_file import read_csv
from pmo_analysis.intake.headers import unknown_table
from pmo_analysis.intake.import_folder import RECORD, REPORTS
from pmo_analysis.intake.parquet_file import read_parquet
from pmo_analysis.intake.problems import STOPS, Problem

_SUFFIXES = (".csv", ".parquet")


def list_files(folder: Path) -> dict[str, list[Path]]:
    """Per table name (lower case), its files: one CSV or Parquet, or a folder of Parquet parts."""
    found: dict[str, list[Path]] = defaultdict(list)
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in _SUFFIXES or (path.is_dir() and any(path.glob("*.parquet"))):
                found[path.stem.lower() if path.is_file() else path.name.lower()].append(path)
    except PermissionError as error:
        raise InputError(f"The folder {folder} may not be read by you. Ask its owner for the right to read.") from error
    return dict(found)


def read_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """The tables of a folder as typed views, and what could not be read; a folder without any is an InputError."""
    files = list_files(folder)
    if not set(files) & set(TABLE):
        raise InputError(
            f"The folder {folder} has no table of the contract. It needs customers, services and engagements "
            "as .csv or .parquet; `pmo import` makes them from a tool's export."
        )
    views: dict[str, str] = {}
    problems: list[Problem] = []
    for name, paths in files.items():
        view, told = _read_table(connection, name, paths)
        problems.extend(told)
        views |= {name: view} if view else {}
    return views, problems


def _read_table(
    connection: duckdb.DuckDBPyConnection, name: str, paths: list[Path]
) -> tuple[str | None, list[Problem]]:
    shown = " and ".join(p.name for p in paths)
    if name not in TABLE:
        ours = name in REPORTS and (paths[0].parent / RECORD).is_file()
        return None, [] if ours else [unknown_table(name, shown)]
    if len(paths) > 1:
        return None, [Problem(name, "", f"there is both {shown}", 0, shown, "Keep one of them.", STOPS)]
    try:
        if paths[0].suffix.lower() == ".csv":
            return read_csv(connection, TABLE[name], paths[0])
        return read_parquet(connection, TABLE[name], paths[0])
    except PermissionError:
        return None, [
            Problem(name, "", f"{shown} may not be read", 0, shown, "Ask its owner for the right to read.", STOPS)
        ]
