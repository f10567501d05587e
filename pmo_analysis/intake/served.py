"""What was asked for and what became of it, summed where the rows lie: one set of expressions for every engine.

Whole numbers are summed (money in ten-thousandths, scores in billionths), since sums of floats depend on their order and
engines round and order differently. What comes back is a row per customer, service, quarter and stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.intake.dataset import Dataset

_MONEY, _SCORE = 10_000, 1_000_000_000
_LARGEST = 1e18
_KEYS = ["number", "customer_id", "service_id", "stage"]
_COUNTS = ["engagement_count", "refused_count", "delivered_count", "promised_count", "kept_count", "reworked_count"]
# what is summed, from which column and in which parts of one
_SUMS = {
    "charged": ("charged_cost", _MONEY),
    "outcome": ("outcome_score", _SCORE),
    "answer": ("answer_score", _SCORE),
}


def sum_served(data: Dataset, fiscal_year_end_month: int, first: date) -> pd.DataFrame:
    """Requests from a day on by quarter, customer, service and stage, sorted; blank keys last.

    `number` of the quarter (as `count_quarters` has it), customer_id, service_id, stage; engagement_count and how many
    of these were refused, delivered, promised for a day, delivered by that day (kept) and reworked; the sums charged_cost,
    outcome_score and answer_score (0–100: an engagement's mean csat), each with the number of values as …_count.
    """
    engagements, survey = data.together("engagements", "survey")
    rows = sum_requests(engagements, rate_engagements(survey), fiscal_year_end_month, first).collect().to_pandas()
    rows = rows.astype(dict.fromkeys(_KEYS[1:], "str") | {"number": "int64"})
    for name, (column, parts) in _SUMS.items():
        rows[column] = rows.pop(f"{name}_sum").astype("float64").where(rows[f"{name}_count"] > 0, np.nan) / parts
    counts = [*_COUNTS, *(f"{name}_count" for name in _SUMS)]
    rows = rows.astype(dict.fromkeys(counts, "int64"))[[*_KEYS, *counts, *(column for column, _ in _SUMS.values())]]
    return rows.sort_values(_KEYS, ignore_index=True)


def rate_engagements(survey: nw.LazyFrame) -> nw.LazyFrame:
    """The mean csat of each engagement, 0 to 100: engagement_id, answer_score."""
    score = nw.col("score")
    rows = survey.filter(nw.col("question") == "csat", ~nw.col("engagement_id").is_null(), ~score.is_null())
    sums = sum_by(rows, ["engagement_id"], {"total": whole("score", _MONEY)}, {"count": score})
    mean = nw.col("total").cast(nw.Float64) / _MONEY / nw.col("count").cast(nw.Float64)
    return sums.select("engagement_id", answer_score=(mean - 1) * 25)


def sum_requests(
    engagements: nw.LazyFrame, answers: nw.LazyFrame, fiscal_year_end_month: int, first: date
) -> nw.LazyFrame:
    """The whole of what `sum_served` asks of the engine."""
    rows = date_requests(engagements).filter(nw.col("asked_on") >= nw.lit(first))
    asked = nw.col("asked_on")
    months = asked.dt.year().cast(nw.Int64) * 12 + asked.dt.month().cast(nw.Int64) - 1 - fiscal_year_end_month
    rows = rows.join(answers, on="engagement_id", how="left").with_columns(months=months)
    rows = rows.with_columns(number=nw.col("months") // 3)
    kept = nw.col("delivered_on") <= nw.col("promised_on")
    delivered, promised = ~nw.col("delivered_on").is_null(), ~nw.col("promised_on").is_null()
    conditions = [nw.col("state") == "refused", delivered, promised, delivered & promised & kept, nw.col("reworked")]
    parts = {f"{name}_sum": whole(column, parts) for name, (column, parts) in _SUMS.items()}
    known = {f"{name}_count": met(countable(column, parts)) for name, (column, parts) in _SUMS.items()}
    counts = {name: met(condition) for name, condition in zip(_COUNTS[1:], conditions, strict=True)}
    return sum_by(rows, _KEYS, parts, {"engagement_count": nw.col("asked_on"), **counts, **known})


def sum_by(
    rows: nw.LazyFrame, keys: Sequence[str], parts: Mapping[str, nw.Expr], counts: Mapping[str, nw.Expr]
) -> nw.LazyFrame:
    """The sums of the parts by the keys, and how many rows have a value in each of the counts.

    Both are columns first, which every engine adds up at its fastest, and counting takes half as long as adding ones up.
    Whole numbers are added, and told as floats, since engines have different types for large ones.
    """
    sums = (nw.col(name).sum() for name in parts)
    told = rows.with_columns(**parts, **counts).group_by(*keys).agg(*sums, *(nw.col(name).count() for name in counts))
    return told.with_columns(nw.col(*parts, *counts).cast(nw.Float64))


def date_requests(engagements: nw.LazyFrame) -> nw.LazyFrame:
    """Requests with the day they were asked for, `asked_on`: of the request, else when work began; those without are out."""
    dated = engagements.with_columns(asked_on=nw.coalesce(nw.col("requested_on"), nw.col("started_on")))
    return dated.filter(~nw.col("asked_on").is_null())


def met(condition: nw.Expr) -> nw.Expr:
    """1 where a condition is met, else missing, to be counted; one that is not known is not met."""
    return nw.when(condition).then(nw.lit(1))


def whole(column: str, parts: int) -> nw.Expr:
    """A column in whole parts of one, halves rounded up: the same on every engine, and sums of it in any order.

    What is missing, or larger than `countable` allows, is 0, as in any sum. Name a column rather than an expression,
    which would be written out several times.
    """
    number = nw.when(countable(column, parts)).then(nw.col(column).cast(nw.Float64)).otherwise(nw.lit(0.0))
    return (number * parts + 0.5).floor().cast(nw.Int64)


def countable(column: str, parts: int) -> nw.Expr:
    """Whether a column holds a number that whole parts of one can hold; far beyond what the contract allows."""
    return (nw.col(column) <= _LARGEST / parts) & (nw.col(column) >= -_LARGEST / parts)
