"""A mapping's expressions evaluated over the rows of a source, in SQL; what fails is named, with its rows."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd

from pmo_analysis.intake.cast import literal, quote
from pmo_analysis.intake.mapping_file import TableRule
from pmo_analysis.intake.sandbox import fault_of, first_line

ASIDE = ["table", "source_file", "source_row", "kind", "column", "value", "reason"]


def are_sound(connection: duckdb.DuckDBPyConnection, rule: TableRule, where: str, problems: list[str]) -> bool:
    """Whether every expression of a rule is one that may be evaluated; the others in `problems`."""
    named = {f"helper {n}": e for n, e in rule.helpers.items()} | {f"column {n}": c.of for n, c in rule.columns.items()}
    named |= {f"set_aside rule {i}": r["where"] for i, r in enumerate(rule.set_aside, 1)}
    named |= {"control source": rule.control["source"]} if rule.control else {}
    named |= {"first_by": rule.first_by} if rule.first_by else {}
    faults = {n: fault_of(connection, e) for n, e in named.items()}
    problems.extend(f"{where}, {n}: {named[n]!r} {fault}" for n, fault in faults.items() if fault)
    return not any(faults.values())


def evaluate(
    connection: duckdb.DuckDBPyConnection, rule: TableRule, where: str, problems: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None:
    """Every source row with the reason it is set aside, those rows, and the table's columns of the others.

    None when an expression cannot be evaluated, with every reason in `problems`. Frames: `_file`, `_row`, `_aside`,
    `_control`; ASIDE; `_file`, `_row` and the table's columns as text.
    """
    cases = " ".join(f"WHEN ({r['where']}\n) THEN {literal(r['reason'])}" for r in rule.set_aside)
    reason = f"CASE {cases} END" if cases else "NULL"
    control = rule.control.get("source", "NULL")
    marks = f"CAST({reason} AS VARCHAR) AS _aside, CAST(({control}\n) AS VARCHAR) AS _control"
    marked = f"SELECT *, {marks} FROM ({_with_helpers(rule)})"
    source = _tried(connection, f"SELECT _file, _row, _aside, _control FROM ({marked})", f"{where}, rows", problems)
    if source is None:
        return None
    kept = f"SELECT * FROM ({marked}) WHERE _aside IS NULL"
    pivoted = _unpivoted(connection, kept, rule, where, problems)
    asked = _asked(rule)
    columns = ", ".join(f"CAST(({e}\n) AS VARCHAR) AS {quote(n)}" for n, e in asked.items())
    try:
        found = connection.execute(f"SELECT _file, _row, {columns} FROM ({pivoted})").df() if pivoted else None
    except duckdb.Error:
        found = None
        _blame(connection, pivoted, asked, where, problems)
    left = source[source["_aside"].notna()]
    return None if found is None else (source, rows_aside(rule, left, kind="row", reason=left["_aside"]), found)


def rows_aside(
    rule: TableRule, rows: pd.DataFrame, *, kind: str = "row", column: str = "", value: Any = "", reason: Any = ""
) -> pd.DataFrame:
    """Rows that do not count, told in the columns of ASIDE."""
    return pd.DataFrame(
        {
            "table": rule.name,
            "source_file": rows["_file"],
            "source_row": rows["_row"],
            "kind": kind,
            "column": column,
            "value": value,
            "reason": reason,
        },
        columns=ASIDE,
    )


def _with_helpers(rule: TableRule) -> str:
    """The source's rows with the helper columns, each of which may use those before it."""
    query = f"SELECT * FROM {quote(rule.source)}"
    for name, expression in rule.helpers.items():
        query = f"SELECT *, ({expression}\n) AS {quote(name)} FROM ({query})"
    return query


def _asked(rule: TableRule) -> dict[str, str]:
    first = {"_first": rule.first_by} if rule.first_by else {}
    return {name: c.of for name, c in rule.columns.items()} | first


def _unpivoted(
    connection: duckdb.DuckDBPyConnection, kept: str, rule: TableRule, where: str, problems: list[str]
) -> str:
    """One row per filled cell of the columns named; a name with * takes every column of that pattern."""
    if not rule.unpivot:
        return kept
    present = [str(r[0]) for r in connection.execute(f"DESCRIBE {kept}").fetchall()]
    names: list[str] = []
    for pattern in rule.unpivot["columns"]:
        stem = pattern.rstrip("*").lower()
        hits = [p for p in present if p.lower() == pattern.lower() or ("*" in pattern and p.lower().startswith(stem))]
        names += [h for h in hits if h not in names]
        if not hits:
            problems.append(
                f"{where}, unpivot: source {rule.source!r} has no column {pattern!r}. It has: {_listed(present)}."
            )
    listed = ", ".join(quote(n) for n in names)
    target = f"{quote(rule.unpivot['value'])} FOR {quote(rule.unpivot['name'])}"
    return f"SELECT * FROM ({kept}) UNPIVOT ({target} IN ({listed}))" if names else ""


def _tried(connection: duckdb.DuckDBPyConnection, query: str, where: str, problems: list[str]) -> pd.DataFrame | None:
    try:
        return connection.execute(query).df()
    except duckdb.Error as error:
        problems.append(f"{where}: {first_line(error)}. Mend a helper, set_aside rule or control of this table.")
        return None


def _blame(
    connection: duckdb.DuckDBPyConnection, rows: str, asked: dict[str, str], where: str, problems: list[str]
) -> None:
    """Which columns' expressions fail, and on which rows."""
    present = [str(r[0]) for r in connection.execute(f"DESCRIBE {rows}").fetchall()]
    for name, expression in asked.items():
        try:
            connection.execute(f"SELECT CAST(({expression}\n) AS VARCHAR) FROM ({rows})").fetchall()
        except duckdb.BinderException as error:
            problems.append(
                f"{where}, column {name}: {expression!r}: {first_line(error)}. The source has: {_listed(present)}."
            )
        except duckdb.Error as error:
            at = _failing_rows(connection, rows, expression)
            problems.append(
                f"{where}, column {name}: {expression!r}{at}: {first_line(error)}. "
                "Use try_cast, or set those rows aside."
            )


def _failing_rows(connection: duckdb.DuckDBPyConnection, rows: str, expression: str) -> str:
    try:
        query = f"SELECT _file, _row FROM ({rows}) WHERE TRY(({expression}\n)) IS NULL ORDER BY 1, 2"
        found = connection.execute(query).fetchall()
    except duckdb.Error:
        return ""
    return f" fails within {len(found)} rows, from {found[0][0]} row {found[0][1]}," if found else ""


def _listed(names: list[str]) -> str:
    shown = [n for n in names if not n.startswith("_")]
    return ", ".join(shown[:25]) + (" …" if len(shown) > 25 else "")
