"""Who asked for which service when, and how it was received: what forecasts of requests learn from."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.quarters import quarter_of, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset, require_dataset

_HISTORY_QUARTERS = 16
_HISTORY_COLUMNS = (
    "engagement_id",
    "customer_id",
    "service_id",
    "requested_on",
    "started_on",
    "stage",
    "state",
    "outcome_score",
    "charged_cost",
)


def request_history(data: Dataset, quarter: str, settings: Settings | None = None) -> pd.DataFrame:
    """Who asked for which service in which quarter (up to sixteen back), and how it was received.

    customer_id, service_id, quarter (of the request), stage, engagement_count, refused_count, satisfaction_score
    (0–100 of csat), value_score (mean outcome_score), unit_cost (charged per request); only rows with activity.
    """
    require_dataset(data)
    settings = settings or data.settings
    month = settings["fiscal_year_end_month"]
    known = data if data.known_at == quarter else data.as_of(quarter, month)
    rows = known.frame("engagements", _HISTORY_COLUMNS)
    asked = rows["requested_on"].fillna(rows["started_on"])
    first = pd.Timestamp(quarter_start(shift_quarter(quarter, 1 - _HISTORY_QUARTERS), month))
    rows = rows.assign(asked_on=asked)[asked >= first]
    rows["quarter"] = (
        rows["asked_on"].map({d: quarter_of(d.date(), month) for d in rows["asked_on"].unique()}).astype("str")
    )
    rows["refused"] = rows["state"] == "refused"
    rows["satisfaction_score"] = rows["engagement_id"].map(_satisfaction(known))
    grouped = rows.groupby(["customer_id", "service_id", "quarter", "stage"], dropna=False, sort=True)
    return grouped.agg(
        engagement_count=("engagement_id", "size"),
        refused_count=("refused", "sum"),
        satisfaction_score=("satisfaction_score", "mean"),
        value_score=("outcome_score", "mean"),
        unit_cost=("charged_cost", "mean"),
    ).reset_index()


def _satisfaction(data: Dataset) -> pd.Series:
    answers = data.frame("survey", ["engagement_id", "question", "score"])
    answers = answers[(answers["question"] == "csat") & answers["engagement_id"].notna()]
    return (100 * (answers["score"] - 1) / 4).groupby(answers["engagement_id"]).mean()
