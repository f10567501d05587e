"""On whom the forecast is learned where customers are many, and how it is told for all of them, in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.estimates import spread_rows
from pmo_analysis.analysis.targets.forecast import Forecast, forecast_others, forecast_requests, popular_shares
from pmo_analysis.analysis.targets.holdout import judge_holdout
from pmo_analysis.analysis.targets.knowledge import Knowledge
from pmo_analysis.analysis.targets.reasons import suggest_next
from pmo_analysis.analysis.targets.trials import Flags, Numbers, Trials

# Customers from whom the forecast is learned where there are more, and for how many it is told at a time.
LEARNED_FROM, AT_A_TIME = 20_000, 2_000

Rows = npt.NDArray[np.int64]


def draw_customers(trials: Trials, known: Knowledge) -> Rows:
    """The customers to learn from: all, or evenly spaced ones in the order of what is known of them, not of names.

    Segments come one after another, in each the customers by how much and what they asked for. Of customers to come
    nothing can be learned; a single quarter tells popularity only, for which all are counted.
    """
    count = len(trials.customers)
    if count <= LEARNED_FROM or len(trials.quarters) < 2:
        return np.arange(count)
    asked = trials.asked.reshape(count, -1)
    about = (trials.older, trials.undated, trials.by_asking, trials.gone)
    told = [*known.need.T, *known.features.T, *about, *trials.there.T, *np.packbits(asked, axis=1).T]
    order = np.lexsort([*told, asked.sum(1), known.label])
    order = order[trials.there[order].any(axis=1)]
    return np.sort(order[spread_rows(len(order), LEARNED_FROM)])


def learn_requests(
    trials: Trials, know: Callable[[Trials], Knowledge], rows: Rows, *, k: int
) -> tuple[pd.DataFrame, Forecast]:
    """How the forecast does on a quarter held out (see `judge_holdout`), and what is learned, both from some customers.

    What is known of them stands beside all others: segments, and how far a feature or need is from the mean.
    """
    everybody = len(rows) == len(trials.customers)
    some = trials if everybody else trials.take(rows)

    def know_some(part: Trials) -> Knowledge:
        return know(part) if everybody else know(trials.until(len(part.quarters))).take(rows)

    holdout, earlier = judge_holdout(some, know_some, k=k)
    start = earlier.model if earlier else None
    return holdout, forecast_requests(some, know_some(some), start=start, rounds=10 if start else 40)


def tell_next(
    trials: Trials, known: Knowledge, learned: Forecast, active: Flags, k: int
) -> tuple[Numbers, pd.DataFrame]:
    """The chances of the active customers (customer × service), and their next services (see `suggest_next`)."""
    if len(learned.chance) == len(trials.customers):
        return learned.chance[active], suggest_next(trials, known, learned, active, k)
    popular = popular_shares(trials), popular_shares(trials, known.label)
    chances, tables = [], []
    for part, about in _pieces(trials, known, active):
        told = forecast_others(learned, part, about)
        chances.append(told.chance)
        tables.append(suggest_next(part, about, told, np.ones(len(told.chance), bool), k, popular=popular))
    table = pd.concat(tables, ignore_index=True)
    return np.concatenate(chances), table.sort_values(["customer_id", "rank"], ignore_index=True)


def _pieces(trials: Trials, known: Knowledge, active: Flags) -> Iterator[tuple[Trials, Knowledge]]:
    rows = np.flatnonzero(active)
    for begin in range(0, max(len(rows), 1), AT_A_TIME):
        piece = rows[begin : begin + AT_A_TIME]
        yield trials.take(piece), known.take(piece)
