"""Tables of a DuckDB file, read where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE, TABLES, Table
from pmo_analysis.intake.cast import literal, quote
from pmo_analysis.intake.engine import fresh
from pmo_analysis.intake.headers import match_headers
from pmo_analysis.intake.problems import STOPS, Problem
from pmo_analysis.intake.typed import see_rows, types_of

Found = tuple[dict[str, str], list[Problem]]


def read_duckdb(connection: duckdb.DuckDBPyConnection, path: Path, schema: str | None) -> Found:
    """The tables of a DuckDB file, opened for reading only; locked or half-written is an InputError."""
    database = fresh("source", "file")
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS {database} (READ_ONLY)")
    except duckdb.Error as error:
        raise InputError(_tell_unopened(path, str(error))) from error
    wanted = (schema or "main").lower()
    listed = connection.sql(
        f"SELECT schema_name, table_name, true FROM duckdb_tables() WHERE database_name = {literal(database)} "
        "UNION ALL SELECT schema_name, view_name, false FROM duckdb_views() "
        f"WHERE database_name = {literal(database)} AND NOT internal ORDER BY ALL"
    ).fetchall()
    views: dict[str, str] = {}
    problems: list[Problem] = []
    for inside, name, stored in listed:
        if inside.lower() == wanted and name.lower() in TABLE:
            whole = f"{database}.{quote(inside)}.{quote(name)}"
            view, told = _view_duckdb(connection, TABLE[name.lower()], whole, stored=stored)
            problems.extend(told)
            views |= {name.lower(): view} if view else {}
    require_any(views, problems, str(path), [f"{s}.{n}" for s, n, _ in listed], schema)
    return views, problems


def _view_duckdb(
    connection: duckdb.DuckDBPyConnection, table: Table, whole: str, *, stored: bool
) -> tuple[str | None, list[Problem]]:
    names = list(types_of(connection, whole))
    columns, problems = match_headers(table, [n.strip().lower() for n in names], table.name)
    if columns is None:
        return None, problems
    parts = [f"{quote(n)} AS {quote(n.strip().lower())}" for n in names if n.strip().lower() in columns]
    row = "rowid + 1" if stored else "row_number() OVER ()"
    numbered = f"(SELECT {', '.join([f'{row} AS _row', *parts])} FROM {whole})"
    return see_rows(connection, table, types_of(connection, numbered), numbered), problems


def _tell_unopened(path: Path, error: str) -> str:
    if "lock" in error.lower() or "already attached" in error.lower() or "different configuration" in error.lower():
        return f"{path} is being written by another program. Close it there, or wait, and try again."
    return (
        f"{path} is not a whole DuckDB file ({error.splitlines()[0][:160]}). "
        "It may have been cut off or made by a newer DuckDB: write it again."
    )


def require_any(
    views: dict[str, str], problems: list[Problem], shown: str, names: Sequence[str], schema: str | None
) -> None:
    """An InputError where a database has no table of the contract, with the tables it has."""
    if views or any(p.severity == STOPS for p in problems):
        return
    there = f"It has {', '.join(names[:8])}{' …' if len(names) > 8 else ''}." if names else "It has no tables at all."
    where = f" in schema {schema!r}" if schema else ""
    raise InputError(
        f"{shown} has no table of the contract{where}. {there} "
        f"Needed are {', '.join(t.name for t in TABLES if t.required)}; schema=… says where they lie."
    )
