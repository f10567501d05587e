"""Relations typed by the contract: `_row`, every column of the table, and the texts that could not be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb

from pmo_analysis.contract.tables import Table
from pmo_analysis.intake.cast import empty_sql, select_sql
from pmo_analysis.intake.engine import fresh


def keep_rows(connection: duckdb.DuckDBPyConnection, table: Table, types: Mapping[str, str], source: str) -> str:
    """A view on a typed copy of the source's rows in the engine, numbered in the source's order; its name."""
    kept, view = fresh("kept", table.name), fresh("typed", table.name)
    query = select_sql(table, types, source)
    connection.execute(f"CREATE TEMP TABLE {kept} AS {query}")
    connection.execute(f"CREATE TEMP VIEW {view} AS SELECT rowid + 1 AS _row, * FROM {kept}")
    return view


def see_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    types: Mapping[str, str],
    source: str,
    plain: Collection[str] = (),
) -> str:
    """A view that types the source's rows where they lie, for sources that number them in `_row`; its name.

    `plain`: columns known to hold no text that trimming would change.
    """
    view = fresh("typed", table.name)
    connection.execute(f"CREATE TEMP VIEW {view} AS {select_sql(table, types, source, numbered=True, plain=plain)}")
    return view


def no_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """A view without rows, for a table that the source does not have; its name."""
    view = fresh("typed", table.name)
    connection.execute(f"CREATE TEMP VIEW {view} AS {empty_sql(table)}")
    return view


def types_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The engine's type of each column of a relation."""
    described = connection.sql(f"SELECT * FROM {relation} LIMIT 0")
    return dict(zip(described.columns, map(str, described.types), strict=True))
