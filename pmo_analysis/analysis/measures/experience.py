"""The customer's experience: answers, waiting, promises, and what it asks of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.definition import SHARED_KINDS, Measure, measured_rows, yes_no
from pmo_analysis.analysis.measures.facts import Facts, quarters_of
from pmo_analysis.contract.calendar import working_days


def _answers(question: str) -> Callable[[Facts], pd.DataFrame]:
    """Answers to one question; invitations are rows without an answer, so that the response is told."""

    def rows(facts: Facts) -> pd.DataFrame:
        survey = facts.survey
        survey = survey[survey["question"] == question]
        service = survey["engagement_id"].map(facts.engagements.set_index("engagement_id")["service_id"])
        quarter = quarters_of(survey["answered_on"], facts.fiscal_year_end_month)
        score = survey["score"] if question != "nps" else _points(survey["score"])
        told = measured_rows(
            survey.assign(service_id=service), quarter, "response_id", score, seen_weight=1.0, whole_weight=0.0
        )
        return pd.concat([told, _invitations(facts, question)], ignore_index=True)

    return rows


def _points(score: pd.Series) -> pd.Series:
    """+100 for promoters (9–10), −100 for detractors (0–6), 0 between."""
    return pd.Series(np.select([score >= 9, score <= 6], [100.0, -100.0], 0.0), index=score.index).where(score.notna())


def _invitations(facts: Facts, question: str) -> pd.DataFrame:
    asked = facts.invitations
    asked = asked[asked["question"] == question]
    return measured_rows(
        asked, asked["quarter"], "customer_id", np.nan, seen_weight=0.0, whole_weight=asked["invited_count"].fillna(0.0)
    )


def _asked(facts: Facts) -> pd.DataFrame:
    """Requests, without those cancelled or refused."""
    rows = facts.engagements
    return rows[rows["asked_quarter"].notna() & ~rows["state"].isin(["cancelled", "refused"])]


def _delivered(facts: Facts) -> pd.DataFrame:
    rows = facts.engagements
    return rows[rows["delivered_quarter"].notna() & (rows["state"] == "delivered")]


def _waiting(facts: Facts) -> pd.DataFrame:
    rows = _asked(facts)
    # State `delivered` without a day tells nothing about the wait.
    rows = rows[rows["requested_on"].notna() & (rows["delivered_on"].notna() | (rows["state"] == "open"))]
    today = facts.ends([facts.quarter]).iloc[0]
    days = working_days(rows["requested_on"], rows["delivered_on"].fillna(today), facts.settings)
    return measured_rows(rows, rows["asked_quarter"], "engagement_id", days, rows["delivered_on"].notna())


def _lead_time_ratio(facts: Facts) -> pd.DataFrame:
    rows = _delivered(facts)
    days = working_days(rows["requested_on"], rows["delivered_on"], facts.settings)
    return measured_rows(rows, rows["delivered_quarter"], "engagement_id", days, rows["lead_time_target_days"])


def _promised(facts: Facts) -> pd.DataFrame:
    rows = facts.engagements
    return rows[rows["promised_quarter"].notna() & ~rows["state"].isin(["cancelled", "refused"])]


def _promises(facts: Facts) -> pd.DataFrame:
    rows = _promised(facts)
    unknown = (rows["state"] == "delivered") & rows["delivered_on"].isna()
    kept = (rows["delivered_on"] <= rows["promised_on"]).astype("float64").mask(unknown)
    return measured_rows(rows, rows["promised_quarter"], "engagement_id", kept)


def _consistent(facts: Facts) -> pd.DataFrame:
    """One row per customer and quarter: were all its promises of that quarter kept?"""
    rows = _promises(facts).groupby(["quarter", "customer_id"])["numerator"].min().reset_index()
    return measured_rows(rows, rows["quarter"], "customer_id", yes_no(rows["numerator"] == 1, rows["numerator"]))


def _first_time_right(facts: Facts) -> pd.DataFrame:
    rows = _delivered(facts)
    right = 1 - yes_no(rows["reworked"], rows["reworked"])
    return measured_rows(rows, rows["delivered_quarter"], "engagement_id", right)


def _count_of(column: str) -> Callable[[Facts], pd.DataFrame]:
    def rows(facts: Facts) -> pd.DataFrame:
        delivered = _delivered(facts)
        return measured_rows(delivered, delivered["delivered_quarter"], "engagement_id", delivered[column])

    return rows


def _own_hours(facts: Facts) -> pd.DataFrame:
    """The customer's own hours; deliveries with hours of ours and none of theirs took them none."""
    rows = _delivered(facts).join(facts.spent, on="engagement_id")
    hours = rows["own_hours"].fillna(0.0).where(rows["pmo_hours"].notna() | rows["own_hours"].notna())
    return measured_rows(rows, rows["delivered_quarter"], "engagement_id", hours)


