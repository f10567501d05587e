"""Cost to serve: what each customer, service, segment or category cost in a quarter, and what nobody used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.arithmetic import concentrate, gini
from pmo_analysis.analysis.cost.books import enter_quarter, list_rows, supplied_roles
from pmo_analysis.analysis.cost.by_size import tell_by_service, tell_by_size
from pmo_analysis.analysis.cost.entries import choose_basis, count_engagements, span_quarters
from pmo_analysis.analysis.cost.equations import tell_time_equations
from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.ledger import reconcile, tell_cost, tell_unused
from pmo_analysis.analysis.cost.rates import add_own_rates, price_roles
from pmo_analysis.analysis.cost.sums import (
    add_key,
    add_up,
    list_left_out,
    number_cells,
    sum_engagements,
    sum_entries,
    unit_limits,
)
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.bookings import list_worked_roles, sum_by_role
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.memory import gives_back
from pmo_analysis.intake.reach import choose_quarter

_NOBODY = pd.DataFrame(
    {"role": pd.Series(dtype="str"), "hours": pd.Series(dtype="float64"), "cost": pd.Series(dtype="float64")}
)
_BY = {"customer": "customer_id", "service": "service_id", "segment": "segment", "category": "category"}
_FIGURES = [
    "engagement_count",
    "worked_hours",
    "process_hours",
    "senior_hours",
    "cost_to_serve_cost",
    "low",
    "high",
    "process_cost",
    "mandated_process_cost",
    "charged_cost",
    "own_hours",
    "own_cost",
    "unit_cost",
    "unit_cost_low",
    "unit_cost_high",
    "allocated_share",
    "n",
    "basis",
]


@dataclass(frozen=True, eq=False)
class CostToServe:
    """What serving cost in a quarter, by customer, service, segment or category.

    table: the by column (customer_id, service_id, segment or category), engagement_count (delivered in the quarter;
        requested where no delivery is recorded), worked_hours, process_hours, senior_hours, cost_to_serve_cost, low,
        high, process_cost, mandated_process_cost, charged_cost, own_hours, own_cost (the customer's), unit_cost,
        unit_cost_low, unit_cost_high, allocated_share, n (customers), basis (hours / charged / standard hours).
        The cost is a sum, counted rather than sampled: low = high = the cost. unit_cost = cost of the quarter /
        engagements of the quarter, a ratio of sums; its limits come from the spread between customers.
    rates: role, hourly_cost, basis, gap_share (hourly cost stated over the rate of capacity, − 1, where too large)
    unused: role, supplied_hours, used_hours, unused_hours, supplied_cost, used_cost, unused_cost, utilisation_share
    concentration: rank, customers_share, cost_share, low, high (dearest first); gini_value is the Gini of the same
        costs, without n/(n−1)
    reconciliation: what, cost (supplied + worked without stated capacity = told + unmapped + unused, to the cent)
    engagements: engagement_id, customer_id, service_id, size, worked_hours, process_hours, senior_hours, cost,
        mandated (hours without an engagement are not in it)
    left_out: reason, worked_hours, cost, entries_count (bookings of one kind together)
    by_size: the by column, service_id, size, engagements_count, worked_hours, cost_to_serve_cost, unit_cost,
        unit_cost_low, unit_cost_high; adds up to the table
    by_service: the by column, service_id, engagements_count, charged_cost, cost_to_serve_cost, own_hours,
        own_hours_cost; adds up to the table
    time_equations: service_id, term, known_at, hours, low, high, n, share_of_engagements, r2, verdict
        (`fit_time_equations`)
    """

    table: pd.DataFrame
    rates: pd.DataFrame
    unused: pd.DataFrame
    concentration: pd.DataFrame
    reconciliation: pd.DataFrame
    engagements: pd.DataFrame
    left_out: pd.DataFrame
    by_size: pd.DataFrame
    by_service: pd.DataFrame
    time_equations: pd.DataFrame
    gini_value: float
    by: str
    basis: str
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.table)


def cost_to_serve(
    data: Dataset,
    quarter: str | None,
    by: str = "customer",
    *,
    segments: Mapping[str, str] | pd.Series | None = None,
    settings: Settings | None = None,
    seed: int = 0,
) -> CostToServe:
    """What serving each customer, service, segment or category cost in a quarter, unused capacity apart.

    Time-driven: hours worked in the quarter × the role's rate; without hours the money charged, without charges
    standard hours × a blended rate; the basis is told. `segments`: customer_id → segment, else segment_given.
    `quarter` None: the last complete one. InputError for an unknown `by`, or by segment without
    segments. Source: Kaplan & Anderson, HBR November 2004.
    """
    require_dataset(data)
    if segments is not None and not isinstance(segments, Mapping | pd.Series):
        raise InputError(
            f"segments: give customer_id → segment, as a mapping or a Series, not {type(segments).__name__}."
        )
    chosen = settings or data.settings
    return _tell(_open_books(data, quarter or choose_quarter(data), chosen, seed=seed), by, segments)


@gives_back
def tell_costs(
    data: Dataset,
    quarter: str,
    *,
    segments: Mapping[str, str] | pd.Series | None = None,
    settings: Settings | None = None,
    seed: int = 0,
) -> dict[str, CostToServe]:
    """`cost_to_serve` by customer, service and category, and by segment where there are any, from one reading.

    `by_size` is told by customer and service only; `cost_to_serve` tells it by category and segment too.
    """
    require_dataset(data)
    books = _open_books(data, quarter, settings or data.settings, seed=seed)
    has_segments = segments is not None or data.has("customers", "segment_given")
    return {
        by: _tell(books, by, segments, sizes=by in ("customer", "service"))
        for by in _BY
        if by != "segment" or has_segments
    }


@dataclass(frozen=True, eq=False)
class _Books:
    """Everything of a quarter that does not depend on how it is told."""

    data: Dataset
    quarter: str
    settings: Settings
    counted: pd.DataFrame
    rates: pd.DataFrame
    worked: pd.DataFrame
    basis: str
    entries: pd.DataFrame
    engagements: pd.DataFrame
    named: pd.DataFrame
    costs: pd.Series
    unused: pd.DataFrame
    concentration: pd.DataFrame
    time_equations: pd.DataFrame


def _open_books(data: Dataset, quarter: str, settings: Settings, *, seed: int) -> _Books:
    month = settings["fiscal_year_end_month"]
    data = data if data.known_at == quarter else data.as_of(quarter, month)
    counted, spans = count_engagements(data, [quarter], month), span_quarters([quarter], month)
    booked = list_worked_roles(data, spans)
    rates = price_roles(data, booked if len(booked) else supplied_roles(data, quarter), settings)
    basis = choose_basis(data, booked, counted)
    rows = list_rows(data, quarter, basis, counted, settings)
    engagements = sum_engagements(rows, data)
    entries = enter_quarter(data, quarter, basis, counted, settings, rows=rows)
    hourly = basis == "hours"
    worked = sum_by_role(data, spans, add_own_rates(rates, data, settings)) if hourly else _NOBODY
    costs = _sum_customers(entries)
    unused = tell_unused(worked, rates if basis in ("hours", "not known") else rates[:0])
    curve = concentrate(costs, level=settings["interval_level"], draws=200, seed=seed)
    return _Books(
        data, quarter, settings, counted, rates, worked, basis, entries, engagements,
        _name_engagements(engagements), costs, unused, curve,
        tell_time_equations(data, quarter, settings),
    )  # fmt: skip


def _sum_customers(entries: pd.DataFrame) -> pd.Series:
    """What each customer cost, those without a known cost left out."""
    cells, (number,) = number_cells(["customer_id"], entries)
    cost = add_up(number, entries[["cost"]], len(cells))["cost"] / PER_UNIT
    told = pd.Series(
        cost.to_numpy(), index=pd.Index(cells["customer_id"].astype("str"), name="customer_id"), name="cost"
    )
    return told[cells["customer_id"].notna().to_numpy()].dropna()


def _tell(books: _Books, by: str, segments: Mapping[str, str] | pd.Series | None, *, sizes: bool = True) -> CostToServe:
    keys, entries, rates, basis = _keys(books.data, by, segments), books.entries, books.rates, books.basis
    table = _tabulate(entries, books.counted, keys, _BY[by], settings=books.settings).assign(basis=basis)
    told = add_key(entries, keys, _BY[by])[_BY[by]].notna() & entries["customer_id"].notna()
    shown = (entries, books.counted) if sizes else (entries[:0], books.counted[:0])
    facts: dict[str, pd.DataFrame] = {"unused": books.unused, "left_out": list_left_out(entries, told, by)}
    return CostToServe(
        **facts,
        gini_value=gini(books.costs),
        table=table,
        by=by,
        basis=basis,
        rates=rates.loc[rates["basis"].notna() & (basis == "hours"), ["role", "hourly_cost", "basis", "gap_share"]],
        concentration=books.concentration,
        reconciliation=reconcile(entries, told, books.worked, rates, basis),
        engagements=books.named,
        by_size=tell_by_size(*shown, books.engagements, keys, _BY[by], settings=books.settings),
        by_service=tell_by_service(entries, books.counted, keys, _BY[by]),
        time_equations=books.time_equations,
        sentence=tell_cost(
            books.quarter, basis, books.costs, **facts, rates=rates, currency=books.settings["currency"]
        ),
    )


def _name_engagements(rows: pd.DataFrame) -> pd.DataFrame:
    names = dict.fromkeys(["engagement_id", "customer_id", "service_id", "size"], "str")
    return rows.drop(columns="row").astype(names)


def _keys(data: Dataset, by: str, segments: Mapping[str, str] | pd.Series | None) -> pd.Series | None:
    """Customer → key of the table, or None where the entry itself has it."""
    if by not in _BY:
        raise InputError(f"cost_to_serve cannot tell cost by {by!r}. {nearest(by, _BY)}")
    customers = data.frame("customers").drop_duplicates("customer_id").set_index("customer_id")
    if by == "segment" and segments is None and customers["segment_given"].isna().all():
        raise InputError(
            "cost_to_serve by segment needs segments: pass segments=members['segment'] or fill segment_given."
        )
    if by == "segment":
        return customers["segment_given"] if segments is None else pd.Series(segments, dtype="object").astype("str")
    return customers["category"] if by == "category" else None


def _tabulate(
    entries: pd.DataFrame, counted: pd.DataFrame, keys: pd.Series | None, column: str, *, settings: Settings
) -> pd.DataFrame:
    per_customer = sum_entries(add_key(entries, keys, column), counted, keys, column)
    sums = [c for c in per_customer if c not in (column, "customer_id")]
    table = per_customer.groupby(column)[sums].sum(min_count=1)
    table["engagement_count"] = table["engagement_count"].fillna(0)
    table["n"] = per_customer.groupby(column)["customer_id"].nunique()
    table["low"] = table["high"] = table["cost_to_serve_cost"]
    table["allocated_share"] = table.pop("allocated_hours") / (table["worked_hours"] + table["own_hours"].fillna(0))
    table["unit_cost"] = table["cost_to_serve_cost"] / table["engagement_count"].where(table["engagement_count"] > 0)
    limits = (
        unit_limits(per_customer, column, settings)
        if column != "customer_id"
        else pd.DataFrame({"unit_cost_low": np.nan, "unit_cost_high": np.nan}, index=table.index)
    )
    table = table.join(limits).reset_index().assign(basis="")
    table["engagement_count"] = table["engagement_count"].astype("int64")
    return table[[column, *_FIGURES]].sort_values(column, ignore_index=True)
