"""How good the forecast would have been for the last quarter, beside simpler ways of guessing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pmo_analysis.analysis.targets.forecast import Forecast, buys_again, forecast_requests, popularity
from pmo_analysis.analysis.targets.kinds import recurring_services
from pmo_analysis.analysis.targets.knowledge import Knowledge
from pmo_analysis.analysis.targets.trials import Flags, Numbers, Trials

COLUMNS = [
    "method",
    "ndcg",
    "recall",
    "calibration",
    "calibration_recurring",
    "calibration_one_off",
    "log_loss",
    "customers_count",
    "requests_count",
]


def judge_holdout(
    trials: Trials, know: Callable[[Trials], Knowledge], *, k: int
) -> tuple[pd.DataFrame, Forecast | None]:
    """Each method told the quarters but the last, judged on the last: one row per method.

    ndcg and recall at k over customers that asked for something; calibration = predicted / actual requests, in
    all and for recurring and one-off services; log_loss per customer and service. Customers active at the end
    of the quarter before count, leavers as asking for nothing. Empty with fewer than three quarters.
    """
    if len(trials.quarters) < 3:
        return pd.DataFrame(columns=COLUMNS), None
    before = trials.until(len(trials.quarters) - 1)
    known = know(before)
    forecast = forecast_requests(before, known, rounds=20)
    on, at = trials.offered[:, -1], (before.there[:, -1] > 0) & ~before.gone
    actual = trials.asked[:, :, -1][np.ix_(at, on)]
    recurring = recurring_services(forecast.model.gap)[on] if forecast.model else np.zeros(on.sum(), bool)
    methods = {
        "model": forecast.chance,
        "popularity": popularity(before),
        "segment popularity": popularity(before, known.label),
        "buys again": buys_again(before),
    }
    rows = [
        {"method": name, **_scores(chance[np.ix_(at, on)], actual, recurring, k)} for name, chance in methods.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS), forecast


def _scores(chance: Numbers, actual: Flags, recurring: Flags, k: int) -> dict[str, float]:
    safe = np.clip(chance, 1e-6, 1 - 1e-6)
    loss = -np.where(actual, np.log(safe), np.log1p(-safe)).mean() if actual.size else np.nan
    return {
        **ranking_scores(chance, actual, k),
        "calibration": _over(chance, actual),
        "calibration_recurring": _over(chance[:, recurring], actual[:, recurring]),
        "calibration_one_off": _over(chance[:, ~recurring], actual[:, ~recurring]),
        "log_loss": float(loss),
        "customers_count": len(actual),
        "requests_count": int(actual.sum()),
    }


def ranking_scores(chance: Numbers, actual: Flags, k: int) -> dict[str, float]:
    """NDCG and recall at k, averaged over the customers that asked for anything."""
    asking = actual.any(axis=1)
    if not asking.any():
        return {"ndcg": np.nan, "recall": np.nan}
    top = np.argsort(-chance[asking], axis=1, kind="stable")[:, :k]
    hit = np.take_along_axis(actual[asking], top, axis=1)
    worth = 1 / np.log2(np.arange(2, top.shape[1] + 2))
    count = np.minimum(actual[asking].sum(1), top.shape[1])
    best = np.cumsum(worth)[count - 1]
    return {"ndcg": float((hit @ worth / best).mean()), "recall": float((hit.sum(1) / actual[asking].sum(1)).mean())}


def _over(chance: Numbers, actual: Flags) -> float:
    return float(chance.sum() / actual.sum()) if actual.sum() else float("nan")
