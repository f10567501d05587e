"""Which service for whom: next quarter's chances, the next services with reasons, and the fit to segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.targets.fit import COLUMNS as FIT_COLUMNS
from pmo_analysis.analysis.targets.fit import judge_fit
from pmo_analysis.analysis.targets.forecast import Forecast
from pmo_analysis.analysis.targets.holdout import COLUMNS as HOLDOUT_COLUMNS
from pmo_analysis.analysis.targets.inputs import read_history, refuse_unusable
from pmo_analysis.analysis.targets.knowledge import know_customers
from pmo_analysis.analysis.targets.learning import draw_customers, learn_requests, tell_next
from pmo_analysis.analysis.targets.reasons import COLUMNS as NEXT_COLUMNS
from pmo_analysis.analysis.targets.trials import Numbers, Trials, make_trials
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.memory import gives_back

_LONG_CATALOGUE = 60
_LEAST_CUSTOMERS = 5


@dataclass(frozen=True, eq=False)
class Targets:
    """What each customer is likely to ask for next quarter, and which service suits which segment.

    probabilities: customer_id (index) × service_id · next_services: customer_id, service_id, probability, rank, reason
    fit: segment, service_id, stage ("all" or a stage), uptake, low, high, n, whole_uptake, satisfaction_score,
    value_score, unit_cost, verdict (offer / keep / stop / too few to say), reason
    holdout: method (model, popularity, segment popularity, buys again), ndcg, recall, calibration,
    calibration_recurring, calibration_one_off, log_loss, customers_count, requests_count
    left_out: customer_id or service_id, reason
    """

    probabilities: pd.DataFrame
    next_services: pd.DataFrame
    fit: pd.DataFrame
    holdout: pd.DataFrame
    left_out: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.holdout)


@gives_back
def target_services(
    history: pd.DataFrame,
    *,
    customers: pd.DataFrame | None = None,
    services: pd.DataFrame | None = None,
    segments: Mapping[str, str] | pd.Series | None = None,
    needs: pd.DataFrame | None = None,
    k: int = 3,
    quarter: str | None = None,
    fiscal_year_end_month: int = 12,
    seed: int = 0,
) -> Targets:
    """Tells which services each customer will probably ask for next quarter, and which suit its segment.

    history: customer_id, service_id, quarter (+ stage, engagement_count, refused_count, satisfaction_score,
    value_score, unit_cost), one row per customer, service and quarter with a request (refused ones count).
    customers, services: contract tables by id; mandated, retired and planned services and departed customers are
    left out. segments: customer_id → segment, else category. `quarter` is the last known one (None: of the
    history). From one quarter only popularity can be told. Of more than 20,000 customers so many, evenly drawn, are
    learned from and checked on; all are told (`learning.py`). Raises InputError on missing columns, no requests, quarters
    not written like 2026Q3 and figures that are no numbers.
    """
    refuse_unusable(history, k, quarter, customers=customers, services=services, segments=segments, needs=needs)
    history, blank = read_history(history, quarter)
    trials = make_trials(history, customers, services, quarter, fiscal_year_end_month)
    if not trials.services:
        return _nothing_on_offer(trials, history, blank)
    trials, rare = _without_rare(_sorted_by_content(trials))
    know = partial(
        know_customers,
        customers=customers,
        segments=segments,
        services=services,
        needs=needs,
        month=fiscal_year_end_month,
    )
    known = know(trials)
    active = (trials.there[:, -1] > 0) & ~trials.gone
    drawn = draw_customers(trials, known)
    with threadpool_limits(1):
        holdout, learned = learn_requests(trials, know, drawn, k=k)
        chance, next_services = tell_next(trials, known, learned, active, k)
    names = pd.Series(np.array(known.segments, dtype=object)[known.label], index=trials.customers)[active]
    fit = judge_fit(history, names, trials.services, trials.quarters[-1])
    return Targets(
        _probabilities(trials, chance, active),
        next_services,
        fit,
        holdout,
        _left_out(trials, history, active, rare, blank),
        _sentence(chance, learned, holdout) + _tell_drawn(trials, drawn),
    )


def _nothing_on_offer(trials: Trials, history: pd.DataFrame, blank: int) -> Targets:
    """No service that a customer may choose: all are mandated, retired or planned."""
    none = np.zeros(len(trials.customers), dtype=bool)
    empty = pd.DataFrame(index=pd.Index([], name="customer_id"), columns=pd.Index([], name="service_id"), dtype=float)
    return Targets(
        empty,
        pd.DataFrame(columns=NEXT_COLUMNS),
        pd.DataFrame(columns=FIT_COLUMNS),
        pd.DataFrame(columns=HOLDOUT_COLUMNS),
        _left_out(trials, history, ~none, set(), blank),
        "No service is on offer that a customer may choose, so there is no next one to tell.",
    )


def _sorted_by_content(trials: Trials) -> Trials:
    """Customers and services in the order of their requests, names last, so that names do not change sums."""
    by_service = np.lexsort([trials.services, trials.asked.sum((0, 2))])
    by_customer = np.lexsort([trials.customers, *trials.asked.sum(1).T, trials.asked.sum((1, 2))])
    return replace(
        trials,
        customers=[trials.customers[i] for i in by_customer],
        services=[trials.services[i] for i in by_service],
        asked=trials.asked[np.ix_(by_customer, by_service)],
        there=trials.there[by_customer],
        offered=trials.offered[by_service],
        gone=trials.gone[by_customer],
        older=trials.older[by_customer],
        undated=trials.undated[by_customer],
        by_asking=trials.by_asking[by_customer],
    )


def _without_rare(trials: Trials) -> tuple[Trials, set[str]]:
    """In a catalogue longer than the model is meant for, only services that enough customers have asked for."""
    enough = (trials.asked.max(2) > 0).sum(0) >= _LEAST_CUSTOMERS
    if len(trials.services) <= _LONG_CATALOGUE or not enough.any():
        return trials, set()
    kept = np.flatnonzero(enough)
    rare = {s for s, e in zip(trials.services, enough, strict=True) if not e}
    fewer = replace(
        trials, services=[trials.services[i] for i in kept], asked=trials.asked[:, kept], offered=trials.offered[kept]
    )
    return fewer, rare


def _probabilities(trials: Trials, chance: Numbers, active: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        chance,
        columns=pd.Index(trials.services, name="service_id"),
        index=pd.Index(np.array(trials.customers, dtype=object)[active], name="customer_id"),
    )
    return table.sort_index().sort_index(axis=1)


def _left_out(trials: Trials, history: pd.DataFrame, active: np.ndarray, rare: set[str], blank: int) -> pd.DataFrame:
    gone = [c for c, there in zip(trials.customers, active, strict=True) if not there]
    dropped = sorted(set(history["service_id"].dropna().astype("str")) - set(trials.services) - rare)
    rows = [(c, "", "no customer any more, or not yet") for c in sorted(gone)]
    rows += [("", s, f"asked for by fewer than {_LEAST_CUSTOMERS} customers") for s in sorted(rare)]
    rows += [("", s, "mandated, retired, planned or not in the catalogue") for s in dropped]
    rows += [("", "", f"{blank:,} requests name no customer, service or quarter")] if blank else []
    return pd.DataFrame(rows, columns=["customer_id", "service_id", "reason"])


def _tell_drawn(trials: Trials, drawn: np.ndarray) -> str:
    """On how many of the customers the forecast rests, where not on all."""
    if len(drawn) == len(trials.customers):
        return ""
    return (
        f" Learned from, and checked on, {len(drawn):,} of {len(trials.customers):,} customers, evenly drawn; chances are "
        "told for all."
    )


def _sentence(chance: Numbers, learned: Forecast, holdout: pd.DataFrame) -> str:
    if not len(chance):
        return "No customer is left at the end of the quarter, so there is nobody to offer a service to."
    told = (
        f"Each of {len(chance):,} customers is expected to ask for {chance.sum() / len(chance):.1f} different "
        "services next quarter, on average."
    )
    if learned.model is None:
        return f"{told} One quarter of history: this is popularity only."
    if holdout.empty:
        return f"{told} Too few quarters to check the forecast on a quarter held out."
    score = holdout.set_index("method")["ndcg"]
    if score.isna().any():
        return (
            f"{told} In the last quarter, held out, nobody asked for anything, so the forecast cannot be checked on it."
        )
    simple = score["segment popularity"]
    better = "" if score["model"] > simple else " It ranks no better than what is popular in the segment."
    return (
        f"{told} On the last quarter, held out, the model's ranking scores {score['model']:.2f} (1 = perfect), "
        f"segment popularity {simple:.2f}, popularity {score['popularity']:.2f}.{better}"
    )
