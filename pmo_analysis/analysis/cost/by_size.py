"""Cost by customer, segment or category × service, and × size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.sums import add_key, add_up, number_cells
from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.contract.settings import Settings

_COLUMNS = ["engagements_count", "worked_hours", "cost_to_serve_cost", "unit_cost", "unit_cost_low", "unit_cost_high"]


def tell_by_size(
    entries: pd.DataFrame,
    counted: pd.DataFrame,
    engagements: pd.DataFrame,
    keys: pd.Series | None,
    column: str,
    *,
    settings: Settings,
) -> pd.DataFrame:
    """What serving cost by the key, the service and the size quoted, and what one engagement of each came to.

    Columns: the key, service_id, size (blank = not known), engagements_count (counted in the quarter), worked_hours,
    cost_to_serve_cost, unit_cost (a ratio of sums), unit_cost_low, unit_cost_high. Limits come from the spread between
    engagements, and between customers where the key has several; missing below the setting minimum_estimate.
    Money and hours add up to the table by the same key.
    """
    at = list(dict.fromkeys([column, "service_id", "size"]))
    mine = add_key(entries, keys, column).dropna(subset=[column, "customer_id"])
    done = add_key(counted.rename(columns={"size_quoted": "size"}), keys, column).dropna(subset=[column])
    units = mine.assign(cost=mine["cost"] / PER_UNIT)
    if column == "customer_id":
        units = engagements[engagements["customer_id"].notna()]
    told, (of_mine, of_done, of_units) = number_cells(at, mine, done, units)
    told = told.astype(dict.fromkeys(at, "str"))
    sums = add_up(of_mine, mine[["hours", "cost"]], len(told)) / PER_UNIT
    told = told.assign(
        engagements_count=np.bincount(of_done, minlength=len(told)),
        worked_hours=sums["hours"],
        cost_to_serve_cost=sums["cost"],
    )
    told["unit_cost"] = told["cost_to_serve_cost"] / told["engagements_count"].where(told["engagements_count"] > 0)
    unit = (units["row"], done.index) if column == "customer_id" else _number_customers(units, done)
    rows = [
        pd.DataFrame({"cell": of_units, "unit": np.asarray(unit[0]), "cost": units["cost"].array, "done": 0.0}),
        pd.DataFrame({"cell": of_done, "unit": np.asarray(unit[1]), "cost": 0.0, "done": 1.0}),
    ]
    return _limit(told, rows, settings)[[*at, *_COLUMNS]]


def _number_customers(*tables: pd.DataFrame) -> list[np.ndarray]:
    """The number of each row's customer, −1 where it is not known."""
    cells, numbers = number_cells(["customer_id"], *tables)
    known = np.append(cells["customer_id"].notna().to_numpy(), False)
    return [np.where(known[number], number, -1) for number in numbers]


def tell_by_service(entries: pd.DataFrame, counted: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """What was charged, what serving cost and what customers spent themselves, by the key and the service.

    Columns: the key, service_id (blank = on no service known), engagements_count, charged_cost, cost_to_serve_cost,
    own_hours, own_hours_cost. An own cost is missing where some of its hours have no rate.
    """
    at = list(dict.fromkeys([column, "service_id"]))
    mine = add_key(entries, keys, column).dropna(subset=[column, "customer_id"])
    done = add_key(counted.assign(charged=np.rint(counted["charged_cost"] * PER_UNIT)), keys, column).dropna(
        subset=[column]
    )
    told, (of_mine, of_done) = number_cells(at, mine, done)
    told = told.astype(dict.fromkeys(at, "str"))
    sums = add_up(of_mine, mine[["cost", "own_hours", "own_cost", "unpriced_count"]], len(told))
    charged = add_up(of_done, done[["charged"]], len(told))["charged"]
    return told.assign(
        engagements_count=np.bincount(of_done, minlength=len(told)),
        charged_cost=charged / PER_UNIT,
        cost_to_serve_cost=sums["cost"] / PER_UNIT,
        own_hours=sums["own_hours"] / PER_UNIT,
        own_hours_cost=sums["own_cost"].where(~(sums["unpriced_count"] > 0)) / PER_UNIT,
    )


def _limit(told: pd.DataFrame, rows: list[pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """Limits where there are engagements enough; hours on no engagement raise them as they raise the cost of one."""
    minimum = settings["minimum_estimate"]
    enough = (told["engagements_count"] >= minimum).to_numpy()
    both = pd.concat([part[enough[part["cell"]]] for part in rows], ignore_index=True)
    both = both[both["unit"] >= 0].groupby(["cell", "unit"], as_index=False)[["cost", "done"]].sum()
    limits = ratio_table(
        both, ["cell"], numerator="cost", denominator="done", level=settings["interval_level"], minimum=minimum
    ).set_index("cell")
    raised = told["unit_cost"] / limits["value"]
    for name, limit in (("unit_cost_low", "low"), ("unit_cost_high", "high")):
        told[name] = (limits[limit] * raised).where(np.isfinite(limits[limit])).reindex(told.index).astype("float64")
    return told
