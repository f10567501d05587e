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
    cells, (number,) = number_cells(PLACE, rows)
    told = tell_figures(allocate_hours(cells.join(add_up(number, rows[AMOUNTS], len(cells))), active), data)
    return told.assign(allocated_hours=told["hours"].fillna(told["own_hours"]) * told["allocated"])


def sum_engagements(rows: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    """What each engagement took in the quarter, in hours and money; hours without an engagement are not in it.

    Columns: row (the engagement's number), engagement_id, three names as categories, amounts, mandated.
    """
    told = tell_figures(rows[rows["engagement_id"].notna()], data).rename(columns={"hours": "worked_hours"})
    amounts = ["worked_hours", "process_hours", "senior_hours", "cost"]
    told[amounts] = told[amounts] / PER_UNIT
    names = ["row", "engagement_id", "customer_id", "service_id", "size"]
    return told[[*names, *amounts, "mandated"]].reset_index(drop=True)


def add_key(rows: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """The rows with the table's key: mapped from the customer (a category, as the key will be), or already there."""
    if keys is None:
        return rows
    customers = rows["customer_id"].cat
    own = pd.Categorical(keys.reindex(customers.categories))
    codes = np.append(own.codes, -1)[customers.codes]
    return rows.assign(**{column: pd.Categorical.from_codes(codes, dtype=own.dtype)})


def add_up(number: np.ndarray, amounts: pd.DataFrame, size: int) -> pd.DataFrame:
    """The sum of each amount by the number of a cell; missing where nothing is known. Whole numbers stay exact."""
    told = {}
    for name in amounts:
        amount = amounts[name].to_numpy("float64")
        known = ~np.isnan(amount)
        at = number if known.all() else number[known]
        sums = np.bincount(at, amount[known] if at is not number else amount, size).astype("float64")
        sums[np.bincount(at, minlength=size) == 0] = np.nan
        told[name] = sums
    return pd.DataFrame(told)


def sum_entries(entries: pd.DataFrame, counted: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """Sums per key and customer, in hours and money; missing where nothing is known."""
    at = list(dict.fromkeys([column, "customer_id"]))
    mine, done = (add_key(table, keys, column) for table in (entries, counted))
    cells, (of_mine, of_done) = number_cells(at, mine, done)
    sums = add_up(of_mine, mine[[*FIGURES, "allocated_hours"]], len(cells))
    sums["own_cost"] = sums["own_cost"].where(~(sums["unpriced_count"] > 0))
    sums = sums.drop(columns=["unpriced_count", "unread_count"]) / PER_UNIT
    sums = sums.rename(columns={"hours": "worked_hours", "cost": "cost_to_serve_cost"})
    charges = pd.DataFrame({"charged_cost": np.rint(counted["charged_cost"] * PER_UNIT)})
    count = np.bincount(of_done, minlength=len(cells)).astype("float64")
    told = cells.assign(**sums, engagement_count=np.where(count > 0, count, np.nan))
    told["charged_cost"] = add_up(of_done, charges, len(cells))["charged_cost"] / PER_UNIT
    return told.dropna(subset=at).astype(dict.fromkeys(at, "str")).reset_index(drop=True)


def number_cells(at: list[str], *tables: pd.DataFrame) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """The cells that several tables have by some keys, in order (blank last), and the number of each row's cell.

    The keys of the cells are categories in the order of their names.
    """
    codes: list[np.ndarray] = [np.zeros(len(table), "int64") for table in tables]
    names = {name: pd.Index(list_names(*(table[name] for table in tables)), dtype="str") for name in at}
    for name, index in names.items():
        codes = [
            code * (len(index) + 1) + _number(table[name], index) for code, table in zip(codes, tables, strict=True)
        ]
    found, number = _rank(np.concatenate(codes))
    parts = np.unravel_index(found, [len(index) + 1 for index in names.values()])
    cells = {
        name: pd.Categorical.from_codes(np.where(part < len(index), part, -1), index)
        for (name, index), part in zip(names.items(), parts, strict=True)
    }
    return pd.DataFrame(cells), np.split(number, np.cumsum([len(code) for code in codes])[:-1])


def _rank(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different numbers in order, and the rank of each row's; without sorting, where they lie close together."""
    highest = int(codes.max(initial=-1)) + 1
    if highest > 4 * len(codes) + 1_000_000:
        return np.unique(codes, return_inverse=True)
    there = np.zeros(highest, "bool")
    there[codes] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]


def _number(column: pd.Series, names: pd.Index) -> np.ndarray:
    """The number of each value among the names, one more than the last where blank."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, found = column.cat.codes.to_numpy(), column.cat.categories
    else:
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
