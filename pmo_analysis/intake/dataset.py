"""A `Dataset`: an organisation's tables, typed by the contract, lazy on the engine where the rows lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from os import PathLike
from typing import Any, TypeVar

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.quarters import quarter_end
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.cast import DTYPE, quote
from pmo_analysis.intake.corrections import apply_corrections, read_corrections
from pmo_analysis.intake.engine import connect, fetch_rows, fresh, reading
from pmo_analysis.intake.known import known_rows_sql, known_sql
from pmo_analysis.intake.long import is_long, keep_rows_known, query_in_order
from pmo_analysis.intake.place import Place
from pmo_analysis.intake.problems import Problem
from pmo_analysis.intake.schemes import FrozenScheme
from pmo_analysis.intake.typed import keep_rows, no_rows, types_of
from pmo_analysis.intake.views import Make, Views

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Dataset:
    """An organisation's tables, typed by the contract.

    `data["effort"]` is a narwhals LazyFrame on the engine where the rows lie (`data.together` gives several on one);
    `data.frame("effort")` the same as a pandas DataFrame with every column of the contract, absent ones wholly missing.
    `place` has the long tables that stay in a database or on Spark; they are fetched only when somebody wants their rows.
    `known_at` is the quarter at whose end the tables are told, None for the source as it is;
    `source` says where they came from (never a password), `name` the organisation;
    `settings` are those of the house changed by the organisation's own, kept beside its data;
    `troubles` is what could not be read at all, told by `check`; `schemes` are the frozen segments kept beside the data;
    `corrections` are the values corrected beside the data by `known_at`, with what became of each.
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    views: Views = field(repr=False)
    read: Views = field(repr=False)
    source: str = "memory"
    name: str = "memory"
    truth: Mapping[str, pd.DataFrame] | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings, repr=False)
    troubles: tuple[Problem, ...] = field(default=(), repr=False)
    schemes: tuple[FrozenScheme, ...] = field(default=(), repr=False)
    known_at: str | None = None
    known_on: date | None = field(default=None, repr=False)
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    place: Place | None = field(default=None, repr=False)

    @classmethod
    def from_frames(
        cls, frames: Mapping[str, pd.DataFrame], *, truth: Mapping[str, pd.DataFrame] | None = None
    ) -> Dataset:
        """A dataset of tables in memory, by their contract names; an unknown name is an InputError."""
        connection = connect()
        views = {name: _keep_frame(connection, _contract(name), frame) for name, frame in frames.items()}
        return from_views(connection, views, truth=truth)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that have rows, in the contract's order."""
        return tuple(name for name in TABLE if self.rows(name))

    def __getitem__(self, table: str) -> nw.LazyFrame:
        return self.together(table)[0]

    def together(self, *tables: str) -> tuple[nw.LazyFrame, ...]:
        """Tables as narwhals LazyFrames on one engine: where they lie if all lie there, else in DuckDB."""
        contracts = [_contract(table) for table in tables]
        if self.place and all(table in self.place.queries for table in tables):
            return tuple(self.place.frame(table) for table in tables)
        return tuple(nw.from_native(self.connection.sql(self._all(contract))).lazy() for contract in contracts)

    def _all(self, contract: Table) -> str:
        return f"SELECT {', '.join(map(quote, contract.names))} FROM {self.views[contract.name]}"

    def sql(self, query: str) -> pd.DataFrame:
        """The rows of a query in which `{table}` stands for a table of the dataset (for intake only)."""
        with reading(self.source):
            return self.connection.sql(query.format_map(self.views)).df()

    def rows(self, table: str) -> int:
        """How many rows a table has; 0 where it is absent."""
        return self.filled(table)["_row"]

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table has rows, and at least one value in each of the columns."""
        _require_columns(_contract(table), columns)
        if table in self._counts or self._stays(table):
            return all(self.filled(table)[c] > 0 for c in ("_row", *columns))
        return all(self._is_filled(table, name) for name in ("_row", *columns))

    def _stays(self, table: str) -> bool:
        """Whether a table's rows lie elsewhere and nobody has fetched them yet."""
        return self.place is not None and table in self.place.queries and table not in self.views.fetched

    def _is_filled(self, table: str, name: str) -> bool:
        """Whether a column has any value: looked for up to the first one."""
        query = f"SELECT 1 FROM {self.views[table]} WHERE {quote(name)} IS NOT NULL LIMIT 1"
        with reading(self.source):
            return bool(self.connection.sql(query).fetchall())

    def filled(self, table: str) -> dict[str, int]:
        """The number of values in each column of a table, and of rows under `_row`."""
        _contract(table)
        if table not in self._counts:
            with reading(self.source):
                self._counts[table] = self._count(table)
        return self._counts[table]

    def _count(self, table: str) -> dict[str, int]:
        names = ("_row", *TABLE[table].names)
        if self._stays(table):
            counts = self[table].select(nw.len().alias("_row"), *(nw.col(n).count() for n in names[1:])).collect()
            return {n: int(counts[n][0]) for n in names}
        parts = ", ".join(f"count({quote(n)})" for n in names)
        found = self.connection.sql(f"SELECT {parts} FROM {self.views[table]}").fetchall()[0]
        return dict(zip(names, found, strict=True))

    def frame(self, table: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """A table as pandas, typed by the contract and in a fixed order; empty where the table is absent.

        Read once and kept, what a caller changes is its own (pandas copies on write); a long table is not kept, and of
        it only the columns asked for are read.
        """
        contract = _contract(table)
        names = list(columns) if columns is not None else list(contract.names)
        _require_columns(contract, names)
        if table not in self._frames:
            if self.once(f"{table} is long", lambda data: is_long(data.connection, data.views[table])):
                return self._read(contract, names)
            self._frames[table] = self._read(contract, contract.names)
        return self._frames[table][names]

    def let_go(self, *tables: str) -> None:
        """Keep these tables in memory, however long, and the counts made; then end the engine, and with it its threads."""
        self._frames.update({table: self._read(_contract(table), TABLE[table].names) for table in tables})
        self.connection.close()

    def _read(self, contract: Table, names: Sequence[str]) -> pd.DataFrame:
        with reading(self.source):
            rows = self.connection.sql(query_in_order(contract, self.views[contract.name], names))
            return fetch_rows(rows, {n: DTYPE[contract.column(n).kind] for n in names})

    def as_of(self, quarter: str, fiscal_year_end_month: int = 12) -> Dataset:
        """What was known at the end of a quarter: later rows are absent, later dates blank."""
        day = quarter_end(quarter, fiscal_year_end_month)
        copies, corrections = self._correct(day)
        views = self.views.over(copies).then(lambda table, view: self._keep_known(table, view, day, quarter))
        schemes = tuple(s for s in self.schemes if s.valid_from <= quarter)
        place = self.place.known(day, quarter).without(copies) if self.place else None
        known = replace(self, views=views, read=self.read.over(copies), schemes=schemes, place=place)
        return replace(known, known_at=quarter, known_on=day, corrections=corrections)

    def _keep_known(self, table: str, view: str, day: date, quarter: str) -> str:
        """What was known of a table, in the engine; its name."""
        with reading(self.source):
            return keep_rows_known(self.connection, TABLE[table], view, known_sql(TABLE[table], view, day, quarter))

    def _correct(self, day: date) -> tuple[dict[str, str], pd.DataFrame]:
        """Corrected copies of tables and the corrections told; what is told at a quarter's end is corrected once."""
        if self.known_on is not None:
            return {}, self.corrections
        return apply_corrections(self, read_corrections(self, day))

    def frame_at(self, table: str, quarter: str, fiscal_year_end_month: int = 12) -> pd.DataFrame:
        """A table as it was known at the end of an earlier quarter, as pandas."""
        contract, day = _contract(table), quarter_end(quarter, fiscal_year_end_month)
        rows = self.connection.sql(known_sql(contract, self.read[table], day, quarter)).df()
        return rows[list(contract.names)].astype({c.name: DTYPE[c.kind] for c in contract.columns})

    def checked_sql(self, table: str) -> str:
        """The query for what `check` looks at: every row known, each version of it, with the texts set aside."""
        if self.known_on is None or self.known_at is None:
            return f"SELECT * FROM {self.read[table]}"
        return known_rows_sql(TABLE[table], self.read[table], self.known_on, self.known_at)

    def once(self, name: str, make: Callable[[Dataset], T]) -> T:
        """What `make` tells of the dataset, made when it is first asked for and kept under the name."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _frames(self) -> dict[str, pd.DataFrame]:
        return {}

    @cached_property
    def _counts(self) -> dict[str, dict[str, int]]:
        return {}


def require_dataset(data: object) -> None:
    """InputError where something else is passed as a dataset, most often the path of one."""
    if not isinstance(data, Dataset):
        path = f"pmo.load({str(data)!r})" if isinstance(data, (str, PathLike)) else "pmo.load(folder)"
        raise InputError(f"This needs a Dataset, not {type(data).__name__}. Load it first: data = {path}.")


def _contract(table: str) -> Table:
    if table not in TABLE:
        raise InputError(f"There is no table {table!r} in the contract. {nearest(table, TABLE)}")
    return TABLE[table]


def _require_columns(table: Table, columns: Iterable[str]) -> None:
    for name in columns:
        if name not in table.names:
            raise InputError(f"Table {table.name!r} has no column {name!r}. {nearest(name, table.names)}")


def from_views(
    connection: duckdb.DuckDBPyConnection,
    views: Mapping[str, str],
    *,
    later: Mapping[str, Make] | None = None,
    **about: Any,
) -> Dataset:
    """A dataset from typed views (`intake/typed.py`) by table; `about` are its other fields, such as source and name.

    `later`: how to fetch the tables that are not there yet, when they are first asked for.
    """
    there = {
        name: views.get(name) or no_rows(connection, table)
        for name, table in TABLE.items()
        if name not in (later or {})
    }
    whole = Views(there, later)
    return Dataset(connection, whole, whole, **about)


def _keep_frame(connection: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame) -> str:
    """A typed copy of a table in memory; columns of mixed objects are read as text."""
    plain = frame[[c for c in frame if c in table.names]].reset_index(drop=True)
    zoned = [c for c in plain if isinstance(plain[c].dtype, pd.DatetimeTZDtype)]
    mixed = [c for c in plain if plain[c].dtype == object or isinstance(plain[c].dtype, pd.CategoricalDtype)]
    plain = plain.assign(**{c: plain[c].dt.tz_localize(None) for c in zoned}).astype(dict.fromkeys(mixed, "str"))
    name = fresh("frame", table.name)
    rows = plain if len(plain.columns) else pd.DataFrame({"_none": range(len(plain))})
    connection.register(name, pa.Table.from_pandas(rows, preserve_index=False))
    view = keep_rows(connection, table, types_of(connection, name), name)
    connection.unregister(name)
    return view
