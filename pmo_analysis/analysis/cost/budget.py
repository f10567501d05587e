"""What the PMO itself costs: against its budget, and over what the projects spend."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.entries import span_quarters
from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.rates import add_own_rates, price_roles
from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.contract.quarters import parse_quarter, quarter_of, quarters_between
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.contract.units import tell_money
from pmo_analysis.intake.bookings import first_booking, list_worked_roles, sum_by_project, sum_by_role
from pmo_analysis.intake.dataset import Dataset

_LINE = ["quarter", "supplied_cost", "used_cost", "unused_cost", "unstated_cost", "budget_cost", "difference_cost"]
_OVERHEAD = ["size_class", "projects_count", "project_cost", "pmo_cost", "overhead_share", "low", "high", "n"]
TO_DATE, EVERY = "year to date", "all projects"

# Rules of thumb contradict each other up to ninefold: lines to look at beside the figure, never targets.
_SURVEY = "PM Solutions, The State of the PMO 2016, as quoted by projectmanagementupdate.com (2019)"
_BYRNE = "Byrne, Project management: how much is enough?, PM Network (PMI), as quoted; no study behind it"
_NOBODY = "quoted among PMOs; no source that can be checked was found"
REFERENCES = pd.DataFrame(
    [
        ("PMO cost, mean of a survey", 0.05, 0.05, _SURVEY),
        ("PMO cost, rule of thumb", 0.08, 0.08, _NOBODY),
        ("project management without controls", 0.07, 0.11, _BYRNE),
        ("project management with controls", 0.09, 0.15, _BYRNE),
        ("PMO and project management together, rule of thumb", 0.18, 0.45, _NOBODY),
    ],
    columns=["name", "low_share", "high_share", "source"],
)


@dataclass(frozen=True, eq=False)
class Budget:
    """What the PMO cost against its budget, and what it cost beside the projects.

    budget: quarter (of the fiscal year so far, then "year to date"), supplied_cost (capacity), used_cost, unused_cost
        (used + unused = supplied), unstated_cost (worked by roles whose capacity is not stated), budget_cost,
        difference_cost (supplied + unstated − budget: above nought is over budget); missing = not known
    overhead: size_class of the project's actual cost, projects_count, project_cost, pmo_cost, overhead_share (ratio of
        sums over the projects' lives), low, high, n (projects); "all projects" last
    references: name, low_share, high_share, source: rules of thumb that contradict each other, for reference only
    """

    budget: pd.DataFrame
    overhead: pd.DataFrame
    references: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.budget)


def review_budget(data: Dataset, quarter: str, settings: Settings | None = None) -> Budget:
    """What the PMO cost this quarter and this fiscal year against its budget, and over what projects spent.

    The budget is the setting pmo_budget_cost, per quarter (0 = not given). Overhead: projects that began after the
    first booking, since what the PMO spent on earlier ones is not all known; their lives so far.
    """
    settings = settings or data.settings
    data = data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])
    lines = _tell_lines(data, quarter, settings)
    overhead, early = _tell_overhead(data, quarter, settings)
    sentence = _tell_sentence(lines, overhead, early, settings)
    return Budget(lines, overhead, REFERENCES.copy(), sentence)


def _tell_lines(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    year, _ = parse_quarter(quarter)
    quarters = quarters_between(f"{year}Q1", quarter)
    spans = span_quarters(quarters, settings["fiscal_year_end_month"])
    capacity, booked = data.frame("capacity", ["quarter", "role"]), list_worked_roles(data, spans)
    both = pd.concat([booked[["quarter", "role"]], capacity[capacity["quarter"].isin(quarters)]]).drop_duplicates()
    rates = price_roles(data, both, settings)
    worked = sum_by_role(data, spans, add_own_rates(rates, data, settings)) if len(booked) else _nothing()
    rows = rates.merge(worked, on=["quarter", "role"], how="outer")
    stated = rows["supplied_cost"].notna()
    parts = rows[["quarter"]].assign(
        supplied_cost=np.rint(rows["supplied_cost"] * PER_UNIT),
        used_cost=rows["cost"].fillna(0.0).where(stated),
        unstated_cost=rows["cost"].where(~stated),
    )
    lines = parts.groupby("quarter").sum(min_count=1).reindex(quarters)
    # With a quarter missing the year is not known; used is not told where nothing is booked.
    lines["used_cost"] = lines["used_cost"].where(lines.index.isin(booked["quarter"]))
    to_date = lines.sum(min_count=len(lines)).fillna({"unstated_cost": lines["unstated_cost"].sum(min_count=1)})
    lines.loc[TO_DATE] = to_date
    lines["unused_cost"] = lines["supplied_cost"] - lines["used_cost"]
    lines = lines / PER_UNIT
    budget = settings["pmo_budget_cost"] or np.nan
    lines["budget_cost"] = [budget] * len(quarters) + [budget * len(quarters)]
    spent = lines["supplied_cost"].add(lines["unstated_cost"], fill_value=0.0)
    return lines.assign(difference_cost=spent - lines["budget_cost"]).reset_index(names="quarter")[_LINE]


def _nothing() -> pd.DataFrame:
    kinds = {"quarter": "str", "role": "str", "hours": "float64", "cost": "float64"}
    return pd.DataFrame({name: [] for name in kinds}).astype(kinds)


def _tell_overhead(data: Dataset, quarter: str, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Overhead by size class, and how many projects began too early to be told."""
    columns = ["project_id", "customer_id", "planned_start_on", "actual_cost"]
    projects, first = data.frame("projects", columns).drop_duplicates("project_id"), first_booking(data)
    projects = projects[projects["actual_cost"] > 0]
    if first is None or projects.empty:
        return pd.DataFrame(columns=_OVERHEAD), 0
    began = projects["planned_start_on"] >= pd.Timestamp(first)
    month = settings["fiscal_year_end_month"]
    begin = quarter_of(first, month)
    spans = span_quarters(quarters_between(begin, quarter), month)
    rates = price_roles(data, list_worked_roles(data, spans), settings)
    spent = sum_by_project(data, spans, add_own_rates(rates, data, settings)).set_index("project_id")
    costs = spent["cost"].reindex(projects.loc[began, "project_id"]).fillna(0.0) / PER_UNIT
    rows = projects[began].assign(pmo_cost=costs.to_numpy("float64"))
    # Hours without a rate have a cost that is not known, not nought.
    unpriced = spent.index[spent["cost"].isna() & (spent["hours"] > 0)]
    rows = rows[~rows["project_id"].isin(unpriced)]
    return _tabulate(rows, settings), int((~began).sum())


