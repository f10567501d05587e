"""How a service is received in a segment: satisfaction and value pooled towards the whole, and money per request."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

KEYS = ["segment", "service_id", "stage"]


def pool_qualities(rows: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Per segment, service and stage ("all" for all): satisfaction_score, value_score (with _low, _high, _whole), unit_cost.

    rows: one per customer, service, quarter (and stage), with satisfaction_score, value_score and unit_cost as means
    of engagement_count requests (one where it is not told). Scores are pooled towards the service's mean of all
    segments, the more the fewer answers there are and the less segments differ; unit_cost is Σ money / Σ requests.
    """
    rows = rows.assign(weight=_counts(rows))
    stages = [rows.assign(stage="all")]
    if "stage" in rows:
        stages.append(rows.dropna(subset="stage").assign(stage=lambda t: t["stage"].astype("str")))
    full = pd.concat(stages, ignore_index=True)
    cells = full.groupby(KEYS, sort=True).size().reset_index()[KEYS]
    for name, column in (("satisfaction", "satisfaction_score"), ("value", "value_score")):
        cells = cells.merge(_pooled(full, column, name, level), how="left", on=KEYS)
    return cells.merge(_unit_cost(full), how="left", on=KEYS)


def _counts(rows: pd.DataFrame) -> pd.Series:
    counts = rows["engagement_count"] if "engagement_count" in rows else pd.Series(1.0, rows.index)
    return counts.astype(float).fillna(1.0).clip(lower=0.0)


def _pooled(rows: pd.DataFrame, column: str, name: str, level: float) -> pd.DataFrame:
    told = [column, f"{name}_low", f"{name}_high", f"{name}_whole"]
    values = rows.get(column, pd.Series(np.nan, rows.index)).astype(float)
    known = rows.assign(value=values)[values.notna() & (rows["weight"] > 0)]
    if known.empty:
        return pd.DataFrame(columns=[*KEYS, *told]).astype(dict.fromkeys(told, float))
    known = known.assign(sum=known["value"] * known["weight"], square=known["value"] ** 2 * known["weight"])
    table = known.groupby(KEYS, sort=True)[["weight", "sum", "square"]].sum()
    whole = table.groupby(["service_id", "stage"])[["weight", "sum"]].transform("sum")
    mean, centre, n = table["sum"] / table["weight"], whole["sum"] / whole["weight"], table["weight"]
    noise = max(float((table["square"] - n * mean**2).sum()) / max(float((n - 1).clip(lower=0).sum()), 1.0), 1.0)
    apart = float((n * ((mean - centre) ** 2 - noise / n)).sum() / n.sum())
    own = max(apart, 0.0) / (max(apart, 0.0) + noise / n)
    pooled = own * mean + (1 - own) * centre
    reach = stats.norm.ppf((1 + level) / 2) * np.sqrt(own * noise / n + (1 - own) ** 2 * noise / whole["weight"])
    frame = pd.concat([pooled, (pooled - reach).clip(0, 100), (pooled + reach).clip(0, 100), centre], axis=1)
    return frame.set_axis(told, axis=1).reset_index()


def _unit_cost(rows: pd.DataFrame) -> pd.DataFrame:
    money = rows.get("unit_cost", pd.Series(np.nan, rows.index)).astype(float)
    known = rows.assign(money=money * rows["weight"])[money.notna()]
    sums = known.groupby(KEYS, sort=True)[["money", "weight"]].sum()
    return (sums["money"] / sums["weight"].where(sums["weight"] > 0)).rename("unit_cost").reset_index()
