"""Observations on the 0–100 scale: what the value score is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.intake.kept_rows import KeptRows

_SCALE = ["measure", "outcome", "is_ratio", "worst", "best", "base"]
_COLUMNS = ["customer_id", "quarter", "outcome", "measure", "value"]
_READ = ["customer_id", "quarter", "numerator", "denominator"]


def tell_scales(kept: KeptRows, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    """How rows become observations, of measures that have anchors: measure, outcome, is_ratio, worst, best, base.

    base: what a level is divided by first, the whole's of the base quarter for measures against it, else 1.
    """
    anchors = facts.settings.group("anchor")
    rows = [
        (m.name, m.outcome, m.estimate == "ratio", *map(float, anchors[m.name]), _base_level(kept, m, facts))
        for m in measures
        if m.name in anchors
    ]
    return pd.DataFrame(rows, columns=_SCALE)


def _base_level(kept: KeptRows, measure: Measure, facts: Facts) -> float:
    if measure.option != "against_base":
        return 1.0
    base = kept.read([measure.name], [facts.base_quarter], ["numerator", "denominator"]).dropna(subset="denominator")
    above, below = base["numerator"].sum(), base["denominator"].sum()
    return float(above / below) if below else float("nan")


def list_observations(kept: KeptRows, scales: pd.DataFrame, quarters: Sequence[str]) -> pd.DataFrame:
    """One row per project, benefit, answer or delivery of some quarters that a value function scores.

    customer_id, quarter, outcome, measure, value. Linear between the anchors. Ratios of single rows have fat tails and
    are held within 0 to 100; yes/no answers and points are not, since clipping them would change what their mean says.
    """
    tables = [
        rows.assign(outcome=scale.outcome, measure=scale.measure) for scale, rows in _each(kept, scales, quarters)
    ]
    if not tables:
        return pd.DataFrame({c: pd.Series(dtype="str" if c != "value" else "float64") for c in _COLUMNS})
    table = pd.concat(tables, ignore_index=True).astype(dict.fromkeys(_COLUMNS[:4], "str"))
    return table[_COLUMNS].sort_values(_COLUMNS, ignore_index=True)


def sum_observations(kept: KeptRows, scales: pd.DataFrame, quarters: Sequence[str]) -> pd.DataFrame:
    """The observations per customer and measure: customer_id, outcome, measure, n, value (their mean), sd."""
    tables = []
    for scale, rows in _each(kept, scales, quarters):
        rows = rows.sort_values(["customer_id", "value"])  # so that sums depend on content only
        told = rows.groupby("customer_id", observed=True)["value"].agg(n="size", value="mean", sd="std").reset_index()
        tables.append(told.assign(outcome=scale.outcome, measure=scale.measure))
    columns = ["customer_id", "outcome", "measure", "n", "value", "sd"]
    if not tables:
        return pd.DataFrame({c: pd.Series(dtype="str" if c in columns[:3] else "float64") for c in columns})
    return pd.concat(tables, ignore_index=True)[columns].astype(dict.fromkeys(columns[:3], "str"))


def _each(kept: KeptRows, scales: pd.DataFrame, quarters: Sequence[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Each scale with the customers, quarters and values of its measure."""
    for scale in scales.itertuples():
        rows = kept.read([scale.measure], quarters, _READ)
        above, below = (rows[name].to_numpy() for name in ("numerator", "denominator"))
        with np.errstate(divide="ignore", invalid="ignore"):
            level = (above / np.where(below > 0, below, np.nan) if scale.is_ratio else above) / scale.base
        value = 100 * (level - scale.worst) / (scale.best - scale.worst)
        rows = rows[["customer_id", "quarter"]].assign(value=np.clip(value, 0, 100) if scale.is_ratio else value)
        yield scale, rows[rows["customer_id"].notna() & rows["value"].notna()]