def _tabulate(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    limits = sorted(settings["project_size_limits"])
    names = name_classes(limits, settings["currency"])
    place = np.searchsorted(limits, rows["actual_cost"], side="right")
    both = pd.concat([rows.assign(place=place), rows.assign(place=len(names))])
    sums = both.groupby("place").agg(
        projects_count=("project_id", "size"), project_cost=("actual_cost", "sum"), pmo_cost=("pmo_cost", "sum")
    )
    share = ratio_table(
        both, ["place"], numerator="pmo_cost", denominator="actual_cost", cluster="customer_id",
        level=settings["interval_level"], minimum=settings["minimum_estimate"],
    ).set_index("place").rename(columns={"value": "overhead_share"})  # fmt: skip
    told = sums.join(share).assign(size_class=lambda t: np.array([*names, EVERY])[t.index])
    return told.reset_index(drop=True)[_OVERHEAD]


def name_classes(limits: list[float], currency: str) -> list[str]:
    """Names of the classes between limits: under the first, from each to the next, from the last on."""
    if not limits:
        return ["any size"]
    money = [tell_money(limit, currency) for limit in limits]
    between = [f"{low} to {high}" for low, high in pairwise(money)]
    return [f"under {money[0]}", *between, f"{money[-1]} and more"]


def _tell_sentence(lines: pd.DataFrame, overhead: pd.DataFrame, early: int, settings: Settings) -> str:
    told = _tell_difference(lines.iloc[-2], lines.iloc[-1], settings["currency"])
    if overhead.empty:
        why = f": {early} whose start lies before the first booking or is not known are not told" if early else ""
        return f"{told} Its cost beside that of the projects is not known{why}."
    whole = overhead.iloc[-1]
    told += f" It cost {100 * whole['overhead_share']:.1f} % of what {int(whole['projects_count'])} projects have spent"
    return told + (
        f"; {early} whose start lies before the first booking or is not known are not told." if early else "."
    )


def _tell_difference(here: pd.Series, year: pd.Series, currency: str) -> str:
    if np.isnan(here["supplied_cost"]):
        return "What the PMO cost is not known: no capacity with a cost is stated for the quarter."
    supplied = tell_money(here["supplied_cost"], currency)
    if np.isnan(here["budget_cost"]):
        return f"The PMO's capacity cost {supplied}; no budget is given (setting pmo_budget_cost)."
    quarter, to_date = (_tell_side(line["difference_cost"], currency) for line in (here, year))
    return f"The PMO's capacity cost {supplied}: {quarter} its budget in the quarter, {to_date} it in the year to date."


def _tell_side(difference: float, currency: str) -> str:
    if np.isnan(difference):
        return "not known beside"
    return f"{tell_money(abs(difference), currency)} {'over' if difference > 0 else 'under'}"
