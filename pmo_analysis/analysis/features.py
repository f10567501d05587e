"""What customers need, quarter by quarter, told by what they ask for; one set of expressions, run where the rows lie.

Features speak of need: requests (refused ones too), stages, sizes, rhythm, what customers say they need. Outcomes
(satisfaction, scores, lead times) describe segments and never make them; the given category is no feature either.
Requests for services that law or policy demands say nothing of need and are not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

_MOST_FAMILIES, _MOST_STAGES, _MOST_SIZES = 8, 6, 3
# A family that fewer customers than this asked for says little of anybody; it is counted among the others.
_ASKED_BY = 0.25
# A share or a mean of a few requests says little: four requests of the average customer are mixed in.
_PRIOR_REQUESTS = 4.0
# Logarithms are summed as whole millionths: sums of floats depend on the engine's number of threads.
_MILLIONTHS = 1_000_000


@dataclass(frozen=True, eq=False)
class Features:
    """What each customer needs.

    `values`: index customer_id, one column per feature, one row per customer with a request in the look-back
    `left_out`: customer_id, reason · `meaning`: feature, meaning, unit · `sentence`
    """

    values: pd.DataFrame
    left_out: pd.DataFrame
    meaning: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return pd.DataFrame({"": [self.sentence]}).to_html(index=False, header=False) + self.meaning.to_html(index=False)


@dataclass(frozen=True)
class _Window:
    """The quarters looked back on, and their first and last day."""

    quarter: str
    count: int
    month: int

    @property
    def first(self) -> date:
        return quarter_start(shift_quarter(self.quarter, 1 - self.count), self.month)

    @property
    def last(self) -> date:
        return quarter_end(self.quarter, self.month)


@dataclass(frozen=True, eq=False)
class Requests:
    """What features are made of, counted once on the engine: the words that get one, and sums per customer and month."""

    known: Dataset = field(repr=False)
    words: _Words
    monthly: pd.DataFrame


@dataclass(frozen=True)
class _Words:
    """The families, stages and sizes that get a feature, most used first, and whether hours or money tell the size."""

    families: tuple[str, ...]
    stages: tuple[str, ...]
    sizes: tuple[str, ...]
    amount: str
    meaning: dict[str, tuple[str, str]] = field(default_factory=dict, hash=False)


def count_requests(data: Dataset, quarter: str, settings: Settings | None = None) -> Requests:
    """The requests of every customer by month, as known at the end of a quarter, for its features and their panel."""
    settings = settings or data.settings
    known = _known(data, quarter, settings)
    requests = _requests(known)
    words = _choose_words(requests, _Window(quarter, settings["look_back_quarters"], settings["fiscal_year_end_month"]))
    return Requests(known, words, _monthly(requests, words))


def customer_features(
    data: Dataset, quarter: str, settings: Settings | None = None, *, requests: Requests | None = None
) -> Features:
    """What each customer needs, as known at the end of a quarter.

    Rates are per quarter of the look-back in which the customer existed; shares and means are drawn to the
    average by four requests; importance is the latest answer (1–5). Columns whose table or column is absent are not made.
    """
    settings = settings or data.settings
    requests = requests or count_requests(data, quarter, settings)
    window = _Window(quarter, settings["look_back_quarters"], settings["fiscal_year_end_month"])
    values, left_out = _features_at(requests, window)
    meaning = pd.DataFrame([(f, *requests.words.meaning[f]) for f in values], columns=["feature", "meaning", "unit"])
    return Features(values, left_out, meaning, _tell(values, left_out, requests.known, window))


def feature_panel(
    data: Dataset, quarter: str, settings: Settings | None = None, *, quarters: int = 8, requests: Requests | None = None
) -> pd.DataFrame:
    """The same features at the end of each of the last quarters, for `segment_history`: customer_id, quarter, features.

    The columns are those of the last quarter, so that quarters compare; head counts are those known last.
    """
    settings = settings or data.settings
    requests = requests or count_requests(data, quarter, settings)
    count, month = settings["look_back_quarters"], settings["fiscal_year_end_month"]
    parts = []
    for back in range(quarters - 1, -1, -1):
        window = _Window(shift_quarter(quarter, -back), count, month)
        values, _ = _features_at(requests, window)
        parts.append(values.reset_index().assign(quarter=window.quarter))
    panel = pd.concat(parts, ignore_index=True)
    return panel[["customer_id", "quarter", *[c for c in panel if c not in ("customer_id", "quarter")]]]


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


def _within(requests: nw.LazyFrame, window: _Window) -> nw.LazyFrame:
    return requests.filter(nw.col("asked_on") >= nw.lit(window.first), nw.col("asked_on") <= nw.lit(window.last))


def _choose_words(requests: nw.LazyFrame, window: _Window) -> _Words:
    named = ("customer_id", "family", "stage", "size_quoted")
    counts = [_known_count("planned_hours").alias("hours"), _known_count("charged_cost").alias("money")]
    used = _within(requests, window).group_by(*named).agg(*counts).collect().to_pandas()
    families = _most_used(used, "family", _MOST_FAMILIES, _ASKED_BY)
    stages, sizes = _most_used(used, "stage", _MOST_STAGES), _most_used(used, "size_quoted", _MOST_SIZES)
    amount = "planned_hours" if used["hours"].sum() else ("charged_cost" if used["money"].sum() else "")
    return _Words(families, stages, sizes, amount)


def _most_used(used: pd.DataFrame, column: str, most: int, asked_by: float = 0.0) -> tuple[str, ...]:
    """The levels that most customers use, by at least a share of them."""
    counts = used.groupby(column)["customer_id"].nunique().rename("customers").reset_index()
    ordered = counts.sort_values(["customers", column], ascending=[False, True])
    frequent = ordered[ordered["customers"] >= asked_by * used["customer_id"].nunique()]
    return tuple(str(v) for v in frequent[column][:most])


def _known_count(column: str) -> nw.Expr:
    return nw.when(nw.col(column) > 0).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _monthly(requests: nw.LazyFrame, words: _Words) -> pd.DataFrame:
    """Counts and sums per customer and month (index), from which every look-back is added up; the last month is inside."""
    asked = nw.col("asked_on")
    rows = requests.filter(~asked.is_null()).with_columns(month=asked.dt.year() * 12 + asked.dt.month())
    sums = rows.group_by("customer_id", "month").agg(*_expressions(words)).collect().to_pandas()
    sums = sums.astype({"customer_id": "str"}).set_index(["customer_id", "month"])
    return sums.astype("float64").assign(months=1.0).sort_index()


def _month_number(day: date) -> int:
    return day.year * 12 + day.month


def _features_at(requests: Requests, window: _Window) -> tuple[pd.DataFrame, pd.DataFrame]:
    data, words, monthly = requests.known, requests.words, requests.monthly
    months = monthly.index.get_level_values("month")
    until = monthly[months <= _month_number(window.last)]
    recent = monthly[(months >= _month_number(window.first)) & (months <= _month_number(window.last))]
    sums = recent.groupby(level="customer_id").sum()
    customers = data.frame("customers").set_index("customer_id")
    left_out = _left_out(customers, sums, until.index.unique("customer_id"), window)
    stayed = sums.index.difference(left_out["customer_id"]).intersection(customers.index)
    sums, customers = sums.loc[stayed], customers.loc[stayed]
    parts = [_rates(sums, words, _exposure(customers, window)), _shares(sums, words), _levels(sums, words, window),
             _needs(data, stayed, words, window), _headcount(customers, words)]
    values = pd.concat(parts, axis=1)
    return values.rename_axis("customer_id"), left_out


def _expressions(words: _Words) -> list[nw.Expr]:
    """The whole of what is asked of the engine: one row per customer and month comes back."""
    named = [("family", words.families), ("stage", words.stages), ("size_quoted", words.sizes)]
    counts = [_count_where(nw.col(c) == nw.lit(v)).alias(f"{c}|{i}") for c, levels in named for i, v in enumerate(levels)]
    known = [_count_where(~nw.col(c).is_null()).alias(f"{c}|known") for c in ("stage", "size_quoted", "bespoke", "complexity")]
    return [
        nw.len().alias("asked"), *counts, *known,
        _count_where(nw.col("bespoke")).alias("bespoke|yes"),
        nw.col("complexity").cast(nw.Float64).sum().alias("complexity|sum"),
        *(_log_sum(words.amount) if words.amount else []),
    ]


def _count_where(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _log_sum(column: str) -> list[nw.Expr]:
    value = nw.col(column).cast(nw.Float64)
    positive = nw.when(value > 0).then(value).otherwise(nw.lit(1.0))
    return [(positive.log() * _MILLIONTHS).round(0).cast(nw.Int64).sum().alias("amount|sum"),
            _known_count(column).alias("amount|known")]


def _exposure(customers: pd.DataFrame, window: _Window) -> pd.Series:
    """Quarters of the look-back in which a customer was one; at least one."""
    days = (pd.Timestamp(window.last) - customers["active_from_on"]).dt.days / 91.3
    return days.clip(1, window.count).fillna(window.count)


def _rates(sums: pd.DataFrame, words: _Words, exposure: pd.Series) -> pd.DataFrame:
    columns = {}
    for i, family in enumerate(words.families):
        name = _name(words, f"{_slug(family)}_requests_count", f"requests for {family} per quarter", "count")
        columns[name] = sums[f"family|{i}"] / exposure
    rest = sums["asked"] - sum((sums[f"family|{i}"] for i in range(len(words.families))), start=0.0)
    if (rest > 0).any():
        name = _name(words, "remaining_requests_count", "requests for all other families per quarter", "count")
        columns[name] = rest / exposure
    return pd.DataFrame(columns, index=sums.index)


def _shares(sums: pd.DataFrame, words: _Words) -> pd.DataFrame:
    columns = {}
    for i, stage in enumerate(words.stages):
        name = _name(words, f"{_slug(stage)}_stage_share", f"share of requests in stage {stage}", "share")
        columns[name] = _share(sums[f"stage|{i}"], sums["stage|known"])
    for i, size in enumerate(words.sizes):
        name = _name(words, f"size_{_slug(size)}_share", f"share of requests of size {size}", "share")
        columns[name] = _share(sums[f"size_quoted|{i}"], sums["size_quoted|known"])
    if (sums["bespoke|known"] > 0).any():
        name = _name(words, "bespoke_share", "share of requests made to order", "share")
        columns[name] = _share(sums["bespoke|yes"], sums["bespoke|known"])
    return pd.DataFrame(columns, index=sums.index)


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """A share or mean per request, drawn to the average of all requests; missing where nothing is known."""
    overall = part.sum() / max(whole.sum(), 1)
    return ((part + _PRIOR_REQUESTS * overall) / (whole + _PRIOR_REQUESTS)).where(whole > 0)


def _levels(sums: pd.DataFrame, words: _Words, window: _Window) -> pd.DataFrame:
    columns = {}
    if (sums["complexity|known"] > 0).any():
        mean = _share(sums["complexity|sum"], sums["complexity|known"])
        columns[_name(words, "complexity_at_intake", "mean complexity at intake", "1 to 5")] = mean
    if words.amount:
        mean = _share(sums["amount|sum"] / _MILLIONTHS, sums["amount|known"])
        hours = words.amount == "planned_hours"
        name = "planned_hours" if hours else "typical_request_cost"
        money = "money charged for a typical request (stands in for its size)"
        told = "hours planned for a typical request" if hours else money
        columns[_name(words, name, told + ", geometric mean", "hours" if hours else "money")] = np.exp(mean)
    share = sums["months"] / (3 * window.count)
    columns[_name(words, "active_months_share", "share of months with a request", "share")] = share
    return pd.DataFrame(columns, index=sums.index)


def _needs(data: Dataset, customers: pd.Index, words: _Words, window: _Window) -> pd.DataFrame:
    """The latest stated importance of each family, where it was asked."""
    stated = data.frame("needs", ["customer_id", "family", "importance", "asked_on"])
    stated = stated[stated["asked_on"] <= pd.Timestamp(window.last)].sort_values(["asked_on", "importance"])
    wide = stated.groupby(["customer_id", "family"])["importance"].last().unstack("family").reindex(customers)
    asked = [f for f in sorted(wide) if wide[f].notna().any()][:_MOST_FAMILIES]
    names = {f: _name(words, f"{_slug(f)}_need", f"stated importance of {f}", "1 to 5") for f in asked}
    return wide[asked].rename(columns=names)


def _headcount(customers: pd.DataFrame, words: _Words) -> pd.DataFrame:
    if customers["headcount_count"].isna().all():
        return pd.DataFrame(index=customers.index)
    return customers[[_name(words, "headcount_count", "people in the customer's unit", "count")]]


def _left_out(customers: pd.DataFrame, sums: pd.DataFrame, ever: pd.Index, window: _Window) -> pd.DataFrame:
    """Customers without features, each with its reason; `ever`: those that asked for anything until now."""
    last = pd.Timestamp(window.last)
    reason = np.select(
        [customers["active_to_on"] <= last, customers["active_from_on"] > last, customers.index.isin(sums.index),
         customers.index.isin(ever)],
        ["no longer a customer", "not yet a customer", "",
         f"quiet: no request of its own choice in the last {window.count} quarters"],
        default="never asked for a service of its own choice",
    )  # fmt: skip
    known = pd.Series(reason, index=customers.index)
    strangers = pd.Series("not in the customers table", index=sums.index.difference(customers.index))
    told = pd.concat([known[known != ""], strangers]).sort_index()
    return told.rename_axis("customer_id").rename("reason").reset_index().astype("str")


def _name(words: _Words, name: str, meaning: str, unit: str) -> str:
    """Register a feature; two families whose plain names are alike are told apart by a number."""
    taken = words.meaning.get(name)
    if taken and taken[0] != meaning:
        return _name(words, f"other_{name}", meaning, unit)
    words.meaning[name] = (meaning, unit)
    return name


def _slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower()).strip("_") or "unnamed"


def _tell(values: pd.DataFrame, left_out: pd.DataFrame, data: Dataset, window: _Window) -> str:
    absent = [what for what, there in {
        "needs (what customers say they need)": data.has("needs", "importance"),
        "engagements.stage": data.has("engagements", "stage"),
        "engagements.size_quoted": data.has("engagements", "size_quoted"),
        "engagements.planned_hours": data.has("engagements", "planned_hours"),
    }.items() if not there]
    text = (f"{len(values)} customers asked for something in the {window.count} quarters to {window.quarter}; "
            f"{len(left_out)} are left out, each with its reason.")
    return text + (f" Not there, and so not among the features: {', '.join(absent)}." if absent else "")
