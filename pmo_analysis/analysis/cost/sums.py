"""Sums of priced rows: per key and customer, per engagement, and what no table can show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.entries import FIGURES, PLACE, tell_figures
from pmo_analysis.analysis.cost.hours import AMOUNTS, PER_UNIT, allocate_hours, list_names
from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset


def collapse(rows: pd.DataFrame, active: pd.DataFrame | None, data: Dataset) -> pd.DataFrame:
    """Priced rows without their engagements: PLACE, allocated, FIGURES, allocated_hours. Sums stay exact.

    `active`: the engagements that hours without one are allocated to; None where there are no such hours.
    """
    rows = rows[[*PLACE, *AMOUNTS]].astype(dict.fromkeys(PLACE, "category"))
    cells = rows.groupby(PLACE, dropna=False, observed=True)[AMOUNTS].sum(min_count=1).reset_index()
    told = tell_figures(allocate_hours(cells, active), data)
    return told.assign(allocated_hours=told["hours"].fillna(told["own_hours"]) * told["allocated"])


def sum_engagements(rows: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    """What each engagement took in the quarter, in hours and money; hours without an engagement are not in it."""
    told = tell_figures(rows[rows["engagement_id"].notna()], data).rename(columns={"hours": "worked_hours"})
    amounts = ["worked_hours", "process_hours", "senior_hours", "cost"]
    told[amounts] = told[amounts] / PER_UNIT
    texts = ["engagement_id", "customer_id", "service_id", "size"]
    return told[[*texts, *amounts, "mandated"]].reset_index(drop=True).astype(dict.fromkeys(texts, "str"))


def add_key(rows: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """The rows with the table's key: mapped from the customer, or already there."""
    return rows if keys is None else rows.assign(**{column: rows["customer_id"].map(keys)})


def sum_entries(entries: pd.DataFrame, counted: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """Sums per key and customer, in hours and money; missing where nothing is known."""
    at = list(dict.fromkeys([column, "customer_id"]))
    sums = add_key(entries, keys, column).groupby(at, observed=True)[[*FIGURES, "allocated_hours"]].sum(min_count=1)
    sums["own_cost"] = sums["own_cost"].where(~(sums["unpriced_count"] > 0))
    sums = sums.drop(columns=["unpriced_count", "unread_count"]) / PER_UNIT
    sums = sums.rename(columns={"hours": "worked_hours", "cost": "cost_to_serve_cost"})
    charges = np.rint(counted["charged_cost"] * PER_UNIT)
    done = add_key(counted.assign(charged=charges), keys, column).groupby(at)
    more = pd.DataFrame({"engagement_count": done.size(), "charged_cost": done["charged"].sum(min_count=1) / PER_UNIT})
    return (
        sums.reset_index()
        .astype(dict.fromkeys(at, "str"))
        .merge(more.reset_index(), on=at, how="outer")
        .sort_values(at, ignore_index=True)
    )


def number_cells(at: list[str], *tables: pd.DataFrame) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """The cells that several tables have by some keys, in order (blank last), and the number of each row's cell."""
    codes: list[np.ndarray] = [np.zeros(len(table), "int64") for table in tables]
    names = {name: list_names(*(table[name] for table in tables)) for name in at}
    for name in at:
        index = pd.Index(names[name], dtype="str")
        codes = [
            code * (len(index) + 1) + _number(table[name], index) for code, table in zip(codes, tables, strict=True)
        ]
    found = np.unique(np.concatenate(codes))
    parts = np.unravel_index(found, [len(names[name]) + 1 for name in at])
    cells = {
        name: pd.Series(pd.array([*names[name], np.nan], dtype="str").take(part))
        for name, part in zip(at, parts, strict=True)
    }
    return pd.DataFrame(cells), [np.searchsorted(found, code) for code in codes]


def _number(column: pd.Series, names: pd.Index) -> np.ndarray:
    """The number of each value among the names, one more than the last where blank."""
    codes, found = pd.factorize(column)
    return np.append(names.get_indexer(pd.Index(found).astype("str")), len(names))[codes]


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
