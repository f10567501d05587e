"""Segments of a frozen scheme told for the customers of a later quarter: the same groups under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.segments.columns import check_customers, order_rows, read_columns
from pmo_analysis.analysis.segments.naming import keep_names
from pmo_analysis.analysis.segments.profile import profile_segments
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.scheme import assign_segments, encode
from pmo_analysis.analysis.segments.stability import measure_stability
from pmo_analysis.contract.errors import InputError

_RULES = ["segment", "rule", "precision", "coverage", "name", "customers_count"]


def tell_frozen(values: pd.DataFrame, scheme: Mapping[str, Any], look: Segmentation, *, seed: int = 0) -> Segmentation:
    """The segments of a frozen scheme on these customers, beside what a fresh look at the same customers found.

    values: as for `segment_customers`; a feature of the scheme that is absent counts as missing. Members, profile,
    stability (whether a new search among these customers finds the frozen segments again), rules (precision and coverage
    as at the freeze, customers as now) and scheme are the frozen one's; evidence and null are the look's. InputError
    where half of the scheme's features or more are absent.
    """
    checked = order_rows(check_customers(add_absent(values, scheme)))
    members = assign_segments(checked, scheme).sort_index()
    segments = scheme["segments"]
    counts = members["segment"].value_counts()
    rules = pd.DataFrame(segments).reindex(columns=_RULES)
    rules["customers_count"] = rules["segment"].map(counts).fillna(0).astype(int)
    return replace(
        look,
        found=len(segments) > 1,
        count=len(segments),
        members=members,
        profile=profile_segments(read_columns(checked), members["segment"]),
        stability=_measure(checked, scheme, members, seed),
        rules=rules,
        scheme=dict(scheme),
        sentence=_tell(rules, f"By the frozen scheme the {len(members)} customers are"),
    )


def keep_ids(look: Segmentation, scheme: Mapping[str, Any], values: pd.DataFrame) -> Segmentation:
    """A new cut whose segments keep id and name of an older scheme's where they are still the same (`keep_names`).

    values: customers with the columns of both; a column of the older scheme that is absent counts as missing.
    """
    kept = keep_names(look.scheme, scheme, add_absent(values, scheme))
    ids = {old["segment"]: new["segment"] for old, new in zip(look.scheme["segments"], kept["segments"], strict=True)}
    names = {s["segment"]: s["name"] for s in kept["segments"]}
    members = look.members.assign(segment=look.members["segment"].map(ids), second=look.members["second"].map(ids))
    rules = look.rules.assign(segment=look.rules["segment"].map(ids))
    rules["name"] = rules["segment"].map(names)
    return replace(
        look,
        members=members.assign(name=members["segment"].map(names)),
        rules=rules,
        profile=_rename(look.profile, ids),
        stability=_rename(look.stability, ids),
        scheme=kept,
        sentence=_tell(rules, f"A cut of the {len(members)} customers alone finds"),
    )


def _rename(rows: pd.DataFrame, ids: Mapping[str, str]) -> pd.DataFrame:
    return rows.assign(segment=rows["segment"].map(ids))


def add_absent(values: pd.DataFrame, scheme: Mapping[str, Any]) -> pd.DataFrame:
    """Customers with every feature of a scheme, absent ones wholly missing; InputError where half of them are absent."""
    names = [column["name"] for column in scheme["columns"]]
    absent = [name for name in names if name not in values]
    if absent and 2 * len(absent) >= len(names):
        raise InputError(
            f"The frozen segments rest on {len(names)} features, of which {len(absent)} are not there: "
            f"{', '.join(absent[:5])}. Give the tables that they were cut from, or freeze again: pmo scheme freeze."
        )
    return values.assign(**dict.fromkeys(absent, float("nan")))


def _measure(values: pd.DataFrame, scheme: Mapping[str, Any], members: pd.DataFrame, seed: int) -> pd.DataFrame:
    names = [str(s["segment"]) for s in scheme["segments"]]
    labels = members["segment"].reindex(values.index).map({name: i for i, name in enumerate(names)}).to_numpy()
    with threadpool_limits(1):
        return measure_stability(encode(values, list(scheme["columns"])), labels, names, seed=seed)


def _tell(rules: pd.DataFrame, start: str) -> str:
    if len(rules) == 1:
        return f"{start} one group."
    parts = "; ".join(f"{r['segment']} ({r['customers_count']}): {r['name']}" for r in rules.to_dict("records"))
    return f"{start} {len(rules)} segments. {parts}."
