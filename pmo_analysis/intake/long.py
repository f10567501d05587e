"""Tables too long for memory: kept once as a sorted file beside the engine, and read anew by whoever asks."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pmo_analysis.contract.tables import Table, key_of
from pmo_analysis.intake.cast import literal, quote
from pmo_analysis.intake.engine import fresh, spill_file

# Rows from which a table is no longer kept in memory; a read of a few columns of a million rows takes a fifth of a second.
LONG = 300_000
_SORTED = "sorted"


def keep_rows_known(connection: duckdb.DuckDBPyConnection, table: Table, view: str, query: str) -> str:
    """What was known of a table, in the engine: its name. Short ones in memory, long ones as a file in a fixed order.

    Effort is by far the longest table and stays where it lies.
    """
    if table.name == "effort":
        connection.execute(f"CREATE TEMP VIEW {(name := fresh('known', table.name))} AS {query}")
    elif not is_long(connection, view):
        connection.execute(f"CREATE TEMP TABLE {(name := fresh('known', table.name))} AS {query}")
    else:
        name = fresh(_SORTED, table.name)
        path = literal(str(spill_file(f"{name}.parquet")))
        connection.execute(f"COPY ({query} ORDER BY {_order(table)}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
        connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM read_parquet({path})")
    return name


def is_long(connection: duckdb.DuckDBPyConnection, view: str) -> bool:
    """Whether a table has more rows than are kept in memory."""
    return bool(connection.sql(f"SELECT count(*) > {LONG} FROM {view}").fetchall()[0][0])


def query_in_order(table: Table, view: str, names: Sequence[str]) -> str:
    """The query for some columns of a table, its rows in a fixed order: by its key, then by all other columns."""
    chosen = f"SELECT {', '.join(map(quote, dict.fromkeys(names)))} FROM {view}"
    return chosen if view.startswith(_SORTED) else f"{chosen} ORDER BY {_order(table)}"


def _order(table: Table) -> str:
    return ", ".join(map(quote, dict.fromkeys((*key_of(table, set(table.names)), *table.names))))
