"""Invented engagements on which senior people sit on the hard part: what `seniors.py` measures the senior effect on.

Imports nothing from the analysis. Outcome = effect × treatment − difficulty + customer + noise, with sd about 1
where the effect is nought; the difficulty is a curved function of five recorded confounders, and seniors are
put where it is high, so that the naive comparison is wrong by about −.88. Families differ in the shape of the
difficulty, the noise, the customers, and in how much the confounders leave open of who gets a senior.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

Numbers = npt.NDArray[np.float64]
Treatment = Literal["lead", "share"]
CONFOUNDERS = ["complexity", "planned_hours", "novelty", "parties_count", "kind"]


@dataclass(frozen=True)
class Family:
    """`shape` of the difficulty, its weight in the outcome and in who leads; `customers`; `noise`; shares apart.

    lead_slope: log odds of a senior lead per sd of difficulty. share_spread: what of a planned share (on its
    logit) the difficulty leaves open. hidden: weight of a difficulty that nobody recorded.
    """

    shape: str = "smooth"
    lead_slope: float = 1.6
    difficulty: float = 0.8
    customers: int = 40
    customer_spread: float = 0.25
    noise: str = "normal"
    share_spread: float = 0.55
    hidden: float = 0.0


COMPARABLE = {
    "smooth": Family(),
    "curved": Family("curved"),
    "steps": Family("steps"),
    "mixed": Family("mixed"),
    "apart": Family("apart", lead_slope=1.9),
    "tails": Family(noise="tails"),
    "uneven": Family(noise="uneven"),
    "few_customers": Family(customers=8),
    "many_customers": Family(customers=150),
    "strong_customers": Family(customer_spread=0.5),
}
REFUSED = {
    "no_overlap": Family(lead_slope=9.0, share_spread=0.02),
    "determined": Family(lead_slope=np.inf, share_spread=0.0),
}
# A share of which 5 to 15 % is left open is called weak and claims nothing; what nobody recorded is never detected.
OTHERS = {"weak": Family(lead_slope=1.75, share_spread=0.22), "hidden": Family(hidden=0.5)}
FAMILIES = COMPARABLE | REFUSED | OTHERS


def draw(family: str, effect: float, seed: int, *, treatment: Treatment = "lead", n: int = 400) -> pd.DataFrame:
    """outcome, senior (yes/no or a share 0–1), the five CONFOUNDERS and customer: n invented engagements."""
    setting, rng = FAMILIES[family], np.random.default_rng([seed, 7919])
    work = _confounders(rng, n)
    hidden = setting.hidden * rng.normal(size=n)
    hard, leading = _standard(setting.shape, work, "hard") + hidden, _standard(setting.shape, work, "leading") + hidden
    customer = rng.choice(setting.customers, n, p=_sizes(rng, setting.customers))
    chance = expit(setting.lead_slope * leading) if np.isfinite(setting.lead_slope) else (leading > 0).astype(float)
    lead = rng.random(n) < chance
    share = expit(-1.2 + 0.75 * leading + setting.share_spread * rng.normal(size=n))
    noise = (
        0.55 * _noise(rng, setting.noise, hard) + setting.customer_spread * rng.normal(size=setting.customers)[customer]
    )
    gained = effect * (lead if treatment == "lead" else share * 10)
    work["outcome"] = gained - setting.difficulty * hard + noise
    return work.assign(senior=lead if treatment == "lead" else share, customer=[f"C{c}" for c in customer])


def _confounders(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Five things known at intake; they go together, as in real work."""
    latent = rng.normal(size=n)
    complexity = np.clip(np.rint(3 + 0.6 * latent + 1.0 * rng.normal(size=n)), 1, 5)
    hours = np.exp(3.2 + 0.35 * latent + 0.55 * rng.normal(size=n))
    return pd.DataFrame(
        {
            "complexity": complexity,
            "planned_hours": np.round(hours * 4) / 4,
            "novelty": np.round(0.3 * latent + rng.normal(size=n), 2),
            "parties_count": 1 + rng.poisson(np.exp(0.7 + 0.2 * latent)),
            "kind": rng.choice(["advice", "plan", "review", "training"], n, p=[0.4, 0.3, 0.2, 0.1]),
        }
    )


def _smooth(complexity: Numbers, size: Numbers, novelty: Numbers, parties: Numbers, kind: Numbers) -> Numbers:
    curved = 0.6 * complexity + 0.08 * complexity**2 + 0.6 * np.tanh(1.2 * size) + 0.3 * np.tanh(2 * novelty)
    return curved + 0.3 * np.log(parties) + 0.4 * kind + 0.2 * kind * novelty + 0.12 * complexity * size


def _curved(complexity: Numbers, size: Numbers, novelty: Numbers, parties: Numbers, kind: Numbers) -> Numbers:
    curved = 0.5 * complexity + 0.25 * complexity**2 + 0.5 * np.tanh(1.5 * size) + 0.35 * np.abs(novelty)
    return curved + 0.3 * np.log(parties) + 0.4 * kind + 0.3 * kind * novelty + 0.25 * complexity * size


def _steps(complexity: Numbers, size: Numbers, novelty: Numbers, parties: Numbers, kind: Numbers) -> Numbers:
    return 1.0 * (complexity >= 1) + 0.7 * (size > 0.3) + 0.7 * (novelty > 0.5) + 0.5 * (parties >= 4) + 0.5 * kind


def _mixed(complexity: Numbers, size: Numbers, novelty: Numbers, parties: Numbers, kind: Numbers) -> Numbers:
    pairs = 0.5 * complexity * size + 0.4 * novelty * complexity + 0.4 * np.maximum(size, 0) * novelty
    return pairs + 0.4 * complexity + 0.3 * size + 0.5 * kind * complexity + 0.15 * (parties - 3) * novelty


SHAPES = {"smooth": _smooth, "curved": _curved, "steps": _steps, "mixed": _mixed}


def _shape(shape: str, work: pd.DataFrame, purpose: str) -> Numbers:
    """The difficulty, unscaled; where it is "apart" seniors are put by another function than outcomes follow."""
    parts = (
        work["complexity"].to_numpy(float) - 3.0,
        (np.log(work["planned_hours"].to_numpy(float)) - 3.2) / 0.65,
        work["novelty"].to_numpy(float),
        work["parties_count"].to_numpy(float),
        work["kind"].isin(["plan", "training"]).to_numpy(float),
    )
    name = shape if shape != "apart" else "smooth" if purpose == "hard" else "steps"
    return np.asarray(SHAPES[name](*parts), dtype=np.float64)


def _standard(shape: str, work: pd.DataFrame, purpose: str) -> Numbers:
    mean, spread = _moments(shape, purpose)
    return (_shape(shape, work, purpose) - mean) / spread


@cache
def _moments(shape: str, purpose: str) -> tuple[float, float]:
    values = _shape(shape, _confounders(np.random.default_rng(20_000_101), 200_000), purpose)
    return float(values.mean()), float(values.std())


def _sizes(rng: np.random.Generator, customers: int) -> Numbers:
    weight = rng.gamma(2.0, size=customers)
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def _noise(rng: np.random.Generator, noise: str, hard: Numbers) -> Numbers:
    n = len(hard)
    if noise == "tails":
        return rng.standard_t(3, n) / np.sqrt(3)
    if noise == "uneven":
        spread = np.exp(0.5 * hard)
        return spread * rng.normal(size=n) / np.sqrt(np.exp(0.5))
    return rng.normal(size=n)
