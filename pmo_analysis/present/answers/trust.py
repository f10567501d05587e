"""Question 13: how far the report can be trusted."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import is_number, join, table, tell, tell_range, told
from pmo_analysis.present.notes import list_corrections, list_notes
from pmo_analysis.quarter import Quarter


def tell_trust(quarter: Quarter) -> Section:
    """What limits the evidence, each with its size and what it would change; every gap of every section."""
    rows = quarter.trust.figures
    shown = pd.DataFrame({
        "What": rows["title"].tolist(), "How much": [_how_much(r) for r in rows.to_dict("records")],
        "n": told(rows, "n"), "What it means": rows["sentence"].tolist(),
    })  # fmt: skip
    tables = (
        table(shown, caption="Limits of the evidence", most=20), list_corrections(quarter), list_notes(quarter),
        _list_gaps(quarter), _list_problems(quarter),
    )  # fmt: skip
    return Section((quarter.trust.sentence, _tell_measured(quarter)), "", tables)


def _tell_measured(quarter: Quarter) -> str:
    """How many of the figures that are defined can be told, and what the others lack."""
    defined = set(quarter.measures.definitions["measure"])
    lacking = quarter.measures.missing
    told = f"{len(defined - set(lacking['measure']))} of {len(defined)} measures that are defined can be told"
    return f"{told}; the others lack {join(dict.fromkeys(lacking['missing']), 6)}." if len(lacking) else f"{told}."


def _how_much(row: dict[str, object]) -> str:
    """Counts and shares of all rows are exact; only what was sampled has a range."""
    if is_number(row["low"]) and is_number(row["high"]):
        return tell_range(row["value"], row["low"], row["high"], str(row["unit"]))
    return tell(row["value"], str(row["unit"]))


def _list_gaps(quarter: Quarter) -> str:
    rows = quarter.unanswered
    sections = rows.groupby("missing", sort=False)["question"].agg(lambda n: ", ".join(str(i) for i in sorted(set(n))))
    shown = pd.DataFrame({"Not filled in": sections.index, "Sections that it would complete": sections.to_numpy()})
    return table(shown, caption="What is missing, and where it would help")


def _list_problems(quarter: Quarter) -> str:
    rows = quarter.problems
    if rows.empty:
        return ""
    shown = pd.DataFrame({
        "Table": rows["table"].tolist(), "Column": rows["column"].tolist(), "Problem": rows["problem"].tolist(),
        "Rows": told(rows, "rows", "_count"), "What to do": rows["remedy"].tolist(),
    })  # fmt: skip
    return table(shown, caption="Problems found in the tables", most=10)
