"""The entries of a quarter: what was worked or charged, priced and put on services, made once for whoever tells them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.cost.entries import (
    active_engagements,
    choose_basis,
    count_engagements,
    enter_rows,
    span_quarters,
)
from pmo_analysis.analysis.cost.rates import price_roles
from pmo_analysis.analysis.cost.sums import collapse
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import list_worked_roles
from pmo_analysis.intake.dataset import Dataset


def enter_quarter(
    data: Dataset,
    quarter: str,
    basis: str,
    counted: pd.DataFrame,
    settings: Settings,
    *,
    rows: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The entries of a quarter on a basis (`collapse`), made once and kept; `counted`: the engagements that count in it.

    `rows`: what `list_rows` tells of it, where the caller has it.
    """

    def make(data: Dataset) -> pd.DataFrame:
        mine = list_rows(data, quarter, basis, counted, settings) if rows is None else rows
        return collapse(mine, active_engagements(data, quarter, settings) if basis == "hours" else None, data)

    return data.once(f"entries {quarter} {basis} {sorted(settings.changed().items())!r}", make)


def list_rows(data: Dataset, quarter: str, basis: str, counted: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The quarter's priced rows, one per engagement, or per customer for what is on none."""
    booked = list_worked_roles(data, span_quarters([quarter], settings["fiscal_year_end_month"]))
    rates = price_roles(data, booked if len(booked) else supplied_roles(data, quarter), settings)
    return enter_rows(data, quarter, basis, counted, rates, settings)


def supplied_roles(data: Dataset, quarter: str) -> pd.DataFrame:
    """The roles whose capacity is stated for the quarter: quarter, role."""
    capacity = data.frame("capacity", ["quarter", "role"])
    return capacity[capacity["quarter"] == quarter]


@dataclass(frozen=True, eq=False)
class Past:
    """The entries of several quarters on the last one's basis, and the engagements that count in them."""

    counted: pd.DataFrame
    basis: str
    entries: dict[str, pd.DataFrame]


def look_back(data: Dataset, quarters: list[str], settings: Settings) -> Past:
    """The entries of quarters that follow each other, on the basis that the last one's tables allow."""
    month = settings["fiscal_year_end_month"]
    counted, booked = count_engagements(data, quarters, month), list_worked_roles(data, span_quarters(quarters, month))
    basis = choose_basis(data, booked[booked["quarter"] == quarters[-1]], counted)
    wanted = sorted(booked["quarter"].unique()) if basis == "hours" else quarters
    entries = {
        quarter: enter_quarter(data, quarter, basis, counted[counted["quarter"] == quarter], settings)
        for quarter in wanted
    }
    return Past(counted, basis, {quarter: rows for quarter, rows in entries.items() if len(rows)})
