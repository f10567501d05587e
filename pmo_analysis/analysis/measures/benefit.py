"""Greater value: benefits due, measured, realised and confirmed, and those of strategic projects."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures.definition import SHARED_KINDS, Measure, measured_rows, yes_no
from pmo_analysis.analysis.measures.facts import Facts


def _due(facts: Facts) -> pd.DataFrame:
    rows = facts.benefits
    return rows[rows["due_quarter"].notna() & rows["planned_benefit"].notna()]


def _realised(facts: Facts) -> pd.DataFrame:
    return _realised_of(_due(facts))


def _realised_of(rows: pd.DataFrame) -> pd.DataFrame:
    return measured_rows(
        rows,
        rows["due_quarter"],
        "benefit_id",
        rows["realised_benefit"],
        rows["planned_benefit"],
        whole_weight=rows["planned_benefit"],
    )


def _measured(facts: Facts) -> pd.DataFrame:
    rows = _due(facts)
    told = rows["planned_benefit"].where(rows["realised_benefit"].notna(), 0.0)
    return measured_rows(rows, rows["due_quarter"], "benefit_id", told, rows["planned_benefit"])


def _confirmed(facts: Facts) -> pd.DataFrame:
    rows = _due(facts)
    rows = rows[rows["realised_benefit"].notna()]
    told = rows["realised_benefit"].where(rows["confirmed"].fillna(False).astype("bool"), 0.0)
    return measured_rows(rows, rows["due_quarter"], "benefit_id", told, rows["realised_benefit"])


def _strategic(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["strategic"].fillna(False).astype("bool")]


def _strategic_realised(facts: Facts) -> pd.DataFrame:
    return _realised_of(_strategic(_due(facts)))


def _strategic_spend(facts: Facts) -> pd.DataFrame:
    """Projects running at some time in each quarter, by their approved dates and the day they ended."""
    rows = facts.projects[facts.projects["planned_start_on"].notna() & facts.projects["strategic"].notna()]
    rows = rows.merge(pd.DataFrame({"quarter": facts.quarters}), how="cross")
    begins, ends = rows["quarter"].map(facts.starts(facts.quarters)), rows["quarter"].map(facts.ends(facts.quarters))
    rows = rows[(rows["planned_start_on"] <= ends) & ~(rows["actual_finish_on"] < begins)]
    declared = rows["planned_cost"].where(rows["strategic"].astype("bool"), 0.0).where(rows["planned_cost"].notna())
    return measured_rows(rows, rows["quarter"], "project_id", declared, rows["planned_cost"])


def _strategic_on_time(facts: Facts) -> pd.DataFrame:
    rows = _strategic(facts.projects[facts.projects["status"] == "closed"])
    kept = yes_no(rows["actual_finish_on"] <= rows["planned_finish_on"], rows["planned_finish_on"])
    return measured_rows(rows, rows["finished_quarter"], "project_id", kept)


_BENEFIT = ("benefits", "benefits.due_on", "benefits.planned_benefit")

BENEFIT = (
    Measure(
        "benefit_realised_share",
        "benefit",
        "Benefit realised of what was due and measured",
        "Σ realised / Σ planned over benefits due in the quarter that were measured",
        "share",
        "higher",
        "benefits",
        (*_BENEFIT, "benefits.realised_benefit"),
        _realised,
        "ratio",
    ),
    Measure(
        "benefit_measured_share",
        "benefit",
        "Benefit due that anybody measured",
        "Σ planned of measured benefits / Σ planned of all benefits due in the quarter",
        "share",
        "higher",
        "benefits",
        _BENEFIT,
        _measured,
        "ratio",
        part_of_whole=True,
    ),
    Measure(
        "benefit_confirmed_share",
        "benefit",
        "Realised benefit that customers confirmed",
        "Σ realised and confirmed / Σ realised over benefits due in the quarter",
        "share",
        "higher",
        "benefits",
        (*_BENEFIT, "benefits.realised_benefit", "benefits.confirmed"),
        _confirmed,
        "ratio",
        part_of_whole=True,
    ),
    Measure(
        "strategic_spend_share",
        "advantage",
        "Planned spend in strategic projects",
        "Σ approved cost of projects declared strategic / Σ approved cost of projects running in the quarter",
        "share",
        "none",
        "projects",
        ("projects", "projects.strategic", "projects.planned_cost"),
        _strategic_spend,
        "ratio",
        kinds=SHARED_KINDS,
        part_of_whole=True,
    ),
    Measure(
        "strategic_realised_share",
        "advantage",
        "Benefit realised by strategic projects",
        "Σ realised / Σ planned over measured benefits of strategic projects due in the quarter",
        "share",
        "higher",
        "benefits",
        (*_BENEFIT, "benefits.realised_benefit", "projects.strategic"),
        _strategic_realised,
        "ratio",
    ),
    Measure(
        "strategic_on_time_share",
        "advantage",
        "Strategic projects finished on time",
        "strategic projects finished on or before the approved day / strategic projects finished in the quarter",
        "share",
        "higher",
        "projects",
        ("projects", "projects.strategic", "projects.planned_finish_on"),
        _strategic_on_time,
        "share",
    ),
)
