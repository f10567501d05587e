"""Small cells are merged, not blanked: nobody can be told apart by a cell or by a difference from the total.

A total and its cells are published together, so a single blank could be found by subtraction; merged cells cannot.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.intake.dataset import Dataset


def suppress(
    rows: pd.DataFrame,
    *,
    group: str,
    contributor: str,
    value: str | None = None,
    minimum: int = 5,
    dominance: float = 0.7,
    other: str = "other groups",
) -> pd.Series:
    """Under which name each group may be told: its own, or `other` together with the rest of the small ones.

    `rows`: one row per contribution. A group is too small with one to `minimum` − 1 contributors, or when one gives
    more than `dominance` of `value`. All small groups become one; while that is still too small the smallest of the
    others joins it. Index group, values the name; missing where not even all together may be told.
    """
    told = pd.Series({g: g for g in sorted(rows[group].dropna().unique())}, dtype="object")
    sizes = _sizes(rows.assign(told=rows[group]), "told", contributor, value)
    small = _too_small(sizes, minimum, dominance)
    joined = set(sizes.index[small])
    for name in [None, *sizes.index[~small]]:  # from the smallest upwards
        if name is not None:
            joined.add(name)
        if not joined:
            return told.astype("str")
        merged = rows.assign(told=rows[group].where(~rows[group].isin(joined), other))
        if not _too_small(_sizes(merged, "told", contributor, value), minimum, dominance).any():
            return told.where(~told.index.isin(joined), other).astype("str")
    return pd.Series(np.nan, told.index, dtype="str")


def _sizes(rows: pd.DataFrame, group: str, contributor: str, value: str | None) -> pd.DataFrame:
    """Contributors and the largest one's share, per group, smallest first."""
    known = rows.dropna(subset=[group, contributor])
    parts = (
        known.assign(amount=1.0 if value is None else known[value].abs()).groupby([group, contributor])["amount"].sum()
    )
    by_group = parts.groupby(level=0)
    told = pd.DataFrame({"n": by_group.size(), "largest_share": by_group.max() / by_group.sum()})
    if value is None:
        told["largest_share"] = 0.0
    return told.sort_index().sort_values("n", kind="stable")


def _too_small(sizes: pd.DataFrame, minimum: int, dominance: float) -> pd.Series:
    return (sizes["n"] < minimum) | (sizes["largest_share"] > dominance)


def count_people(data: Dataset, quarter: str, month: int = 12) -> pd.Series:
    """How many people hold each role in a quarter: by pseudonyms in effort, else full-time equivalents. Index role."""
    capacity = data.frame("capacity", ["quarter", "role", "fte"])
    fte = capacity[capacity["quarter"] == quarter].groupby("role")["fte"].sum()
    if not data.has("effort", "person_id"):
        return fte.rename("people_count")
    day = nw.col("worked_on")
    rows = data["effort"].filter(day >= quarter_start(quarter, month), day <= quarter_end(quarter, month))
    pairs = rows.select("role", "person_id").drop_nulls().unique().collect().to_pandas()
    people = pairs.groupby("role").size().astype("float64")
    return people.combine_first(fte).sort_index().rename("people_count")


def name_roles(roles: pd.Series, people: pd.Series, *, minimum: int = 5, other: str = "other roles") -> pd.Series:
    """Under which name each role may be told: its own where at least `minimum` people hold it, else with others.

    The rest are told as `other`; where they are too few even together the next smallest joins them, and where all
    together are too few the one name is "all roles". Unknown head counts count as too few. Index role.
    """
    counted = pd.Series(people.reindex(sorted(roles.dropna().unique())).fillna(0.0), dtype="float64")
    order = counted.sort_index().sort_values(kind="stable")
    joined = set(order.index[order < minimum])
    for role in order.index:
        if not joined or order[list(joined)].sum() >= minimum:
            break
        joined.add(role)
    name = "all roles" if len(joined) == len(order) else other
    return pd.Series({r: name if r in joined else r for r in order.index}, dtype="str").rename("role")


def merge_roles(
    table: pd.DataFrame,
    people: pd.Series,
    *,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    minimum: int = 5,
    other: str = "other roles",
) -> pd.DataFrame:
    """A table by role in which roles held by fewer than `minimum` people are told together, as `name_roles` says.

    Numbers are summed (missing stays missing); `ratios` are made anew: name → (numerator, denominator).
    """
    if table.empty:
        return table
    told = table.assign(role=table["role"].map(name_roles(table["role"], people, minimum=minimum, other=other)))
    sums = told.groupby("role", sort=True).sum(min_count=1, numeric_only=True)
    for column, (above, below) in (ratios or {}).items():
        sums[column] = sums[above] / sums[below].where(sums[below] != 0)
    return sums.reset_index()[[c for c in table.columns if c == "role" or c in sums]]
