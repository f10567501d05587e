"""How long work waits for the team: Erlang's formulas, corrected where work or requests are less regular than they take."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.queues import describe_traffic, queue_wait, simulate_wait
from pmo_analysis.analysis.scenarios.team import Team

Numbers = npt.NDArray[np.float64]
LOADS = np.array([0.3, 0.5, 0.7, 0.9])
MOST_SERVERS = 40  # larger teams hardly wait, and what they wait hardly differs from this


@dataclass(frozen=True, eq=False)
class Traffic:
    """How irregular work and requests were: `ratios` of the simulated wait to Erlang's, `teams` × LOADS; none = they agree.

    `reason` says in words which is used and why.
    """

    reason: str
    teams: Numbers = field(default_factory=lambda: np.ones(1))
    ratios: Numbers = field(default_factory=lambda: np.ones((1, len(LOADS))))


def read_traffic(hours: Numbers, arrival_counts: npt.ArrayLike, fte: float, seed: int) -> Traffic:
    """Simulated once for a few loads and teams around the present, so that a move costs nothing.

    hours: what each engagement took; arrival_counts: requests in equally long periods, such as weeks.
    """
    told = describe_traffic(hours, arrival_counts).iloc[0]
    if told["applies"] or not fte > 0:
        return Traffic(told["reason"])
    teams = np.unique(np.clip(np.round(fte * np.array([0.5, 1.0, 2.0])), 1, MOST_SERVERS))
    load, servers = (a.ravel() for a in np.meshgrid(LOADS, teams))
    dispersion = told["arrival_dispersion"] if np.isfinite(told["arrival_dispersion"]) else 1.0
    simulated = simulate_wait(
        load * servers, 1.0, servers, service_times=hours, arrival_dispersion=dispersion, seed=seed
    )
    return Traffic(told["reason"], teams, simulated["ratio"].to_numpy().reshape(len(teams), len(LOADS)))


def wait_days(traffic: Traffic, each_hours: float, hours: Numbers, team: Team, hours_per_day: float) -> Numbers:
    """Working days until work begins, for all the hours there are to do in jobs of one mean size."""
    if not np.isfinite(hours).all() or not each_hours > 0 or not np.isfinite(team.hours):
        return np.full(3, np.nan)
    if team.fte <= 0 or team.hours <= 0:
        return np.full(3, np.inf)
    waits, calm = np.full(3, np.inf), hours < team.hours  # with more work than hours it piles up without end
    if calm.any():
        arrivals = hours[calm] / each_hours / (team.hours / team.fte)
        erlang = queue_wait(arrivals, each_hours, team.fte)["mean_wait_hours"].to_numpy()
        waits[calm] = erlang * _ratio(traffic, hours[calm] / team.hours, team.fte) / hours_per_day
    return waits


def _ratio(traffic: Traffic, loads: Numbers, servers: float) -> Numbers:
    """Between the loads and teams that were simulated in proportion; beyond them as at the nearest."""
    by_team = np.array([np.interp(loads, LOADS, ratios) for ratios in traffic.ratios])
    return np.array([np.interp(servers, traffic.teams, column) for column in by_team.T])


def count_weekly(days: pd.Series, first: pd.Timestamp, last: pd.Timestamp) -> Numbers:
    """How many requests came in each whole week from the first day on."""
    weeks = int((last - first).days + 1) // 7
    inside = days[(days >= first) & (days < first + pd.Timedelta(weeks=weeks))]
    return np.bincount(((inside - first).dt.days // 7).to_numpy(int), minlength=weeks).astype(float)
