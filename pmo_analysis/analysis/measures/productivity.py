"""Higher productivity: standard hours delivered per hour worked, against a base quarter."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure, measured_rows
from pmo_analysis.analysis.measures.facts import Facts


def _standard_against_worked(facts: Facts) -> pd.DataFrame:
    """Cancelled work has hours and no output; work without standard or hours is unmatched."""
    rows = facts.ended
    output = rows["standard_hours"].where(rows["state"] == "delivered", 0.0).where(rows["standard_hours"].notna())
    hours = rows["pmo_hours"].where(rows["pmo_hours"] > 0)
    return measured_rows(
        rows,
        rows["ended_quarter"],
        "engagement_id",
        output,
        hours,
        whole_weight=rows["pmo_hours"].fillna(rows["standard_hours"]).fillna(0.0),
    )


PRODUCTIVITY = (
    Measure(
        "productivity_ratio",
        "productivity",
        "Output per hour against the base quarter",
        "[Σ standard hours of deliveries / Σ lifetime hours of engagements delivered or cancelled] in the quarter / the same in "
        "the base quarter (four earlier, else the first with hours); standards frozen at the base quarter",
        "ratio",
        "higher",
        "effort",
        ("effort", "offerings", "engagements.size_quoted"),
        _standard_against_worked,
        "ratio",
        "against_base",
    ),
)
