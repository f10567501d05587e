"""Do not sell process: the share of hours and money that is process rather than delivery."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure, measured_rows
from pmo_analysis.analysis.measures.facts import Facts


def _pmo_work(facts: Facts, unit: str) -> pd.DataFrame:
    """The PMO's hours or money by engagement and quarter, with the parts that are process and mandated process."""
    quarters = [rows for _, rows in facts.work.groupby("quarter", observed=True)] or [facts.work]
    return pd.concat([_split(rows, unit) for rows in quarters], ignore_index=True)


def _split(rows: pd.DataFrame, unit: str) -> pd.DataFrame:
    rows = rows[rows[["process_hours", "delivery_hours", "unsaid_hours"]].notna().any(axis=1)]
    process, delivery, unsaid = (rows[f"{said}_{unit}"] for said in ("process", "delivery", "unsaid"))
    kind = rows["process"].astype("Float64").astype("float64")
    mandated = rows["mandated"].fillna(False).astype("float64")
    known = pd.concat([process, delivery, unsaid.where(kind.notna())], axis=1).sum(axis=1, min_count=1)
    process_part = process.fillna(0.0) + (unsaid * kind).fillna(0.0)
    return rows[["quarter", "customer_id", "service_id", "engagement_id"]].assign(
        known=known,
        process_part=process_part.where(known.notna()),
        mandated_part=(process_part * mandated).where(known.notna()),
        amount=pd.concat([process, delivery, unsaid], axis=1).sum(axis=1, min_count=1),
    )


def _share_of(part: str, unit: str) -> Callable[[Facts], pd.DataFrame]:
    def rows(facts: Facts) -> pd.DataFrame:
        work = _pmo_work(facts, unit)
        return measured_rows(
            work,
            work["quarter"],
            "engagement_id",
            work[part],
            work["known"],
            seen_weight=work["known"].fillna(0.0),
            whole_weight=work["amount"].fillna(0.0),
        )

    return rows


def _overhead(facts: Facts) -> pd.DataFrame:
    """Finished projects: what the PMO's engagements for them cost over their life, beside what they cost."""
    projects = facts.projects[(facts.projects["status"] == "closed") & facts.projects["finished_quarter"].notna()]
    work = facts.engagements[["engagement_id", "project_id"]].join(facts.spent, on="engagement_id", how="inner")
    work = work[work["project_id"].notna()]
    cost = work.groupby("project_id")["pmo_cost"].sum(min_count=1)
    unpriced = work["pmo_cost"].isna().groupby(work["project_id"]).any()
    own = work.groupby("project_id")["own_process_hours"].sum() * facts.settings["customer_hourly_cost"]
    whole = (cost + own.fillna(0.0)).where(~unpriced.reindex(cost.index, fill_value=False))
    above = projects["project_id"].map(whole)
    # A finished project that no engagement names took nothing of the PMO, if engagements name projects at all.
    above = above.where(projects["project_id"].isin(work["project_id"].unique()), 0.0 if len(work) else np.nan)
    return measured_rows(
        projects,
        projects["finished_quarter"],
        "project_id",
        above,
        projects["actual_cost"].where(projects["actual_cost"] > 0),
    )


_KIND = ("effort", "services.process|effort.activity")
_PRICE = "roles.hourly_cost|capacity.capacity_cost"

PROCESS = (
    Measure(
        "process_hours_share",
        "process",
        "PMO hours that are process",
        "Σ hours of process / Σ hours of process and delivery worked in the quarter",
        "share",
        "lower",
        "effort",
        _KIND,
        _share_of("process_part", "hours"),
        "ratio",
        part_of_whole=True,
    ),
    Measure(
        "process_cost_share",
        "process",
        "PMO money that is process",
        "Σ cost of process / Σ cost of process and delivery worked in the quarter",
        "share",
        "lower",
        "effort",
        (*_KIND, _PRICE),
        _share_of("process_part", "cost"),
        "ratio",
        part_of_whole=True,
    ),
    Measure(
        "mandated_process_hours_share",
        "process",
        "PMO hours that are process required by law or policy",
        "Σ hours of mandated process / Σ hours of process and delivery worked in the quarter",
        "share",
        "none",
        "effort",
        (*_KIND, "services.mandated"),
        _share_of("mandated_part", "hours"),
        "ratio",
        part_of_whole=True,
    ),
    Measure(
        "project_overhead_share",
        "lower_cost",
        "PMO cost over the cost of finished projects",
        "(PMO cost over the life of a project's engagements + customer's process hours × customer rate) / Σ actual cost "
        "of projects finished in the quarter",
        "share",
        "lower",
        "projects",
        ("projects", "projects.actual_cost", "engagements.project_id", "effort", _PRICE),
        _overhead,
        "ratio",
    ),
)
