"""Segments of a frozen scheme told for the customers of a later quarter: the same groups under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pmo_analysis.analysis.segments.columns import check_customers, order_rows, read_columns
from pmo_analysis.analysis.segments.profile import profile_segments
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.scheme import assign_segments
from pmo_analysis.contract.errors import InputError

_RULES = ["segment", "rule", "precision", "coverage", "name", "customers_count"]


def tell_frozen(values: pd.DataFrame, scheme: Mapping[str, Any], look: Segmentation) -> Segmentation:
    """The segments of a frozen scheme on these customers, beside what a fresh look at the same customers found.

    values: as for `segment_customers`; a feature of the scheme that is absent counts as missing. Members, profile,
    rules (precision and coverage as at the freeze, customers as now) and scheme are the frozen one's; evidence is
    the look's. InputError where half of the scheme's features or more are absent.
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
        rules=rules,
        scheme=dict(scheme),
        sentence=_tell(rules, len(members)),
    )


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


def _tell(rules: pd.DataFrame, customers: int) -> str:
    if len(rules) == 1:
        return f"The {customers} customers are told as one group, as frozen."
    parts = "; ".join(f"{r['segment']} ({r['customers_count']}): {r['name']}" for r in rules.to_dict("records"))
    return f"The {customers} customers are told by {len(rules)} frozen segments. {parts}."
