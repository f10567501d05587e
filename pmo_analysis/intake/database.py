"""Tables of any SQLAlchemy database, in chunks, into the engine; of PostgreSQL only what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.addresses import mask, tell_driver
from pmo_analysis.intake.cast import quote
from pmo_analysis.intake.duckdb_file import require_any
from pmo_analysis.intake.engine import fresh
from pmo_analysis.intake.headers import match_headers
from pmo_analysis.intake.place import Found
from pmo_analysis.intake.problems import Problem
from pmo_analysis.intake.typed import keep_rows

_CHUNK = 50_000


def read_database(connection: duckdb.DuckDBPyConnection, url: str, schema: str | None) -> Found:
    """The tables behind an SQLAlchemy URL: of PostgreSQL fetched when asked for, else copied at once in chunks."""
    address = _parse(url)
    name = Path(address.database or address.get_backend_name()).stem
    if address.drivername == "postgresql+psycopg":
        return _ask_postgres(connection, address, schema, name)
    try:
        engine = sa.create_engine(address)
    except ModuleNotFoundError as error:
        raise InputError(f"{mask(url)} needs the driver {error.name!r}. Install it, then run again.") from error
    try:
        views, problems = _read_all(connection, engine, mask(url), schema)
    except SQLAlchemyError as error:
        told = tell_driver(str(getattr(error, "orig", None) or error), address.password, address.username)
        raise InputError(
            f"{mask(url)} cannot be read: {told} Check the address, the rights and whether the server runs."
        ) from None
    finally:
        engine.dispose()
    return Found(name, problems, made=views)


def _ask_postgres(connection: duckdb.DuckDBPyConnection, address: URL, schema: str | None, name: str) -> Found:
    try:
        from pmo_analysis.intake.postgres import read_postgres
    except ModuleNotFoundError as error:
        raise InputError(_tell_missing(address, error)) from error
    return replace(read_postgres(connection, address, schema), name=name)


def _tell_missing(address: URL, error: ModuleNotFoundError) -> str:
    return (
        f"{mask(str(address))} needs {error.name!r}, which is not installed. For PostgreSQL: "
        "pip install 'pmo-analysis[postgres]'."
    )


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
        address.get_dialect()
    except (ArgumentError, ValueError) as error:
        kind = url.split("://")[0]
        raise InputError(
            f"{mask(url)} is not a database address ({kind}:// is not known). Write it like "
            "sqlite:///file.db or postgresql://user@host/database."
        ) from error
    except ModuleNotFoundError:
        pass  # told by create_engine, with the driver's name
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    file = address.database
    if address.get_backend_name() == "sqlite" and file not in (None, "", ":memory:") and not Path(file).is_file():
        raise InputError(f"There is no file {file}. Give the path after sqlite:/// (four slashes for an absolute one).")
    return address


def _read_all(
    connection: duckdb.DuckDBPyConnection, engine: sa.Engine, shown: str, schema: str | None
) -> tuple[dict[str, str], list[Problem]]:
    inspector = sa.inspect(engine)
    names = sorted({*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)})
    views: dict[str, str] = {}
    problems: list[Problem] = []
    for name in names:
        if name.lower() in TABLE:
            table = TABLE[name.lower()]
            header = [c["name"] for c in inspector.get_columns(name, schema=schema)]
            columns, told = match_headers(table, [h.strip().lower() for h in header], table.name)
            problems.extend(told)
            if columns is not None:
                wanted = [h for h in header if h.strip().lower() in columns]
                views[table.name] = _copy(
                    connection, engine, sa.table(name, *(sa.column(h) for h in wanted), schema=schema), table
                )
    require_any(views, problems, shown, names, schema)
    return views, problems


def _copy(connection: duckdb.DuckDBPyConnection, engine: sa.Engine, source: sa.TableClause, table: Table) -> str:
    """The rows of one table as text, in chunks, so that a long one need not fit in memory twice."""
    columns = [c.name.strip().lower() for c in source.columns]
    name = fresh("copied", table.name)
    declared = ", ".join(f"{quote(c)} VARCHAR" for c in columns)
    connection.execute(f"CREATE TEMP TABLE {name} ({declared or '_none VARCHAR'})")
    with engine.connect() as reader:
        options = {"stream_results": True, "yield_per": _CHUNK}
        for rows in (
            reader.execution_options(**options).execute(sa.select(*source.columns)).partitions() if columns else ()
        ):
            chunk = fresh("chunk", table.name)
            connection.register(chunk, pa.table(list(_texts(rows, len(columns))), names=columns))
            connection.execute(f"INSERT INTO {name} SELECT * FROM {chunk}")
            connection.unregister(chunk)
    view = keep_rows(connection, table, dict.fromkeys(columns, "VARCHAR"), name)
    connection.execute(f"DROP TABLE {name}")
    return view


def _texts(rows: Sequence[Sequence[object]], width: int) -> Iterator[pa.Array]:
    for i in range(width):
        yield pa.array([_text(row[i]) for row in rows], pa.string())


def _text(value: object) -> str | None:
    """A database's value as the text a CSV would have for it."""
    if value is None or isinstance(value, str):
        return value
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return (
                None if value != value else f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
            )
        case Decimal():
            return None if value.is_nan() else f"{value:f}"
        case date():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).decode("utf-8", "replace")
    return str(value)
