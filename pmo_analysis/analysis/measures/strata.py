"""Is the whole misleading? Mix against rate, and Simpson's reversals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.cells import choose_measures, compared_quarters
from pmo_analysis.analysis.measures.definition import Measure
from pmo_analysis.analysis.measures.facts import Facts

STRATA = ("category", "segment", "service")


def split_mix_and_rate(cases: pd.DataFrame, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    """How much of a change comes from other groups weighing more, and how much from groups doing otherwise.

    measure, group_kind, against, change, mix, rate; for ratios, shares and means. A group in only one of the
    two quarters counts as mix. mix + rate = change exactly (Kitagawa 1955).
    """
    return split_sums([sum_strata(cases, measures)], facts)


def sum_strata(cases: pd.DataFrame, measures: list[Measure]) -> pd.DataFrame:
    """Sums of categories, segments and services by period: index measure, group_kind, group, period; two columns."""
    some = choose_measures(cases, [m for m in measures if m.estimate in ("share", "ratio", "mean") and not m.option])
    amounts = [some[name].to_numpy("float64") for name in ("numerator", "denominator")]
    known = some["group_kind"].isin(STRATA).to_numpy() & ~np.isnan(amounts[0]) & ~np.isnan(amounts[1])
    code, found = pd.factorize(some["cell"].to_numpy()[known], sort=True)
    first = np.empty(len(found), "int64")
    first[code[::-1]] = np.flatnonzero(known)[::-1]
    keys = some[["measure", "group_kind", "group", "period"]].iloc[first].astype("str")
    above, below = (np.bincount(code, amount[known], len(found)) for amount in amounts)
    return keys.assign(numerator=above, denominator=below).set_index(list(keys.columns))


def split_sums(sums: list[pd.DataFrame], facts: Facts) -> pd.DataFrame:
    """`split_mix_and_rate` of several tables of `sum_strata` together."""
    both = pd.concat([table for table in sums if len(table)] or sums[:1])
    parts = [
        _split(both, facts.quarter, quarter).assign(against=against)
        for against, quarter in compared_quarters(facts).items()
    ]
    columns = ["measure", "group_kind", "against", "change", "mix", "rate"]
    return pd.concat(parts, ignore_index=True)[columns].sort_values(columns[:3], ignore_index=True)


def _split(sums: pd.DataFrame, now: str, before: str) -> pd.DataFrame:
    wide = sums.unstack("period").reindex(
        columns=pd.MultiIndex.from_product([["numerator", "denominator"], [before, now]])
    )
    over = wide.index.droplevel("group")
    weights = wide["denominator"].fillna(0.0)
    weights = weights / weights.groupby(over).transform("sum")
    rates = (wide["numerator"] / wide["denominator"].where(wide["denominator"] != 0)).astype("float64")
    # A group that is new or gone has one rate only: its whole effect is mix.
    rates = pd.DataFrame({before: rates[before].fillna(rates[now]), now: rates[now].fillna(rates[before])})
    table = (
        pd.DataFrame(
            {
                "mix": (weights[now] - weights[before]) * rates.mean(axis=1),
                "rate": (rates[now] - rates[before]) * (weights[now] + weights[before]) / 2,
            }
        )
        .groupby(["measure", "group_kind"])
        .sum(min_count=1)
    )
    both = wide["denominator"].notna().groupby(["measure", "group_kind"]).any().all(axis=1)
    table = table[both.reindex(table.index, fill_value=False)]
    return table.assign(change=table["mix"] + table["rate"]).reset_index()


def find_reversals(changes: pd.DataFrame) -> pd.DataFrame:
    """Simpson's paradox: the whole moved one way and every one of at least two groups the other.

    `changes`: measure, group_kind, group, against, change. Gives measure, group_kind, against, change,
    groups_count, sentence. Signs are compared, not intervals: this is a warning about the whole, not a finding.
    """
    known = changes[changes["change"].notna() & changes["group_kind"].isin(["all", *STRATA])]
    keys = ["measure", "against"]
    whole = known[known["group_kind"] == "all"].set_index(keys)["change"]
    parts = known[known["group_kind"] != "all"].join(whole.rename("whole"), on=keys)
    parts["opposite"] = np.sign(parts["change"]) * np.sign(parts["whole"]) < 0
    table = (
        parts.groupby([*keys, "group_kind"])
        .agg(change=("whole", "first"), groups_count=("opposite", "size"), opposite=("opposite", "all"))
        .reset_index()
    )
    table = table[table["opposite"] & (table["groups_count"] >= 2)].reset_index(drop=True)
    table["sentence"] = [
        f"{row.measure} {'rose' if row.change > 0 else 'fell'} against {row.against} on the whole, yet "
        f"{'fell' if row.change > 0 else 'rose'} in every {row.group_kind}: the mix of them changed."
        for row in table.itertuples()
    ]
    return table[["measure", "group_kind", "against", "change", "groups_count", "sentence"]].astype({"sentence": "str"})
