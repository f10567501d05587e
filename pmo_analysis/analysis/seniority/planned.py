"""The effect of the senior share planned at intake on the outcomes of a dataset's deliveries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pmo_analysis.analysis.seniority.effect import SeniorEffect, senior_effect
from pmo_analysis.analysis.seniority.hours import first_day
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

CONFOUNDERS = ["complexity", "planned_log_hours", "service_id", "size_quoted", "tier", "bespoke", "stage", "segment"]
# Deliveries with an outcome on which the effect is told; of more, those of evenly drawn customers.
MOST_DELIVERIES = 60_000
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
    """The effect of ten points more planned senior share; in money where a point of outcome has a worth.

    Of more than MOST_DELIVERIES with an outcome only those of evenly drawn customers are used, and it is said.
    """
    point = float(settings["outcome_point_benefit"])
    valued = point > 0 and np.isfinite(cost)
    drawn = draw_customers(rows, MOST_DELIVERIES)
    effect = senior_effect(
        drawn,
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
    return effect if len(drawn) == len(rows) else _tell_drawn(effect, drawn, rows)


def draw_customers(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """The deliveries of whole customers, so many that about `most` have an outcome; all where there are no more.

    Every k-th customer in the order of what its deliveries are: neither chance nor names decide.
    """
    scored = rows[rows["outcome_score"].notna() & rows["customer_id"].notna()]
    if len(scored) <= most:
        return rows
    sums = scored.groupby("customer_id")[["outcome_score", "planned_hours"]].agg(["size", "sum"]).round(6)
    order = sums.iloc[np.lexsort([sums.index, *sums.to_numpy().T])].index
    return rows[rows["customer_id"].isin(order[:: -(-len(scored) // most)])]


def _tell_drawn(effect: SeniorEffect, drawn: pd.DataFrame, rows: pd.DataFrame) -> SeniorEffect:
    """The effect with what was not looked at, as a reason and in the sentence."""
    used, there = drawn["customer_id"].nunique(), rows["customer_id"].nunique()
    left = pd.DataFrame({"reason": ["customer not drawn"], "rows_count": [len(rows) - len(drawn)]})
    return replace(
        effect,
        left_out=pd.concat([effect.left_out, left], ignore_index=True),
        sentence=f"{effect.sentence} Told from {effect.n:,} deliveries of {used:,} evenly drawn customers out of {there:,}.",
    )
