"""The start page: what data there is, what it answers, and the reports that were made of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pandas as pd

from pmo_analysis.contract.questions import QUESTIONS
from pmo_analysis.intake.answers import list_unanswered, most_useful_addition
from pmo_analysis.intake.check import check
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.reach import choose_quarter, list_quarters
from pmo_analysis.present import formats
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render, stylesheet

_SEVERITIES = {"stops": "stopping a report", "harms": "harming some answers", "note": "to be noted"}


def data(source: Dataset) -> Html:
    """Whose data it is, which quarters it reaches, how many rows each table has, and whether it can be trusted."""
    quarters = list_quarters(source)
    problems = check(source)
    counts = problems["severity"].value_counts()
    parts = [f"{counts[s]} {word}" for s, word in _SEVERITIES.items() if s in counts]
    kinds = "1 kind of problem" if len(problems) == 1 else f"{len(problems)} kinds of problem"
    told = f"{kinds}: {', '.join(parts)}." if parts else "No problem was found."
    sentence = (
        f"{source.name}: {len(quarters)} quarters, {quarters[0]} to {quarters[-1]}; "
        f"{choose_quarter(source)} is the last complete one. {told}"
    )
    rows = pd.DataFrame({"Table": list(source.tables), "Rows": [source.rows(t) for t in source.tables]})
    return _page(sentence, formats.table(rows, caption="Tables", most=20))


def problems(source: Dataset) -> pd.DataFrame:
    """Every problem of the data with its rows and remedy, what stops a report first."""
    return check(source)


def answered(source: Dataset) -> Html:
    """Each question of the report, and what of it cannot be told for want of which table or column."""
    missing = list_unanswered(source)
    told = [missing.loc[missing["question"] == q.number, "sentence"].tolist() for q in QUESTIONS]
    whole = sum(not t for t in told)
    addition, answers = most_useful_addition(source)
    advice = f" Adding {addition} would answer most: {answers}." if addition else ""
    rows = pd.DataFrame({
        "Question": [f"{q.number}. {q.title}" for q in QUESTIONS],
        "Answered": ["wholly" if not t else " ".join(t) for t in told],
    })  # fmt: skip
    sentence = f"{whole} of {len(QUESTIONS)} questions can be answered wholly.{advice}"
    return _page(sentence, formats.table(rows, caption="The report's questions", most=len(QUESTIONS)))


def reports(published: pd.DataFrame, *, up: str = "..") -> Html:
    """Links to the published reports, the newest first; `up` leads from the notebook to the folder of the project."""
    rows = [_link(row, up) for row in published.head(8).to_dict("records")]
    return Html(render("reports.html.j2", style=stylesheet("parts.css"), rows=rows, more=max(len(published) - 8, 0)))


def _link(row: Mapping[str, str], up: str) -> dict[str, str]:
    return {**row, "address": quote(f"{up}/{row['page']}")}


def _page(sentence: str, table: str) -> Html:
    content = render("scenario.html.j2", problem="", sentence=sentence, table=table, notes=())
    return Html(render("styled.html.j2", style=stylesheet("parts.css"), content=content))
