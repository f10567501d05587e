"""Tables of a PostgreSQL server: long ones stay there, the others are fetched when they are asked for.

Everything is read on one connection in one read-only transaction, so that all tables are of the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, LiteralString

import duckdb
import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.addresses import mask, tell_driver
from pmo_analysis.intake.cast import literal, quote
from pmo_analysis.intake.duckdb_file import require_any
from pmo_analysis.intake.engine import spill_folder
from pmo_analysis.intake.headers import match_headers
from pmo_analysis.intake.place import STAY, Found, Place, find_unfit, no_rows_of, tell_fetched, typed_sql
from pmo_analysis.intake.problems import Problem
from pmo_analysis.intake.typed import keep_rows
from pmo_analysis.intake.views import Make

_KINDS = {
    "text": "text",
    "varchar": "text",
    "bpchar": "text",
    "uuid": "text",
    "int2": "whole",
    "int4": "whole",
    "int8": "whole",
    "numeric": "decimal",
    "float8": "double",
    "date": "date",
    "timestamp": "timestamp",
    "bool": "boolean",
}
_SETTINGS = ("SET datestyle = 'ISO, YMD'", "SET extra_float_digits = 1", "SET idle_in_transaction_session_timeout = 0")
_TABLES = """
    SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = coalesce(%s, current_schema()) ORDER BY c.relname
"""


@dataclass(frozen=True, eq=False)
class Server:
    """A connection, how it is shown and what must not be shown of it; `schema` is where the tables lie."""

    connection: psycopg.Connection = field(repr=False)
    url: URL = field(repr=False)
    schema: str | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What the server refuses, or its end, as an InputError; the next query begins anew."""
        try:
            yield
        except psycopg.Error as error:
            if not self.connection.closed:
                self.connection.rollback()
            raise tell_refusal(self.url, error) from None

    def run(self, query: LiteralString, *values: object) -> list[Any]:
        """The rows of a query."""
        with self.guard():
            return self.connection.execute(query, values or None).fetchall()

    def kinds(self, name: str) -> dict[str, str]:
        """The server's type of each column of a table."""
        with self.guard():
            described = self.connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(name)))
            return {c.name: c.type_display.split("(")[0] for c in described.description or ()}


def read_postgres(connection: duckdb.DuckDBPyConnection, url: URL, schema: str | None) -> Found:
    """The tables of a PostgreSQL server, to be fetched into the engine or asked where they lie."""
    server = _connect(url, schema)
    names = [str(row[0]) for row in server.run(_TABLES, schema)]
    later: dict[str, Make] = {}
    stay: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for name in names:
        if name.lower() in TABLE:
            table, kinds = TABLE[name.lower()], server.kinds(name)
            columns, told = match_headers(table, [k.strip().lower() for k in kinds], table.name)
            problems.extend(told)
            if columns is not None:
                wanted = [k for k in kinds if k.strip().lower() in columns]
                later[table.name] = _fetcher(connection, server, table, name, wanted)
                stay[table.name] = {k: kinds[k] for k in wanted} | ({} if name == table.name else {name: "renamed"})
    require_any(dict.fromkeys(later, ""), problems, mask(str(url)), names, schema)
    place, fetched = _stay(server, stay)
    return Found(url.database or "", problems + fetched, later=later, place=place)


def _connect(url: URL, schema: str | None) -> Server:
    arguments, options = url.get_dialect()().create_connect_args(url)
    try:
        connection = psycopg.connect(*arguments, **options)
        connection.autocommit = True
        for setting in _SETTINGS:
            connection.execute(setting)
        if schema:
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
    except psycopg.Error as error:
        raise tell_refusal(url, error) from None
    return Server(connection, url, schema)


def tell_refusal(url: URL, error: psycopg.Error) -> InputError:
    """What the server said, fit to be shown."""
    told = tell_driver(str(error), url.password, url.username)
    return InputError(
        f"{mask(str(url))} cannot be read: {told} Check the address, the rights and whether the server runs."
    )


def _stay(server: Server, found: dict[str, dict[str, str]]) -> tuple[Place | None, list[Problem]]:
    """The long tables that can be asked where they lie, and which cannot and why."""
    queries: dict[str, str] = {}
    problems = []
    for name in (t for t in STAY if t in found):
        kinds = {column: _KINDS.get(kind, kind) for column, kind in found[name].items()}
        unfit = find_unfit(TABLE[name], kinds) + [c for c in kinds if c not in TABLE[name].names]
        if unfit:
            problems.append(tell_fetched(name, unfit[0], found[name][unfit[0]]))
        else:
            queries[name] = typed_sql(TABLE[name], kinds, quote(name))
    if "engagements" not in queries and "effort" not in queries:
        return None, problems
    from pmo_analysis.intake.postgres_frames import open_session  # takes seconds to import: only where it is used

    ask = open_session(server.connection, server.guard)
    return Place("PostgreSQL", ask, queries | no_rows_of(found)), problems


def _fetcher(
    connection: duckdb.DuckDBPyConnection, server: Server, table: Table, name: str, columns: list[str]
) -> Make:
    return lambda: _fetch(connection, server, table, name, columns)


def _fetch(connection: duckdb.DuckDBPyConnection, server: Server, table: Table, name: str, columns: list[str]) -> str:
    """The rows of one table as the text that a CSV would have for them, typed in the engine; the name of their view."""
    chosen = sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("1")
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, NULL '\\N')").format(chosen, sql.Identifier(name))
    lower = [c.strip().lower() for c in columns] or ["_none"]
    with NamedTemporaryFile(dir=spill_folder(), suffix=".csv") as file:
        with server.guard(), server.connection.cursor() as cursor, cursor.copy(query) as rows:
            for block in rows:
                file.write(block)
        file.flush()
        return keep_rows(connection, table, dict.fromkeys(lower, "VARCHAR"), _csv(Path(file.name), lower))


def _csv(path: Path, columns: list[str]) -> str:
    types = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns)
    size = max(path.stat().st_size, 2**21)
    return (
        f"read_csv({literal(str(path))}, columns = {{{types}}}, header = false, auto_detect = false, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '\\N', allow_quoted_nulls = false, "
        f"max_line_size = {min(size, 2**28)})"
    )
