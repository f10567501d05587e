"""Time-driven costing and concentration as plain arithmetic on tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.contract.checking import read_numbers, require_columns
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.showing import show_result


@dataclass(frozen=True, eq=False)
class CapacityCost:
    """What activities cost by the time they take, and what was supplied but not used.

    rates: role, hourly_cost
    activities: activity, role, quantity_count, unit_hours, cost_driver_cost, used_hours, assigned_cost
    unused: role, supplied_hours, used_hours, unused_hours, supplied_cost, used_cost, unused_cost, utilisation_share
    """

    rates: pd.DataFrame
    activities: pd.DataFrame
    unused: pd.DataFrame

    @property
    def sentence(self) -> str:
        """One sentence: the share of capacity used."""
        used, supplied = self.unused["used_hours"].sum(skipna=False), self.unused["supplied_hours"].sum()
        if not supplied > 0 or np.isnan(used):
            return "How much of the practical hours was used is not known; nothing unused is charged to anybody."
        return f"{100 * used / supplied:.0f} % of the practical hours were used; the rest is charged to nobody."

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.activities)


def capacity_cost(capacity: pd.DataFrame, activities: pd.DataFrame) -> CapacityCost:
    """What each activity costs by the time it takes; unused capacity is shown and charged to nobody.

    `capacity`: role, capacity_cost, practical_hours; `activities`: activity, role, quantity_count, unit_hours.
    A role's rate is its cost over its practical hours. Used + unused = supplied, per role; both are missing for a role
    of which an activity's quantity or hours are blank. InputError for a role without capacity or without hours, and for
    text or numbers below zero. Source: Kaplan & Anderson, HBR November 2004.
    """
    capacity = _read_table(capacity, "capacity", ["capacity_cost", "practical_hours"])
    activities = _read_table(activities, "activities", ["quantity_count", "unit_hours"])
    supplied = capacity.groupby("role", as_index=False)[["capacity_cost", "practical_hours"]].sum(min_count=1)
    _check_capacity(supplied, activities)
    rates = supplied.assign(hourly_cost=supplied["capacity_cost"] / supplied["practical_hours"])
    told = activities.merge(rates[["role", "hourly_cost"]], on="role", how="left")
    told["cost_driver_cost"] = told["unit_hours"] * told["hourly_cost"]
    told["used_hours"] = told["quantity_count"] * told["unit_hours"]
    told["assigned_cost"] = told["used_hours"] * told["hourly_cost"]
    used = told.groupby("role")[["used_hours", "assigned_cost"]].agg(lambda known: known.sum(skipna=False))
    unused = _subtract(supplied.set_index("role"), used)
    return CapacityCost(rates[["role", "hourly_cost"]], told.drop(columns="hourly_cost"), unused)


def _read_table(table: pd.DataFrame, name: str, numbers: list[str]) -> pd.DataFrame:
    """Roles as text, the named columns as numbers of zero or more."""
    where = f"capacity_cost, {name}"
    require_columns(table, ["activity", "role", *numbers] if name == "activities" else ["role", *numbers], where)
    read = {column: read_numbers(table[column], f"{where}, {column}") for column in numbers}
    for column, values in read.items():
        wrong = (values < 0) | np.isinf(values)
        if wrong.any():
            first = f"{values[wrong].iloc[0]:g} for {table['role'][wrong].iloc[0]!r}"
            raise InputError(
                f"{where}: {int(wrong.sum())} {column} are below zero or endless, first {first}; mend them."
            )
    if table["role"].isna().any():
        raise InputError(f"{where}: {int(table['role'].isna().sum())} rows name no role. Name it or leave them out.")
    return table.assign(role=table["role"].astype("str"), **read)


def _check_capacity(supplied: pd.DataFrame, activities: pd.DataFrame) -> None:
    unknown = activities.loc[~activities["role"].isin(supplied["role"]), "role"]
    if len(unknown):
        raise InputError(
            f"capacity_cost: {len(unknown)} activities name role {unknown.iloc[0]!r}, which capacity does not have. "
            f"{nearest(str(unknown.iloc[0]), supplied['role'])}"
        )
    empty = supplied.loc[~(supplied["practical_hours"] > 0), "role"]
    if len(empty):
        raise InputError(
            f"capacity_cost: {len(empty)} roles have no practical_hours above 0, first {empty.iloc[0]!r}. "
            "Give their practical hours or leave them out."
        )


def _subtract(supplied: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    told = supplied.rename(columns={"practical_hours": "supplied_hours", "capacity_cost": "supplied_cost"}).join(used)
    idle = ~told.index.isin(used.index)
    told.loc[idle, ["used_hours", "assigned_cost"]] = 0.0
    told = told.rename(columns={"assigned_cost": "used_cost"})
    told["unused_hours"] = told["supplied_hours"] - told["used_hours"]
    told["unused_cost"] = told["supplied_cost"] - told["used_cost"]
    told["utilisation_share"] = told["used_hours"] / told["supplied_hours"]
    order = [
        "supplied_hours",
        "used_hours",
        "unused_hours",
        "supplied_cost",
        "used_cost",
        "unused_cost",
        "utilisation_share",
    ]
    return told[order].reset_index()


def time_equation(base_hours: float, increments: Mapping[str, float], features: pd.DataFrame) -> pd.Series:
    """The hours that each row takes: a base plus an increment for whatever makes it harder.

    `increments`: feature → hours per unit of it; `features`: one column per feature (yes/no or a count).
    Hours per row, named `hours`; missing where a feature is missing. Source: Kaplan & Anderson, HBR November 2004.
    """
    absent = [name for name in increments if name not in features.columns]
    if absent:
        raise InputError(
            f"time_equation: features have no column {absent[0]!r}. {nearest(absent[0], features.columns)}"
        )
    hours = pd.Series(float(base_hours), index=features.index, name="hours")
    for name, increment in increments.items():
        hours = hours + float(increment) * features[name].astype("Float64").astype("float64")
    return hours.rename("hours")


def gini(values: Iterable[float], *, corrected: bool = False) -> float:
    """How unevenly a total is spread: 0 all the same, towards 1 one has everything.

    Missing values are left out; NaN without values or with a total not above zero. `corrected` multiplies by
    n/(n−1), which removes the bias of small samples. With negative values (credits) it may exceed 1.
    """
    ordered = np.sort(pd.Series(values, dtype="float64").dropna().to_numpy())
    n, total = len(ordered), ordered.sum()
    if n == 0 or total <= 0:
        return float("nan")
    plain = 2 * (np.arange(1, n + 1) @ ordered) / (n * total) - (n + 1) / n
    factor = n / (n - 1) if corrected and n > 1 else 1.0
    return float(plain * factor)


def whale_curve(values: pd.Series) -> pd.DataFrame:
    """The running total from the largest to the smallest: where it peaks and what the tail takes back.

    `values`: a number per unit (index = the unit). Columns: rank, unit, value, cumulative_value, units_share,
    value_share (of the total; missing where the total is not above zero: then money says more than shares).
    """
    known = values.dropna()
    order = np.lexsort((known.index.astype("str").to_numpy(), -known.to_numpy()))
    known = known.iloc[order]
    running, count, total = known.cumsum().to_numpy(), len(known), known.sum()
    return pd.DataFrame(
        {
            "rank": np.arange(1, count + 1),
            "unit": known.index,
            "value": known.to_numpy(),
            "cumulative_value": running,
            "units_share": np.arange(1, count + 1) / max(count, 1),
            "value_share": running / total if total > 0 else np.full(count, np.nan),
        }
    )


def concentrate(costs: pd.Series, *, level: float = 0.95, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """How much of the cost the dearest customers take, with a bootstrap band over customers.

    `costs`: a cost per customer. Columns: rank, customers_share, cost_share, low, high. The band is missing
    below five customers.
    """
    curve = whale_curve(costs)
    told = curve[["rank", "units_share", "value_share"]].set_axis(["rank", "customers_share", "cost_share"], axis=1)
    low, high = _band(curve["value"].to_numpy("float64"), level, draws, seed)
    return told.assign(low=low, high=high)


def _band(ordered: np.ndarray, level: float, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    n = len(ordered)
    if n < 5 or ordered.sum() <= 0:
        return np.full(n, np.nan), np.full(n, np.nan)
    rng = np.random.default_rng(seed)
    draws = int(np.clip(2_000_000 // n, 50, draws))  # the band of many customers is smooth with few draws
    drawn = -np.sort(-ordered[rng.integers(0, n, size=(draws, n))], axis=1)
    totals = drawn.sum(axis=1, keepdims=True)
    if (totals <= 0).any():  # credits outweigh costs in some draws: shares of nothing
        return np.full(n, np.nan), np.full(n, np.nan)
    shares = np.cumsum(drawn, axis=1) / totals
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
