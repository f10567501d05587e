"""Analysts' notes beside the figures they are about, and the values that were corrected."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from pmo_analysis.present.formats import cell, day, table
from pmo_analysis.present.names import names_of
from pmo_analysis.quarter import Quarter


def read_notes(quarter: Quarter, figures: Collection[str]) -> list[dict[str, str]]:
    """The notes on some figures, in the order in which they were written: title, text, who and when."""
    rows, names = quarter.annotations, names_of(quarter)
    rows = rows[rows["figure"].isin(list(figures))]
    return [{"title": _title(r, names.measures), "text": str(r["text"]), "by": _by(r)} for r in rows.to_dict("records")]


def _title(row: dict[str, Any], titles: Any) -> str:
    figure = str(row["figure"])
    return titles.get(figure, figure.replace("_", " ").capitalize())


def _by(row: dict[str, Any]) -> str:
    """`analyst, 3 November 2026: asked by the board`: who wrote it as far as it is known."""
    said = ", ".join(str(part) for part in (row["by"], day(row["on"])) if pd.notna(part) and part)
    return f"{said}; {row['reason']}" if pd.notna(row["reason"]) and row["reason"] else said


def list_notes(quarter: Quarter) -> str:
    """Every note of this report, whatever it is about."""
    rows, names = quarter.annotations, names_of(quarter)
    shown = pd.DataFrame({
        "Figure": [_title(r, names.measures) for r in rows.to_dict("records")],
        "Note": rows["text"].tolist(),
        "Written": [day(d) for d in rows["on"]],
        "By": [cell(b) for b in rows["by"]],
        "Because": [cell(r) for r in rows["reason"]],
    })  # fmt: skip
    return table(shown, caption="Notes by analysts", most=20)


def list_corrections(quarter: Quarter) -> str:
    """Every value that was corrected beside the data, and whether the correction counts."""
    rows = quarter.corrections
    shown = pd.DataFrame({
        "Table": rows["table"].tolist(),
        "Row": [cell(k) for k in rows["key"]],
        "Column": [cell(c) for c in rows["column"]],
        "Was": [cell(v) for v in rows["was"]],
        "Is now": [cell(v) for v in rows["becomes"]],
        "From": [day(d) for d in rows["on"]],
        "Because": [cell(r) for r in rows["reason"]],
        "State": [cell(s) for s in rows["state"]],
    })  # fmt: skip
    return table(shown, caption="Values corrected beside the data; the source stays as it is", most=20)
