"""What serving cost in the quarters before, by customer and by service, on this quarter's basis."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.books import Past, look_back
from pmo_analysis.analysis.cost.hours import PER_UNIT, list_names
from pmo_analysis.analysis.cost.sums import add_up, number_cells
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.memory import gives_back
from pmo_analysis.intake.numbered import recode


@gives_back
def cost_history(data: Dataset, quarter: str, *, quarters: int = 8, settings: Settings | None = None) -> pd.DataFrame:
    """What each customer cost in each of the last quarters, on this quarter's basis, for trends and prices.

    Columns: quarter, customer_id, worked_hours, cost_to_serve_cost, engagement_count, basis. Quarters for which that
    basis has nothing are absent.
    """
    past = _look_back(data, quarter, quarters, settings)
    at = ["quarter", "customer_id"]
    mine = _gather(past, ["hours", "cost"])
    cells, (of_mine, of_done) = number_cells(at, mine, past.counted)
    sums = add_up(of_mine, mine[["hours", "cost"]], len(cells)) / PER_UNIT
    told = cells.assign(worked_hours=sums["hours"], cost_to_serve_cost=sums["cost"])
    told["engagement_count"] = np.bincount(of_done, minlength=len(cells))
    worked = np.isin(np.arange(len(cells)), of_mine) & cells["customer_id"].notna().to_numpy()
    return told[worked].reset_index(drop=True).astype(dict.fromkeys(at, "str")).assign(basis=past.basis)


@gives_back
def service_history(
    data: Dataset, quarter: str, *, quarters: int = 8, settings: Settings | None = None
) -> pd.DataFrame:
    """What each service cost for each customer in each of the last quarters, as `cost_to_serve` tells a quarter.

    Columns: quarter, service_id (blank = on no service known), customer_id, worked_hours, senior_hours,
    cost_to_serve_cost, engagement_count, basis. Added up over services it is `cost_history`.
    """
    past = _look_back(data, quarter, quarters, settings)
    at, figures = ["quarter", "service_id", "customer_id"], ["hours", "senior_hours", "cost"]
    mine = _gather(past, figures).dropna(subset="customer_id")
    cells, (of_mine, of_done) = number_cells(at, mine, past.counted)
    sums = add_up(of_mine, mine[figures], len(cells)) / PER_UNIT
    told = cells.assign(worked_hours=sums["hours"], senior_hours=sums["senior_hours"], cost_to_serve_cost=sums["cost"])
    told = told.assign(engagement_count=np.bincount(of_done, minlength=len(told)), basis=past.basis)
    return told.dropna(subset="customer_id").reset_index(drop=True).astype(dict.fromkeys(at, "str"))


def _look_back(data: Dataset, quarter: str, quarters: int, settings: Settings | None) -> Past:
    require_dataset(data)
    settings = settings or data.settings
    data = data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])
    return look_back(data, [shift_quarter(quarter, -i) for i in reversed(range(quarters))], settings)


def _gather(past: Past, figures: list[str]) -> pd.DataFrame:
    """The entries of all quarters: quarter, customer_id, service_id and some figures."""
    names = ["quarter", "customer_id", "service_id"]
    tables = [rows[[*names, *figures]] for rows in past.entries.values()]
    if not tables:
        return past.counted[names].iloc[:0].assign(**dict.fromkeys(figures, 0.0))
    kinds = {name: pd.CategoricalDtype(list_names(*(rows[name] for rows in tables))) for name in names}
    return pd.concat(
        [rows.assign(**{n: recode(rows[n], kinds[n]) for n in names}) for rows in tables], ignore_index=True
    )
