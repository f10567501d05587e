"""A note on a figure, checked against the figures that a report has."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pmo_analysis.analysis.headline.figures import TOPICS
from pmo_analysis.analysis.measures import MEASURES
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.intake.annotations import write_note

FIGURES = ("cost_to_serve", "unit_cost", *TOPICS, *(measure.name for measure in MEASURES))


def add_note(
    source: str | Path, figure: str, text: str, *, on: date, quarter: str = "", role: str = "", reason: str = ""
) -> tuple[Path, str]:
    """Keep a note beside the data; says where and under which id. InputError for a figure that no report has."""
    if figure not in FIGURES:
        raise InputError(f"There is no figure {figure!r}. {nearest(figure, FIGURES)}").as_wrong_use()
    return write_note(source, figure, text, on=on, quarter=quarter, role=role, reason=reason)
