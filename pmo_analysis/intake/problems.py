"""Problems of a source: one row each, with the place, the count, an example, the remedy and what is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd

from pmo_analysis.contract.tables import TABLE

STOPS, HARMS, NOTE = "stops", "harms", "note"


@dataclass(frozen=True)
class Problem:
    """One problem: `rows` affected, the first of their numbers, and what to do about it."""

    table: str
    column: str
    problem: str
    rows: int
    example: str
    remedy: str
    severity: str
    first_rows: str = ""


COLUMNS = ("table", "column", "problem", "rows", "example", "remedy", "answers_lost", "severity", "first_rows")


def list_problems(problems: Iterable[Problem]) -> pd.DataFrame:
    """The problems as the table that `check` gives, worst first, then in the contract's order."""
    order = {name: place for place, name in enumerate(TABLE)}
    rank = {STOPS: 0, HARMS: 1, NOTE: 2}
    rows = sorted(
        problems,
        key=lambda p: (rank[p.severity], order.get(p.table, len(order)), p.table, p.column, p.problem, p.example),
    )
    found = [{**asdict(p), "answers_lost": _lost(p)} for p in rows]
    return pd.DataFrame(found, columns=list(COLUMNS)).astype(
        {"rows": "int64"} | {c: "str" for c in COLUMNS if c != "rows"}
    )


def _lost(problem: Problem) -> str:
    if problem.severity == NOTE or problem.table not in TABLE:
        return ""
    table = TABLE[problem.table]
    return "everything" if table.required and problem.severity == STOPS else ", ".join(table.answers)
