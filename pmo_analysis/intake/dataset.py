"""A `Dataset`: an organisation's tables, typed by the contract, lazy on the engine where the rows lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.quarters import quarter_end
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.tables import TABLE, TABLES, Table, key_of
from pmo_analysis.intake.cast import DTYPE, empty_sql, quote, select_sql
from pmo_analysis.intake.engine import connect, fresh
from pmo_analysis.intake.known import known_rows_sql, known_sql
from pmo_analysis.intake.problems import Problem


@dataclass(frozen=True, eq=False)
class Relation:
    """One table of a source as the engine sees it: what to select from, the columns' types, the row number.

    `keep` reads it into the engine once, typed, as text and frames want; a columnar file stays where it is.
    """

    name: str
    types: Mapping[str, str]
    row: str
    keep: bool = True


@dataclass(frozen=True, eq=False)
class Dataset:
    """An organisation's tables, typed by the contract.

    `data["effort"]` is a narwhals LazyFrame on the engine where the rows lie; `data.frame("effort")`
    the same as a pandas DataFrame with every column of the contract, absent ones wholly missing.
    `known_at` is the quarter at whose end the tables are told, None for the source as it is;
    `source` says where they came from (never a password), `name` the organisation;
    `settings` are those of the house changed by the organisation's own, kept beside its data;
    `troubles` is what could not be read at all, told by `check`.
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    views: Mapping[str, str] = field(repr=False)
    read: Mapping[str, str] = field(repr=False)
    source: str = "memory"
    name: str = "memory"
    truth: Mapping[str, pd.DataFrame] | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings, repr=False)
    troubles: tuple[Problem, ...] = field(default=(), repr=False)
    known_at: str | None = None
    known_on: date | None = field(default=None, repr=False)

    @classmethod
    def from_frames(
        cls, frames: Mapping[str, pd.DataFrame], *, truth: Mapping[str, pd.DataFrame] | None = None
    ) -> Dataset:
        """A dataset of tables in memory, by their contract names; an unknown name is an InputError."""
        connection = connect()
        relations = {name: _register(connection, name, frame) for name, frame in frames.items()}
        data = from_relations(connection, relations, truth=truth)
        for relation in relations.values():
            connection.unregister(relation.name)
        return data

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that have rows, in the contract's order."""
        return tuple(t.name for t in TABLES if self.rows(t.name))

    def __getitem__(self, table: str) -> nw.LazyFrame:
        names = ", ".join(quote(n) for n in _contract(table).names)
        return nw.from_native(self.connection.sql(f"SELECT {names} FROM {self.views[table]}")).lazy()

    def sql(self, query: str) -> pd.DataFrame:
        """The rows of a query in which `{table}` stands for a table of the dataset (for intake only)."""
        return self.connection.sql(query.format(**self.views)).df()

    def rows(self, table: str) -> int:
        """How many rows a table has; 0 where it is absent."""
        return self.filled(table)["_row"]

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table has rows, and at least one value in each of the columns."""
        filled = self.filled(table)
        _require_columns(_contract(table), columns)
        return filled["_row"] > 0 and all(filled[c] > 0 for c in columns)

    def filled(self, table: str) -> dict[str, int]:
        """The number of values in each column of a table, and of rows under `_row`."""
        _contract(table)
        if table not in self._counts:
            parts = ", ".join(f"count({quote(n)})" for n in ("_row", *TABLE[table].names))
            counts = self.connection.sql(f"SELECT {parts} FROM {self.views[table]}").fetchall()[0]
            self._counts[table] = dict(zip(("_row", *TABLE[table].names), counts, strict=True))
        return self._counts[table]

    def frame(self, table: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """A table as pandas, typed by the contract and in a fixed order; empty where the table is absent."""
        contract = _contract(table)
        names = list(columns) if columns is not None else list(contract.names)
        _require_columns(contract, names)
        kinds = {c.name: c.kind for c in contract.columns}
        chosen = ", ".join(quote(n) for n in names)
        order = ", ".join(quote(n) for n in dict.fromkeys((*key_of(contract, set(contract.names)), *contract.names)))
        rows = self.connection.sql(f"SELECT {chosen} FROM {self.views[table]} ORDER BY {order}").df()
        return rows.astype({n: DTYPE[kinds[n]] for n in names})

    def as_of(self, quarter: str, fiscal_year_end_month: int = 12) -> Dataset:
        """What was known at the end of a quarter: later rows are absent, later dates blank."""
        day = quarter_end(quarter, fiscal_year_end_month)
        views = {}
        for table, view in self.views.items():
            views[table] = fresh("known", table)
            query = known_sql(TABLE[table], view, day, quarter)
            # Effort is by far the longest table: it stays where it lies; the others are read once.
            kind = "VIEW" if table == "effort" else "TABLE"
            self.connection.execute(f"CREATE TEMP {kind} {views[table]} AS {query}")
        return replace(self, views=views, known_at=quarter, known_on=day)

    def checked_sql(self, table: str) -> str:
        """The query for what `check` looks at: every row known, each version of it, with the texts set aside."""
        if self.known_on is None or self.known_at is None:
            return f"SELECT * FROM {self.read[table]}"
        return known_rows_sql(TABLE[table], self.read[table], self.known_on, self.known_at)

    @cached_property
    def _counts(self) -> dict[str, dict[str, int]]:
        return {}


def _contract(table: str) -> Table:
    if table not in TABLE:
        raise InputError(f"There is no table {table!r} in the contract. {nearest(table, TABLE)}")
    return TABLE[table]


def _require_columns(table: Table, columns: Iterable[str]) -> None:
    for name in columns:
        if name not in table.names:
            raise InputError(f"Table {table.name!r} has no column {name!r}. {nearest(name, table.names)}")


def from_relations(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, Relation], **about: Any
) -> Dataset:
    """A dataset from relations of source columns; `about` are fields of it: source, name, settings, truth, troubles."""
    views = {}
    for table in TABLE.values():
        views[table.name] = fresh("typed", table.name)
        found = relations.get(table.name)
        query = select_sql(table, found.types, found.name, found.row) if found else empty_sql(table)
        kind = "TABLE" if found and found.keep else "VIEW"
        connection.execute(f"CREATE TEMP {kind} {views[table.name]} AS {query}")
    return Dataset(connection, views, views, **about)


def _register(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> Relation:
    """A table in memory under a name of its own; columns of mixed objects become text."""
    _contract(table)
    plain = frame.assign(_row=range(1, len(frame) + 1))
    as_text = [c for c in plain if plain[c].dtype == object or isinstance(plain[c].dtype, pd.CategoricalDtype)]
    zoned = [c for c in plain if isinstance(plain[c].dtype, pd.DatetimeTZDtype)]
    plain = plain.assign(**{c: plain[c].dt.tz_localize(None) for c in zoned}).astype({c: "str" for c in as_text})
    name = fresh("frame", table)
    connection.register(name, pa.Table.from_pandas(plain, preserve_index=False))
    return Relation(name, types_of(connection, name), "_row")


def types_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The engine's type of each column of a relation."""
    described = connection.sql(f"SELECT * FROM {relation} LIMIT 0")
    return dict(zip(described.columns, map(str, described.types), strict=True))
