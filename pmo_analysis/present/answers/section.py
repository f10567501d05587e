"""What every section of the report says, in the same order: the finding, its basis, tables, limits, the decision."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.present.formats import day
from pmo_analysis.present.notes import read_notes
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

# The section in which a kind of advice is the decision that follows.
ADVICE = {
    "lateness": 2, "measure": 3, "process": 5, "senior": 6, "offer": 7, "size": 8, "standard": 8, "load": 9, "stop": 10,
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """The finding in plain sentences, what it was counted on, tables that are already HTML, and whose measures."""

    finding: tuple[str, ...]
    counted: str = ""
    tables: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()


def show_section(quarter: Quarter, number: int, section: Section) -> Html:
    """The short answer: finding, period and basis, the decision that follows, what cannot be told and why."""
    finding = [s for s in section.finding if s] or ["There is nothing in the tables to answer this question."]
    basis = f"Period: {tell_period(quarter)}." + (f" {section.counted}" if section.counted else "")
    return Html(render(
        "answer.html.j2", finding=finding, basis=basis, untold=list_untold(quarter, number),
        decisions=_decisions(quarter, number),
    ))  # fmt: skip


def show_tables(quarter: Quarter, section: Section) -> Html:
    """The figures behind a section's answer, and how each of them is counted."""
    tables = [t for t in section.tables if t]
    return Html(render("tables.html.j2", tables=tables, notes=read_notes(quarter, section.measures),
                       defined=_define(quarter, section.measures)))  # fmt: skip


def _define(quarter: Quarter, measures: tuple[str, ...]) -> list[dict[str, str]]:
    """The formulas of measures that the quarter defines, in their order, and whether more of it is better."""
    known = quarter.measures.definitions.drop_duplicates("measure").set_index("measure")
    better = {"higher": "more is better", "lower": "less is better"}
    return [
        {"title": row["title"], "formula": row["formula"], "better": better.get(row["better"], "")}
        for row in known.reindex([m for m in dict.fromkeys(measures) if m in known.index]).to_dict("records")
    ]


def tell_period(quarter: Quarter) -> str:
    """The quarter with its first and last day."""
    month = quarter.settings["fiscal_year_end_month"]
    first, last = quarter_start(quarter.quarter, month), quarter_end(quarter.quarter, month)
    return f"{quarter.quarter}, {day(pd.Timestamp(first))} to {day(pd.Timestamp(last))}"


def list_untold(quarter: Quarter, number: int) -> list[str]:
    """What a question leaves unanswered, and the table or column that would answer it."""
    rows = quarter.unanswered[quarter.unanswered["question"] == number]
    return list(dict.fromkeys(rows["sentence"].astype("str")))


def _decisions(quarter: Quarter, number: int) -> list[dict[str, str]]:
    rows = quarter.advice.considered
    rows = rows[rows["kind"].map(ADVICE) == number]
    return [{"decision": _closed(str(r["decision"])), "rest": _in_short(r)} for r in rows.to_dict("records")]


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _in_short(row: dict[str, object]) -> str:
    chosen = " One of the decisions on page 1." if pd.notna(row["rank"]) else ""
    return (f"Waiting costs {row['waiting_costs']}. {row['decider']} decides by {day(row['due_on'])}."
            f" It would be another answer if {row['would_change_if']}.{chosen}")  # fmt: skip
