"""The books of a quarter: supplied, used and unused, to the cent, and the sentence that tells them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.contract.units import tell_money

_UNUSED = [
    "role",
    "supplied_hours",
    "used_hours",
    "unused_hours",
    "supplied_cost",
    "used_cost",
    "unused_cost",
    "utilisation_share",
]


def tell_unused(worked: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Capacity supplied, used and unused by role; used + unused = supplied exactly. Roles of stated capacity only.

    `worked`: role, hours, cost. A role that worked more than its practical hours has unused hours below nought.
    """
    supplied = rates[rates["supplied_cost"].notna()].set_index("role")
    used = worked.groupby("role")[["hours", "cost"]].sum().reindex(supplied.index).fillna(0.0)
    hours, cost = np.rint(supplied["supplied_hours"] * PER_UNIT), np.rint(supplied["supplied_cost"] * PER_UNIT)
    told = (
        pd.DataFrame(
            {
                "supplied_hours": hours,
                "used_hours": used["hours"],
                "unused_hours": hours - used["hours"],
                "supplied_cost": cost,
                "used_cost": used["cost"],
                "unused_cost": cost - used["cost"],
            }
        )
        / PER_UNIT
    )
    told["utilisation_share"] = told["used_hours"] / told["supplied_hours"]
    return told.rename_axis("role").reset_index()[_UNUSED]


def reconcile(
    entries: pd.DataFrame, told: pd.Series, worked: pd.DataFrame, rates: pd.DataFrame, basis: str
) -> pd.DataFrame:
    """Where the money came from and where it went: what, cost; the last row is the difference, which is 0.

    The money that came is summed over roles (`worked`: role, cost), the money that went over what it was spent on.
    """
    costs, shown = entries["cost"].fillna(0.0), told.to_numpy()
    to_table, to_nobody = costs[shown].sum(), costs[~shown].sum()
    if basis != "hours":
        source = "charged in the quarter" if basis == "charged" else "standard hours × blended rate"
        rows = [(source, costs.sum()), ("told in the table", to_table), ("no customer or group known", to_nobody)]
        return _as_money([*rows, ("difference", costs.sum() - to_table - to_nobody)])
    stated = rates[rates["supplied_cost"].notna()]
    supplied = np.rint(stated["supplied_cost"] * PER_UNIT).sum()
    spent, inside = worked["cost"].fillna(0.0), worked["role"].isin(stated["role"])
    unstated, unused = spent[~inside].sum(), supplied - spent[inside].sum()
    rows = [
        ("capacity supplied", supplied),
        ("worked by roles whose capacity is not stated", unstated),
        ("told in the table", to_table),
        ("no customer or group known", to_nobody),
        ("unused capacity, charged to nobody", unused),
    ]
    return _as_money([*rows, ("difference", supplied + unstated - to_table - to_nobody - unused)])


def _as_money(rows: list[tuple[str, float]]) -> pd.DataFrame:
    return pd.DataFrame([(what, units / PER_UNIT) for what, units in rows], columns=["what", "cost"])


def tell_cost(
    quarter: str,
    basis: str,
    costs: pd.Series,
    *,
    unused: pd.DataFrame,
    left_out: pd.DataFrame,
    rates: pd.DataFrame,
    currency: str,
) -> str:
    """One or two plain sentences: the total, its basis, unused capacity, and what limits them."""
    if costs.empty:
        return (
            f"Cost to serve in {quarter} is not known: no hours (table effort) with a rate (tables roles or capacity), "
            "no engagements.charged_cost and no offerings.standard_hours."
        )
    words = {
        "hours": "hours worked × rates",
        "charged": "money charged, since no hours are booked",
        "standard hours": "standard hours × one rate, since neither hours nor charges are known",
    }[basis]
    told = f"Serving {len(costs)} customers cost {tell_money(costs.sum(), currency)} in {quarter} ({words})."
    if len(unused):
        told += _tell_capacity(unused, currency)
    if left_out["cost"].sum() > 0:
        told += f" {tell_money(left_out['cost'].sum(), currency)} could not be given to anyone (see left_out)."
    wide = rates.loc[rates["gap_share"].notna(), "role"] if basis == "hours" else rates["role"][:0]
    if len(wide):
        told += f" The stated hourly cost of {wide.nunique()} role(s) is not what their capacity costs (see rates)."
    return told


def _tell_capacity(unused: pd.DataFrame, currency: str) -> str:
    """What was not used, and apart from it what was worked beyond capacity: neither may hide the other."""
    idle, over = unused["unused_cost"].clip(lower=0).sum(), -unused["unused_cost"].clip(upper=0)
    told = f" Capacity worth {tell_money(idle, currency)} was not used and is charged to nobody." if idle > 0 else ""
    if (over > 0).any():
        told += (
            f" {int((over > 0).sum())} role(s) worked more than their practical hours, by {tell_money(over.sum(), currency)} "
            "at their rates (unused below nought)."
        )
    return told
