"""Better execution: what became of finished projects, and the earned value of running ones."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure, measured_rows, yes_no
from pmo_analysis.analysis.measures.facts import Facts


def _finished(facts: Facts) -> pd.DataFrame:
    projects = facts.projects
    return projects[(projects["status"] == "closed") & projects["finished_quarter"].notna()]


def _on_time(facts: Facts) -> pd.DataFrame:
    rows = _finished(facts)
    kept = yes_no(rows["actual_finish_on"] <= rows["planned_finish_on"], rows["planned_finish_on"])
    return measured_rows(rows, rows["finished_quarter"], "project_id", kept)


def _on_budget(facts: Facts) -> pd.DataFrame:
    rows = _finished(facts)
    kept = yes_no(rows["actual_cost"] <= rows["planned_cost"], rows["planned_cost"], rows["actual_cost"])
    return measured_rows(rows, rows["finished_quarter"], "project_id", kept)


def _overrun(facts: Facts) -> pd.DataFrame:
    rows = _finished(facts)
    return measured_rows(rows, rows["finished_quarter"], "project_id", _overrun_share(rows))


def _severe(facts: Facts) -> pd.DataFrame:
    rows = _finished(facts)
    over = _overrun_share(rows)
    return measured_rows(rows, rows["finished_quarter"], "project_id", yes_no(over > 0.5, over))


def _overrun_share(rows: pd.DataFrame) -> pd.Series:
    return rows["actual_cost"] / rows["planned_cost"].where(rows["planned_cost"] > 0) - 1


def _in_hand(facts: Facts) -> pd.DataFrame:
    """Projects running at the quarter's end or finished in it."""
    projects = facts.projects
    running = (projects["status"] == "running") | projects["status"].isna()
    return projects[running | (projects["finished_quarter"] == facts.quarter)]


def _cost_performance(facts: Facts) -> pd.DataFrame:
    rows = _in_hand(facts)
    return measured_rows(rows, facts.quarter, "project_id", rows["earned_value_cost"], rows["actual_cost"])


def _schedule_performance(facts: Facts) -> pd.DataFrame:
    rows = _in_hand(facts)
    return measured_rows(rows, facts.quarter, "project_id", rows["earned_value_cost"], rows["planned_value_cost"])


_FINISH = ("projects", "projects.actual_finish_on")

EXECUTION = (
    Measure(
        "on_time_share",
        "execution",
        "Projects finished on time",
        "projects finished on or before the approved day / projects finished in the quarter",
        "share",
        "higher",
        "projects",
        (*_FINISH, "projects.planned_finish_on"),
        _on_time,
        "share",
    ),
    Measure(
        "on_budget_share",
        "execution",
        "Projects finished on budget",
        "projects whose actual cost is at most the approved cost / projects finished in the quarter",
        "share",
        "higher",
        "projects",
        (*_FINISH, "projects.planned_cost", "projects.actual_cost"),
        _on_budget,
        "share",
    ),
    Measure(
        "severe_overrun_share",
        "execution",
        "Projects that cost over half more than approved",
        "projects with actual / approved cost − 1 above 50 % / projects finished in the quarter",
        "share",
        "lower",
        "projects",
        (*_FINISH, "projects.planned_cost", "projects.actual_cost"),
        _severe,
        "share",
    ),
    Measure(
        "overrun_median_share",
        "execution",
        "Cost overrun, the middle project",
        "median of actual / approved cost − 1 over projects finished in the quarter (their mean is not finite)",
        "share",
        "lower",
        "projects",
        (*_FINISH, "projects.planned_cost", "projects.actual_cost"),
        _overrun,
        "median",
    ),
    Measure(
        "overrun_p80_share",
        "execution",
        "Cost overrun that one project in five exceeds",
        "80th percentile of actual / approved cost − 1 over projects finished in the quarter",
        "share",
        "lower",
        "projects",
        (*_FINISH, "projects.planned_cost", "projects.actual_cost"),
        _overrun,
        "p80",
    ),
    Measure(
        "cost_performance",
        "execution",
        "Cost performance (CPI)",
        "Σ earned value / Σ actual cost over projects running at the quarter's end or finished in it, as last known",
        "ratio",
        "higher",
        "projects",
        ("projects", "projects.earned_value_cost", "projects.actual_cost"),
        _cost_performance,
        "ratio",
        "stock",
    ),
    Measure(
        "schedule_performance",
        "execution",
        "Schedule performance (SPI)",
        "Σ earned value / Σ planned value over projects running at the quarter's end or finished in it, as last known",
        "ratio",
        "higher",
        "projects",
        ("projects", "projects.earned_value_cost", "projects.planned_value_cost"),
        _schedule_performance,
        "ratio",
        "stock",
    ),
)
