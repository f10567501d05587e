"""Which service suits which segment, at which life-cycle stage: uptake pooled towards the whole, with a verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from pmo_analysis.analysis.targets.quality import pool_qualities
from pmo_analysis.contract.quarters import shift_quarter

RECENT = 4
LEAST = 5
RARE_SHARE = 0.10
CLEARLY_MORE = 0.02
COLUMNS = [
    "segment",
    "service_id",
    "stage",
    "uptake",
    "low",
    "high",
    "n",
    "whole_uptake",
    "satisfaction_score",
    "satisfaction_low",
    "satisfaction_high",
    "value_score",
    "value_low",
    "value_high",
    "unit_cost",
    "verdict",
    "reason",
]


def judge_fit(
    history: pd.DataFrame, segment: pd.Series, services: list[str], quarter: str, level: float = 0.95
) -> pd.DataFrame:
    """Per segment, service and stage ("all" for all stages) the share of customers that asked in the last year.

    segment: active customer_id → segment. uptake is pooled towards the service's share among all customers
    (beta-binomial, pooling strength from how much segments differ); n counts the segment's customers, at a stage
    those that asked for anything at it. verdict: offer (clearly more than the whole), stop (clearly under one in ten
    and under the whole: what is rare everywhere suits nobody less), keep, or too few to say (under five customers);
    what is clearly less liked or worth less than elsewhere is kept and mended before it is offered. satisfaction_score
    and value_score are pooled towards the service's mean, with limits; unit_cost is money over requests.
    """
    since = shift_quarter(quarter, 1 - RECENT)
    rows = history[(history["quarter"] >= since) & (history["quarter"] <= quarter)]
    rows = rows[rows["customer_id"].isin(segment.index)]
    rows = rows.assign(segment=rows["customer_id"].map(segment))
    sizes = segment.value_counts().sort_index()
    table = _uptake(rows[rows["service_id"].isin(services)], sizes, services).assign(stage="all")
    parts = [_pooled(table, level)]
    if "stage" in rows and rows["stage"].notna().any():
        for stage, part in rows.dropna(subset="stage").groupby("stage", sort=True):
            at = part.groupby("segment")["customer_id"].nunique()
            offered = sorted(set(part["service_id"]) & set(services))
            parts.append(_pooled(_uptake(part, at, offered).assign(stage=str(stage)), level))
    full = pd.concat([p for p in parts if len(p)] or parts, ignore_index=True)
    full = full.merge(pool_qualities(rows, level), how="left", on=["segment", "service_id", "stage"])
    return _with_verdict(full)[COLUMNS].sort_values(["segment", "service_id", "stage"], ignore_index=True)


def _uptake(rows: pd.DataFrame, sizes: pd.Series, services: list[str]) -> pd.DataFrame:
    cells = pd.MultiIndex.from_product([sizes.index, services], names=["segment", "service_id"])
    hits = rows.groupby(["segment", "service_id"])["customer_id"].nunique().reindex(cells, fill_value=0)
    table = hits.rename("hits").reset_index()
    return table.assign(n=table["segment"].map(sizes).astype(int))


def _pooled(table: pd.DataFrame, level: float) -> pd.DataFrame:
    if table.empty:
        return table.assign(uptake=np.nan, low=np.nan, high=np.nan, whole_uptake=np.nan)
    sums = table.groupby("service_id")[["hits", "n"]].transform("sum")
    whole = (sums["hits"] + 0.5) / (sums["n"] + 1.0)
    strength = _pooling(table, whole)
    alpha, beta = table["hits"] + strength * whole, table["n"] - table["hits"] + strength * (1 - whole)
    tail, uptake = (1 - level) / 2, alpha / (alpha + beta)
    # Where nobody or everybody asked the mean can lie beyond an equal-tailed limit; the limits then reach to it.
    low = np.minimum(stats.beta.ppf(tail, alpha, beta), uptake)
    high = np.maximum(stats.beta.ppf(1 - tail, alpha, beta), uptake)
    return table.assign(uptake=uptake, whole_uptake=whole, low=low, high=high)


def _pooling(table: pd.DataFrame, whole: pd.Series) -> float:
    """How many customers' worth the whole counts: much where segments hardly differ, little where they do (moments)."""
    chance = whole * (1 - whole)
    excess = ((table["hits"] - table["n"] * whole) ** 2 - table["n"] * chance).sum()
    possible = (table["n"] * (table["n"] - 1) * chance).sum()
    alike = float(np.clip(excess / possible, 0.01, 0.5)) if possible > 0 else 0.5
    return 1 / alike - 1


def _with_verdict(table: pd.DataFrame) -> pd.DataFrame:
    few, more = table["n"] < LEAST, table["low"] > table["whole_uptake"] + CLEARLY_MORE
    rare = table["high"] < np.minimum(RARE_SHARE, table["whole_uptake"])
    worse = [table[f"{q}_high"] < table[f"{q}_whole"] for q in ("satisfaction", "value")]
    told = [
        f"{100 * u:.0f} % ({100 * lo:.0f} to {100 * hi:.0f} %) of {n} customers asked in a year, {100 * w:.0f} % of all"
        for u, lo, hi, n, w in zip(*[table[c] for c in ("uptake", "low", "high", "n", "whole_uptake")], strict=True)
    ]
    why = [
        (few, "too few to say", "fewer than five customers"),
        (
            more & worse[0],
            "keep",
            "clearly more than elsewhere, but clearly less satisfied: mend it before offering it",
        ),
        (
            more & worse[1],
            "keep",
            "clearly more than elsewhere, but clearly worth less to them: mend it before offering it",
        ),
        (more, "offer", "clearly more than elsewhere: offer it to the rest"),
        (rare, "stop", "clearly fewer than one in ten, and than elsewhere"),
        (table["high"] < table["whole_uptake"], "keep", "fewer than elsewhere, yet too many to stop it"),
        (pd.Series(True, table.index), "keep", "no clear difference from the whole"),
    ]
    place = np.argmax(np.stack([held.to_numpy(bool) for held, _, _ in why]), axis=0) if len(table) else []
    reason = [f"{t}: {why[p][2]}" for t, p in zip(told, place, strict=True)]
    return table.assign(verdict=[why[p][1] for p in place], reason=reason)
