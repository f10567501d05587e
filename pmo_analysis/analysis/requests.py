"""Who asked for which service when, and how it was received: what forecasts of requests learn from."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.quarters import quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.served import sum_served

_HISTORY_QUARTERS = 16


def request_history(data: Dataset, quarter: str, settings: Settings | None = None) -> pd.DataFrame:
    """Who asked for which service in which quarter (up to sixteen back), and how it was received.

    customer_id, service_id, quarter (of the request), stage, engagement_count, refused_count, satisfaction_score
    (0–100 of csat), value_score (mean outcome_score), unit_cost (charged per request); only rows with activity.
    """
    require_dataset(data)
    settings = settings or data.settings
    month = settings["fiscal_year_end_month"]
    known = data if data.known_at == quarter else data.as_of(quarter, month)
    rows = sum_served(known, month, quarter_start(shift_quarter(quarter, 1 - _HISTORY_QUARTERS), month))
    names = {n: f"{n // 4 + 1:04d}Q{n % 4 + 1}" for n in rows["number"].unique()}
    history = rows[["customer_id", "service_id"]].assign(
        quarter=rows["number"].map(names).astype("str"),
        stage=rows["stage"],
        engagement_count=rows["engagement_count"],
        refused_count=rows["refused_count"],
        satisfaction_score=rows["answer_score"] / rows["answer_count"],
        value_score=rows["outcome_score"] / rows["outcome_count"],
        unit_cost=rows["charged_cost"] / rows["charged_count"],
    )
    return history.sort_values(["customer_id", "service_id", "quarter", "stage"], ignore_index=True)
