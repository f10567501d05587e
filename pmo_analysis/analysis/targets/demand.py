"""What will be asked next quarter, by service and segment, and the hours it needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from pmo_analysis.analysis.targets.market import follow_market, still_market
from pmo_analysis.analysis.targets.trials import Numbers
from pmo_analysis.contract.quarters import quarters_between, shift_quarter

DEMAND = ["service_id", "segment", "expected_count", "low", "high", "n"]
LOAD = ["role", "expected_hours", "low", "high", "practical_hours", "utilisation_share"]


_LEAST_QUARTERS = 3
_ROUNDS = 15
# A segment's share of a service's requests looks at the last quarters only.
_SHARE_QUARTERS = 4


def expect_demand(
    requests: pd.DataFrame, groups: pd.DataFrame, quarter: str, *, back: int, level: float, growth: float = 0.0
) -> pd.DataFrame:
    """Requests expected next quarter per service and segment ("all" = the whole service) with prediction limits.

    requests: service_id, customer_id, quarter; groups: customer_id, segment. Counts of the last quarters there are (at
    most `back`) follow a market that may grow, wander or have a season (see market.py); segments share a service's
    requests as in the last year. Limits are negative-binomial, from how uncertain the market stays and how far counts
    stray; n = quarters. `growth` is added on top where the setting says so. Below three quarters the mean is told.
    """
    first = max(shift_quarter(quarter, 1 - back), min(requests["quarter"].unique(), default=quarter))
    span = quarters_between(first, quarter)
    counts = _count_demand(requests, groups).reindex(columns=span, fill_value=0)
    counts = counts[counts.sum(axis=1) > 0]
    whole = counts.xs("all", level="segment") if len(counts) else counts
    expected, relative, stray = foretell_counts(whole.to_numpy(float))
    place = whole.index.get_indexer(counts.index.get_level_values("service_id"))
    mean = expected[place] * _shares(counts, whole.iloc[place]) * (1 + growth)
    low, high = _limits(mean, stray * mean + relative[place] * mean**2, level)
    table = counts.index.to_frame(index=False).assign(expected_count=mean, low=low, high=high, n=len(span))
    return table.astype({"service_id": "str", "segment": "str"})[DEMAND]


def _count_demand(requests: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """How often each service was asked for by each segment, and by "all": a row per service and segment, by quarter."""
    segment = groups.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    names = ["service_id", "segment", "quarter"]
    keys = [requests["service_id"], requests["customer_id"].map(segment).rename("segment"), requests["quarter"]]
    table = requests["customer_id"].groupby(keys, observed=True, dropna=False).size().rename("count").reset_index()
    table = table.astype(dict.fromkeys(names, "str")).dropna(subset=["service_id", "quarter"])
    both = pd.concat([table.dropna(subset="segment"), table.assign(segment="all")], ignore_index=True)
    return both.groupby(names)["count"].sum().unstack(fill_value=0)


def foretell_counts(values: Numbers) -> tuple[Numbers, Numbers, float]:
    """Next quarter's mean per row of counts, its relative variance, and how much counts stray (1 = Poisson)."""
    services, quarters = values.shape
    mean = values.mean(axis=1) if quarters else np.zeros(services)
    if quarters < _LEAST_QUARTERS or not services:
        return mean, 1 / (quarters * np.maximum(mean, 0.5)) if quarters else mean, 2.0
    market, level, stray = still_market(services, quarters), np.log(np.maximum(mean, 0.1)), 1.0
    for _ in range(_ROUNDS):
        told = np.exp(level[:, None] + market.effects()[:, :-1])
        market = follow_market(market, (values - told) / stray, told / stray)
        shape = np.exp(market.effects()[:, :-1])
        level = np.log((values.sum(1) + 0.1) / (shape.sum(1)))
        told = np.exp(level)[:, None] * shape
        # What a movement took up of the noise is noise no less: it costs degrees of freedom, as the levels do.
        free = max(services * (quarters - 1) - market.taken, 1.0)
        stray = max(float(((values - told) ** 2 / np.maximum(told, 0.3)).sum()) / free, 1.0)
    variance = market.variance + stray / np.maximum(told.sum(1), 0.5)
    return np.exp(level), variance, stray


def _shares(counts: pd.DataFrame, whole: pd.DataFrame) -> Numbers:
    """Each row's share of its service's requests in the last year, half a request of the whole period added."""
    recent = counts.columns[-_SHARE_QUARTERS:]
    own, all_of_it = counts.sum(axis=1).to_numpy(float), whole.sum(axis=1).to_numpy(float)
    prior = own / np.maximum(all_of_it, 1.0)
    late, late_all = counts[recent].sum(axis=1).to_numpy(float), whole[recent].sum(axis=1).to_numpy(float)
    return (late + 0.5 * prior) / (late_all + 0.5)


def _limits(mean: Numbers, variance: Numbers, level: float) -> tuple[Numbers, Numbers]:
    spread = np.maximum(variance, mean * 1.000001 + 1e-9)
    size = np.maximum(mean, 1e-9) ** 2 / (spread - mean)
    chance = size / (size + np.maximum(mean, 1e-9))
    tail = (1 - level) / 2
    return stats.nbinom.ppf(tail, size, chance), stats.nbinom.ppf(1 - tail, size, chance)


def expect_load(
    demand: pd.DataFrame,
    requests: pd.DataFrame,
    hours: pd.DataFrame,
    practical: pd.Series,
    *,
    booked: pd.DataFrame,
    level: float,
) -> pd.DataFrame:
    """Hours per role that the expected demand needs, with limits, against the practical hours there are.

    Hours per request of each service from those finished in the look-back; work booked on no engagement grows them in
    proportion (booked: by role, all worked_hours there are and linked_hours, those on an engagement). Limits are normal,
    from the demand's spread and that of hours per request.
    """
    whole = demand[demand["segment"] == "all"].set_index("service_id")
    done = requests[requests["state"].isin(["delivered", "cancelled", "refused"])]
    count = done.groupby(done["service_id"].astype("str")).size().reindex(whole.index, fill_value=0)
    linked = hours.merge(done[["engagement_id", "service_id"]], on="engagement_id")
    linked["square"] = linked["worked_hours"] ** 2
    keys = ["role", "service_id"]
    sums = linked.groupby(keys, observed=True)[["worked_hours", "square"]].sum().reset_index()
    sums = sums.astype(dict.fromkeys(keys, "str")).set_index(keys)
    factor = (booked["worked_hours"] / booked["linked_hours"]).where(booked["linked_hours"] > 0, 1.0)
    rows = [_role_load(role, sums, count, whole, factor[role], level) for role in sorted(booked.index)]
    table = pd.DataFrame(rows, columns=LOAD[:4])
    table["practical_hours"] = table["role"].map(practical).astype(float)
    return table.assign(
        utilisation_share=table["expected_hours"] / table["practical_hours"].where(table["practical_hours"] > 0)
    )


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
