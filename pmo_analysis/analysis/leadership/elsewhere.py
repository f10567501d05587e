"""The same measure elsewhere: what changed where a decision was aimed, beyond what changed for everybody else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import Estimate, difference_interval, ratio_interval


def find_scope(text: str, groups: pd.DataFrame) -> tuple[str, str]:
    """The category or segment that a decision names, as kind and name; ("", "") where it names none or is for all.

    `groups`: customer_id, category, segment. The longest name that stands in the text as whole words counts.
    """
    places = [(kind, str(name)) for kind in ("category", "segment") for name in groups[kind].dropna().unique()]
    named = [p for p in places if re.search(rf"(?<!\w){re.escape(p[1])}(?!\w)", text)]
    return max(named, key=lambda p: (len(p[1]), p), default=("", ""))


def compare_elsewhere(
    rows: pd.DataFrame, inside: pd.Series, before: Sequence[str], since: Sequence[str], *, level: float, minimum: int
) -> tuple[Estimate, Estimate]:
    """The change inside less the change elsewhere, and the change elsewhere: each value, low, high, n.

    `rows`: quarter, customer_id, numerator, denominator of a measure that is a ratio of sums; `inside`: per row.
    What moves everybody (a season, a new tool, a bad quarter that mends by itself) falls out of the difference.
    """
    here, there = (
        _change(rows[of], before, since, level=level, minimum=minimum) for of in (inside, ~inside.astype(bool))
    )
    return difference_interval(here, there), there


def _change(rows: pd.DataFrame, before: Sequence[str], since: Sequence[str], *, level: float, minimum: int) -> Estimate:
    was, now = (
        ratio_interval(
            rows[rows["quarter"].isin(part)],
            "numerator",
            "denominator",
            cluster="customer_id",
            level=level,
            minimum=minimum,
        )
        for part in (before, since)
    )
    return difference_interval(now, was)


def is_ratio(rows: pd.DataFrame, chart: pd.DataFrame) -> bool:
    """Whether a measure's chart is Σ numerator / Σ denominator of its rows: only then can parts be told apart."""
    known = rows[rows["numerator"].notna() & rows["denominator"].notna()]
    sums = known.groupby("quarter")[["numerator", "denominator"]].sum()
    told = chart.set_index("quarter")["value"].dropna()
    ratios = (sums["numerator"] / sums["denominator"]).reindex(told.index)
    return bool(len(told) and np.allclose(ratios.astype("float64"), told.astype("float64"), rtol=1e-9))
