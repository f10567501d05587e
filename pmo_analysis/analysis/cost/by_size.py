"""Cost by customer, segment or category × service × size."""

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
