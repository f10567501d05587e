"""Where long tables stay: another engine that is asked in narwhals expressions; only what it sums comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import narwhals as nw

from pmo_analysis.contract.tables import TABLE, Column, Table
from pmo_analysis.intake.cast import literal, quote, sql_type
from pmo_analysis.intake.known import known_sql
from pmo_analysis.intake.problems import NOTE, Problem
from pmo_analysis.intake.views import Make

# The tables with a row for each request, booking or answer, and the one that says what was asked for.
STAY = ("services", "engagements", "effort", "survey")
_SPACES = " \t\n\v\f\r\u00a0"
_FIT = {
    "id": ("text", "whole"),
    "text": ("text", "whole"),
    "quarter": (),
    "number": ("whole", "decimal", "double"),
    "money": ("whole", "decimal", "double"),
    "count": ("whole", "decimal", "double"),
    "date": ("date", "timestamp"),
    "flag": ("boolean",),
}


@dataclass(frozen=True, eq=False)
class Place:
    """Tables that lie in `engine` and stay there.

    `ask` turns a table and a query, in DuckDB's words, into the engine's own lazy frame; `queries` have the rows of each
    table, typed by the contract.
    """

    engine: str
    ask: Callable[[str, str], Any] = field(repr=False)
    queries: Mapping[str, str] = field(repr=False)

    def frame(self, table: str) -> nw.LazyFrame:
        """A table on its engine."""
        return nw.from_native(self.ask(table, self.queries[table])).lazy()

    def known(self, day: date, quarter: str) -> Place:
        """The tables as known at the end of `day`, the last day of `quarter`."""
        known = {t: known_sql(TABLE[t], f"({q}) AS r", day, quarter, numbered=False) for t, q in self.queries.items()}
        return replace(self, queries=known)

    def without(self, tables: Iterable[str]) -> Place:
        """The same, less tables that are corrected or otherwise lie elsewhere."""
        gone = set(tables)
        return replace(self, queries={t: q for t, q in self.queries.items() if t not in gone})


@dataclass(frozen=True, eq=False)
class Found:
    """What a database holds: tables fetched already, those to be fetched when asked for, and those that stay."""

    name: str
    problems: list[Problem]
    made: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, Make] = field(default_factory=dict)
    place: Place | None = None


def no_rows_of(tables: Iterable[str]) -> dict[str, str]:
    """The queries for long tables that the source does not have, so that others can be joined with them."""
    return {t: typed_sql(TABLE[t], {}, "(SELECT 1 AS nothing) AS n WHERE 1 = 0") for t in STAY if t not in set(tables)}


def find_unfit(table: Table, kinds: Mapping[str, str]) -> list[str]:
    """Columns whose type must be read as text, so that the table has to be fetched; `kinds` as in `typed_sql`."""
    return [c.name for c in table.columns if c.name in kinds and kinds[c.name] not in _FIT[c.kind]]


def tell_fetched(table: str, column: str, kind: str) -> Problem:
    """That a long table could not stay, with the first column that is to blame."""
    return Problem(
        table,
        column if column in TABLE[table].names else "",
        "the table is fetched whole, since its columns must be read as text first",
        0,
        f"{column} is {kind}",
        "Where it is long, give it the contract's name and types (date, numeric, boolean) in the database, or a view that does.",
        NOTE,
    )


def typed_sql(table: Table, kinds: Mapping[str, str], relation: str) -> str:
    """The query that types a table where it lies, to what `cast.select_sql` would make of it.

    `kinds`: text, whole, decimal, double, date, timestamp or boolean by column; absent columns are NULL.
    """
    parts = [
        f"{_typed(c, kinds[c.name]) if c.name in kinds else _nothing(c)} AS {quote(c.name)}" for c in table.columns
    ]
    return f"SELECT {', '.join(parts)} FROM {relation}"


def _nothing(column: Column) -> str:
    return f"CAST(NULL AS {sql_type(column)})"


def _typed(column: Column, kind: str) -> str:
    name = quote(column.name)
    match column.kind:
        case "id" | "text":
            text = f"nullif(trim(CAST({name} AS VARCHAR), {literal(_SPACES)}), '')"
            chosen = ", ".join(literal(c) for c in column.choices)
            return f"CASE WHEN lower({text}) IN ({chosen}) THEN lower({text}) END" if chosen else text
        case "date":
            return f"CASE WHEN {name} BETWEEN DATE '1000-01-01' AND DATE '9999-12-31' THEN CAST({name} AS DATE) END"
        case "flag":
            return name
    # NaN lies above every number in all engines, so that it is none of those between
    if sql_type(column) == "DOUBLE":
        return f"CASE WHEN {name} BETWEEN -1e308 AND 1e308 THEN CAST({name} AS DOUBLE) END"
    written = f"CAST({name} AS VARCHAR)" if kind == "double" else name  # 1.00005 rounds as it is written
    return f"CASE WHEN {name} BETWEEN -99999999999999 AND 99999999999999 THEN CAST({written} AS {sql_type(column)}) END"
