"""Showback: what each customer was charged, what serving it cost and what it spent itself, kept apart."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.serve import CostToServe
from pmo_analysis.contract.showing import show_result
from pmo_analysis.contract.units import tell_money

EVERYTHING = "all services"
_SUMS = ["engagements_count", "charged_cost", "cost_to_serve_cost", "own_hours", "own_hours_cost"]


@dataclass(frozen=True, eq=False)
class Showback:
    """A statement per customer: what it was charged, what serving it cost, and its own hours; never added up.

    table: customer_id, service_id ("all services" first, then each; blank = on no service known), engagements_count,
        charged_cost, cost_to_serve_cost, own_hours, own_hours_cost; missing = not known
    reconciliation: what, statement_cost, total_cost, difference_cost (nought to the cent)
    """

    table: pd.DataFrame
    reconciliation: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.table)


def write_showback(cost: CostToServe, currency: str) -> Showback:
    """The showback statement of every customer, from the cost by customer; its lines add up to the totals."""
    totals = cost.table.rename(columns={"engagement_count": "engagements_count", "own_cost": "own_hours_cost"})
    totals = totals[["customer_id", *_SUMS]].assign(service_id=EVERYTHING, place=0)
    table = pd.concat([totals, cost.by_service.assign(place=1)], ignore_index=True)
    table = table.sort_values(["customer_id", "place", "service_id"], ignore_index=True)
    table = table[["customer_id", "service_id", *_SUMS]].astype({"engagements_count": "int64"})
    lines, whole = table[table["service_id"] != EVERYTHING], table[table["service_id"] == EVERYTHING]
    rows = [_compare(what, lines[name], whole[name]) for name, what in _WHAT.items()]
    reconciliation = pd.DataFrame(rows, columns=["what", "statement_cost", "total_cost", "difference_cost"])
    return Showback(table, reconciliation, _tell(whole, currency))


_WHAT = {"charged_cost": "charged", "cost_to_serve_cost": "cost to serve", "own_hours_cost": "own hours"}


def _compare(what: str, lines: pd.Series, totals: pd.Series) -> tuple[str, float, float, float]:
    """Both sums in whole ten-thousandths, so that a difference is one of the books and not of the arithmetic."""
    here, there = ((amounts * PER_UNIT).round().sum(min_count=1) for amounts in (lines, totals))
    return what, here / PER_UNIT, there / PER_UNIT, (here - there) / PER_UNIT


def _tell(totals: pd.DataFrame, currency: str) -> str:
    charged, serving = (totals[name].sum(min_count=1) for name in ("charged_cost", "cost_to_serve_cost"))
    first = (
        "nothing is known to have been charged" if pd.isna(charged) else f"{tell_money(charged, currency)} was charged"
    )
    second = "what serving cost is not known" if pd.isna(serving) else f"serving cost {tell_money(serving, currency)}"
    hours = totals["own_hours"].sum(min_count=1)
    third = (
        "customers' own hours are not known" if pd.isna(hours) else f"customers spent {hours:,.0f} hours of their own"
    )
    return f"For {len(totals)} customers {first}, {second} and {third}; the three are not added up."
