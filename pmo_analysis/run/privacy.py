"""The audit of what a report would reveal, with the report before taken into account as publishing would."""

from __future__ import annotations

from pathlib import Path

from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import read_previous
from pmo_analysis.intake.reach import choose_quarter
from pmo_analysis.quarter import run_quarter
from pmo_analysis.quarter.privacy import Privacy, review_privacy
from pmo_analysis.run.publish import find_previous


def audit_privacy(source: str | Path, quarter: str | None = None, *, shelf: Path = Path("reports")) -> Privacy:
    """What a report of a source and a quarter would reveal of people; the report before is looked for on the shelf."""
    data = load(source)
    chosen = choose_quarter(data, quarter)
    before = find_previous(shelf, data, chosen)
    return review_privacy(run_quarter(data, chosen, previous=read_previous(before) if before else None))
