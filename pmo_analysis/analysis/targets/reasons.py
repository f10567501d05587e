"""Which services come next for each customer, and why, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.targets.forecast import Forecast, popular_shares
from pmo_analysis.analysis.targets.kinds import recurring_services
from pmo_analysis.analysis.targets.knowledge import Knowledge
from pmo_analysis.analysis.targets.trials import GAPS, Numbers, Trials

COLUMNS = ["customer_id", "service_id", "probability", "rank", "reason"]


def suggest_next(
    trials: Trials,
    known: Knowledge,
    forecast: Forecast,
    active: np.ndarray,
    k: int,
    *,
    popular: tuple[Numbers, Numbers] | None = None,
) -> pd.DataFrame:
    """The k likeliest services on offer per active customer: customer_id, service_id, probability, rank, reason.

    popular: the shares that ask, of all and by segment (see `popular_shares`), where `trials` are not those of all.
    """
    popular = popular or (popular_shares(trials), popular_shares(trials, known.label))
    chance, count = forecast.chance[active], min(k, len(trials.services))
    top = np.argsort(-chance, axis=1, kind="stable")[:, :count]
    who, rank = np.repeat(np.flatnonzero(active), count), np.tile(np.arange(1, count + 1), len(chance))
    what = top.ravel()
    table = pd.DataFrame(
        {
            "customer_id": np.array(trials.customers, dtype=object)[who],
            "service_id": np.array(trials.services, dtype=object)[what],
            "probability": forecast.chance[who, what],
            "rank": rank,
            "reason": _reasons(known, forecast, who, what, popular),
        },
        columns=COLUMNS,
    )
    return table.sort_values(["customer_id", "rank"], ignore_index=True)


def _reasons(
    known: Knowledge, forecast: Forecast, who: np.ndarray, what: np.ndarray, popular_of: tuple[Numbers, Numbers]
) -> list[str]:
    whole, own = popular_of[0][0, what], popular_of[1][known.label[who], what]
    popular = [f"asked for by {100 * w:.0f} % of customers a quarter" for w in whole]
    if forecast.model is None or forecast.counts is None:
        return [f"{p}; one quarter tells no more" for p in popular]
    gap = forecast.counts.now[who, what]
    again = recurring_services(forecast.model.gap)[what] & (gap >= 1) & (gap <= 4)
    above = (forecast.model.level - forecast.model.prior)[who, what] > 0.5
    favoured = (own > 1.3 * whole) & (len(known.segments) > 1)
    segment = [known.segments[s] for s in known.label[who]]
    texts = {
        "again": [f"asked for it {_ago(int(g))}; it is usually asked for again" for g in gap],
        "segment": [
            f"{100 * o:.0f} % of {s} ask for it a quarter, {100 * w:.0f} % of all"
            for o, s, w in zip(own, segment, whole, strict=True)
        ],
        "level": ["asks for this and its like more than others of its segment"] * len(who),
        "popular": popular,
    }
    kind = np.select([again, favoured, above], ["again", "segment", "level"], "popular")
    return [texts[name][i] for i, name in enumerate(kind)]


def _ago(gap: int) -> str:
    return "last quarter" if gap == 1 else f"{GAPS[gap]} quarters ago"
