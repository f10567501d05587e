"""Run charts: what serving cost in each quarter, and what the quarters on either side of a decision say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.estimates import Estimate, ratio_table
from pmo_analysis.contract.settings import Settings

FEWEST_QUARTERS = 4  # before a decision, for saying how far quarters stray anyway
_CHART = ["measure", "quarter", "value", "low", "high", "n"]

# The measures that `chart_costs` adds to a run chart, in the words of Measures.definitions.
COST_DEFINITIONS = pd.DataFrame(
    [
        (
            "cost_to_serve",
            "lower_cost",
            "Cost to serve all customers",
            "Σ cost of serving customers in the quarter, hours outside deliveries included",
            "money",
            "lower",
            "effort",
        ),
        (
            "unit_cost",
            "lower_cost",
            "Cost to serve per delivery",
            "Σ cost of serving customers in the quarter, hours outside deliveries included / deliveries of the quarter",
            "money",
            "lower",
            "effort",
        ),
        (
            "senior_share",
            "lower_cost",
            "Senior hours among the PMO's hours",
            "Σ hours of senior roles / Σ hours of the PMO worked for customers in the quarter",
            "share",
            "lower",
            "effort",
        ),
    ],
    columns=["measure", "outcome", "title", "formula", "unit", "better", "table"],
)


def chart_costs(history: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """What serving cost and what it cost per delivery, quarter by quarter, as rows of a run chart.

    `history`: of `cost_history`. Columns: measure (cost_to_serve, unit_cost), quarter, value, low, high, n (customers).
    The total is counted, not sampled: low = high = value. The limits per delivery come from the spread between customers.
    """
    known = history.dropna(subset=["cost_to_serve_cost"])
    if known.empty:
        return pd.DataFrame(columns=_CHART)
    total = known.groupby("quarter")["cost_to_serve_cost"].agg(value="sum", n="size").reset_index()
    total = total.assign(measure="cost_to_serve", low=total["value"], high=total["value"])
    unit = ratio_table(
        known,
        ["quarter"],
        numerator="cost_to_serve_cost",
        denominator="engagement_count",
        cluster="customer_id",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
    )
    chart = pd.concat([total, unit.assign(measure="unit_cost")], ignore_index=True)[_CHART]
    chart = chart[np.isfinite(chart["value"])].astype({"n": "int64"})
    return chart.sort_values(["measure", "quarter"], ignore_index=True)


def list_cost_rows(history: pd.DataFrame) -> pd.DataFrame:
    """The rows behind `unit_cost` and `senior_share`, so that both can be told in parts: who is meant, and who is not.

    `history`: of `service_history`. Columns: measure, quarter, customer_id, service_id, numerator, denominator.
    """
    priced = history["cost_to_serve_cost"].groupby([history["quarter"], history["customer_id"]]).transform("count") > 0
    unit = history[priced].assign(measure="unit_cost", denominator=history["engagement_count"].astype("float64"))
    unit = unit.assign(numerator=unit["cost_to_serve_cost"].fillna(0.0))
    ranked = history[history["senior_hours"].notna()]
    senior = ranked.assign(measure="senior_share", numerator=ranked["senior_hours"], denominator=ranked["worked_hours"])
    columns = ["measure", "quarter", "customer_id", "service_id", "numerator", "denominator"]
    return pd.concat([unit, senior], ignore_index=True)[columns]


def chart_senior_share(history: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The senior share of all that was worked for customers, quarter by quarter, as rows of a run chart.

    `history`: of `service_history`. Columns: measure, quarter, value, low, high, n; limits from the spread between customers.
    """
    rows = list_cost_rows(history)
    return _chart_ratio(rows[rows["measure"] == "senior_share"], ["measure", "quarter"], settings)[_CHART]


def chart_services(history: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """What each service cost, quarter by quarter, in all and per delivery, and how much of its hours is senior.

    `history`: of `service_history`. Columns: service_id, measure (cost_to_serve, senior_share, unit_cost), quarter, value,
    low, high, n (customers; of ratios rows). A quarter in which nothing was worked for a service cost nought.
    """
    rows = list_cost_rows(history).dropna(subset="service_id")
    ratios = _chart_ratio(rows, ["service_id", "measure", "quarter"], settings)
    known = history.dropna(subset=["service_id", "cost_to_serve_cost"])
    totals = known.groupby(["service_id", "quarter"])["cost_to_serve_cost"].agg(value="sum", n="size")
    every = pd.MultiIndex.from_product(
        [totals.index.levels[0], sorted(history["quarter"].unique())], names=totals.index.names
    )
    totals = totals.reindex(every, fill_value=0).reset_index().assign(measure="cost_to_serve")
    totals = totals.assign(low=totals["value"], high=totals["value"])
    told = pd.concat([totals, ratios], ignore_index=True)[["service_id", *_CHART]]
    return told.astype({"n": "int64"}).sort_values(["service_id", "measure", "quarter"], ignore_index=True)


def _chart_ratio(rows: pd.DataFrame, by: list[str], settings: Settings) -> pd.DataFrame:
    told = ratio_table(
        rows, by, cluster="customer_id", level=settings["interval_level"], minimum=settings["minimum_estimate"]
    )
    return told[np.isfinite(told["value"].astype("float64"))].reset_index(drop=True)


def average_quarters(chart: pd.DataFrame, quarters: Sequence[str]) -> Estimate:
    """The mean of a measure over quarters, each counting alike, with limits from theirs: value, low, high, n (rows).

    Several quarters, not the one before a decision: that one was often chosen for being bad, and what is bad by chance
    mends by itself. Limits: the squares of the quarters' distances are added (as for a difference of independent
    estimates) and divided by their count. `chart`: quarter, value, low, high, n of one measure.
    """
    rows = chart[chart["quarter"].isin(quarters)].dropna(subset=["value", "low", "high"])
    if rows.empty:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    value = float(rows["value"].mean())
    below, above = (float(np.sqrt(((rows["value"] - rows[end]) ** 2).sum())) / len(rows) for end in ("low", "high"))
    return {"value": value, "low": value - below, "high": value + above, "n": int(rows["n"].sum())}


def ordinary_change(chart: pd.DataFrame, before: Sequence[str], count: int, *, level: float) -> float:
    """How far the mean of the next `count` quarters strays from those before though nothing is done.

    Half the width of Student's prediction interval from the quarters before, t·s·√(1/count + 1/n); missing from fewer
    than four of them. `chart`: quarter, value of one measure.
    """
    values = chart.loc[chart["quarter"].isin(before), "value"].dropna()
    n = len(values)
    if n < FEWEST_QUARTERS or not count:
        return float("nan")
    return float(special.stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) * np.sqrt(1 / count + 1 / n))
