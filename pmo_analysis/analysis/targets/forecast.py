"""Next quarter's chances for every customer and service, from whatever history there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pmo_analysis.analysis.targets.adoption import Adoption, Counts, count_trials, fit_adoption, place_customers
from pmo_analysis.analysis.targets.knowledge import Knowledge
from pmo_analysis.analysis.targets.leaving import (
    arriving_hazard,
    explain_silence,
    fade,
    fade_in,
    leaving_hazard,
    recorded_hazard,
)
from pmo_analysis.analysis.targets.trials import Numbers, Trials

RECENT = 4
LOOPS = 3


@dataclass(frozen=True, eq=False)
class Forecast:
    """chance: customer × service; the model behind it (None: popularity only); hazard of leaving per quarter.

    arriving: hazard of coming, where anybody's first day is not told; told: all come and go on days that are told.
    """

    chance: Numbers
    model: Adoption | None
    counts: Counts | None
    hazard: float
    arriving: float = 0.0
    told: bool = True


def forecast_requests(trials: Trials, known: Knowledge, *, start: Adoption | None = None, rounds: int = 40) -> Forecast:
    """P(at least one request next quarter) per customer × service; popularity only from a single quarter.

    P(stay) · P(request | stay). Where departures are recorded they tell how many leave; where not, silence at the
    end is weighed by the chance that the customer has left; silence at the beginning by the chance that a customer
    without a date was not there yet.
    """
    if len(trials.quarters) < 2:
        return Forecast(popularity(trials), None, None, 0.0)
    told = known.departures_recorded and not trials.undated.any()
    counts = whole = count_trials(trials)
    # A market that may fall would explain the silence of those who left: at first it stands still.
    model = fit_adoption(counts, known, start=start, rounds=rounds if told else rounds // 2, still=not told)
    hazard, arriving = recorded_hazard(trials), 0.0
    for _ in range(0 if told else LOOPS):
        quiet = model.quiet_chances(whole, trials.there)
        arriving = arriving_hazard(trials, quiet)
        present = replace(trials, there=fade_in(trials, quiet, arriving))
        if not known.departures_recorded:
            hazard = leaving_hazard(present, quiet)
            present = replace(present, there=fade(present, quiet, hazard))
        counts = count_trials(present)
        model = fit_adoption(counts, known, start=model, rounds=8)
    chance = _stay(trials, known, model, whole, hazard)[:, None]
    return Forecast(model.chances(counts.now) * chance, model, counts, hazard, arriving, told)


def forecast_others(learned: Forecast, trials: Trials, known: Knowledge) -> Forecast:
    """The same for other customers by what was learned (there is a model), each by itself: in pieces as in one."""
    assert learned.model is not None
    counts = whole = count_trials(trials)
    model = place_customers(learned.model, counts, known)
    for _ in range(0 if learned.told else LOOPS):
        quiet = model.quiet_chances(whole, trials.there)
        present = replace(trials, there=fade_in(trials, quiet, learned.arriving))
        if not known.departures_recorded:
            present = replace(present, there=fade(present, quiet, learned.hazard))
        counts = count_trials(present)
        model = place_customers(model, counts, known, again=True)
    stay = _stay(trials, known, model, whole, learned.hazard)
    return replace(learned, chance=model.chances(counts.now) * stay[:, None], model=model, counts=counts)


def _stay(trials: Trials, known: Knowledge, model: Adoption, whole: Counts, hazard: float) -> Numbers:
    """How likely each customer is one next quarter; where nobody writes down who left, silence tells."""
    stay = np.full(len(trials.customers), 1 - hazard)
    if known.departures_recorded:
        return stay
    return stay * explain_silence(trials, model.quiet_chances(whole, trials.there), hazard).alive


def popularity(trials: Trials, label: np.ndarray | None = None) -> Numbers:
    """The share of customers (of its segment, where labels are given) that asked per recent quarter: customer × service."""
    nobody = np.zeros(len(trials.customers), dtype=int)
    return popular_shares(trials, label)[nobody if label is None else label]


def popular_shares(trials: Trials, label: np.ndarray | None = None) -> Numbers:
    """The same per segment (one row for all, where no labels are given) × service."""
    asked, there = trials.asked[:, :, -RECENT:].sum(2), trials.since_seen()[:, -RECENT:].sum(1)
    whole = (asked.sum(0) + 0.5) / (there.sum() + 1.0)
    if label is None:
        return whole[None]
    member = np.eye(int(label.max(initial=0)) + 1)[label]
    return (member.T @ asked + 2 * whole) / ((member.T @ there)[:, None] + 2.0)


def buys_again(trials: Trials) -> Numbers:
    """The share that asked again among those that had asked a quarter earlier, and among those that had not."""
    gaps, there = trials.gaps(), trials.since_seen()[:, None, :]
    before = gaps[:, :, :-1] == 1
    rates = []
    for had in (True, False):
        at = (before == had) * there
        rates.append(((at * trials.asked).sum((0, 2)) + 0.5) / (at.sum((0, 2)) + 5.0))
    return np.where(gaps[:, :, -1] == 1, rates[0], rates[1])
