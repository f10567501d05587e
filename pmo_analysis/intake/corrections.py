"""Values corrected beside the data: applied where they fit, told where they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from pmo_analysis.contract.errors import nearest
from pmo_analysis.contract.tables import BESIDE, TABLE, Column, Table
from pmo_analysis.intake.cast import cast_sql, is_guarded, literal, quote, text_name
from pmo_analysis.intake.check_rules import list_value_rules
from pmo_analysis.intake.engine import fresh
from pmo_analysis.intake.problems import HARMS, Problem

if TYPE_CHECKING:
    from pmo_analysis.intake.dataset import Dataset

APPLIED = "applied"
COLUMNS = ["table", "key", "column", "was", "becomes", "reason", "on", "state"]
_KEPT = {t.name for t in BESIDE}
_NUMBERS = ("number", "money", "count")


def read_corrections(data: Dataset, day: date | None = None) -> pd.DataFrame:
    """The corrections dated not after a day (None = all): table, key, column, was, becomes, reason, on."""
    rows = data.frame("corrections").rename(columns={"corrected_on": "on"})
    return rows if day is None else rows[~(rows["on"] > pd.Timestamp(day))]


def apply_corrections(data: Dataset, corrections: pd.DataFrame) -> tuple[dict[str, str], pd.DataFrame]:
    """The corrected tables by the name of their copy in the engine, and every correction with what became of it.

    The earlier come first, so that one can follow another. One whose row does not hold `was` is not applied: somebody
    has changed the source since. Columns: those of `read_corrections` and state (applied, or why not).
    """
    rows = corrections.sort_values(["on", *COLUMNS[:5]], na_position="first", ignore_index=True)
    copies: dict[str, str] = {}
    states = [_apply(data.connection, data.read, copies, row) for row in rows.to_dict("records")]
    return copies, rows.assign(state=pd.Series(states, index=rows.index, dtype="str"))[COLUMNS]


def _apply(
    connection: duckdb.DuckDBPyConnection, read: Mapping[str, str], copies: dict[str, str], row: Mapping[str, object]
) -> str:
    """Correct one value in the copy of its table; what became of it."""
    name, column_name = _text(row["table"]), _text(row["column"])
    if name not in TABLE or name in _KEPT:
        return f"there is no table {name!r} to correct"
    table = TABLE[name]
    if not table.key:
        return f"rows of {name} have no key; correct them at the source"
    if column_name in (*table.key, "as_of_on"):
        return f"{column_name!r} says which row of {name} it is; correct it at the source"
    if column_name not in table.names:
        return f"{column_name!r} is no column of {name} that can be corrected. {nearest(column_name, table.names)}"
    where = _where(table, _text(row["key"]))
    if where is None:
        return f"the key needs {len(table.key)} parts ({'; '.join(table.key)})"
    if name not in copies:
        copies[name] = fresh("corrected", name)
        connection.execute(f"CREATE TEMP TABLE {copies[name]} AS SELECT * FROM {read[name]}")
    return _change(connection, copies[name], table, table.column(column_name), where, row)


def _where(table: Table, key: str) -> str | None:
    parts = [part.strip() for part in key.split(";")] if len(table.key) > 1 else [key.strip()]
    if len(parts) != len(table.key):
        return None
    return " AND ".join(
        f"{quote(k)} = {cast_sql(table.column(k), 'VARCHAR', literal(part))}"
        for k, part in zip(table.key, parts, strict=True)
    )


def _change(
    connection: duckdb.DuckDBPyConnection,
    copy: str,
    table: Table,
    column: Column,
    where: str,
    row: Mapping[str, object],
) -> str:
    was, becomes = _text(row["was"]), _text(row["becomes"])
    if not connection.sql(f"SELECT count(*) FROM {copy} WHERE {where}").fetchall()[0][0]:
        return "there is no row of this key"
    value = cast_sql(column, "VARCHAR", literal(becomes)) if becomes else "NULL"
    if becomes and connection.sql(f"SELECT ({value}) IS NULL").fetchall()[0][0]:
        return f"{becomes!r} cannot be read as {column.kind}"
    fits = f"{where} AND {_holds(column, was)}"
    if not connection.sql(f"SELECT count(*) FROM {copy} WHERE {fits}").fetchall()[0][0]:
        return "the row does not hold what it was said to hold"
    refused = _refuse(connection, f"{copy} WHERE {fits}", table, column, value)
    if refused:
        return f"{becomes!r} is not allowed: {refused}"
    texts = f", {quote(text_name(column.name))} = NULL" if is_guarded(column) else ""
    connection.execute(f"UPDATE {copy} SET {quote(column.name)} = {value}{texts} WHERE {fits}")
    return APPLIED


def _refuse(connection: duckdb.DuckDBPyConnection, rows: str, table: Table, column: Column, value: str) -> str | None:
    """Which rule of the contract the rows would break with this value; None where they would break none."""
    texts = f", NULL AS {quote(text_name(column.name))}" if is_guarded(column) else ""
    changed = f"(SELECT * REPLACE ({value} AS {quote(column.name)}{texts}) FROM {rows})"
    for rule in list_value_rules(table, column):
        if connection.sql(f"SELECT count(*) FROM {changed} WHERE {rule.condition}").fetchall()[0][0]:
            return rule.problem
    return None


def _holds(column: Column, was: str) -> str:
    """Whether a row holds a value as written; one that could not be read is known by its text."""
    name = quote(column.name)
    unread = quote(text_name(column.name)) if is_guarded(column) and column.kind != "id" else "NULL"
    if not was:
        return f"({name} IS NULL AND {unread} IS NULL)"
    return f"({name} = {cast_sql(column, 'VARCHAR', literal(was))} OR {unread} = {literal(was)})"


def read_value(connection: duckdb.DuckDBPyConnection, relation: str, table: Table, key: str, column: str) -> str | None:
    """What a row holds in a column, as text; blank for nothing, None where there is no such row."""
    where = _where(table, key)
    unread = quote(text_name(column)) if is_guarded(table.column(column)) else "NULL"
    query = f"SELECT coalesce(CAST({quote(column)} AS VARCHAR), {unread}, '') FROM {relation} WHERE {where} ORDER BY 1"
    found = connection.sql(query).fetchall() if where else []
    if not found:
        return None
    text = str(found[0][0])
    return text.rstrip("0").rstrip(".") if "." in text and table.column(column).kind in _NUMBERS else text


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value).strip()


def find_unfit(data: Dataset) -> Iterator[Problem]:
    """Corrections that could not be applied, one problem per reason."""
    if not data.rows("corrections"):
        return
    told = data.corrections if data.known_on is not None else apply_corrections(data, read_corrections(data))[1]
    unfit = told[told["state"] != APPLIED]
    for state, rows in unfit.groupby("state", sort=True):
        first = rows.iloc[0]
        yield Problem(
            "corrections",
            "",
            f"a correction does not fit: {state}",
            len(rows),
            f"{first['table']} {first['key']} {first['column']}",
            "It was left out. Mend the correction, or remove it if the source has been mended since.",
            HARMS,
        )
