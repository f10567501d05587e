"""What a quarter may tell of people: nothing of one to four of them, whoever reads it and in whatever table.

Answers of fewer than `minimum_cell` respondents and hours of roles held by fewer people are told together with
others or not at all. A customer's own money and hours are its own and stay.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from pmo_analysis.analysis.cost import CostToServe
from pmo_analysis.analysis.measures import Measures
from pmo_analysis.analysis.trust import hide_small_cells, merge_roles
from pmo_analysis.contract.settings import Settings

_FIGURES = ["value", "low", "high", "n"]
_CELL = ["measure", "group_kind", "group"]


def protect_answers(measures: Measures, settings: Settings) -> Measures:
    """Measures without the answers of few people: no customer's alone, no small cell, no change that betrays one."""
    minimum = settings["minimum_cell"]
    asked = set(measures.definitions.loc[measures.definitions["table"] == "survey", "measure"])
    cells = _without_customers(measures.cells, asked)
    hidden = hide_small_cells(cells[cells["measure"].isin(asked)], minimum=minimum)
    cells = pd.concat([cells[~cells["measure"].isin(asked)], hidden]).sort_index().reset_index(drop=True)
    return replace(
        measures,
        cells=cells,
        changes=_hide_changes(_without_customers(measures.changes, asked), hidden, asked, minimum),
        run_chart=_hide_points(measures.run_chart, asked, minimum),
    )


def _without_customers(rows: pd.DataFrame, asked: set[str]) -> pd.DataFrame:
    return rows[~(rows["measure"].isin(asked) & (rows["group_kind"] == "customer"))].reset_index(drop=True)


def _hide_changes(changes: pd.DataFrame, hidden: pd.DataFrame, asked: set[str], minimum: int) -> pd.DataFrame:
    """A change is hidden where the cell is, or where either quarter had too few answers."""
    untold = pd.MultiIndex.from_frame(hidden.loc[hidden["n"].isna(), _CELL])
    betrays = changes["measure"].isin(asked) & (
        pd.MultiIndex.from_frame(changes[_CELL]).isin(untold) | (changes["n"] < minimum)
    )
    told = changes.copy()
    told[["change", "low", "high", "p_value", "adjusted_p"]] = told[
        ["change", "low", "high", "p_value", "adjusted_p"]
    ].mask(betrays)
    told["direction"] = told["direction"].mask(betrays, "not estimable")
    told["flagged"] = told["flagged"] & ~betrays
    return told


def _hide_points(chart: pd.DataFrame, asked: set[str], minimum: int) -> pd.DataFrame:
    few = chart["measure"].isin(asked) & (chart["n"] < minimum)
    return chart.assign(**{c: chart[c].astype("float64").mask(few) for c in _FIGURES})


def protect_roles(cost: CostToServe, people: pd.Series, settings: Settings) -> CostToServe:
    """Capacity and rates with the roles that few people hold told together, rates blended over them."""
    minimum = settings["minimum_cell"]
    unused = merge_roles(
        cost.unused, people, ratios={"utilisation_share": ("used_hours", "supplied_hours")}, minimum=minimum
    )
    blended = unused.assign(hourly_cost=unused["supplied_cost"] / unused["supplied_hours"], basis="blended over people")
    return replace(cost, unused=unused, rates=blended[["role", "hourly_cost", "basis"]])