_ENGAGED = ("engagements", "engagements.delivered_on")
_WAIT = ("engagements", "engagements.requested_on", "engagements.delivered_on")
_PROMISE = ("engagements", "engagements.promised_on", "engagements.delivered_on")

EXPERIENCE = (
    Measure(
        "nps_points",
        "experience",
        "Net promoter score",
        "100 × (answers 9–10 − answers 0–6) / answers in the quarter",
        "points",
        "higher",
        "survey",
        ("survey",),
        _answers("nps"),
        "promoters",
    ),
    Measure(
        "csat_level",
        "experience",
        "Satisfaction, 1 to 5",
        "mean answer in the quarter",
        "level",
        "higher",
        "survey",
        ("survey",),
        _answers("csat"),
        "mean",
    ),
    Measure(
        "ces_level",
        "experience",
        "Ease, 1 to 7",
        "mean answer in the quarter",
        "level",
        "higher",
        "survey",
        ("survey",),
        _answers("ces"),
        "mean",
    ),
    Measure(
        "worth_level",
        "experience",
        "Worth what it costs us, 1 to 5",
        "mean answer in the quarter",
        "level",
        "higher",
        "survey",
        ("survey",),
        _answers("worth"),
        "mean",
    ),
    Measure(
        "lead_time_days",
        "experience",
        "Working days from request to delivery, the middle one",
        "median over requests made in the quarter, open ones counted as lasting at least until today (Kaplan–Meier)",
        "days",
        "lower",
        "engagements",
        _WAIT,
        _waiting,
        "waiting",
    ),
    Measure(
        "lead_time_p85_days",
        "experience",
        "Working days within which 85 of 100 requests are delivered",
        "85th percentile over requests made in the quarter, open ones counted as lasting at least until today",
        "days",
        "lower",
        "engagements",
        _WAIT,
        _waiting,
        "waiting_p85",
    ),
    Measure(
        "lead_time_ratio",
        "experience",
        "Lead time against its target",
        "Σ working days from request to delivery / Σ target days over deliveries of the quarter",
        "ratio",
        "lower",
        "engagements",
        (*_WAIT, "services.lead_time_target_days"),
        _lead_time_ratio,
        "ratio",
    ),
    Measure(
        "promises_kept_share",
        "experience",
        "Promises kept",
        "delivered on or before the promised day / all promised for the quarter (late and still open ones included)",
        "share",
        "higher",
        "engagements",
        _PROMISE,
        _promises,
        "share",
    ),
    Measure(
        "consistency_share",
        "experience",
        "Customers with every promise kept",
        "customers whose promises for the quarter were all kept / customers with a promise for the quarter",
        "share",
        "higher",
        "engagements",
        _PROMISE,
        _consistent,
        "share",
        kinds=SHARED_KINDS,
    ),
    Measure(
        "first_time_right_share",
        "experience",
        "Right the first time",
        "deliveries that were not reworked / deliveries of the quarter",
        "share",
        "higher",
        "engagements",
        (*_ENGAGED, "engagements.reworked"),
        _first_time_right,
        "share",
    ),
    Measure(
        "touchpoint_count",
        "experience",
        "Times a customer is contacted per delivery",
        "Σ contacts / deliveries of the quarter",
        "count",
        "lower",
        "engagements",
        (*_ENGAGED, "engagements.touchpoint_count"),
        _count_of("touchpoint_count"),
        "ratio",
    ),
    Measure(
        "own_hours",
        "experience",
        "The customer's own hours per delivery",
        "Σ customer's hours over the life of engagements delivered in the quarter / those engagements",
        "hours",
        "lower",
        "effort",
        (*_ENGAGED, "effort"),
        _own_hours,
        "ratio",
    ),
    Measure(
        "approval_count",
        "process",
        "Approvals per delivery",
        "Σ approvals / deliveries of the quarter",
        "count",
        "lower",
        "engagements",
        (*_ENGAGED, "engagements.approval_count"),
        _count_of("approval_count"),
        "ratio",
    ),
    Measure(
        "document_count",
        "process",
        "Documents per delivery",
        "Σ documents / deliveries of the quarter",
        "count",
        "lower",
        "engagements",
        (*_ENGAGED, "engagements.document_count"),
        _count_of("document_count"),
        "ratio",
    ),
)
