"""Customers that left or came without anybody writing it down: long silence may be no customer, or a quiet one.

A hidden Markov chain of two states: a customer leaves at the end of a quarter with a constant hazard and never asks
again. `quiet` is throughout P(no request in a quarter | a customer), per customer and quarter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pmo_analysis.analysis.targets.trials import Numbers, Trials

FIRST_HAZARD, ROUNDS, CLOSE = 0.03, 60, 1e-6


@dataclass(frozen=True, eq=False)
class Silence:
    """alive: P(still a customer) at the end; there: customer × quarter, P(a customer then), 1 up to the last request."""

    alive: Numbers
    there: Numbers


def explain_silence(trials: Trials, quiet: Numbers, hazard: float) -> Silence:
    """How likely each customer was still one in each quarter of the silence at the end."""
    count = len(trials.quarters)
    within = np.arange(count)[None, :] >= (count - trials.silent())[:, None]
    stayed = np.cumprod(np.where(within, (1 - hazard) * quiet, 1.0), axis=1)
    before = np.column_stack([np.ones(len(stayed)), stayed[:, :-1]])
    left = np.where(within, hazard * before, 0.0)
    total = stayed[:, -1] + left.sum(axis=1)
    # A customer in a quarter: one to the end, or one that left only after it.
    later = left.sum(axis=1, keepdims=True) - np.cumsum(left, axis=1)
    there = np.where(within, (stayed[:, -1:] + later) / total[:, None], 1.0)
    return Silence(stayed[:, -1] / total, there)


def leaving_hazard(trials: Trials, quiet: Numbers) -> float:
    """The share of customers that leave per quarter, from more long silences than their rates explain (EM)."""
    hazard, customers = FIRST_HAZARD, float((trials.there > 0).any(axis=1).sum())
    for _ in range(ROUNDS):
        silence = explain_silence(trials, quiet, hazard)
        left = float((1 - silence.alive).sum())
        # Nobody leaves before its first quarter: of each customer's quarters one was no occasion to leave.
        occasions = float((trials.there * silence.there).sum()) - customers + left
        newer = (left + 0.02) / (max(occasions, left) + 2.0)
        if abs(newer - hazard) < CLOSE:
            break
        hazard = newer
    return hazard


def recorded_hazard(trials: Trials) -> float:
    """The share of customers that left per quarter, where departures are written down."""
    return float((trials.gone.sum() + 0.02) / (trials.there.sum() + 2.0))


def fade(trials: Trials, quiet: Numbers, hazard: float) -> Numbers:
    """Presence per customer × quarter with each silent quarter at the end weighed by P(still there)."""
    return trials.there * explain_silence(trials, quiet, hazard).there


def arriving_hazard(trials: Trials, quiet: Numbers) -> float:
    """The share of customers that come per quarter, from more long silences at the beginning than rates explain."""
    return leaving_hazard(_turned(trials), quiet[:, ::-1])


def fade_in(trials: Trials, quiet: Numbers, hazard: float) -> Numbers:
    """Presence with the silent quarters at the beginning weighed, for customers of whom nobody told when they came.

    The same reasoning as for leaving, with time turned round.
    """
    weighed = fade(_turned(trials), quiet[:, ::-1], hazard)[:, ::-1]
    return np.where(trials.undated[:, None], weighed, trials.there)


def _turned(trials: Trials) -> Trials:
    return replace(trials, asked=trials.asked[:, :, ::-1], there=trials.there[:, ::-1])
