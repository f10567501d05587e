"""The year so far, or the whole year, beside the quarter: measures, cost and benefit over its quarters."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from pmo_analysis.analysis.headline.benefits import list_benefits
from pmo_analysis.analysis.measures import Measures
from pmo_analysis.analysis.measures.over_quarters import OVER, measure_over
from pmo_analysis.contract.periods import list_period
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset

COLUMNS = ["measure", "title", "unit", *OVER[1:]]
_SUMMED = ("due_benefit", "unmeasured_benefit", "measured_benefit", "realised_benefit", "confirmed_benefit")


@dataclass(frozen=True, eq=False)
class Period:
    """Several quarters of one fiscal year.

    table: measure, title, unit, group_kind (all, category, segment), group, value, low, high, n, change, change_low,
        change_high, direction (against the same quarters a year before).
    """

    name: str
    quarters: tuple[str, ...]
    table: pd.DataFrame = field(repr=False)
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.table[self.table["group_kind"] == "all"])


def tell_period(known: Dataset, quarter: str, measures: Measures, settings: Settings) -> Period | None:
    """Measures, cost and benefit over the quarters of the report's period; None for a report of the quarter alone."""
    quarters = list_period(quarter, settings)
    if not quarters:
        return None
    rows = pd.concat(
        [measure_over(measures, quarters, settings), _sum_cost(measures.run_chart, quarters)], ignore_index=True
    )
    about = measures.definitions.drop_duplicates("measure").set_index("measure")
    rows["title"], rows["unit"] = rows["measure"].map(about["title"]), rows["measure"].map(about["unit"])
    table = pd.concat([rows, _sum_benefits(known, quarters, settings)], ignore_index=True).reindex(columns=COLUMNS)
    year = quarters[-1][:4]
    name = f"The year {year}" if settings["report_period"] == "year" else f"{year} to date"
    return Period(name, tuple(quarters), table, _say(name, quarters, table))


def _sum_cost(chart: pd.DataFrame, quarters: list[str]) -> pd.DataFrame:
    """What serving cost in all the quarters together; nothing where one of them is not known."""
    rows = chart[(chart["measure"] == "cost_to_serve") & chart["quarter"].isin(quarters) & chart["value"].notna()]
    if len(rows) < len(quarters):
        return pd.DataFrame(columns=OVER)
    total = float(rows["value"].sum())
    return pd.DataFrame([{"measure": "cost_to_serve", "group_kind": "all", "group": "all", "value": total, "low": total,
                          "high": total, "n": int(rows["n"].sum()), "direction": "not estimable"}])  # fmt: skip


def _sum_benefits(known: Dataset, quarters: list[str], settings: Settings) -> pd.DataFrame:
    """Benefit due in the quarters and what became of it, in money, as known at the end of the last."""
    benefits = known.frame("benefits")
    each = pd.concat([list_benefits(benefits, quarter, settings) for quarter in quarters])
    sums = each[each["figure"].isin(_SUMMED)].groupby("figure", sort=False)
    rows = sums.agg(title=("title", "first"), value=("value", "sum"), n=("n", "sum")).reset_index(names="measure")
    return rows.assign(unit="money", group_kind="all", group="all", low=rows["value"], high=rows["value"],
                       direction="not estimable")  # fmt: skip


def _say(name: str, quarters: list[str], table: pd.DataFrame) -> str:
    whole = table[table["group_kind"] == "all"]
    clear = [f"{word}: {', '.join(rows['title'])}" for word in ("better", "worse")
             if len(rows := whole[whole["direction"] == word])]  # fmt: skip
    quiet = int((whole["direction"] == "no clear change").sum())
    told = (
        f"{'; '.join(clear)}; {quiet} figures show no clear change."
        if clear
        else f"none of {quiet} figures changed clearly."
    )
    return f"{name} ({quarters[0]} to {quarters[-1]}), against the same quarters a year before: {told}"
