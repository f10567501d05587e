"""Requests counted once, where the rows lie: by customer and month, in the words that get a feature of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import narwhals as nw
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_of, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.served import date_requests, met, sum_by, whole

MOST_FAMILIES, _MOST_STAGES, _MOST_SIZES = 8, 6, 3
# A family that fewer customers than this asked for says little of anybody; it is counted among the others.
_ASKED_BY = 0.25
# Logarithms and complexity are summed as whole millionths: sums of floats depend on the engine's number of threads.
MILLIONTHS = 1_000_000
_COLUMNS = (
    "customer_id",
    "service_id",
    "requested_on",
    "started_on",
    "stage",
    "size_quoted",
    "bespoke",
    "complexity",
    "planned_hours",
    "charged_cost",
)


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
    family = "family" if data.has("services", "family") else "name"
    engagements, services = data.together("engagements", "services")
    return join_services(engagements, services, family)


def join_services(engagements: nw.LazyFrame, services: nw.LazyFrame, family: str) -> nw.LazyFrame:
    """Dated requests with the family of their service (without families its name); mandated services apart."""
    about = services.filter(~nw.col("service_id").is_null()).select("service_id", "mandated", family=nw.col(family))
    joined = date_requests(engagements.select(*_COLUMNS)).join(about, on="service_id", how="left")
    return joined.with_columns(
        family=nw.coalesce(nw.col("family"), nw.lit("other")),
        mandated=nw.coalesce(nw.col("mandated"), nw.lit(False)),
    ).filter(~nw.col("mandated"))


def _within(requests: nw.LazyFrame, window: Window) -> nw.LazyFrame:
    return requests.filter(nw.col("asked_on") >= nw.lit(window.first), nw.col("asked_on") <= nw.lit(window.last))


def _choose_words(requests: nw.LazyFrame, window: Window) -> Words:
    named = ("customer_id", "family", "stage", "size_quoted")
    counts = {"hours": met(nw.col("planned_hours") > 0), "money": met(nw.col("charged_cost") > 0)}
    used = sum_by(_within(requests, window), named, {}, counts).collect().to_pandas()
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


def _monthly(requests: nw.LazyFrame, words: Words) -> pd.DataFrame:
    """Counts and sums per customer and month (index), from which every look-back is added up; the last month is inside."""
    # Engines give sums of whole numbers as decimals, each of which would be a Python object in pandas.
    told = sum_by_month(requests, words).collect()
    told = told.with_columns(*(nw.col(name).cast(nw.Float64) for name in told.columns if name != "customer_id"))
    sums = told.to_pandas().astype({"customer_id": "str", "month": "int64"}).set_index(["customer_id", "month"])
    return sums.astype("float64").assign(months=1.0).sort_index()


def sum_by_month(requests: nw.LazyFrame, words: Words) -> nw.LazyFrame:
    """The whole of what is asked of the engine: one row per customer and month comes back."""
    asked = nw.col("asked_on")
    month = asked.dt.year().cast(nw.Int64) * 12 + asked.dt.month().cast(nw.Int64)
    return sum_by_keys(requests.with_columns(month=month), ["customer_id", "month"], words)


def sum_by_keys(requests: nw.LazyFrame, keys: list[str], words: Words) -> nw.LazyFrame:
    """What is counted and summed of requests, one row per key."""
    parts = {"complexity|sum": whole("complexity", MILLIONTHS)}
    if words.amount:
        amount = nw.col(words.amount)
        told = nw.when(amount > 0).then(amount.cast(nw.Float64)).otherwise(nw.lit(1.0))
        requests = requests.with_columns(amount=told).with_columns(log_amount=nw.col("amount").log())
        parts["amount|sum"] = whole("log_amount", MILLIONTHS)
    return sum_by(requests, keys, parts, _counts(words))


def _counts(words: Words) -> dict[str, nw.Expr]:
    named = [("family", words.families), ("stage", words.stages), ("size_quoted", words.sizes)]
    levels = {f"{c}|{i}": met(nw.col(c) == nw.lit(v)) for c, levels in named for i, v in enumerate(levels)}
    known = {f"{c}|known": nw.col(c) for c in ("stage", "size_quoted", "bespoke", "complexity")}
    told = {"asked": nw.col("asked_on"), **levels, **known, "bespoke|yes": met(nw.col("bespoke"))}
    return told | ({"amount|known": met(nw.col(words.amount) > 0)} if words.amount else {})
