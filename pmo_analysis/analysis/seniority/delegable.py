"""Senior hours above what comparable services take: how many, what they cost more, and what moving them risks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.seniority.effect import SeniorEffect
from pmo_analysis.contract.settings import Settings

DELEGABLE = [
    "service_id",
    "senior_hours",
    "standard_senior_hours",
    "excess_hours",
    "excess_low_hours",
    "excess_high_hours",
    "cost",
    "cost_low",
    "cost_high",
    "outcome_change",
    "outcome_low",
    "outcome_high",
    "n",
]
DELEGABLE_BY = ["service_id", "size_quoted", "segment", *DELEGABLE[1:]]


def tell_delegable(
    hours: pd.DataFrame, family: pd.Series, gap: float, effect: SeniorEffect | None, settings: Settings,
    *, by: tuple[str, ...] = ("service_id",),
) -> pd.DataFrame:  # fmt: skip
    """`by` and DELEGABLE, most hours first: the PMO's senior hours above the share of the other services' like work.

    hours: `described_hours`; family: by service_id; gap: what a senior hour costs more. Comparable is the work of
    other services of the same family and complexity, else of the same complexity; without any the standard is what
    it took. The ranges are over customers, the standard taken as it is; `outcome_change` is what the outcome score
    would change by, per delivery, if the share fell to the standard, by the effect (missing where it is not known).
    """
    columns = [*by, *DELEGABLE[1:]]
    ours = hours[(hours["side"] == "pmo") & hours["service_id"].notna()].dropna(subset=list(by))
    if ours.empty:
        return pd.DataFrame(columns=columns)
    ours = ours.assign(standard_senior_hours=ours["all_hours"] * _usual(ours, family))
    ours["standard_senior_hours"] = ours["standard_senior_hours"].fillna(ours["senior_hours"])
    ours["excess_hours"] = ours["senior_hours"] - ours["standard_senior_hours"]
    keys = list(by)
    table = ours.groupby(keys)[["senior_hours", "all_hours", "standard_senior_hours", "excess_hours"]].sum()
    table = table.assign(n=ours.groupby(keys)["engagement_id"].nunique()).join(_reach(ours, keys, settings))
    table = table[(table["n"] >= settings["minimum_estimate"]) & (table["excess_hours"] > 0)].reset_index()
    told = _with_risk(_with_money(table, gap), effect)
    return told.sort_values(["excess_hours", *keys], ascending=[False, *[True] * len(keys)], ignore_index=True)[columns]


def _usual(ours: pd.DataFrame, family: pd.Series) -> pd.Series:
    """Per row the senior share that other services take of work of the same family and complexity."""
    rows = ours.assign(family=ours["service_id"].map(family).fillna("(none)"), level=ours["complexity"].fillna(0))
    return _others_share(rows, ["family", "level"]).fillna(_others_share(rows, ["level"]))


def _others_share(rows: pd.DataFrame, by: list[str]) -> pd.Series:
    """The senior share of the other services in the same cell; missing where there are none."""
    whole = rows.groupby(by)[["senior_hours", "all_hours"]].transform("sum")
    own = rows.groupby(["service_id", *by])[["senior_hours", "all_hours"]].transform("sum")
    rest = whole - own
    return rest["senior_hours"] / rest["all_hours"].where(rest["all_hours"] > 1e-9)


def _reach(ours: pd.DataFrame, keys: list[str], settings: Settings) -> pd.Series:
    """Half the width of the excess hours' interval: how much its sum over customers strays (Student's t)."""
    sums = ours.groupby([*keys, ours["customer_id"].fillna("(none)")])["excess_hours"].sum()
    spread = sums.groupby(level=keys).agg(["std", "size"])
    degrees = (spread["size"] - 1).clip(lower=1).to_numpy(float)
    quantile = special.stdtrit(degrees, (1 + settings["interval_level"]) / 2)
    return (quantile * spread["std"] * np.sqrt(spread["size"])).rename("reach")


def _with_money(table: pd.DataFrame, gap: float) -> pd.DataFrame:
    low, high = (table["excess_hours"] - table["reach"]).clip(lower=0), table["excess_hours"] + table["reach"]
    high = high.clip(upper=table["senior_hours"])
    ends = low * gap, high * gap
    money = {"cost": table["excess_hours"] * gap, "cost_low": np.minimum(*ends), "cost_high": np.maximum(*ends)}
    return table.assign(excess_low_hours=low, excess_high_hours=high, **money)


def _with_risk(table: pd.DataFrame, effect: SeniorEffect | None) -> pd.DataFrame:
    tens = 10 * table["excess_hours"] / table["all_hours"]
    change = (np.nan,) * 3 if effect is None else (-effect.estimate, -effect.high, -effect.low)
    names = ("outcome_change", "outcome_low", "outcome_high")
    return table.assign(**{name: tens * one for name, one in zip(names, change, strict=True)})
