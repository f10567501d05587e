"""Question 13: how far the report can be trusted."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import table, told, told_ranges
from pmo_analysis.quarter import Quarter


def tell_trust(quarter: Quarter) -> Section:
    """What limits the evidence, each with its size and what it would change; every gap of every section."""
    rows = quarter.trust.figures
    shown = pd.DataFrame({
        "What": rows["title"].tolist(), "How much": told_ranges(rows, unit="unit"), "n": told(rows, "n"),
        "What it means": rows["sentence"].tolist(),
    })  # fmt: skip
    tables = (table(shown, caption="Limits of the evidence", most=16), _list_gaps(quarter), _list_problems(quarter))
    return Section((quarter.trust.sentence, quarter.measures.sentence), "", tables)


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
