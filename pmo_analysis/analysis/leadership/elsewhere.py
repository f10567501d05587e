"""The same measure elsewhere: what changed where a decision was aimed, beyond what changed for everybody else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import Estimate, difference_interval, ratio_interval


def find_scope(text: str, groups: pd.DataFrame, services: pd.DataFrame | None = None) -> tuple[str, str, str]:
    """The category, segment or service that a decision names: kind, key and name; blank where it names none or is for all.

    `groups`: customer_id, category, segment; `services`: service_id, name. The longest name that stands in the text as
    whole words counts. The name of a service may be written in small letters and with hyphens, if it is of several words.
    """
    places = [
        (kind, str(name), str(name)) for kind in ("category", "segment") for name in groups[kind].dropna().unique()
    ]
    if services is not None:
        known = services.dropna(subset="service_id")
        places += [("service", str(i), str(i)) for i in known["service_id"]]
        places += [
            ("service", str(i), str(n)) for i, n in zip(known["service_id"], known["name"], strict=True) if pd.notna(n)
        ]
    named = [p for p in places if _stands_in(text, p[2], loosely=p[0] == "service")]
    return max(named, key=lambda p: (len(p[2]), p), default=("", "", ""))


def _stands_in(text: str, name: str, *, loosely: bool) -> bool:
    """Whether a name stands in a text as whole words."""
    words = re.split(r"[\W_]+", name)
    if loosely and len(words) > 1:
        text, name = (" ".join(re.split(r"[\W_]+", part)).casefold() for part in (text, name))
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


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
