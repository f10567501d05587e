"""Telling a cut: names and rules for its segments, who belongs where, and the evidence beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import Columns
from pmo_analysis.analysis.segments.partitions import Partition
from pmo_analysis.analysis.segments.profile import profile_segments, show_columns
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.rules import describe_segments
from pmo_analysis.analysis.segments.scheme import assign_segments
from pmo_analysis.analysis.segments.structure import Test


def describe_cut(
    values: pd.DataFrame,
    columns: Columns,
    scheme: dict[str, Any],
    test: Test | None,
    evidence: pd.DataFrame,
    *,
    why_one: str = "",
    seed: int = 0,
) -> Segmentation:
    """A scheme told with its members, profile, rules and evidence; `why_one` says why there was no search."""
    segment = assign_segments(values, scheme)["segment"]
    rules = describe_segments(show_columns(columns, fill=True), segment)
    told = rules.set_index("segment")
    scheme["segments"] = [
        {**s, "name": told["name"].get(s["segment"], s["segment"]), "rule": told["rule"].get(s["segment"], "")}
        for s in scheme["segments"]
    ]
    scheme |= {"customers_count": len(values), "found": len(scheme["segments"]) > 1}
    members = assign_segments(values, scheme).sort_index()
    count = len(scheme["segments"])
    sentence = _tell(count, len(values), told, test, why_one)
    return Segmentation(
        count > 1,
        count,
        members,
        evidence,
        profile_segments(columns, segment),
        rules,
        columns.left_out,
        scheme,
        sentence,
    )


def gather_evidence(best: Mapping[int, Partition], test: Test | None) -> pd.DataFrame:
    """The criterion per number of groups, its gain over one group, and what one population gains."""
    one = best[1].score
    rows = []
    for count, partition in best.items():
        null = test.null_gain.get(count) if test else None
        usable = null if null is not None and count > 1 else None
        rows.append(
            (
                count,
                partition.score,
                partition.score - one,
                np.median(usable) if usable is not None else np.nan,
                np.quantile(usable, 0.95) if usable is not None else np.nan,
                count == 1,
            )
        )
    return pd.DataFrame(rows, columns=no_evidence().columns).assign(
        z=test.z if test else np.nan, threshold=test.threshold if test else np.nan
    )


def no_evidence() -> pd.DataFrame:
    """The evidence where nothing was searched: one group, by lack of customers or of columns."""
    return pd.DataFrame(
        {
            "count": [1],
            "criterion": [np.nan],
            "gain": [0.0],
            "null_median": [np.nan],
            "null_high": [np.nan],
            "chosen": [True],
        }
    )


def _tell(count: int, n: int, rules: pd.DataFrame, test: Test | None, why_one: str) -> str:
    if count == 1:
        reason = why_one or "the differences between them are no larger than within one group"
        return f"The {n} customers are told as one group: {reason}."
    parts = "; ".join(f"{s} ({r.customers_count}): {r['name']}" for s, r in rules.iterrows())
    how = f"{count} groups are really there" if test else f"{count} groups, as many as asked for"
    return f"Among {n} customers {how}. {parts}."
