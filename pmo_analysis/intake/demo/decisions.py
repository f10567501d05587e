"""Decisions of the PMO as they were known: taken, and two quarters later with what was seen."""

from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo.chance import Calendar

_SEEN_AFTER = 2  # quarters


def decisions_table(calendar: Calendar) -> pd.DataFrame:
    """One row when a decision is taken, another when its effect has been seen."""
    text = resources.files("pmo_analysis.intake.demo").joinpath("decisions.toml").read_text("utf-8")
    told = pd.DataFrame(tomllib.loads(text)["decision"])
    number = calendar.count - 1 - told["quarters_ago"]
    told = told.assign(number=number)[number >= 0].reset_index(drop=True)
    quarter = np.array(calendar.quarters, object)[told["number"]]
    turn = told.groupby("number").cumcount() + 1
    taken = told.assign(
        decision_id=[f"D{q}-{n}" for q, n in zip(quarter, turn, strict=True)],
        quarter=quarter,
        due_on=calendar.ends[told["number"]] + np.timedelta64(92, "D"),
        expected_effect=told["expected"],
        observed_effect=np.nan,
        state="taken",
        as_of_on=calendar.ends[told["number"]],
    )
    seen = taken[(taken["number"] + _SEEN_AFTER < calendar.count) & taken["observed"].notna()]
    seen = seen.assign(
        observed_effect=seen["observed"], state="done", as_of_on=calendar.ends[seen["number"] + _SEEN_AFTER]
    )
    return pd.concat([taken, seen], ignore_index=True).sort_values(["as_of_on", "decision_id"], ignore_index=True)
