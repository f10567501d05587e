"""Recurring and one-off services: how a request changes the odds of the next one, by quarters since."""

from __future__ import annotations

import numpy as np

from pmo_analysis.analysis.targets.trials import Numbers

# How far a service's effects stray from its kind's (sd on the log-odds), and how far a kind's own may lie from none.
OWN_SPREAD = 0.4
KIND_SPREAD = 2.0
_ROUNDS = 8


def step_gap_effects(gap: Numbers, gradient: Numbers, spread: Numbers) -> Numbers:
    """One Newton step of each service's effect per gap class, shrunk to its kind's; "never" stays 0.

    gradient, spread: first derivative and curvature of the likelihood per service × gap class.
    """
    seen = gap + np.clip(gradient / np.maximum(spread, 1e-3), -4.0, 4.0)
    centre = _kind_effects(seen, spread)
    precision = 1.0 / OWN_SPREAD**2
    step = (gradient - precision * (gap - centre)) / (spread + precision)
    newer = np.clip(gap + np.clip(step, -1.0, 1.0), -5.0, 5.0)
    newer[:, 0] = 0.0
    return newer


def recurring_services(gap: Numbers) -> np.ndarray:
    """Whether each service is asked for again soon after (recurring) or rather not (one-off)."""
    return gap[:, 1] > 0


def _kind_effects(seen: Numbers, spread: Numbers) -> Numbers:
    """Per service the effects of its kind, weighed by how likely it is of the one or the other (EM of two kinds).

    What few trials show counts little: a kind's effects are means weighed by what each service's trials tell.
    """
    noise = OWN_SPREAD**2 + 1.0 / np.maximum(spread, 1e-3)
    kinds = np.array([1.0, -1.0])[:, None] * np.ones(seen.shape[1])
    share = np.array([0.5, 0.5])
    for _ in range(_ROUNDS):
        fit = -0.5 * ((seen[:, None, 1:5] - kinds[None, :, 1:5]) ** 2 / noise[:, None, 1:5]).sum(2) + np.log(share)
        member = np.exp(fit - fit.max(1, keepdims=True))
        member = member / member.sum(1, keepdims=True)
        weight = member.T @ (1 / noise)
        kinds = member.T @ (seen / noise) / (weight + 1 / KIND_SPREAD**2)
        share = (member.sum(0) + 1.0) / (len(member) + 2.0)
    return member @ kinds
