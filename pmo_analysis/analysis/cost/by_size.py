"""Cost by customer, segment or category × service, and × size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.sums import add_key
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
    sums = mine.groupby(at, dropna=False)[["hours", "cost"]].sum(min_count=1) / PER_UNIT
    done = add_key(counted.rename(columns={"size_quoted": "size"}), keys, column).dropna(subset=[column])
    told = sums.set_axis(["worked_hours", "cost_to_serve_cost"], axis=1)
    told = told.join(done.groupby(at, dropna=False).size().rename("engagements_count"), how="outer").reset_index()
    told["engagements_count"] = told["engagements_count"].fillna(0).astype("int64")
    count = told["engagements_count"].where(told["engagements_count"] > 0)
    told["unit_cost"] = told["cost_to_serve_cost"] / count
    units = mine.assign(unit=mine["customer_id"], cost=mine["cost"] / PER_UNIT, done=0.0)[[*at, "unit", "cost", "done"]]
    done = done.assign(unit=done["customer_id"], cost=0.0, done=1.0)
    if column == "customer_id":
        known = engagements["customer_id"].notna()
        units = engagements[known].assign(unit=engagements["engagement_id"], done=0.0)
        done = done.assign(unit=done["engagement_id"])
    rows = pd.concat([units[[*at, "unit", "cost", "done"]], done[[*at, "unit", "cost", "done"]]], ignore_index=True)
    return _limit(told, rows, at, settings)[[*at, *_COLUMNS]].sort_values(at, ignore_index=True)


def tell_by_service(entries: pd.DataFrame, counted: pd.DataFrame, keys: pd.Series | None, column: str) -> pd.DataFrame:
    """What was charged, what serving cost and what customers spent themselves, by the key and the service.

    Columns: the key, service_id (blank = on no service known), engagements_count, charged_cost, cost_to_serve_cost,
    own_hours, own_hours_cost. An own cost is missing where some of its hours have no rate.
    """
    at = list(dict.fromkeys([column, "service_id"]))
    mine = add_key(entries, keys, column).dropna(subset=[column, "customer_id"])
    sums = mine.groupby(at, dropna=False)[["cost", "own_hours", "own_cost", "unpriced_count"]].sum(min_count=1)
    sums["own_cost"] = sums["own_cost"].where(~(sums["unpriced_count"] > 0))
    names = {"cost": "cost_to_serve_cost", "own_hours": "own_hours", "own_cost": "own_hours_cost"}
    sums = (sums[list(names)] / PER_UNIT).rename(columns=names)
    done = add_key(counted.assign(charged=np.rint(counted["charged_cost"] * PER_UNIT)), keys, column)
    done = done.dropna(subset=[column]).groupby(at, dropna=False)
    more = pd.DataFrame({"engagements_count": done.size(), "charged_cost": done["charged"].sum(min_count=1) / PER_UNIT})
    told = sums.join(more, how="outer").reset_index()
    told["engagements_count"] = told["engagements_count"].fillna(0).astype("int64")
    order = [*at, "engagements_count", "charged_cost", "cost_to_serve_cost", "own_hours", "own_hours_cost"]
    return told[order].sort_values(at, ignore_index=True)


def _limit(told: pd.DataFrame, rows: pd.DataFrame, at: list[str], settings: Settings) -> pd.DataFrame:
    """Limits where there are engagements enough; hours on no engagement raise them as they raise the cost of one."""
    minimum = settings["minimum_estimate"]
    told = told.assign(cell=np.arange(len(told)))
    enough = told.loc[told["engagements_count"] >= minimum, [*at, "cell"]]
    rows = rows.merge(enough, on=at)
    rows = rows.groupby(["cell", "unit"], as_index=False)[["cost", "done"]].sum()
    limits = ratio_table(
        rows, ["cell"], numerator="cost", denominator="done", level=settings["interval_level"], minimum=minimum
    ).set_index("cell")
    raised = told.set_index("cell")["unit_cost"] / limits["value"]
    for name, limit in (("unit_cost_low", "low"), ("unit_cost_high", "high")):
        told[name] = told["cell"].map((limits[limit] * raised).where(np.isfinite(limits[limit]))).astype("float64")
    return told
