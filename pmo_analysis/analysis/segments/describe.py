"""Telling a cut: names and rules for its segments, who belongs where, and the evidence beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import spread_rows
from pmo_analysis.analysis.segments.columns import Columns
from pmo_analysis.analysis.segments.partitions import Partition
from pmo_analysis.analysis.segments.profile import profile_segments, show_columns
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.rules import describe_segments
from pmo_analysis.analysis.segments.scheme import assign_segments, encode
from pmo_analysis.analysis.segments.stability import measure_stability
from pmo_analysis.analysis.segments.structure import Test

_MOST_TOLD = 20_000


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
    """A scheme told with its members, profile, rules and evidence; `why_one` says why there was no search.

    Everybody is placed and counted; rules and profile are told from 20,000 evenly spaced customers where there are more.
    """
    members = assign_segments(values, scheme)
    segment, some = members["segment"], spread_rows(len(values), _MOST_TOLD)
    sizes, told = segment.value_counts(), columns.take(some)
    rules = _count_all(describe_segments(show_columns(told, fill=True), segment.iloc[some]), sizes)
    scheme = name_scheme(scheme, rules) | {"customers_count": len(values), "found": len(scheme["segments"]) > 1}
    members["name"] = segment.map({s["segment"]: s["name"] for s in scheme["segments"]}).astype("str")
    ids = [s["segment"] for s in scheme["segments"]]
    labels = number_labels(segment.iloc[some], ids)
    stability = measure_stability(encode(values.iloc[some], scheme["columns"]), labels, ids, seed=seed)
    return Segmentation(
        found=len(ids) > 1,
        count=len(ids),
        members=members.sort_index(),
        evidence=evidence,
        profile=_count_all(profile_segments(told, segment.iloc[some]), sizes),
        stability=_count_all(stability, sizes),
        null=test.null if test else no_null(),
        rules=rules,
        left_out=columns.left_out,
        scheme=scheme,
        sentence=_tell(len(ids), len(values), rules, test, why_one) + warn_unstable(stability),
    )


def _count_all(told: pd.DataFrame, sizes: pd.Series) -> pd.DataFrame:
    """Customers of each segment, not only those from whom it was told."""
    return told.assign(customers_count=told["segment"].map(sizes))


def name_scheme(scheme: Mapping[str, Any], rules: pd.DataFrame) -> dict[str, Any]:
    """The scheme with the names and rules of its segments, and how well the rules describe them."""
    told = {r["segment"]: r for r in rules.to_dict("records")}
    parts = ("name", "rule", "precision", "coverage", "customers_count")
    return {
        **scheme,
        "segments": [
            {**s, **{p: _known(told[s["segment"]][p]) for p in parts}} if s["segment"] in told else dict(s)
            for s in scheme["segments"]
        ],
    }


def _known(value: Any) -> Any:
    """A value as JSON holds it: what is missing as null."""
    return None if pd.isna(value) else value


def number_labels(segment: pd.Series, ids: list[str]) -> np.ndarray:
    """Segments as numbers 0…k−1 in the order of the ids."""
    return segment.map({name: i for i, name in enumerate(ids)}).to_numpy(dtype=int)


def warn_unstable(stability: pd.DataFrame) -> str:
    """A sentence on the segments that would not come back among other customers; empty where all would."""
    weak = stability.loc[stability["band"] == "not trustworthy", "segment"].tolist()
    if not weak:
        return ""
    told = weak[0] if len(weak) == 1 else f"{', '.join(weak[:-1])} and {weak[-1]}"
    return f" {told} would often not come back if other customers had been seen: not trustworthy as segments."


def no_null() -> pd.DataFrame:
    """The null draws where no test was made."""
    return pd.DataFrame(
        {"draw": pd.Series(dtype=int), **dict.fromkeys(("gain", "valley", "z"), pd.Series(dtype=float))}
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
    parts = "; ".join(f"{r['segment']} ({r['customers_count']}): {r['name']}" for r in rules.to_dict("records"))
    how = f"{count} groups are really there" if test else f"{count} groups, as many as asked for"
    return f"Among {n} customers {how}. {parts}."
