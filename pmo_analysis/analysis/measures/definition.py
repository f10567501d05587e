"""What a measure is: its words, the rows behind it, and how its figure is estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.facts import Facts

# A row behind a figure. `numerator` blank = not measured; `quarter` is the one in which it is dated.
# `seen_weight` of `whole_weight` was measured: counts, or money where the measure is about money.
ROW_COLUMNS = (
    "measure",
    "quarter",
    "customer_id",
    "service_id",
    "source_id",
    "numerator",
    "denominator",
    "seen_weight",
    "whole_weight",
)


KINDS = ("all", "category", "segment", "service", "customer")
# Measures of customers as a whole: one customer's share of them says nothing.
SHARED_KINDS = ("all", "category", "segment")


@dataclass(frozen=True)
class Measure:
    """One measure of one outcome.

    `estimate`: share (yes/no rows), ratio (of two sums), mean, median, p80, promoters, or waiting and
    waiting_p85 (numerator = days, denominator = 1 where it has ended and 0 where it is still open).
    `needs`: `table`, `table.column` or alternatives `a|b`; the first that is absent is told.
    `option`: `without_largest` (row), `against_base` (divided by the base quarter's figure), `stock` (no past
    quarters: the latest row has overwritten them). `kinds`: the kinds of groups it is told for. `part_of_whole`: whether each
    row's numerator is a part of its denominator, so that the ratio and its limits lie between 0 and 1.
    """

    name: str
    outcome: str
    title: str
    formula: str
    unit: str
    better: str
    table: str
    needs: tuple[str, ...]
    rows: Callable[[Facts], pd.DataFrame]
    estimate: str
    option: str = ""
    kinds: tuple[str, ...] = KINDS
    part_of_whole: bool = False


def measured_rows(
    table: pd.DataFrame,
    quarter: Any,
    source_id: str,
    numerator: Any,
    denominator: Any = 1.0,
    *,
    seen_weight: Any = None,
    whole_weight: Any = 1.0,
) -> pd.DataFrame:
    """Rows in the shape of ROW_COLUMNS (without the name); blank numerators or denominators count as not measured."""
    rows = pd.DataFrame(
        {
            "quarter": quarter,
            "customer_id": _column(table, "customer_id"),
            "service_id": _column(table, "service_id"),
            "source_id": table[source_id],
            "numerator": numerator,
            "denominator": denominator,
        },
        index=table.index,
    )
    for name in ("numerator", "denominator"):
        rows[name] = rows[name].to_numpy("float64", na_value=np.nan)
    seen = rows["numerator"].notna() & rows["denominator"].notna()
    rows["whole_weight"] = whole_weight
    rows["seen_weight"] = rows["whole_weight"] * seen if seen_weight is None else seen_weight
    return rows[rows["quarter"].notna()]


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table else pd.Series(pd.NA, index=table.index, dtype="str")


def yes_no(answer: pd.Series, *known: pd.Series) -> pd.Series:
    """1 for yes, 0 for no, blank where any of `known` is blank."""
    told = answer.astype("Float64").astype("float64")
    for column in known:
        told = told.where(column.notna())
    return told
