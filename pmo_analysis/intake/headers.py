"""Which of a source's columns are the contract's, and what to say of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pmo_analysis.contract.errors import nearest
from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.problems import NOTE, STOPS, Problem


def match_headers(table: Table, header: Sequence[str], place: str) -> tuple[list[str] | None, list[Problem]]:
    """The contract's columns among a header in lower case, and problems; None where a name stands twice."""
    twice = sorted(n for n, count in Counter(header).items() if count > 1 and n in table.names)
    if twice:
        return None, [
            Problem(table.name, n, f"column is named twice in {place}", 0, n, "Rename or remove one of the two.", STOPS)
            for n in twice
        ]
    known = [n for n in header if n in table.names]
    strange = sorted({n for n in header if n and n not in table.names})
    return known, [
        Problem(
            table.name,
            n,
            "column is not in the contract, ignored",
            0,
            n,
            nearest(n, [c for c in table.names if c not in known] or table.names),
            NOTE,
        )
        for n in strange
    ]


def unknown_table(name: str, shown: str) -> Problem:
    """A file or table whose name the contract does not have."""
    return Problem(name, "", "not in the contract, ignored", 0, shown, nearest(name, TABLE), NOTE)
