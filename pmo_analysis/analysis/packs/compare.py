"""One customer, segment or category beside the others: never fewer than five, and clear differences only."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import (
    benjamini_hochberg,
    censored_quantile,
    difference_interval,
    difference_p_value,
    ratio_table,
    share_interval,
    tell_direction,
)
from pmo_analysis.contract.settings import Settings

# The measures compared and how each is estimated. None is made of answers: those are told by the report's groups only.
COMPARED = {
    "lead_time_days": "waiting", "promises_kept_share": "share", "first_time_right_share": "share",
    "touchpoint_count": "ratio", "own_hours": "ratio", "delivery_cost": "ratio",
}  # fmt: skip
LESS_IS_BETTER = {"lead_time_days", "touchpoint_count", "own_hours", "delivery_cost"}
ESTIMATE = ["value", "low", "high", "n"]
COLUMNS = [
    "measure", "value", "low", "high", "n", "others_value", "others_low", "others_high", "others_n", "others_count",
    "direction", "untold",
]  # fmt: skip


def compare_with_others(
    rows: pd.DataFrame, own: Collection[str], others: Collection[str], settings: Settings, *, quarter: str | None = None
) -> pd.DataFrame:
    """Each measure of some customers beside that of others, with the direction only where the difference is clear.

    rows: measure, customer_id, numerator, denominator (of waiting: whether it has ended). Others are not told where
    fewer than minimum_cell of them have anything, or one gives more than dominance_share of it; `untold` says why.
    `quarter`: the pack's own, the last of those that the rows (with a column quarter) are of; in it, too, that many others
    must have something. Then no pack's others, less those of packs before in whatever combination, are fewer: the rows of
    the last of the quarters are in none of the packs before it.
    A difference is clear where its interval leaves out 0 and it still stands when all measures are counted
    (Benjamini & Hochberg). Columns: measure, value, low, high, n, others_value, others_low, others_high, others_n,
    others_count, direction (better, worse, no clear change, not estimable), untold.
    """
    rows = rows.reset_index(drop=True)
    sides = pd.Series("", index=rows.index).mask(rows["customer_id"].isin(list(own)), "own")
    sides = sides.mask(rows["customer_id"].isin(list(others)), "others")
    known = rows.assign(side=sides)[rows["numerator"].notna() & (sides != "")]
    theirs = known[known["side"] == "others"]
    untold = {m: _why_untold(theirs[theirs["measure"] == m], m, settings, quarter) for m in COMPARED}
    hidden = known["measure"].map(untold).fillna("").ne("") & (known["side"] == "others")
    told = _estimate(known[~hidden], settings, clustered=len(own) > 1)
    mine, beside = (
        told[told["side"] == side].set_index("measure").reindex(list(COMPARED)) for side in ("own", "others")
    )
    table = mine[ESTIMATE].join(
        beside[[*ESTIMATE, "others_count"]].rename(columns={c: f"others_{c}" for c in ESTIMATE})
    )
    table = table.assign(untold=pd.Series(untold)).reset_index()
    table = table[table["n"] > 0].fillna({"others_n": 0, "others_count": 0})
    return _tell_directions(table.reset_index(drop=True), settings)[COLUMNS]


def _why_untold(theirs: pd.DataFrame, measure: str, settings: Settings, quarter: str | None) -> str:
    """Why the others may not be told; blank where they may."""
    count, least = theirs["customer_id"].nunique(), settings["minimum_cell"]
    if count < least:
        return f"fewer than {least} others"
    if quarter and theirs.loc[theirs["quarter"] == quarter, "customer_id"].nunique() < least:
        return f"fewer than {least} others this quarter"
    amounts = theirs["numerator"] if COMPARED[measure] == "ratio" else theirs["numerator"].notna()
    parts = amounts.groupby(theirs["customer_id"]).sum()
    whole = parts.sum()
    return (
        "one of the others gives most of it" if whole > 0 and parts.max() > settings["dominance_share"] * whole else ""
    )


def _estimate(known: pd.DataFrame, settings: Settings, *, clustered: bool) -> pd.DataFrame:
    """Measure, side, value, low, high, n, others_count; ranges from minimum_estimate rows on."""
    level, least = settings["interval_level"], settings["minimum_estimate"]
    keys = ["measure", "side"]
    how = known["measure"].map(COMPARED)
    alone = (known["side"] == "own") & ~clustered  # one customer's rows stand each for itself
    apart = known.assign(cluster=known["customer_id"].mask(alone, known.index.astype("str")))
    ratios = ratio_table(apart[how == "ratio"], keys, cluster="cluster", level=level, minimum=least)
    sums = known[how == "share"].groupby(keys)["numerator"].agg(["sum", "size"]).reset_index()
    shares = pd.concat([sums[keys], share_interval(sums["sum"], sums["size"], level=level)], axis=1)
    shares.loc[shares["n"] < least, ["low", "high"]] = np.nan
    waits = [
        {"measure": m, "side": side, **censored_quantile(rows["numerator"], rows["denominator"] > 0, level=level, minimum=least)}
        for (m, side), rows in known[how == "waiting"].groupby(keys)
    ]  # fmt: skip
    counts = known.groupby(keys)["customer_id"].nunique().rename("others_count").reset_index()
    parts = [ratios, shares, pd.DataFrame(waits, columns=[*keys, *ESTIMATE])]
    every = pd.concat([part for part in parts if len(part)] or parts[-1:], ignore_index=True)
    return every[[*keys, *ESTIMATE]].astype(dict.fromkeys(ESTIMATE, "float64")).merge(counts, on=keys)


def _tell_directions(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    others = {name: table[f"others_{name}"] for name in ("value", "low", "high", "n")}
    difference = difference_interval(table, others)
    p_value = difference_p_value(difference, level=settings["interval_level"])
    stands = benjamini_hochberg(p_value) <= settings["false_discovery_rate"]
    better = table["measure"].map(lambda name: "lower" if name in LESS_IS_BETTER else "higher")
    low, high = (pd.Series(difference[name], index=table.index, dtype="float64") for name in ("low", "high"))
    direction = tell_direction(low, high, better)
    unclear = direction.isin(["better", "worse"]) & ~pd.Series(stands, index=table.index)
    return table.assign(direction=direction.mask(unclear, "no clear change"))
