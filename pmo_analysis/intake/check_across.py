"""What rows must hold to among each other and across tables: keys, references, costs, weeks, names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmo_analysis.contract.tables import TABLES, Column, Table, key_of
from pmo_analysis.intake.cast import quote
from pmo_analysis.intake.check_rules import key_sql
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.problems import HARMS, NOTE, STOPS, Problem

_CHANCE = 0.05
"""An empty week is a gap only where bookings at their usual rate (Poisson) would hardly ever leave one empty."""


def find_across(data: Dataset) -> Iterator[Problem]:
    """References to nothing, roles without a cost, weeks without hours, like names: none of them stops a report."""
    for table in filter(lambda t: data.rows(t.name), TABLES):
        for column in filter(lambda c: c.refers, table.columns):
            yield from _find_dangling(data, table, column)
    yield from _find_costless_roles(data)
    yield from _find_missing_weeks(data)
    yield from _find_like_names(data)


def tell_rows(data: Dataset, rows: Sequence[int] | None) -> str:
    """The numbers of the first rows; none for data told at a quarter's end (see `check`)."""
    return ", ".join(map(str, rows or ())) if data.known_on is None else ""


def find_duplicates(data: Dataset, table: Table) -> Iterator[Problem]:
    """Rows of a table that have the same key."""
    if not table.key or not data.rows(table.name):
        return
    key = key_of(table, set(table.names))
    shown = key if key == table.key or data.has(table.name, "as_of_on") else table.key
    columns, given = ", ".join(map(quote, key)), " AND ".join(f"{quote(k)} IS NOT NULL" for k in table.key)
    twice = (
        f"SELECT {key_sql(shown)} AS shown, count(*) AS n, min(_row) AS _row, min(_row, 5) AS places "
        f"FROM ({data.checked_sql(table.name)}) WHERE {given} GROUP BY {columns} HAVING count(*) > 1"
    )
    count, example, places = data.connection.sql(
        f"SELECT sum(n), min(shown), arg_min(places, _row) FROM ({twice})"
    ).fetchall()[0]
    if count:
        yield Problem(
            table.name,
            ", ".join(shown),
            "duplicate key",
            int(count),
            example,
            "Keep one row of each" + (", or give as_of_on." if "as_of_on" in table.names else "."),
            STOPS if table.required else HARMS,
            tell_rows(data, places),
        )


def _find_dangling(data: Dataset, table: Table, column: Column) -> Iterator[Problem]:
    parent, key = column.refers.split(".")
    if not data.has(table.name, column.name) or not data.rows(parent):
        return
    name = quote(column.name)
    groups = (
        f"SELECT {name} AS value, count(*) AS n, min(_row) AS _row FROM ({data.checked_sql(table.name)}) "
        f"WHERE {name} IS NOT NULL GROUP BY 1"
    )
    missing = f"FROM ({groups}) ANTI JOIN {data.views[parent]} AS p ON value = p.{quote(key)}"
    count, values, example, rows = data.connection.sql(
        f"SELECT sum(n), count(*), min(value), min(_row, 5) {missing}"
    ).fetchall()[0]
    if count:
        yield Problem(
            table.name,
            column.name,
            f"not in {parent}",
            int(count),
            example,
            f"Add the {values} missing to {parent}, or mend the spelling.",
            HARMS,
            tell_rows(data, rows),
        )


def _find_costless_roles(data: Dataset) -> Iterator[Problem]:
    if not data.rows("roles"):
        return
    priced = f"SELECT role FROM {data.views['capacity']} WHERE capacity_cost IS NOT NULL AND role IS NOT NULL"
    count, example, rows = data.connection.sql(
        f"SELECT count(DISTINCT role), min(role), min(_row, 5) FROM {data.views['roles']} "
        f"WHERE hourly_cost IS NULL AND side IS DISTINCT FROM 'customer' AND role NOT IN ({priced})"
    ).fetchall()[0]
    if count:
        yield Problem(
            "roles",
            "hourly_cost",
            "role without a cost",
            count,
            example,
            "Give hourly_cost, or capacity_cost in capacity: hours of this role cost nothing otherwise.",
            HARMS,
            tell_rows(data, rows),
        )


def _find_missing_weeks(data: Dataset) -> Iterator[Problem]:
    """Weeks between the first and the last booking without hours, of everybody and of each steady role."""
    if not data.has("effort", "worked_on", "worked_hours"):
        return
    weeks = (
        f"SELECT coalesce(role, 'no role') AS who, CAST(date_trunc('week', worked_on) AS DATE) AS week, count(*) AS n "
        f"FROM {data.views['effort']} WHERE worked_hours > 0 AND worked_on IS NOT NULL GROUP BY ALL"
    )
    everybody = f"SELECT 'everybody' AS who, week, sum(n) AS n FROM ({weeks}) GROUP BY ALL"
    yield from _tell_weeks(data, everybody, "weeks in which nobody booked hours", "true")
    others = f"week IN (SELECT week FROM ({everybody}))"
    yield from _tell_weeks(data, weeks, "weeks in which a role booked no hours", others)


def _tell_weeks(data: Dataset, booked: str, problem: str, condition: str) -> Iterator[Problem]:
    spans = (
        "SELECT who, min(week) AS first, max(week) AS last, sum(n) AS n, date_diff('week', min(week), max(week)) + 1 "
        f"AS weeks FROM ({booked}) GROUP BY who HAVING weeks * exp(-sum(n) / weeks) < {_CHANCE}"
    )
    every = f"SELECT who, CAST(unnest(generate_series(first, last, INTERVAL 7 DAY)) AS DATE) AS week FROM ({spans})"
    empty = f"SELECT who, week FROM ({every}) ANTI JOIN ({booked}) AS b USING (who, week)"
    rows = data.connection.sql(f"SELECT who, week FROM ({empty}) WHERE {condition} ORDER BY week, who").fetchall()
    if rows:
        shown = "; ".join(f"{who}, week of {week}" for who, week in rows[:3])
        yield Problem(
            "effort",
            "worked_on",
            problem,
            len(rows),
            shown + (" …" if len(rows) > 3 else ""),
            "Add the bookings, or read figures of these weeks as too low; the count is of weeks, not rows.",
            HARMS,
        )


def _find_like_names(data: Dataset) -> Iterator[Problem]:
    if not data.has("customers", "name", "customer_id"):
        return
    like = (
        f"SELECT name, min(_row) AS _row, min(_row, 5) AS places, count(DISTINCT customer_id) AS n "
        f"FROM {data.views['customers']} WHERE name IS NOT NULL GROUP BY name HAVING count(DISTINCT customer_id) > 1"
    )
    count, example, places = data.connection.sql(
        f"SELECT sum(n), min(name), arg_min(places, _row) FROM ({like})"
    ).fetchall()[0]
    if count:
        yield Problem(
            "customers",
            "name",
            "several customers have the same name",
            int(count),
            str(example)[:200],
            "Told apart by customer_id; give one of them another name if they differ, or one id if they do not.",
            NOTE,
            tell_rows(data, places),
        )
