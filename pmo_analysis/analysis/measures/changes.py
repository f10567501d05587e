"""Changes: the interval of the difference, its direction, and false alarms among many."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import (
    benjamini_hochberg,
    difference_interval,
    difference_of_means,
    difference_p_value,
    tell_direction,
)
from pmo_analysis.analysis.measures.cells import ERROR, ESTIMATE, KEYS, compared_quarters
from pmo_analysis.analysis.measures.definition import Measure
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.analysis.measures.lower_cost import SAVINGS
from pmo_analysis.contract.quarters import shift_quarter

_GROUP = KEYS[:3]
# Figures that are set against each other at once; of more, a measure at a time, since the texts of their names weigh most.
MOST_TOGETHER = 200_000


def divide_by_base(figures: pd.DataFrame, measures: list[Measure], facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures against a base quarter: with the base's uncertainty (to be told), and without it (to be compared).

    Two quarters over one base share the base's error, which cancels in their difference. The limits of a ratio
    of two estimates add squared distances on the log scale (MOVER, Donner & Zou 2012).
    """
    names = [m.name for m in measures if m.option == "against_base"]
    chosen = figures["measure"].isin(names)
    rows = figures[chosen].join(_bases(figures[chosen], facts), on=_GROUP)
    scaled = rows.assign(**{c: rows[c] / rows["base"] for c in ("value", "low", "high", "error")})
    with np.errstate(divide="ignore", invalid="ignore"):
        now = {c: np.log(rows[c].where(rows[c] > 0)) for c in ("value", "low", "high")} | {"n": rows["n"]}
        base = {
            c: np.log(rows[b].where(rows[b] > 0))
            for c, b in (("value", "base"), ("low", "base_low"), ("high", "base_high"))
        }
    told = difference_interval(now, base | {"n": rows["base_n"]})
    based = scaled.assign(low=np.exp(told["low"]), high=np.exp(told["high"]))
    rest = figures[~chosen]
    told_both = [table.loc[table["base"] > 0, figures.columns] for table in (based, scaled)]
    return (
        pd.concat([rest, told_both[0]], ignore_index=True),
        pd.concat([rest, told_both[1]], ignore_index=True),
    )


def _bases(figures: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """The base figure of each group; a customer's is that of the look-back before."""
    customer = figures["group_kind"] == "customer"
    period = np.where(customer, _customer_base(facts), facts.base_quarter)
    rows = figures[figures["period"] == period].set_index(_GROUP)[ESTIMATE]
    return rows.rename(columns={"value": "base", "low": "base_low", "high": "base_high", "n": "base_n"})


def _customer_base(facts: Facts) -> str:
    return shift_quarter(facts.quarter, -facts.settings["look_back_quarters"])


def tell_changes(figures: pd.DataFrame, savings: pd.DataFrame, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    """Every figure of the quarter against last quarter and last year; a saving is a change by itself."""
    back = facts.settings["look_back_quarters"]
    compared = [(against, quarter, False) for against, quarter in compared_quarters(facts).items()]
    compared.append((f"{back} quarters before", _customer_base(facts), True))
    tables = [
        _compare(figures, (facts.quarter, quarter), facts, customers=customers).assign(against=against)
        for against, quarter, customers in compared
    ]
    saved = savings[(savings["period"] == facts.quarter) & savings["measure"].isin(SAVINGS)]
    saved = saved.rename(columns={"value": "change"}).assign(against="last year")
    changes = pd.concat([*tables, saved[[*_GROUP, "change", "low", "high", "n", "against"]]], ignore_index=True)
    return _judge(changes, measures, facts)


def _compare(figures: pd.DataFrame, periods: tuple[str, str], facts: Facts, *, customers: bool) -> pd.DataFrame:
    """Differences of the two periods, with p where it is of means or ratios; the others' follows from their limits."""
    figures = figures[((figures["group_kind"] == "customer") == customers) & figures["period"].isin(periods)]
    if len(figures) <= MOST_TOGETHER:
        return _tell_differences(figures, periods, facts)
    parts = [_tell_differences(part, periods, facts) for _, part in figures.groupby("measure", sort=False)]
    return pd.concat(parts, ignore_index=True)


def _tell_differences(figures: pd.DataFrame, periods: tuple[str, str], facts: Facts) -> pd.DataFrame:
    later, earlier = (
        figures[figures["period"] == period].set_index(_GROUP)[[*ESTIMATE, *ERROR]].astype("float64")
        for period in periods
    )
    earlier = earlier.reindex(later.index)
    change = pd.DataFrame(difference_interval(later, earlier), index=later.index).assign(p_value=np.nan)
    means = difference_of_means(later, earlier, level=facts.settings["interval_level"])
    told = change["low"].notna() & means["low"].notna()
    change = means.where(told, change, axis=0)
    return change.rename(columns={"value": "change"}).reset_index()


def _judge(changes: pd.DataFrame, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    """Direction only where the interval excludes 0; flagged when it still stands among all comparisons made."""
    better = {m.name: m.better for m in measures}
    p = difference_p_value({**changes, "value": changes["change"]}, level=facts.settings["interval_level"])
    p = changes["p_value"].fillna(pd.Series(p, index=changes.index)).to_numpy()
    changes = changes.assign(
        p_value=p,
        adjusted_p=_adjust_by_kind(p, changes["group_kind"]),
        direction=tell_direction(changes["low"], changes["high"], changes["measure"].map(better)),
        n=changes["n"].fillna(0).astype("int64"),
    )
    changes["flagged"] = changes["adjusted_p"] <= facts.settings["false_discovery_rate"]
    rank = {m.name: i for i, m in enumerate(measures)}
    order = (
        changes.assign(rank=changes["measure"].map(rank))
        .sort_values(["rank", *_GROUP[1:], "against"], kind="stable")
        .index
    )
    columns = [*_GROUP, "against", "change", "low", "high", "n", "p_value", "adjusted_p", "direction", "flagged"]
    return changes.loc[order, columns].reset_index(drop=True)


def _adjust_by_kind(p: np.ndarray, kinds: pd.Series) -> np.ndarray:
    """Each kind of group is a family of its own: hundreds of customers do not silence what the whole shows."""
    adjusted = np.full(len(p), np.nan)
    for kind in kinds.unique():
        inside = (kinds == kind).to_numpy()
        adjusted[inside] = benjamini_hochberg(p[inside])
    return adjusted
