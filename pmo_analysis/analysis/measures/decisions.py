"""Better investment decisions: stopped in time, forecast without bias, worth their cost."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure, measured_rows, yes_no
from pmo_analysis.analysis.measures.facts import Facts, quarters_of


def _unspent(facts: Facts) -> pd.DataFrame:
    rows = facts.projects[facts.projects["status"] == "stopped"]
    left = rows["planned_cost"] - rows["actual_cost"]
    return measured_rows(rows, rows["finished_quarter"], "project_id", left, rows["planned_cost"])


def _forecast_bias(facts: Facts) -> pd.DataFrame:
    rows = facts.projects[facts.projects["status"] == "closed"]
    over = rows["actual_cost"] - rows["planned_cost"]
    return measured_rows(rows, rows["finished_quarter"], "project_id", over, rows["planned_cost"])


def _paid_back(facts: Facts) -> pd.DataFrame:
    """A project is due when its last benefit is; it paid back if what was measured reaches its cost."""
    due = facts.benefits[facts.benefits["due_on"].notna()].sort_values(["project_id", "realised_benefit"])
    grouped = due.assign(blank=due["realised_benefit"].isna()).groupby("project_id")
    rows = grouped.agg(
        due_on=("due_on", "max"),
        realised=("realised_benefit", "sum"),
        blank=("blank", "sum"),
        actual_cost=("actual_cost", "first"),
        customer_id=("customer_id", "first"),
    ).reset_index()
    reached = rows["realised"] >= rows["actual_cost"]
    open_still = (rows["blank"] > 0) & ~reached
    paid = yes_no(reached, rows["actual_cost"]).mask(open_still)
    return measured_rows(rows, quarters_of(rows["due_on"], facts.fiscal_year_end_month), "project_id", paid)


DECISIONS = (
    Measure(
        "unspent_at_stop_share",
        "decisions",
        "Money not yet spent when projects were stopped",
        "1 − Σ actual cost / Σ approved cost over projects stopped in the quarter",
        "share",
        "higher",
        "projects",
        ("projects", "projects.status", "projects.planned_cost", "projects.actual_cost"),
        _unspent,
        "ratio",
    ),
    Measure(
        "forecast_bias_share",
        "decisions",
        "Cost above what was approved",
        "Σ(actual − approved cost) / Σ approved cost over projects closed in the quarter",
        "share",
        "lower",
        "projects",
        ("projects", "projects.planned_cost", "projects.actual_cost"),
        _forecast_bias,
        "ratio",
    ),
    Measure(
        "forecast_bias_without_largest_share",
        "decisions",
        "Cost above what was approved, without the largest",
        "the same without the project whose actual cost differs most from the approved",
        "share",
        "lower",
        "projects",
        ("projects", "projects.planned_cost", "projects.actual_cost"),
        _forecast_bias,
        "ratio",
        "without_largest",
    ),
    Measure(
        "paid_back_share",
        "decisions",
        "Projects that returned at least their cost",
        "projects whose realised benefit reaches their actual cost / projects whose last benefit fell due in the quarter "
        "and is measured; bounds count the unmeasured as none and as all",
        "share",
        "higher",
        "benefits",
        ("benefits", "benefits.realised_benefit", "projects.actual_cost"),
        _paid_back,
        "share",
    ),
)
