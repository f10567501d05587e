"""`check`: every problem of the data in one table, with the rows, an example, the remedy and what is lost.

All rules are SQL over whole tables, so ten million rows are one pass each. A dataset that is told at a
quarter's end is checked by the rows known then; a row whose very date cannot be read counts as known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import BESIDE, TABLES, Table
from pmo_analysis.intake.answers import coverage, most_useful_addition
from pmo_analysis.intake.check_across import find_across, find_duplicates, tell_rows
from pmo_analysis.intake.check_rules import Rule, list_rules
from pmo_analysis.intake.corrections import find_unfit
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import reading
from pmo_analysis.intake.memory import gives_back
from pmo_analysis.intake.problems import HARMS, STOPS, Problem, list_problems

__all__ = ["check", "coverage", "most_useful_addition", "require_usable"]


@gives_back
def check(data: Dataset) -> pd.DataFrame:
    """What is wrong with the data and what to do about it; empty = clean.

    Columns: table, column, problem, rows, example, remedy, answers_lost, severity (stops: no report can be made ·
    harms: some answers suffer · note), first_rows (numbers of the first rows; a CSV's line is one more).
    Data told at a quarter's end has no first_rows, since the place in the file changes with every later export.
    """
    with reading(data.source):
        return list_problems(_find(data))


def require_usable(data: Dataset) -> None:
    """One InputError with everything that stops a report; nothing where a report can be made."""
    with reading(data.source):
        problems = list_problems(_find(data, stops_only=True))
    stops = problems[problems["severity"] == STOPS]
    if len(stops):
        raise InputError(f"{data.source} cannot be reported:\n" + "\n".join(map(_tell, stops.to_dict("records"))))


def _tell(row: dict[str, str]) -> str:
    place = ".".join(filter(None, (row["table"], row["column"])))
    rows = f" ({row['rows']} rows, first {row['first_rows']})" if row["first_rows"] else ""
    return f"- {place}: {row['problem']}{rows}. {row['remedy']}"


def _find(data: Dataset, *, stops_only: bool = False) -> Iterator[Problem]:
    # what is only said of the files, not of what was known then, has no place in a past report
    yield from (p for p in data.troubles if data.known_on is None or p.severity == STOPS)
    unread = {p.table for p in data.troubles if p.severity == STOPS}
    for table in (*TABLES, *BESIDE):
        if table.name not in unread and (table.required or not stops_only):
            yield from _find_in(data, table)
            yield from find_duplicates(data, table)
    if not stops_only:
        yield from find_across(data)
        yield from find_unfit(data)


def _find_in(data: Dataset, table: Table) -> Iterator[Problem]:
    if data.rows(table.name) == 0:
        if table.required:
            remedy = f"Add {table.name}: {table.row} a row."
            yield Problem(table.name, "", "required table is missing or has no rows", 0, "", remedy, STOPS)
        return
    rules = list_rules(table)
    total, *counts = _row(data, table, ["count(*)", *(f"count(*) FILTER (WHERE {r.condition})" for r in rules)])
    broken = [(rule, count) for rule, count in zip(rules, counts, strict=True) if count]
    missing = {rule.column for rule, count in broken if count == total and rule.asks_for_value}
    yield from (_tell_missing(table, column, total) for column in sorted(missing))
    yield from _describe(data, table, [(rule, count) for rule, count in broken if rule.column not in missing])


def _row(data: Dataset, table: Table, values: list[str]) -> tuple[Any, ...]:
    query = f"SELECT {', '.join(values)} FROM ({data.checked_sql(table.name)})"
    return data.connection.sql(query).fetchall()[0]


def _tell_missing(table: Table, column: str, total: int) -> Problem:
    """A required column, or group of which one is required, with no value in any row."""
    wanted = f"{column}: {table.column(column).meaning}" if column in table.names else column
    severity = STOPS if table.required else HARMS
    problem = "required column is missing or wholly blank"
    return Problem(table.name, column, problem, total, "", f"Add {wanted}.", severity)


def _describe(data: Dataset, table: Table, found: list[tuple[Rule, int]]) -> Iterator[Problem]:
    """A second pass, only over the rules that are broken: the first rows and an example of each."""
    if not found:
        return
    parts = [
        f"{value} FILTER (WHERE {rule.condition})"
        for rule, _ in found
        for value in ("min(_row, 5)", f"min({rule.example})")
    ]
    values = _row(data, table, parts)
    for (rule, count), rows, example in zip(found, values[::2], values[1::2], strict=True):
        yield Problem(
            table.name,
            rule.column,
            rule.problem,
            count,
            str(example or "")[:200],
            rule.remedy,
            rule.severity,
            tell_rows(data, rows),
        )
