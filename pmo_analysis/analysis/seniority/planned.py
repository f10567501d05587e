"""The effect of the senior share planned at intake on the outcomes of a dataset's deliveries."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.seniority.effect import SeniorEffect, senior_effect
from pmo_analysis.analysis.seniority.hours import first_day
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

CONFOUNDERS = ["complexity", "planned_log_hours", "service_id", "size_quoted", "tier", "bespoke", "stage", "segment"]
_COLUMNS = [
    "engagement_id",
    "customer_id",
    "delivered_on",
    "outcome_score",
    "planned_hours",
    "planned_senior_hours",
    "complexity",
    "service_id",
    "size_quoted",
    "tier",
    "bespoke",
    "stage",
]


def planned_rows(data: Dataset, quarter: str, groups: pd.DataFrame, settings: Settings) -> pd.DataFrame | None:
    """Deliveries of the run chart's quarters with planned_senior_share and CONFOUNDERS; None where no outcome is recorded."""
    if not data.has("engagements", "outcome_score", "planned_hours", "planned_senior_hours"):
        return None
    rows = data.frame("engagements", _COLUMNS)
    since = first_day(quarter, settings["run_chart_quarters"], settings)
    rows = rows[(rows["delivered_on"] >= since) & (rows["planned_hours"] > 0)]
    share = (rows["planned_senior_hours"] / rows["planned_hours"]).clip(upper=1.0)
    return rows.merge(groups, how="left", on="customer_id").assign(
        planned_senior_share=share.to_numpy(),
        planned_log_hours=np.log(rows["planned_hours"].to_numpy(float)),
        bespoke=rows["bespoke"].astype("str").to_numpy(),
    )


def planned_effect(rows: pd.DataFrame, cost: float, settings: Settings) -> SeniorEffect:
    """The effect of ten points more planned senior share; in money where a point of outcome has a worth."""
    point = float(settings["outcome_point_benefit"])
    valued = point > 0 and np.isfinite(cost)
    return senior_effect(
        rows,
        outcome="outcome_score",
        treatment="planned_senior_share",
        confounders=[c for c in CONFOUNDERS if rows[c].notna().any()],
        cluster="customer_id",
        outcome_value=point if valued else None,
        treatment_cost=cost if valued else 0.0,
        modifier="complexity",
        level=settings["interval_level"],
        seed=settings["seed"],
    )
