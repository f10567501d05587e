"""What serving cost in the quarters before, by customer and by service, on this quarter's basis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.entries import (
    PLACE,
    active_engagements,
    count_engagements,
    enter_rows,
    span_quarters,
    tell_figures,
)
from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.rates import price_roles
from pmo_analysis.analysis.cost.sums import collapse, number_cells
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import list_worked_roles
from pmo_analysis.intake.dataset import Dataset, require_dataset


def cost_history(data: Dataset, quarter: str, *, quarters: int = 8, settings: Settings | None = None) -> pd.DataFrame:
    """What each customer cost in each of the last quarters, on this quarter's basis, for trends and prices.

    Columns: quarter, customer_id, worked_hours, cost_to_serve_cost, engagement_count, basis. Quarters for which that
    basis has nothing are absent.
    """
    past = _look_back(data, quarter, quarters, settings, customers_only=True)
    at = ["quarter", "customer_id"]
    entries = tell_figures(past.rows, past.data).astype(dict.fromkeys(at, "str"))
    sums = entries.groupby(at)[["hours", "cost"]].sum(min_count=1) / PER_UNIT
    sums = sums.set_axis(["worked_hours", "cost_to_serve_cost"], axis=1)
    told = sums.join(past.counted.groupby(at).size().rename("engagement_count"), how="left")
    told["engagement_count"] = told["engagement_count"].fillna(0).astype("int64")
    return told.reset_index().assign(basis=past.basis)


def service_history(
    data: Dataset, quarter: str, *, quarters: int = 8, settings: Settings | None = None
) -> pd.DataFrame:
    """What each service cost for each customer in each of the last quarters, as `cost_to_serve` tells a quarter.

    Columns: quarter, service_id (blank = on no service known), customer_id, worked_hours, senior_hours,
    cost_to_serve_cost, engagement_count, basis. Added up over services it is `cost_history`.
    """
    past = _look_back(data, quarter, quarters, settings, customers_only=False)
    hourly = past.basis == "hours"
    entries = [
        collapse(rows, active_engagements(past.data, str(q), past.settings) if hourly else None, past.data)
        for q, rows in past.rows.groupby("quarter", observed=True)
    ]
    figures = ["hours", "senior_hours", "cost"]
    mine = pd.concat(entries, ignore_index=True) if entries else past.rows.reindex(columns=[*PLACE, *figures])
    mine = mine.dropna(subset="customer_id")
    told, (of_mine, of_done) = number_cells(["quarter", "service_id", "customer_id"], mine, past.counted)
    sums = mine[figures].astype("float64").groupby(of_mine).sum(min_count=1).reindex(told.index) / PER_UNIT
    told = told.assign(worked_hours=sums["hours"], senior_hours=sums["senior_hours"], cost_to_serve_cost=sums["cost"])
    count = np.bincount(of_done, minlength=len(told))
    return told.assign(engagement_count=count, basis=past.basis).dropna(subset="customer_id").reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class _Past:
    """The entries of several quarters on this quarter's basis, and the engagements that count in them."""

    data: Dataset
    settings: Settings
    counted: pd.DataFrame
    basis: str
    rows: pd.DataFrame


def _look_back(data: Dataset, quarter: str, quarters: int, settings: Settings | None, *, customers_only: bool) -> _Past:
    require_dataset(data)
    settings = settings or data.settings
    month = settings["fiscal_year_end_month"]
    data = data if data.known_at == quarter else data.as_of(quarter, month)
    wanted = [shift_quarter(quarter, -i) for i in reversed(range(quarters))]
    counted, booked = count_engagements(data, wanted, month), list_worked_roles(data, span_quarters(wanted, month))
    here = booked[booked["quarter"] == quarter]
    rates = price_roles(data, booked, settings)
    booked = booked if here["readable"].any() else booked[:0]
    basis, rows = enter_rows(data, booked, counted, rates, settings, customers_only=customers_only)
    return _Past(data, settings, counted, basis, rows)
