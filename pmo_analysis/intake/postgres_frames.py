"""Lazy frames of a PostgreSQL server for narwhals: SQLFrame on psycopg, reading only.

SQLFrame's own session creates an extension and functions on the server, writes a view to learn types and wants another
driver. This one asks nothing but SELECTs on the connection it is given, and each dataset has one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import psycopg
import pyarrow as pa
import sqlglot
from sqlframe.base.catalog import Column as TypedColumn
from sqlframe.base.session import _BaseSession
from sqlframe.postgres.dataframe import PostgresDataFrame
from sqlframe.postgres.session import PostgresSession
from sqlglot import exp

from pmo_analysis.contract.tables import TABLE, TABLES
from pmo_analysis.intake.cast import sql_type

_BATCH = 50_000
# The types that sums, counts and keys of the contract's columns come back in, by PostgreSQL's own names.
_ARROW = {
    "bool": pa.bool_(),
    "int2": pa.int64(),
    "int4": pa.int64(),
    "int8": pa.int64(),
    "float4": pa.float64(),
    "float8": pa.float64(),
    "numeric": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
Guard = Callable[[], AbstractContextManager[None]]
_TEXTS = frozenset(c.name for t in TABLES for c in t.columns if c.kind in ("id", "text", "quarter"))


class Frame(PostgresDataFrame):
    """A query that has not run yet; what it gives comes back as Arrow."""

    def toArrow(self, batch_size: int | None = None) -> pa.Table:  # noqa: N802 - PySpark's name, which narwhals calls
        """Run the query and fetch its rows; numbers of any size as floats."""
        return self.session.fetch(self.sql(dialect="postgres", optimize=False))

    @property
    def _typed_columns(self) -> list[TypedColumn]:
        found = self.session.fetch(f"SELECT * FROM ({self.sql(dialect='postgres')}) AS r LIMIT 0").schema
        return [TypedColumn(f.name, None, _word(f.type), True, False, False) for f in found]


def _word(kind: pa.DataType) -> str:
    words = {"bool": "boolean", "int64": "bigint", "double": "double", "date32[day]": "date"}
    return words.get(str(kind), "timestamp" if pa.types.is_timestamp(kind) else "string")


class Session(PostgresSession):
    """A session of SQLFrame on one connection; `guard` tells what the server refuses, `rows_of` what its tables stand for."""

    _df = Frame
    guard: Guard
    rows_of: dict[str, str]

    def __init__(self) -> None:
        """SQLFrame calls this at each look at the session: nothing is left to do."""

    def fetch(self, query: str) -> pa.Table:
        """The rows of a query in PostgreSQL's words."""
        named = ", ".join(
            f"{name} AS ({rows})" for name, rows in self.rows_of.items() if re.search(rf"\b{name}\b", query)
        )
        with self.guard(), self._conn.cursor() as cursor:
            cursor.execute(f"WITH {named}, {query[5:]}" if query.startswith("WITH ") else f"WITH {named} {query}")
            names = [c.name for c in cursor.description or ()]
            kinds = [_ARROW.get(c.type_display.split("(")[0], pa.string()) for c in cursor.description or ()]
            schema = pa.schema(list(zip(names, kinds, strict=True)))
            return pa.Table.from_batches(_batches(cursor, schema), schema)


def _batches(cursor: psycopg.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(_BATCH):
        columns = zip(*rows, strict=True)
        yield pa.record_batch([_array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _array(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    plain = [None if v is None else float(v) for v in values] if kind == pa.float64() else list(values)
    return pa.array(plain, kind)


def open_session(connection: psycopg.Connection, guard: Guard) -> Callable[[str, str], PostgresDataFrame]:
    """What turns a table of the contract and its query, in DuckDB's words, into a lazy frame."""
    session = object.__new__(Session)  # SQLFrame would hand out the session of another dataset
    _BaseSession.__init__(session, connection)
    session.guard, session.rows_of = guard, {}
    _BaseSession._instance = session  # type: ignore[assignment]  # narwhals asks it which dialect is spoken

    def ask(table: str, query: str) -> PostgresDataFrame:
        # SQLFrame copies its tree at each step: it is told a name, and what that stands for goes before the query.
        name = f"pmo_rows_{len(session.rows_of)}"
        session.rows_of[name] = _in_its_words(query)
        session.catalog.add_table(name, {c.name: sql_type(c) for c in TABLE[table].columns})
        columns = ", ".join(f'"{n}"' for n in TABLE[table].names)
        return session.sql(f"SELECT {columns} FROM {name}", dialect="postgres", qualify=False)

    return cache(ask)


def _in_its_words(query: str) -> str:
    """A query of DuckDB as PostgreSQL's; texts are put in order byte by byte, as DuckDB does."""
    tree = sqlglot.parse_one(query, read="duckdb")
    for ordered in tree.find_all(exp.Ordered):
        if ordered.this.name in _TEXTS:
            ordered.set("this", exp.func("convert_to", ordered.this, exp.Literal.string("UTF8")))
    return tree.sql(dialect="postgres")
