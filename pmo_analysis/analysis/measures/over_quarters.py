"""Measures over several quarters: the same ratios of sums, over the rows of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from pmo_analysis.analysis.measures.cells import ESTIMATE, KEYS, build_cases, estimate_cells
from pmo_analysis.analysis.measures.changes import divide_by_base, tell_changes
from pmo_analysis.analysis.measures.definition import KINDS
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.analysis.measures.lower_cost import SAVINGS
from pmo_analysis.analysis.measures.outcomes import MEASURES, Measures
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings

OVER = ["measure", "group_kind", "group", *ESTIMATE, "change", "change_low", "change_high", "direction"]
_TOLD_KINDS = KINDS[:3]  # a service or customer is told by the quarter and the look-back


@dataclass(frozen=True)
class _Span:
    """Several quarters under the name of the last, beside the same quarters a year before under the name of theirs."""

    quarter: str
    base_quarter: str
    settings: Settings

    @property
    def quarters(self) -> list[str]:
        """The names under which rows stand."""
        return [self.base_quarter, self.quarter]


def measure_over(measures: Measures, quarters: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Each measure over several quarters, and its change against the same quarters a year before.

    Columns OVER; n counts the rows of all quarters. Told for everybody, categories and segments. Money saved is the sum
    of what each quarter saved, without a range. Answers are told for everybody only, and only where each of the quarters
    told them: a sum less what was told would be what was not. What is only known at a quarter's end (CPI, SPI) is left
    out. Productivity is told against the same quarters a year before.
    """
    last, before = quarters[-1], shift_quarter(quarters[-1], -4)
    span = cast(Facts, _Span(last, before, settings))
    told = [m for m in MEASURES if m.estimate != "saving" and m.option != "stock"]
    place = dict.fromkeys(quarters, last) | {shift_quarter(q, -4): before for q in quarters}
    told = [m for m in told if place.keys() & measures.kept.counts.get(m.name, {}).keys()]
    if not told:
        return pd.DataFrame(columns=OVER)
    figures = []
    for measure in told:
        rows = measures.kept.read([measure.name], place)
        rows = rows.assign(quarter=rows["quarter"].map(place).astype("str"))
        cases = build_cases(rows, [measure], measures.groups, span, kinds=_TOLD_KINDS)
        figures += [estimate_cells(c, [measure], settings, errors=True) for c in cases]
    figures = pd.concat(figures, ignore_index=True)
    based, scaled = divide_by_base(figures, told, span)
    changes = tell_changes(scaled, figures.iloc[:0], told, span)
    table = pd.concat([_join(based[based["period"] == last], changes), _sum_savings(measures.run_chart, quarters)])
    return table[_may_be_told(table, measures, quarters)].reset_index(drop=True)[OVER]


def _join(cells: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    changes = changes[changes["against"] == "last year"].rename(columns={"low": "change_low", "high": "change_high"})
    return cells[[*KEYS[:3], *ESTIMATE]].merge(
        changes[[*KEYS[:3], "change", "change_low", "change_high", "direction"]], on=KEYS[:3], how="left"
    )


def _sum_savings(chart: pd.DataFrame, quarters: Sequence[str]) -> pd.DataFrame:
    rows = chart[chart["measure"].isin(SAVINGS) & chart["quarter"].isin(quarters)]
    sums = rows.groupby("measure", sort=False).agg(value=("value", "sum"), n=("n", "sum"), count=("quarter", "size"))
    whole = sums[sums["count"] == len(quarters)].drop(columns="count").reset_index()
    return whole.assign(group_kind="all", group="all", direction="not estimable")


def _may_be_told(table: pd.DataFrame, measures: Measures, quarters: Sequence[str]) -> pd.Series:
    asked = measures.definitions.loc[measures.definitions["table"] == "survey", "measure"]
    chart = measures.run_chart[measures.run_chart["value"].notna()]
    told = chart[chart["quarter"].isin(quarters)].groupby("measure")["quarter"].nunique()
    each: Any = told[told == len(quarters)].index
    whole = (table["group_kind"] == "all") & table["measure"].isin(each)
    return ~table["measure"].isin(asked) | whole
