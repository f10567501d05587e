"""A locked DuckDB in memory, in which a mapping's expressions see the source rows and nothing else.

The rows are loaded first; then files, network, extensions, Python objects and settings are switched off for good.
An expression must be one expression, and give the same value on every run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from pmo_analysis.intake.cast import literal, quote

_LOCKS = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET lock_configuration = true",
)
# Words for mapping files, documented in presets/template.toml.
_MACROS = (
    "CREATE MACRO read_date(words, formats) AS "
    "coalesce(CAST(CAST(try_strptime(trim(words), formats) AS DATE) AS VARCHAR), words)",
    "CREATE MACRO read_money(words) AS regexp_replace(words, '[£$€ ,\u00a0]', '', 'g')",
    "CREATE MACRO iso_part(words, letter) AS "
    "coalesce(TRY_CAST(regexp_extract(words, '([0-9.]+)' || letter, 1) AS DECIMAL(18, 6)), 0)",
    "CREATE MACRO clock_hours(words) AS iso_part(words, 'H') + iso_part(words, 'M') / 60 + iso_part(words, 'S') / 3600",
    "CREATE MACRO as_hours(number) AS CAST(CAST(number AS DECIMAL(18, 6)) AS VARCHAR)",
    "CREATE MACRO iso_hours(words) AS CASE WHEN starts_with(words, 'P') THEN "
    "as_hours(iso_part(split_part(words, 'T', 1), 'D') * 24 + clock_hours(split_part(words, 'T', 2))) ELSE words END",
    "CREATE MACRO seconds_to_hours(words) AS coalesce(as_hours(TRY_CAST(words AS DECIMAL(18, 3)) / 3600), words)",
)


def open_sandbox(
    sources: Mapping[str, pd.DataFrame], maps: Mapping[str, Mapping[str, str]], *, pseudonym_key: str = ""
) -> duckdb.DuckDBPyConnection:
    """A connection that holds the sources as tables of text and the maps as functions `map_NAME(x)`, then locked."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for name, frame in sources.items():
        _load(connection, name, frame)
    for name, values in maps.items():
        _load(
            connection, f"map_{name}", pd.DataFrame({"key": list(values), "value": list(values.values())}, dtype="str")
        )
        macro, table = quote(f"map_{name}"), quote(f"map_{name}")
        connection.execute(f"CREATE MACRO {macro}(words) AS (SELECT m.value FROM {table} AS m WHERE m.key = words)")
    for macro in (*_MACROS, f"CREATE MACRO pseudonym(words) AS left(sha256({literal(pseudonym_key)} || words), 12)"):
        connection.execute(macro)
    for lock in _LOCKS:
        connection.execute(lock)
    return connection


def fault_of(connection: duckdb.DuckDBPyConnection, expression: str) -> str:
    """What keeps a text from being one repeatable SQL expression; empty when it is one."""
    try:
        parsed = duckdb.SQLExpression(expression)
    except duckdb.Error as error:
        return f"is not one SQL expression: {first_line(error)}. Write a single expression without ';'."
    row = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {parsed}"]).fetchone()
    nodes = list(_nodes(json.loads(row[0] if row else "{}")))
    if any(n.get("type") == "TABLE_FUNCTION" for n in nodes):
        return "calls a table function. Expressions see only the columns and tables of the mapping's sources."
    if any(n.get("class") == "STAR" or n.get("type") == "STAR" for n in nodes):
        return "holds a *. Name the column."
    used = {str(n["function_name"]).lower() for n in nodes if "function_name" in n}
    used |= {str(n["column_names"][-1]).lower() for n in nodes if n.get("column_names")} & _clock_words()
    changing = sorted(used & (_changing() | _clock_words()))
    if changing:
        return f"uses {', '.join(changing)}, which differs from run to run. Write a fixed value instead."
    return ""


def first_line(error: Exception) -> str:
    """The engine's message without its drawing of the statement."""
    return " ".join(str(error).split("\n\nLINE")[0].split("\nLINE")[0].split())


def _load(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    types = [pa.int64() if c == "_row" else pa.string() for c in frame.columns]
    arrays = [
        pa.array(frame[c].astype(object).where(frame[c].notna(), None), t)
        for c, t in zip(frame.columns, types, strict=True)
    ]
    connection.register("incoming", pa.table(arrays, names=[str(c) for c in frame.columns]))
    connection.execute(f"CREATE TABLE {quote(name)} AS FROM incoming")
    connection.unregister("incoming")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


@cache
def _changing() -> frozenset[str]:
    """The engine's functions whose value depends on the clock, on chance or on the session."""
    query = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    with duckdb.connect(":memory:") as connection:
        return frozenset(str(r[0]) for r in connection.execute(query).fetchall())


def _clock_words() -> set[str]:
    return {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
