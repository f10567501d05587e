"""The verdict on an effect and its one sentence."""

from __future__ import annotations

import pandas as pd

FIGURE = ["figure", "value"]
PLAIN = {"pays": "a better outcome", "does not pay": "a worse outcome"}


def judge(one: float, other: float, cost: float) -> str:
    """Pays where the low end of what is gained is above its cost, does not where the high end is below."""
    low, high = min(one, other) - cost, max(one, other) - cost
    return "pays" if low > 0 else "does not pay" if high < 0 else "cannot tell"


def tell_effect(limits: tuple[float, float, float], verdict: str, *, binary: bool, outcome: str, valued: bool) -> str:
    """What goes with senior time, like compared with like; `limits`: the effect, low, high."""
    per = "Senior lead" if binary else "Ten points more senior share"
    found = verdict
    if not valued and verdict in PLAIN:
        found = f"{PLAIN[verdict]}, whose worth in money is not known"
    effect, low, high = limits
    name = outcome.replace("_", " ")
    return f"{per} goes with {effect:+.2g} {name} ({low:+.2g} to {high:+.2g}), like compared with like: {found}."


def tell_hidden(sensitivity: pd.DataFrame, verdict: str) -> str:
    """How strong a difficulty that nobody recorded would have to be, with the strongest recorded one beside."""
    figures = sensitivity.set_index("figure")["value"]
    needed = percent(float(figures["robustness value"]))
    told = f"A hidden difficulty explaining {needed} of what is left of both would overturn this"
    if verdict not in PLAIN:
        told = "It includes nought as it is, and a hidden difficulty could move it either way"
    return f"{told}{tell_strongest(sensitivity, 'treatment')}."


def tell_strongest(sensitivity: pd.DataFrame, treatment: str) -> str:
    """What the strongest recorded confounder explains of outcome and treatment, to go on a sentence; blank without one."""
    figures = sensitivity.set_index("figure")["value"]
    strongest = figures[figures.index.str.startswith("strongest recorded")]
    if len(strongest) < 2:
        return ""
    name = str(strongest.index[0]).removeprefix("strongest recorded: ").rsplit(",", 1)[0].replace("_", " ")
    outcome, treated = (percent(share) for share in strongest.iloc[:2])
    return f"; the strongest recorded, {name}, explains {outcome} of the outcome and {treated} of the {treatment}"


def percent(share: float) -> str:
    """A share in words, never nought where there is something."""
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"
