"""A `Dataset`: an organisation's tables, typed by the contract, lazy on the engine where the rows lie."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import duckdb
import narwhals as nw
import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.quarters import quarter_end
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.tables import TABLE, TABLES, key_of
from pmo_analysis.intake.cast import DTYPE, quote, select_sql
from pmo_analysis.intake.known import known_sql

_serial = itertools.count()


@dataclass(frozen=True, eq=False)
class Dataset:
    """An organisation's tables.

    `data["effort"]` is a narwhals LazyFrame on the engine where the rows lie; `data.frame("effort")`
    the same as a pandas DataFrame with every column of the contract, absent ones wholly missing.
    `known_at` is the quarter at whose end the tables are told, None for the source as it is;
    `raw` names, per table, the relation with the source's own text columns and `_row`, the source's row
    number (1 = first row of data); `present` the contract's columns that the source has;
    `settings` those of the house changed by the organisation's own, kept beside its data.
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    views: Mapping[str, str]
    present: Mapping[str, frozenset[str]]
    raw: Mapping[str, str] = field(default_factory=dict, repr=False)
    source: str = "memory"
    truth: Mapping[str, pd.DataFrame] | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings, repr=False)
    known_at: str | None = None

    @classmethod
    def from_frames(
        cls, frames: Mapping[str, pd.DataFrame], *, truth: Mapping[str, pd.DataFrame] | None = None
    ) -> Dataset:
        """A dataset of tables in memory, by their contract names; an unknown name is an InputError."""
        connection = connect()
        raw = {name: _register(connection, name, frame) for name, frame in frames.items()}
        return from_relations(connection, raw, truth=truth)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there, in the contract's order."""
        return tuple(t.name for t in TABLES if t.name in self.views)

    def __getitem__(self, table: str) -> nw.LazyFrame:
        return nw.from_native(self.connection.sql(f"FROM {self._view(table)}")).lazy()

    def sql(self, query: str) -> pd.DataFrame:
        """The rows of a query in which `{table}` stands for a table of the dataset (for intake only)."""
        return self.connection.sql(query.format(**self.views)).df()

    def rows(self, table: str) -> int:
        """How many rows a table has; 0 where it is absent."""
        return self._filled[table]["_rows"] if table in self.views else 0

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table has rows, and at least one value in each of the columns."""
        if table not in TABLE:
            raise InputError(f"There is no table {table!r} in the contract. {nearest(table, TABLE)}")
        return self.rows(table) > 0 and all(self._filled[table][c] > 0 for c in columns)

    def frame(self, table: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """A table as pandas, typed by the contract and in a fixed order; empty where the table is absent."""
        contract = TABLE[table]
        names = list(columns) if columns is not None else list(contract.names)
        kinds = {c.name: c.kind for c in contract.columns}
        if table not in self.views:
            return pd.DataFrame({n: pd.Series(dtype=DTYPE[kinds[n]]) for n in names})
        chosen = ", ".join(quote(n) for n in names)
        order = ", ".join(quote(n) for n in (*key_of(contract, set(contract.names)), *contract.names))
        rows = self.connection.sql(f"SELECT {chosen} FROM {self._view(table)} ORDER BY {order}").df()
        return rows.astype({n: DTYPE[kinds[n]] for n in names})

    def as_of(self, quarter: str, fiscal_year_end_month: int = 12) -> Dataset:
        """What was known at the end of a quarter: later rows are absent, later dates blank."""
        day = quarter_end(quarter, fiscal_year_end_month)
        views = {}
        for table, view in self.views.items():
            views[table] = f"known_{next(_serial)}_{table}"
            query = known_sql(TABLE[table], view, day, quarter)
            # Effort is by far the longest table: it stays where it lies; the others are read once.
            kind = "VIEW" if table == "effort" else "TABLE"
            self.connection.execute(f"CREATE TEMP {kind} {views[table]} AS {query}")
        return replace(self, views=views, known_at=quarter)

    def _view(self, table: str) -> str:
        if table not in self.views:
            raise InputError(f"The data has no table {table!r}. {nearest(table, self.views)}")
        return self.views[table]

    @cached_property
    def _filled(self) -> dict[str, dict[str, int]]:
        """Per table, the number of rows and of values in each column: one pass each."""
        return {table: self._count(table) for table in self.tables}

    def _count(self, table: str) -> dict[str, int]:
        parts = ", ".join(f"count({quote(n)}) AS {quote(n)}" for n in TABLE[table].names)
        row = self.connection.sql(f"SELECT count(*) AS _rows, {parts} FROM {self.views[table]}")
        return dict(zip(row.columns, row.fetchall()[0], strict=True))


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory engine that downloads nothing."""
    return duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )


def from_relations(
    connection: duckdb.DuckDBPyConnection,
    raw: Mapping[str, str],
    *,
    source: str = "memory",
    settings: Settings | None = None,
    truth: Mapping[str, pd.DataFrame] | None = None,
) -> Dataset:
    """A dataset from relations of source columns (with `_row`) that the connection knows by name."""
    views, present = {}, {}
    for table, relation in raw.items():
        columns = set(connection.sql(f"SELECT * FROM {relation} LIMIT 0").columns)
        present[table] = frozenset(columns & set(TABLE[table].names))
        views[table] = f"typed_{next(_serial)}_{table}"
        query = select_sql(TABLE[table], set(present[table]), relation)
        connection.execute(f"CREATE TEMP VIEW {views[table]} AS {query}")
    return Dataset(connection, views, present, raw, source, truth, settings or Settings())


def _register(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> str:
    if name not in TABLE:
        raise InputError(f"There is no table {name!r} in the contract. {nearest(name, TABLE)}")
    relation = f"raw_{next(_serial)}_{name}"
    numbered = frame.assign(_row=range(1, len(frame) + 1))
    objects = [c for c in numbered if numbered[c].dtype == object]
    connection.register(relation, numbered.astype({c: "str" for c in objects}))
    return relation
