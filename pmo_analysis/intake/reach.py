"""Where a source lies and which quarters it reaches: known before anything is computed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import narwhals as nw
import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.quarters import last_complete_quarter, parse_quarter, quarter_of, quarters_between
from pmo_analysis.intake.dataset import Dataset

_DATED = {"engagements": ("requested_on", "started_on", "delivered_on"), "effort": ("worked_on",)}


def find_source(source: str) -> str:
    """A relative folder or file, looked for here and then in the folders above, so that notebooks find it."""
    path = Path(source)
    if "://" in source or path.is_absolute() or path.exists():
        return source
    return next((str(up / path) for up in Path.cwd().parents if (up / path).exists()), source)


def choose_quarter(data: Dataset, quarter: str | None = None) -> str:
    """The quarter asked for, or the last complete one; InputError where the data does not reach it."""
    month = data.settings["fiscal_year_end_month"]
    first, last = (quarter_of(day, month) for day in _span(data))
    if quarter is None:
        today = date.today()  # noqa: DTZ011 - the day where the reader is
        return max(first, min(last, last_complete_quarter(today, month)))
    parse_quarter(quarter)
    if not first <= quarter <= last:
        raise InputError(
            f"{data.source} says nothing of {quarter}: its requests, deliveries and hours are dated from {first} to "
            f"{last}. Choose a quarter in between."
        )
    return quarter


def list_quarters(data: Dataset) -> list[str]:
    """Every quarter in which something was asked, delivered or worked, and those between."""
    month = data.settings["fiscal_year_end_month"]
    return quarters_between(*(quarter_of(day, month) for day in _span(data)))


def _span(data: Dataset) -> tuple[date, date]:
    """The first and last day on which anything was asked, delivered or worked."""
    days = []
    for table, columns in _DATED.items():
        limits = [f(nw.col(c)).alias(f"{c}_{i}") for c in columns for i, f in enumerate((_first, _last))]
        days += list(data[table].select(*limits).collect().to_pandas().iloc[0].dropna())
    if not days:
        raise InputError(f"{data.source} has no dated request, delivery or hour. Give engagements a requested_on.")
    return pd.Timestamp(min(days)).date(), pd.Timestamp(max(days)).date()


def _first(column: nw.Expr) -> nw.Expr:
    return column.min()


def _last(column: nw.Expr) -> nw.Expr:
    return column.max()
