"""The senior share of hours by group, as it is and as if each group had the whole's mix of work."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.contract.settings import Settings

SHARES = [
    "side",
    "group_kind",
    "group",
    "senior_share",
    "low",
    "high",
    "senior_hours",
    "all_hours",
    "n",
    "standardised_share",
]
# Hours that no group can be told for are a line of their own, so that a kind's lines add up to the whole.
NOT_NAMED = "not named"
_KINDS = {"all": None, "category": "category", "segment": "segment", "service": "service_id", "size": "size_quoted"}


def tell_shares(hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """SHARES by side for the whole and by category, segment, service and size; n counts engagements."""
    parts = [_by_kind(hours.assign(expected_hours=_expected(hours, k)), k, c, settings) for k, c in _KINDS.items()]
    return pd.concat(parts, ignore_index=True)[SHARES] if len(hours) else pd.DataFrame(columns=SHARES)


def _expected(hours: pd.DataFrame, kind: str) -> pd.Series:
    """Senior hours that the work would take at the side's usual share for its service and complexity.

    Services themselves are compared at their complexity alone.
    """
    strata = ["side", hours["complexity"].fillna(0)]
    strata += [] if kind == "service" else [hours["service_id"].fillna("(none)")]
    sums = hours.groupby(strata)[["senior_hours", "all_hours"]].transform("sum")
    return hours["all_hours"] * sums["senior_hours"] / sums["all_hours"].where(sums["all_hours"] > 0)


def _by_kind(rows: pd.DataFrame, kind: str, column: str | None, settings: Settings) -> pd.DataFrame:
    group = pd.Series("all", index=rows.index) if column is None else rows[column].astype("str").fillna(NOT_NAMED)
    named, by = rows.assign(group=group), ["side", "group"]
    table = ratio_table(
        named,
        by,
        numerator="senior_hours",
        denominator="all_hours",
        cluster="customer_id",
        count="engagement",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
    )
    sums = named.groupby(by)[["senior_hours", "all_hours", "expected_hours"]].sum().reset_index()
    whole = rows.groupby("side")[["senior_hours", "all_hours"]].sum()
    table = table.merge(sums, on=by).rename(columns={"value": "senior_share"})
    usual = table["side"].map(whole["senior_hours"] / whole["all_hours"]).astype(float)
    standard = table["senior_hours"] / table["expected_hours"].where(table["expected_hours"] > 0) * usual
    return table.assign(
        group_kind=kind,
        standardised_share=standard.clip(upper=1.0),
        low=table["low"].clip(0, 1),
        high=table["high"].clip(0, 1),
    )


def may_tell_groups(roles: pd.DataFrame, people: pd.Series | None, minimum: int) -> bool:
    """Whether the PMO's senior hours may be told by group: at least `minimum` people are senior and as many are not.

    roles: role, senior, side; people: how many hold each role (index role), unknown = none; None = not asked.
    """
    if people is None:
        return True
    ours = roles.drop_duplicates("role").dropna(subset="senior")
    ours = ours[ours["side"].fillna("pmo") != "customer"]
    counts = ours["role"].map(people).fillna(0.0).astype(float).groupby(ours["senior"].astype(bool)).sum()
    return bool(counts.reindex([True, False], fill_value=0.0).min() >= minimum)
