"""Next quarter's chances for every customer and service, from whatever history there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pmo_analysis.analysis.targets.adoption import Adoption, Counts, count_trials, fit_adoption
from pmo_analysis.analysis.targets.knowledge import Knowledge
from pmo_analysis.analysis.targets.leaving import explain_silence, fade, fade_in, leaving_hazard, recorded_hazard
from pmo_analysis.analysis.targets.trials import Numbers, Trials

RECENT = 4
LOOPS = 3


@dataclass(frozen=True, eq=False)
class Forecast:
    """chance: customer × service; the model behind it (None: popularity only); hazard of leaving per quarter."""

    chance: Numbers
    model: Adoption | None
    counts: Counts | None
    hazard: float


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
    hazard = recorded_hazard(trials)
    for _ in range(0 if told else LOOPS):
        quiet = model.quiet_chances(whole, trials.there)
        present = replace(trials, there=fade_in(trials, quiet))
        if not known.departures_recorded:
            hazard = leaving_hazard(present, quiet)
            present = replace(present, there=fade(present, quiet, hazard))
        counts = count_trials(present)
        model = fit_adoption(counts, known, start=model, rounds=8)
    stay = np.full(len(trials.customers), 1 - hazard)
    if not known.departures_recorded:
        stay *= explain_silence(trials, model.quiet_chances(whole, trials.there), hazard).alive
    return Forecast(model.chances(counts.now) * stay[:, None], model, counts, hazard)


def popularity(trials: Trials, label: np.ndarray | None = None) -> Numbers:
    """The share of customers (of the segment, where labels are given) that asked per recent quarter."""
    asked, there = trials.asked[:, :, -RECENT:].sum(2), trials.since_seen()[:, -RECENT:].sum(1)
    whole = (asked.sum(0) + 0.5) / (there.sum() + 1.0)
    if label is None:
        return np.tile(whole, (len(asked), 1))
    member = np.eye(int(label.max(initial=0)) + 1)[label]
    return ((member.T @ asked + 2 * whole) / ((member.T @ there)[:, None] + 2.0))[label]


def buys_again(trials: Trials) -> Numbers:
    """The share that asked again among those that had asked a quarter earlier, and among those that had not."""
    gaps, there = trials.gaps(), trials.since_seen()[:, None, :]
    before = gaps[:, :, :-1] == 1
    rates = []
    for had in (True, False):
        at = (before == had) * there
        rates.append(((at * trials.asked).sum((0, 2)) + 0.5) / (at.sum((0, 2)) + 5.0))
    return np.where(gaps[:, :, -1] == 1, rates[0], rates[1])
