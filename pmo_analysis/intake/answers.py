"""Which tables and columns are there, what they switch on, and which one missing would answer most."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.questions import QUESTIONS, Need
from pmo_analysis.contract.tables import TABLES
from pmo_analysis.intake.dataset import Dataset


def coverage(data: Dataset) -> pd.DataFrame:
    """What of the contract the data holds: table, column ('' = the table), there, answers, rows (with a value)."""
    rows = []
    for table in TABLES:
        filled = data.filled(table.name)
        rows.append((table.name, "", filled["_row"] > 0, ", ".join(table.answers), filled["_row"]))
        rows += [(table.name, c, filled[c] > 0, _answers(table.name, c), filled[c]) for c in table.names]
    return pd.DataFrame(rows, columns=["table", "column", "there", "answers", "rows"])


def list_unanswered(data: Dataset) -> pd.DataFrame:
    """What the tables cannot answer: question (its number), title, missing (table or column), sentence."""
    rows = []
    for question in QUESTIONS:
        for need in question.needs:
            if not _is_met(data, need):
                missing = need.name if data.rows(need.table) else need.table
                place = f"no {missing} column" if "." in missing else f"no {missing.replace('_', ' ')} table"
                sentence = f"{need.untold[0].upper()}{need.untold[1:]}: not told, since there is {place}."
                rows.append((question.number, question.title, missing, sentence))
    return pd.DataFrame(rows, columns=["question", "title", "missing", "sentence"])


def most_useful_addition(data: Dataset) -> tuple[str, str]:
    """The one missing table or column whose addition would answer most, and those answers; ('', '') where none is."""
    gains: dict[str, dict[tuple[int, str], None]] = {}
    for question in QUESTIONS:
        for need in question.needs:
            if not _is_met(data, need):
                name = need.name if data.rows(need.table) else need.table
                gains.setdefault(name, {})[question.number, need.untold] = None
    if not gains:
        return "", ""
    # the first of the most questions, in the order in which the report asks them
    best = max(gains, key=lambda name: len({number for number, _ in gains[name]}))
    return best, ", ".join(dict.fromkeys(untold for _, untold in gains[best]))


def _is_met(data: Dataset, need: Need) -> bool:
    return data.rows(need.table) > 0 and (not need.columns or any(data.has(need.table, c) for c in need.columns))


def _answers(table: str, column: str) -> str:
    needs = [n for q in QUESTIONS for n in q.needs if n.table == table and column in n.columns]
    return ", ".join(dict.fromkeys(n.untold for n in needs))
