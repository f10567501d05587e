"""Requests counted once, where the rows lie: by customer and month, in the words that get a feature of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import narwhals as nw
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_of, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

MOST_FAMILIES, _MOST_STAGES, _MOST_SIZES = 8, 6, 3
# A family that fewer customers than this asked for says little of anybody; it is counted among the others.
_ASKED_BY = 0.25
# Logarithms are summed as whole millionths: sums of floats depend on the engine's number of threads.
MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Window:
    """The quarters looked back on, and their first and last day."""

    quarter: str
    count: int
    month: int

    @property
    def first(self) -> date:
        """The first day looked back to."""
        return quarter_start(shift_quarter(self.quarter, 1 - self.count), self.month)

    @property
    def last(self) -> date:
        """The last day looked at."""
        return quarter_end(self.quarter, self.month)


@dataclass(frozen=True, eq=False)
class Requests:
    """What features are made of, counted once on the engine: the words that get one, and sums per customer and month."""

    known: Dataset = field(repr=False)
    words: Words
    monthly: pd.DataFrame

    def recorded_from(self, fiscal_year_end_month: int) -> str | None:
        """The quarter of the first request there is; None where there is none."""
        if self.monthly.empty:
            return None
        month = int(self.monthly.index.get_level_values("month").min()) - 1
        return quarter_of(date(month // 12, month % 12 + 1, 1), fiscal_year_end_month)


@dataclass(frozen=True)
class Words:
    """The families, stages and sizes that get a feature, most used first, and whether hours or money tell the size."""

    families: tuple[str, ...]
    stages: tuple[str, ...]
    sizes: tuple[str, ...]
    amount: str
    meaning: dict[str, tuple[str, str]] = field(default_factory=dict, hash=False)


def count_requests(
    data: Dataset, quarter: str, settings: Settings | None = None, *, words: Words | None = None
) -> Requests:
    """The requests of every customer by month, as known at the end of a quarter, for its features and their panel.

    words: those of an earlier quarter, so that a frozen scheme finds its features again; default: the most used now.
    """
    settings = settings or data.settings
    known = _known(data, quarter, settings)
    requests = _requests(known)
    window = Window(quarter, settings["look_back_quarters"], settings["fiscal_year_end_month"])
    words = words or _choose_words(requests, window)
    return Requests(known, words, _monthly(requests, words))


def _known(data: Dataset, quarter: str, settings: Settings) -> Dataset:
    return data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])


def _requests(data: Dataset) -> nw.LazyFrame:
    """Requests with the day asked and the family; mandated services apart; without families the service stands in."""
    services = data["services"].select("service_id", "name", "family", "mandated")
    family = "family" if data.has("services", "family") else "name"
    joined = data["engagements"].join(services, on="service_id", how="left")
    return joined.with_columns(
        asked_on=nw.coalesce(nw.col("requested_on"), nw.col("started_on")),
        family=nw.coalesce(nw.col(family), nw.lit("other")),
        mandated=nw.coalesce(nw.col("mandated"), nw.lit(False)),
    ).filter(~nw.col("mandated"))


def _within(requests: nw.LazyFrame, window: Window) -> nw.LazyFrame:
    return requests.filter(nw.col("asked_on") >= nw.lit(window.first), nw.col("asked_on") <= nw.lit(window.last))


def _choose_words(requests: nw.LazyFrame, window: Window) -> Words:
    named = ("customer_id", "family", "stage", "size_quoted")
    counts = [_known_count("planned_hours").alias("hours"), _known_count("charged_cost").alias("money")]
    used = _within(requests, window).group_by(*named).agg(*counts).collect().to_pandas()
    families = _most_used(used, "family", MOST_FAMILIES, _ASKED_BY)
    stages, sizes = _most_used(used, "stage", _MOST_STAGES), _most_used(used, "size_quoted", _MOST_SIZES)
    amount = "planned_hours" if used["hours"].sum() else ("charged_cost" if used["money"].sum() else "")
    return Words(families, stages, sizes, amount)


def _most_used(used: pd.DataFrame, column: str, most: int, asked_by: float = 0.0) -> tuple[str, ...]:
    """The levels that most customers use, by at least a share of them."""
    counts = used.groupby(column)["customer_id"].nunique().rename("customers").reset_index()
    ordered = counts.sort_values(["customers", column], ascending=[False, True])
    frequent = ordered[ordered["customers"] >= asked_by * used["customer_id"].nunique()]
    return tuple(str(v) for v in frequent[column][:most])


def _known_count(column: str) -> nw.Expr:
    return nw.when(nw.col(column) > 0).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _monthly(requests: nw.LazyFrame, words: Words) -> pd.DataFrame:
    """Counts and sums per customer and month (index), from which every look-back is added up; the last month is inside."""
    asked = nw.col("asked_on")
    rows = requests.filter(~asked.is_null()).with_columns(month=asked.dt.year() * 12 + asked.dt.month())
    sums = rows.group_by("customer_id", "month").agg(*_expressions(words)).collect().to_pandas()
    sums = sums.astype({"customer_id": "str"}).set_index(["customer_id", "month"])
    return sums.astype("float64").assign(months=1.0).sort_index()


def _expressions(words: Words) -> list[nw.Expr]:
    """The whole of what is asked of the engine: one row per customer and month comes back."""
    named = [("family", words.families), ("stage", words.stages), ("size_quoted", words.sizes)]
    counts = [
        _count_where(nw.col(c) == nw.lit(v)).alias(f"{c}|{i}") for c, levels in named for i, v in enumerate(levels)
    ]
    known = [
        _count_where(~nw.col(c).is_null()).alias(f"{c}|known")
        for c in ("stage", "size_quoted", "bespoke", "complexity")
    ]
    return [
        nw.len().alias("asked"),
        *counts,
        *known,
        _count_where(nw.col("bespoke")).alias("bespoke|yes"),
        nw.col("complexity").cast(nw.Float64).sum().alias("complexity|sum"),
        *(_log_sum(words.amount) if words.amount else []),
    ]


def _count_where(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _log_sum(column: str) -> list[nw.Expr]:
    value = nw.col(column).cast(nw.Float64)
    positive = nw.when(value > 0).then(value).otherwise(nw.lit(1.0))
    return [
        (positive.log() * MILLIONTHS).round(0).cast(nw.Int64).sum().alias("amount|sum"),
        _known_count(column).alias("amount|known"),
    ]
