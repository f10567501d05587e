"""The figures of one group of customers: what they cost, what a delivery costs, what it asks, what it brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import censored_quantile, summarise_quantiles

BENEFITS = ("benefit_realised_share", "benefit_measured_share", "benefit_confirmed_share")


@dataclass(frozen=True, eq=False)
class Offered:
    """The tables that cards are written from; absent ones are None.

    costs, engagements: CostToServe.table by customer and its engagements · deliveries: of `list_deliveries` ·
    services: service_id, name · history: of `cost_history` · cells: measured outcomes by group · unit_costs: kind of
    group → CostToServe.table by it · off_target: service_id, category, worked_hours · delivery_costs: engagement_id,
    cost (the money of one delivery over its life)
    """

    costs: pd.DataFrame
    engagements: pd.DataFrame
    deliveries: pd.DataFrame
    services: pd.DataFrame
    history: pd.DataFrame | None = None
    cells: pd.DataFrame | None = None
    unit_costs: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    off_target: pd.DataFrame | None = None
    delivery_costs: pd.DataFrame | None = None

    @property
    def basis(self) -> str:
        """What cost rests on: hours, charged or standard hours."""
        return str(next(iter(self.costs["basis"].dropna()), "hours"))

    @property
    def names(self) -> pd.Series:
        """service_id → name."""
        return self.services.drop_duplicates("service_id").set_index("service_id")["name"]


def cost_facts(offered: Offered, ids: set[str], minimum: int) -> dict[str, Any]:
    """Cost of one customer (median, P10, P90) and of all together; `minimum` customers are needed for the range."""
    rows = offered.costs[offered.costs["customer_id"].isin(ids)]
    spread = summarise_quantiles(rows["cost_to_serve_cost"], minimum=minimum)
    deliveries = rows["engagement_count"].sum() or delivered_to(offered, ids)["delivered"].sum()
    total = rows["cost_to_serve_cost"].sum(min_count=1)
    return {
        "cost_median": spread["p50"],
        "cost_p10": spread["p10"],
        "cost_p90": spread["p90"],
        "cost_to_serve_cost": total,
        "charged_cost": rows["charged_cost"].sum(min_count=1),
        "own_hours": rows["own_hours"].median(),
        "own_cost": rows["own_cost"].sum(min_count=1),
        "deliveries": int(deliveries),
        "unit_cost": total / deliveries if deliveries and pd.notna(total) else np.nan,
        "n": int(rows["cost_to_serve_cost"].notna().sum()),
    }


def delivered_to(offered: Offered, ids: set[str]) -> pd.DataFrame:
    """What was delivered in the quarter to these customers, whether or not its cost is known."""
    rows = offered.deliveries
    return rows[rows["customer_id"].isin(ids) & rows["delivered"]]


def unit_facts(offered: Offered, ids: set[str], kind: str, group: str, minimum: int) -> dict[str, Any]:
    """Money of one delivery (median, P10, P90), and the limits of all costs over all deliveries."""
    told = {"unit_cost_low": np.nan, "unit_cost_high": np.nan}
    table = offered.unit_costs.get(kind)
    if table is not None and (table[kind] == group).any():
        told = dict(table.loc[table[kind] == group, list(told)].iloc[0])
    costs = offered.delivery_costs
    if costs is None:
        return told | dict.fromkeys(("unit_median", "unit_p10", "unit_p90"), np.nan)
    each = delivered_to(offered, ids)["engagement_id"].map(
        costs.drop_duplicates("engagement_id").set_index("engagement_id")["cost"]
    )
    spread = summarise_quantiles(each, minimum=minimum)
    return told | {"unit_median": spread["p50"], "unit_p10": spread["p10"], "unit_p90": spread["p90"]}


def ask_facts(offered: Offered, ids: set[str], kind: str, group: str) -> dict[str, Any]:
    """What a delivery asks: contacts (mean) and working days (median, open requests counted as waiting).

    The days are those of the measure where it is told for the group, so that a card and page 1 mean the same.
    """
    rows = offered.deliveries[offered.deliveries["customer_id"].isin(ids)]
    told = group_cells(offered.cells, kind, group, ("lead_time_days",))
    wait = told.get("lead_time_days", censored_quantile(rows["waiting_days"], rows["delivered"]))
    return {"touchpoints": rows.loc[rows["delivered"], "touchpoint_count"].mean(), "waiting_days": wait["value"]}


def group_cells(cells: pd.DataFrame | None, kind: str, group: str, measures: tuple[str, ...]) -> dict[str, pd.Series]:
    """The group's measures: name → its cell, as far as it has a value."""
    if cells is None or cells.empty:
        return {}
    mine = cells[(cells["group_kind"] == kind) & (cells["group"] == group) & cells["value"].notna()]
    return {str(row["measure"]): row for _, row in mine[mine["measure"].isin(measures)].iterrows()}


def find_stop(offered: Offered, ids: set[str], kind: str, group: str) -> tuple[str, str, float] | None:
    """Most hours of process that no law requires, or most hours off target: words, service_id, hours."""
    rows = offered.engagements
    free = rows[rows["customer_id"].isin(ids) & ~rows["mandated"].astype(bool)]
    hours = {("stop_process", s): h for s, h in free.groupby("service_id")["process_hours"].sum().items()}
    off = offered.off_target
    if off is not None and kind == "category" and len(off):
        mine = off[off["category"] == group].groupby("service_id")["worked_hours"].sum()
        hours |= {("stop_off_target", s): h for s, h in mine.items()}
    if not hours or not max(hours.values()) >= 1:
        return None
    (words, service), most = min(hours.items(), key=lambda item: (-item[1], item[0]))
    return words, str(service), float(most)
