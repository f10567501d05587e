"""What advice is taken from, and what a candidate for a decision is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.units import tell_money

HEAD, BOARD, ANALYST = "PMO head", "Portfolio board", "PMO analyst"
Candidate = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The tables that advice is taken from; absent ones are None.

    services: service_id, name · costs: CostToServe.table by service · cells, missing: those of Measures ·
    to_stop: service_id, freed_hours, low, high, n, reason · quoted, saving: those of SizeReview (over the look-back) ·
    delegable: service_id, excess_hours, cost, cost_low, cost_high, n · load: role, expected_hours, low, high,
    practical_hours · fit: segment, service_id, uptake, low, high, verdict · charted: the measures that the run chart holds
    """

    services: pd.DataFrame
    costs: pd.DataFrame
    cells: pd.DataFrame | None = None
    missing: pd.DataFrame | None = None
    to_stop: pd.DataFrame | None = None
    quoted: pd.DataFrame | None = None
    saving: pd.DataFrame | None = None
    delegable: pd.DataFrame | None = None
    load: pd.DataFrame | None = None
    fit: pd.DataFrame | None = None
    charted: frozenset[str] | None = None

    def judged_by(self, *measures: str) -> str:
        """The first of the measures that the run chart holds, so that the decision can be judged later; the first where
        no chart is given or it holds none of them (then it has to be measured first)."""
        held = [m for m in measures if self.charted is None or m in self.charted]
        return held[0] if held else measures[0]

    def name(self, service_id: str) -> str:
        """The service's name in the catalogue, else its id."""
        names = self.services.drop_duplicates("service_id").set_index("service_id")["name"]
        return str(names.get(service_id, service_id))

    @property
    def hourly_cost(self) -> float:
        """What an hour of the PMO cost in the quarter, all services together; NaN where hours or cost are not known."""
        known = self.costs.dropna(subset=["worked_hours", "cost_to_serve_cost"])
        hours = known["worked_hours"].sum()
        return float(known["cost_to_serve_cost"].sum() / hours) if hours > 0 else np.nan


def make_candidate(kind: str, stake: tuple[float, ...], settings: Settings, **words: Any) -> Candidate:
    """A candidate; `stake` is what waiting a quarter costs in money: value, low, high (NaN = not known)."""
    value, low, high = stake
    money = tell_money(value, settings["currency"])
    if np.isfinite(low) and np.isfinite(high):
        money += f" ({tell_money(low, settings['currency'])} to {tell_money(high, settings['currency'])})"
    waiting = f"{money} a quarter" if np.isfinite(value) else "not known in money"
    nothing = {"expected_effect": np.nan, "low": np.nan, "high": np.nan}
    return {"kind": kind, "stake_cost": value, "waiting_costs": waiting, "decider": HEAD, **nothing, **words}
