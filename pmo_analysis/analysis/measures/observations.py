"""Observations on the 0–100 scale: what the value score is made of."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.contract.quarters import quarters_between, shift_quarter


def tell_observations(rows: pd.DataFrame, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    """One row per project, benefit, answer or delivery of the look-back that a value function scores.

    Linear between the anchors. Ratios of single rows have fat tails and are held within 0 to 100; yes/no answers and
    points are not, since clipping them would change what their mean says.
    """
    anchors = facts.settings.group("anchor")
    scored = {m.name: m for m in measures if m.name in anchors}
    first = shift_quarter(facts.quarter, 1 - facts.settings["look_back_quarters"])
    recent = rows["measure"].isin(list(scored)) & rows["quarter"].isin(quarters_between(first, facts.quarter))
    chosen = rows[recent & rows["customer_id"].notna() & rows["numerator"].notna()]
    ratio = chosen["measure"].map({n: m.estimate == "ratio" for n, m in scored.items()}).fillna(False).astype("bool")
    level = chosen["numerator"].where(
        ~ratio, chosen["numerator"] / chosen["denominator"].where(chosen["denominator"] > 0)
    )
    level = level / _base_levels(chosen, scored, rows, facts)
    worst = chosen["measure"].map({n: anchors[n][0] for n in scored}).astype("float64")
    best = chosen["measure"].map({n: anchors[n][1] for n in scored}).astype("float64")
    value = 100 * (level - worst) / (best - worst)
    outcomes = pd.CategoricalDtype(sorted({m.outcome for m in scored.values()}))
    table = chosen[["customer_id", "quarter", "measure"]].assign(
        value=value.mask(ratio, value.clip(0, 100)),
        outcome=chosen["measure"].map({n: m.outcome for n, m in scored.items()}).astype(outcomes),
    )
    columns = ["customer_id", "quarter", "outcome", "measure", "value"]
    table = table[table["value"].notna()][columns].sort_values(columns, ignore_index=True)
    return table.astype(dict.fromkeys(columns[:4], "str"))


def _base_levels(chosen: pd.DataFrame, scored: dict[str, Measure], rows: pd.DataFrame, facts: Facts) -> pd.Series:
    """What a row's level is divided by: the whole's base for measures against a base quarter, else 1."""
    based = [n for n, m in scored.items() if m.option == "against_base"]
    base = rows[rows["measure"].isin(based) & (rows["quarter"] == facts.base_quarter) & rows["denominator"].notna()]
    sums = base.groupby("measure")[["numerator", "denominator"]].sum()
    levels = (sums["numerator"] / sums["denominator"]).reindex(based)
    return chosen["measure"].map(dict.fromkeys(scored, 1.0) | levels.to_dict()).astype("float64")
