"""Customers that left or came without anybody writing it down: long silence may be no customer, or a quiet one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pmo_analysis.analysis.targets.trials import Numbers, Trials


def still_there(silent: np.ndarray, quiet: Numbers, hazard: float) -> Numbers:
    """P(still a customer | quarters of silence), `quiet` being P(no request in a quarter | a customer)."""
    stay = (1 - hazard) * np.clip(quiet, 0.0, 1 - 1e-9)
    alive = stay**silent
    gone = hazard * (1 - alive) / (1 - stay)
    return np.where(silent > 0, alive / (alive + gone), 1.0)


def leaving_hazard(silent: np.ndarray, quiet: Numbers, lived: Numbers) -> float:
    """The share of customers that leave per quarter, from more long silences than their rates explain (EM)."""
    hazard = 0.02
    for _ in range(100):
        left = 1 - still_there(silent, quiet, hazard)
        newer = float((left.sum() + 0.02) / (lived.sum() - (left * silent / 2).sum() + 2.0))
        if abs(newer - hazard) < 1e-7:
            break
        hazard = newer
    return hazard


def fade(trials: Trials, quiet: Numbers, hazard: float) -> Numbers:
    """Presence per customer × quarter with each silent quarter at the end weighed by P(still there)."""
    count, silent = len(trials.quarters), trials.silent()
    at = np.arange(count)
    into = at[None, :] - (count - silent)[:, None] + 1
    stay = ((1 - hazard) * np.clip(quiet, 0.0, 1 - 1e-9))[:, None]
    # Alive in the j-th silent quarter: alive to the end, or gone only after that quarter.
    alive, upto = stay ** silent[:, None], stay ** np.maximum(into, 0)
    total = alive + hazard * (1 - alive) / (1 - stay)
    later = hazard * (upto - alive) / (1 - stay)
    return np.where(into > 0, trials.there * (alive + later) / total, trials.there)


def recorded_hazard(trials: Trials) -> float:
    """The share of customers that left per quarter, where departures are written down."""
    return float((trials.gone.sum() + 0.02) / (trials.there.sum() + 2.0))


def fade_in(trials: Trials, quiet: Numbers) -> Numbers:
    """Presence with the silent quarters at the beginning weighed, for customers of whom nobody told when they came.

    The same reasoning as for leaving, with time turned round.
    """
    turned = replace(trials, asked=trials.asked[:, :, ::-1], there=trials.there[:, ::-1])
    hazard = leaving_hazard(turned.silent(), quiet, turned.there.sum(1))
    return np.where(trials.undated[:, None], fade(turned, quiet, hazard)[:, ::-1], trials.there)
