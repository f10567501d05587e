"""Questions 7 and 8: whether the right products reach the right segments, and whether offerings fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import MISSING, cell, day, is_number, join, table, tell, tell_range, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.quarter import Quarter

_VERDICTS = {"offer": 0, "stop": 1}


def tell_fit(quarter: Quarter) -> Section:
    """Which service suits which segment, and what went to the wrong place, too late, or nowhere."""
    look_back = quarter.settings["look_back_quarters"]
    counted = f"Requests and deliveries of the last {look_back} quarters; judged by what the catalogue declares, never by uptake."
    tables = (
        _list_verdicts(quarter), list_holdout(quarter), _list_misplaced(quarter), _list_unused(quarter), _list_refused(quarter),
    )  # fmt: skip
    return Section((_tell_verdicts(quarter), quarter.target_review.sentence, quarter.targets.sentence), counted, tables)


def _whole_fit(quarter: Quarter) -> pd.DataFrame:
    rows = quarter.targets.fit
    return rows[rows["stage"] == "all"] if "stage" in rows else rows


def _tell_verdicts(quarter: Quarter) -> str:
    rows, names = _whole_fit(quarter), names_of(quarter)
    if rows.empty:
        return ""
    offer = rows[rows["verdict"] == "offer"].sort_values(["low", "service_id"], ascending=[False, True])
    told = [f"{names.service(r['service_id'])} for “{names.segment(r['segment'])}”" for r in offer.to_dict("records")]
    cells = f"Of {len(rows):,} pairs of service and segment, {len(offer)} are asked for clearly more than elsewhere"
    return cells + (f", most of all {join(told[:2])}." if told else ".")


def _list_verdicts(quarter: Quarter) -> str:
    rows, names = _whole_fit(quarter), names_of(quarter)
    rows = rows[rows["verdict"].isin(_VERDICTS)]
    rows = rows.assign(place=rows["verdict"].map(_VERDICTS)).sort_values(
        ["place", "low", "segment", "service_id"], ascending=[True, False, True, True]
    )
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Segment": [names.segment(s) for s in rows["segment"]],
        "Asked for it in a year": told_ranges(rows, ("uptake", "low", "high"), unit="_share"),
        "Of all customers": told(rows, "whole_uptake", "_share"),
        "Customers": told(rows, "n"),
        "So": rows["verdict"].tolist(),
    })  # fmt: skip
    return table(shown, caption="What to offer, and what to stop offering")


def list_holdout(quarter: Quarter) -> str:
    """The forecast of next services, held against the last quarter, beside simpler ways of guessing."""
    rows = quarter.targets.holdout
    shown = pd.DataFrame({
        "Way of guessing": rows["method"].tolist(),
        "Ranking, 1 = perfect": _two(rows["ndcg"]),
        "Expected over asked": _two(rows["calibration"]),
        "recurring": _two(rows["calibration_recurring"]),
        "one-off": _two(rows["calibration_one_off"]),
        "Surprise (log-loss)": [f"{v:.3f}" if is_number(v) else "not known" for v in rows["log_loss"]],
    })  # fmt: skip
    return table(shown, caption="Who asks for what next: the last quarter foretold from those before it")


def _two(values: pd.Series) -> list[str]:
    return [f"{v:.2f}" if is_number(v) else "not known" for v in values]


def _list_misplaced(quarter: Quarter) -> str:
    rows, names, currency = quarter.target_review.off_target, names_of(quarter), quarter.settings["currency"]
    sums = rows.groupby(["kind", "service_id"])[["engagement_count", "worked_hours", "cost"]].sum(min_count=1)
    rows = sums.reset_index().sort_values(["cost", "engagement_count", "service_id"], ascending=[False, False, True])
    rows = rows.groupby("kind", sort=True).head(5).sort_values("kind", kind="stable")
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "What is wrong": rows["kind"].tolist(),
        "Deliveries": told(rows, "engagement_count"),
        "Hours": told(rows, "worked_hours", "_count"),
        "Cost": told(rows, "cost", "_cost", currency=currency),
    })  # fmt: skip
    return table(shown, caption="Deliveries off target or too late, the dearest of each")


def _list_unused(quarter: Quarter) -> str:
    rows, names = quarter.target_review.unused, names_of(quarter)
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Last asked for": [day(d) if not isinstance(d, str) else d for d in rows["last_requested_on"]],
        "Customers": told(rows, "customers_count"),
        "So it": [cell(v) for v in rows["verdict"]],
    })  # fmt: skip
    return table(shown, caption="Services that hardly anybody asks for", most=6)


def _list_refused(quarter: Quarter) -> str:
    rows, names = quarter.target_review.refused, names_of(quarter)
    rows = rows[rows["refused_count"] > 0].sort_values(["refused_count", "service_id"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Refused": told(rows, "refused_count"),
        "Asked": told(rows, "asked_count"),
        "Share": told_ranges(rows, ("refused_share", "low", "high")),
    })  # fmt: skip
    return table(shown, caption="Requests we refused", most=6)


def tell_sizes(quarter: Quarter) -> Section:
    """Quoted against actual hours, the sizes that would fit, and what standardising saves."""
    look_back = quarter.settings["look_back_quarters"]
    counted = f"Deliveries of the last {look_back} quarters, their hours over their whole life."
    tables = (_list_quoted(quarter), _list_tiers(quarter), _list_proxy(quarter), _list_saving(quarter))
    return Section((quarter.sizes.sentence, _tell_worst(quarter), _tell_loosest(quarter)), counted, tables)


def order_quoted(quarter: Quarter) -> pd.DataFrame:
    """Sizes with enough deliveries for a range, the most often misquoted first."""
    rows = quarter.sizes.quoted
    rows = rows[(rows["n"] >= quarter.settings["minimum_quantile"]) & rows["median_hours"].notna()]
    return rows.sort_values(["low", "service_id", "size"], ascending=[False, True, True], ignore_index=True)


def _tell_worst(quarter: Quarter) -> str:
    rows, names = order_quoted(quarter), names_of(quarter)
    if rows.empty:
        return ""
    worst = rows.iloc[0]
    share = tell_range(worst["misquoted_share"], worst["low"], worst["high"], "_share")
    return (f"Most often misquoted: size {worst['size']} of {names.service(worst['service_id'])}, {share}; it stands for "
            f"{tell(worst['standard_hours'])} hours and took {tell(worst['median_hours'])} in the middle.")  # fmt: skip


def _list_quoted(quarter: Quarter) -> str:
    rows, names = order_quoted(quarter), names_of(quarter)
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Size": rows["size"].tolist(),
        "Stands for, hours": told(rows, "standard_hours", "ratio"),
        "Took, eight in ten": told_ranges(rows, ("median_hours", "p10_hours", "p90_hours"), unit="ratio"),
        "Another size fitted better": told_ranges(rows, ("misquoted_share", "low", "high")),
        "Deliveries": told(rows, "n"),
    })  # fmt: skip
    return table(shown, caption="Quoted against actual hours, worst first", most=10)


def _tell_loosest(quarter: Quarter) -> str:
    limits, names = quarter.sizes.limits, names_of(quarter)
    if limits.empty:
        return ""
    loose = limits.sort_values(["changed_share", "service_id", "tier"], ascending=[False, True, True]).iloc[0]
    where = f"the limit above size {loose['tier']} of {names.service(loose['service_id'])}"
    if loose["changed_share"] < 0.005:
        return (
            f"New limits are firm: other engagements would move hardly any delivery into another size (most: {where})."
        )
    return (f"Least firm is {where}: other engagements of the same kind would put it between {tell(loose['low'])} and "
            f"{tell(loose['high'])} hours, which moves {tell(loose['changed_share'], '_share')} of the deliveries "
            "into another size.")  # fmt: skip


def _list_tiers(quarter: Quarter) -> str:
    """The limits that would fit, where they differ from one size for all, and how firm they are."""
    rows, names = quarter.sizes.tiers, names_of(quarter)
    rows = rows[rows.groupby("service_id")["tier"].transform("size") > 1]
    rows = rows.merge(quarter.sizes.limits.drop(columns="n"), how="left", on=["service_id", "tier"])
    # The largest size ends with the largest delivery: that is no limit.
    limits, plain = told_ranges(rows, ("to_hours", "low", "high"), unit="ratio"), told(rows, "to_hours", "ratio")
    upper = np.where(rows["low"].notna(), limits, plain)
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Size": rows["tier"].tolist(),
        "Hours above": told(rows, "from_hours", "ratio"),
        "up to (its limit could be)": upper.tolist(),
        "Stands for": told(rows, "standard_hours", "ratio"),
        "Deliveries": told(rows, "n"),
        "Share": told(rows, "share", "_share"),
    })  # fmt: skip
    return table(shown, caption="Sizes that the work really falls into")


def _list_proxy(quarter: Quarter) -> str:
    """Sizes by what stands in for effort where no hours are booked."""
    rows, names = quarter.sizes.proxy_tiers, names_of(quarter)
    if rows.empty:
        return ""
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Size": rows["tier"].tolist(),
        "Counts above": told(rows, "from_effort_proxy_count", "ratio"),
        "up to": told(rows, "to_effort_proxy_count", "ratio"),
        "Stands for": told(rows, "standard_effort_proxy_count", "ratio"),
        "Deliveries": told(rows, "n"),
        "Share": told(rows, "share", "_share"),
    })  # fmt: skip
    return table(shown, caption="Sizes by the stand-in for effort (counts, not hours)", most=10)


def _list_saving(quarter: Quarter) -> str:
    names, currency = names_of(quarter), quarter.settings["currency"]
    each = quarter.sizes.saving.sort_values(["saving_hours", "service_id"], ascending=[False, True])
    rows = pd.concat([quarter.sizes.total_saving, each], ignore_index=True)
    shown = pd.DataFrame({
        "Service": ["All together" if s == "all" else names.service(s) for s in rows["service_id"]],
        "Hours saved": told_ranges(rows, ("saving_hours", "low", "high"), unit="ratio"),
        "Worth": told(rows, "saving_cost", currency=currency),
        "Bespoke deliveries": told(rows, "n"),
    })  # fmt: skip
    return (
        table(shown, caption="What the standard instead of bespoke work would save", most=7)
        if len(each)
        else MISSING[:0]
    )
