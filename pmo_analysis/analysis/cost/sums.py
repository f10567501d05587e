"""Sums of priced entries: per key and customer, per engagement, and what no table can show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.hours import AMOUNTS, PER_UNIT
from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.contract.settings import Settings


def add_key(rows: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """The rows with the table's key: mapped from the customer, or already there."""
    return rows if keys is None else rows.assign(**{column: rows["customer_id"].map(keys)})


def sum_entries(entries: pd.DataFrame, counted: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """Sums per key and customer, in hours and money; missing where nothing is known."""
    at = list(dict.fromkeys([column, "customer_id"]))
    entries = entries.dropna(subset=at)
    parts = entries[at].assign(
        worked_hours=entries["hours"],
        cost_to_serve_cost=entries["cost"],
        own_hours=entries["own_hours"],
        own_cost=entries["own_cost"],
        process_hours=_part(entries["hours"], entries["process"]),
        senior_hours=_part(entries["hours"], entries["senior"]),
        process_cost=_part(entries["cost"], entries["process"]),
        mandated_process_cost=_part(entries["cost"], entries["mandated"]),
        allocated_hours=entries["hours"].fillna(entries["own_hours"]) * entries["allocated"],
    )
    sums = parts.groupby(at).sum(min_count=1) / PER_UNIT
    priceless = entries["own_hours"].notna() & entries["own_cost"].isna()
    unpriced = priceless.groupby([entries[c] for c in at]).any()
    sums["own_cost"] = sums["own_cost"].where(~unpriced)
    charges = np.rint(counted["charged_cost"] * PER_UNIT)
    done = add_key(counted.assign(charged=charges), keys, column).groupby(at)
    more = pd.DataFrame({"engagement_count": done.size(), "charged_cost": done["charged"].sum(min_count=1) / PER_UNIT})
    return sums.reset_index().merge(more.reset_index(), on=at, how="outer").sort_values(at, ignore_index=True)


def _part(amount: pd.Series, flag: pd.Series) -> pd.Series:
    """The amount where the flag is yes, 0 where it is no, missing where it is not known."""
    return (amount * flag.astype("Float64").astype("float64")).where(flag.notna())


def unit_limits(per_customer: pd.DataFrame, column: str, settings: Settings) -> pd.DataFrame:
    """Limits of the cost per engagement, a ratio of sums over customers: unit_cost_low, unit_cost_high."""
    rows = per_customer.assign(engagement_count=per_customer["engagement_count"].fillna(0.0))
    told = ratio_table(
        rows,
        [column],
        numerator="cost_to_serve_cost",
        denominator="engagement_count",
        cluster="customer_id",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
    )
    limits = told.set_index(column)[["low", "high"]].set_axis(["unit_cost_low", "unit_cost_high"], axis=1)
    return limits.where(np.isfinite(limits))


def collapse(entries: pd.DataFrame) -> pd.DataFrame:
    """Entries without their engagements: one row per customer, service, role and kind of work. Sums stay exact."""
    keys = ["quarter", "customer_id", "service_id", "role", "process", "mandated", "senior", "allocated"]
    sums = entries.groupby(keys, dropna=False, sort=False)[[*AMOUNTS, "unread_count"]].sum(min_count=1)
    return sums.reset_index().astype({"process": "boolean", "mandated": "boolean", "senior": "boolean"})


def sum_engagements(entries: pd.DataFrame) -> pd.DataFrame:
    """What each engagement took in the quarter, in hours and money; hours without an engagement are not in it."""
    rows = entries[entries["engagement_id"].notna()]
    parts = rows[["engagement_id"]].assign(
        worked_hours=rows["hours"],
        process_hours=_part(rows["hours"], rows["process"]),
        senior_hours=_part(rows["hours"], rows["senior"]),
        cost=rows["cost"],
        mandated=rows["mandated"].fillna(False).astype("float64"),
    )
    sums = parts.groupby("engagement_id").sum(min_count=1)
    sums = (sums / PER_UNIT).assign(mandated=sums["mandated"] > 0)
    about = rows.drop_duplicates("engagement_id").set_index("engagement_id")[["customer_id", "service_id", "size"]]
    return about.join(sums).sort_index().reset_index()


def list_left_out(entries: pd.DataFrame, told: pd.Series, by: str) -> pd.DataFrame:
    """What the table cannot show: hours that no map covers, and rows whose hours could not be read."""
    rows = entries[~told].assign(entries_count=1)
    rows["reason"] = (
        rows["customer_id"]
        .isna()
        .map({True: "no map covers these hours", False: f"no {by} is known for these"})
        .astype("str")
    )
    lost = rows.groupby("reason", as_index=False)[["hours", "cost", "entries_count"]].sum(min_count=1)
    lost = lost.assign(worked_hours=lost["hours"] / PER_UNIT, cost=lost["cost"] / PER_UNIT)
    unread = int(entries["unread_count"].sum())
    if unread:
        blank = {"reason": "worked_hours is blank or cannot be read", "entries_count": unread}
        lost = pd.concat([lost, pd.DataFrame([blank])], ignore_index=True)
    return lost[["reason", "worked_hours", "cost", "entries_count"]]
