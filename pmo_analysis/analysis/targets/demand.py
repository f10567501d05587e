"""What will be asked next quarter, by service and segment, and the hours it needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special, stats

from pmo_analysis.contract.quarters import quarters_between, shift_quarter

DEMAND = ["service_id", "segment", "expected_count", "low", "high", "n"]
LOAD = ["role", "expected_hours", "low", "high", "practical_hours", "utilisation_share"]


# How fast a quarter is forgotten: 0 weighs all quarters alike, .8 looks at little but the last.
_FORGETTING = (0.0, 0.2, 0.4, 0.6, 0.8)
_LEAST_QUARTERS = 3


def expect_demand(
    requests: pd.DataFrame, groups: pd.DataFrame, quarter: str, *, back: int, level: float, growth: float = 0.0
) -> pd.DataFrame:
    """Requests expected next quarter per service and segment ("all" = the whole service) with prediction limits.

    requests: service_id, customer_id, quarter; groups: customer_id, segment. A weighted mean of the last quarters
    there are (at most `back`); how much the latest weigh is what would have foretold the quarters before best, one
    weight for all services, so that a market that grows is followed. Limits are negative-binomial with the spread of
    those forecasts' errors; n = quarters. No growth is assumed beyond that unless the setting says so.
    """
    first = max(shift_quarter(quarter, 1 - back), min(requests["quarter"], default=quarter))
    span = quarters_between(first, quarter)
    rows = requests.merge(groups[["customer_id", "segment"]], how="left", on="customer_id")
    rows = rows[rows["quarter"].isin(span)]
    both = pd.concat([rows.dropna(subset="segment"), rows.assign(segment="all")], ignore_index=True)
    counts = both.groupby(["service_id", "segment", "quarter"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=span, fill_value=0)
    values, whole = counts.to_numpy(float), counts.index.get_level_values("segment") == "all"
    forgetting = choose_forgetting(values[whole])
    expected = weighted_mean(values, forgetting) * (1 + growth)
    low, high = _limits(expected, _prediction_variance(values, expected, forgetting, whole), level)
    table = counts.index.to_frame(index=False).assign(expected_count=expected, low=low, high=high, n=len(span))
    return table.astype({"service_id": "str", "segment": "str"})[DEMAND]


def weighted_mean(values: np.ndarray, forgetting: float) -> np.ndarray:
    """Per row, the mean of its quarters (oldest first), each weighing 1 − forgetting times the one after it."""
    weights = (1 - forgetting) ** np.arange(values.shape[1] - 1, -1, -1.0)
    return values @ weights / weights.sum() if values.shape[1] else np.zeros(len(values))


def choose_forgetting(values: np.ndarray) -> float:
    """The forgetting that would have foretold each quarter best from those before it (least Poisson deviance)."""
    if values.shape[1] < _LEAST_QUARTERS or not len(values):
        return 0.0
    return min(_FORGETTING, key=lambda forgetting: (round(_deviance(values, forgetting), 9), forgetting))


def _foretold(values: np.ndarray, forgetting: float) -> tuple[np.ndarray, np.ndarray]:
    """What was seen, and what the quarters before would have foretold, from the third quarter on."""
    ahead = range(_LEAST_QUARTERS - 1, values.shape[1])
    return values[:, list(ahead)], np.stack([weighted_mean(values[:, :t], forgetting) for t in ahead], axis=1)


def _deviance(values: np.ndarray, forgetting: float) -> float:
    seen, told = _foretold(values, forgetting)
    told = np.maximum(told, 0.1)
    return float((special.xlogy(seen, seen / told) - (seen - told)).sum())


def _limits(mean: np.ndarray, variance: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    spread = np.maximum(variance, mean * 1.000001 + 1e-9)
    size = np.maximum(mean, 1e-9) ** 2 / (spread - mean)
    chance = size / (size + np.maximum(mean, 1e-9))
    tail = (1 - level) / 2
    return stats.nbinom.ppf(tail, size, chance), stats.nbinom.ppf(1 - tail, size, chance)


def _prediction_variance(values: np.ndarray, mean: np.ndarray, forgetting: float, whole: np.ndarray) -> np.ndarray:
    """Of next quarter's count: Poisson, and the extra errors of forecasts one quarter ahead, pooled over services."""
    if values.shape[1] < _LEAST_QUARTERS or not whole.any():
        return 2 * mean
    seen, told = _foretold(values[whole], forgetting)
    excess = ((seen - told) ** 2 - told).sum() / max((told**2).sum(), 1e-9)
    return mean + max(excess, 0.0) * mean**2 + mean / values.shape[1]


def expect_load(
    demand: pd.DataFrame, requests: pd.DataFrame, hours: pd.DataFrame, practical: pd.Series, *, level: float
) -> pd.DataFrame:
    """Hours per role that the expected demand needs, with limits, against the practical hours there are.

    Hours per request of each service from those finished in the look-back; work booked on no engagement grows
    them in proportion. Limits are normal, from the demand's spread and that of hours per request.
    """
    whole = demand[demand["segment"] == "all"].set_index("service_id")
    done = requests[requests["state"].isin(["delivered", "cancelled", "refused"])]
    count = done.groupby("service_id").size().reindex(whole.index, fill_value=0)
    linked = hours.merge(done[["engagement_id", "service_id"]], on="engagement_id")
    linked["square"] = linked["worked_hours"] ** 2
    sums = linked.groupby(["role", "service_id"])[["worked_hours", "square"]].sum()
    roles = sorted(hours["role"].dropna().unique())
    rows = [_role_load(role, sums, count, whole, _unlinked_factor(hours, role), level) for role in roles]
    table = pd.DataFrame(rows, columns=LOAD[:4])
    table["practical_hours"] = table["role"].map(practical).astype(float)
    return table.assign(
        utilisation_share=table["expected_hours"] / table["practical_hours"].where(table["practical_hours"] > 0)
    )


def _unlinked_factor(hours: pd.DataFrame, role: str) -> float:
    own = hours[hours["role"] == role]
    linked = own.loc[own["engagement_id"].notna(), "worked_hours"].sum()
    return float(own["worked_hours"].sum() / linked) if linked > 0 else 1.0


def _role_load(
    role: str, sums: pd.DataFrame, count: pd.Series, whole: pd.DataFrame, factor: float, level: float
) -> tuple[str, float, float, float]:
    own = (
        sums.xs(role).reindex(whole.index).fillna(0.0)
        if role in sums.index
        else whole.assign(worked_hours=0.0, square=0.0)
    )
    each = (own["worked_hours"] / count.where(count > 0)).fillna(0.0)
    spread = (own["square"] / count.where(count > 0)).fillna(0.0) - each**2
    z = stats.norm.ppf((1 + level) / 2)
    demand_variance = ((whole["high"] - whole["low"]) / (2 * z)) ** 2
    expected = factor * float((whole["expected_count"] * each).sum())
    reach = factor * z * float(np.sqrt((demand_variance * each**2 + whole["expected_count"] * spread).sum()))
    return role, expected, max(expected - reach, 0.0), expected + reach
