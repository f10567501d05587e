"""What was worked on each engagement, said to be process or delivery, summed where the rows lie."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import fetch_rows, fresh

_PER_UNIT = 10_000
_KEYS = ["number", "engagement_id", "customer_id", "service_id"]
_SAID = {
    "process": "activity = 'process'",
    "delivery": "activity <> 'process'",
    "unsaid": "activity IS NULL",
}
AMOUNTS = [
    *(f"{said}_{unit}" for unit in ("hours", "cost") for said in _SAID),
    *(f"own_{said}_hours" for said in _SAID),
    "unpriced_count",
]


@dataclass(frozen=True, eq=False)
class Rates:
    """What an hour costs: by_quarter (number, role, rate) before by_role (role, side, rate); own_rate for customers' hours.

    `number` counts quarters as `count_quarters` does; a missing rate leaves the money missing.
    """

    by_quarter: pd.DataFrame = field(repr=False)
    by_role: pd.DataFrame = field(repr=False)
    own_rate: float


def count_quarters(year: pd.Series, month: pd.Series, fiscal_year_end_month: int) -> pd.Series:
    """The number of each month's quarter; following quarters have following numbers, four a fiscal year."""
    return (year * 12 + month - 1 - fiscal_year_end_month) // 3


def sum_work(data: Dataset, rates: Rates, fiscal_year_end_month: int) -> pd.DataFrame:
    """Hours and money by quarter, engagement, customer and service, sorted: number, three ids and AMOUNTS.

    The customer is the engagement's, else the one booked, else the project's. The PMO's hours and money: said to be
    process, said to be delivery, unsaid; then the customer's own hours alike; unpriced_count: the PMO's bookings
    without a rate. Missing = nothing booked. Whole ten-thousandths are added, so that the order does not matter.
    """
    if not data.has("effort"):
        return pd.DataFrame(
            {"number": pd.Series(dtype="int64")}
            | {name: pd.Series(dtype="str") for name in _KEYS[1:]}
            | {name: pd.Series(dtype="float64") for name in AMOUNTS}
        )
    totals = ", ".join(f"sum({name}) AS {name}" for name in AMOUNTS)
    owner = "coalesce(g.customer_id, s.customer_id, p.customer_id)"
    query = (
        f"SELECT s.number, s.engagement_id, {owner} AS customer_id, g.service_id, {totals} "
        f"FROM ({_sums_sql(_bookings_sql(data, rates, fiscal_year_end_month))}) AS s "
        f"LEFT JOIN ({_one_each(data, 'engagements', 'engagement_id', ('customer_id', 'service_id'))}) AS g "
        "ON s.engagement_id = g.engagement_id "
        f"LEFT JOIN ({_one_each(data, 'projects', 'project_id', ('customer_id',))}) AS p ON s.project_id = p.project_id "
        "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
    types = {"number": "int64"} | dict.fromkeys(_KEYS[1:], "str") | dict.fromkeys(AMOUNTS, "float64")
    rows = fetch_rows(data.connection.sql(query), types)
    scaled = [name for name in AMOUNTS if name != "unpriced_count"]
    rows[scaled] /= _PER_UNIT
    return rows


def _bookings_sql(data: Dataset, rates: Rates, month: int) -> str:
    """One row per booking: quarter, what it names, activity, whether the PMO's, hours and money in ten-thousandths."""
    by_quarter, by_role = fresh("rates", "effort"), fresh("roles", "effort")
    data.connection.register(by_quarter, rates.by_quarter)
    data.connection.register(by_role, rates.by_role)
    number = f"(year(worked_on) * 12 + month(worked_on) - 1 - {int(month)}) // 3"
    own = float(rates.own_rate) if rates.own_rate > 0 else "NULL"
    return (
        "SELECT b.number, engagement_id, project_id, customer_id, activity, "
        "coalesce(b.side, r.side, 'pmo') <> 'customer' AS pmo, units, "
        f"round(units * coalesce(q.rate, r.rate, CASE WHEN coalesce(b.side, r.side) = 'customer' THEN {own} END)) AS cost "
        f"FROM (SELECT {number} AS number, engagement_id, project_id, customer_id, role, activity, side, "
        f"round(worked_hours::DOUBLE * {_PER_UNIT}) AS units FROM {data.views['effort']} "
        "WHERE worked_hours IS NOT NULL AND worked_on IS NOT NULL) AS b "
        f"LEFT JOIN {by_role} AS r ON b.role = r.role "
        f"LEFT JOIN {by_quarter} AS q ON b.role = q.role AND b.number = q.number"
    )


def _sums_sql(bookings: str) -> str:
    parts = [
        f"sum({amount}) FILTER (pmo AND {which}) AS {said}_{unit}"
        for unit, amount in (("hours", "units"), ("cost", "cost"))
        for said, which in _SAID.items()
    ]
    parts += [f"sum(units) FILTER (NOT pmo AND {which}) AS own_{said}_hours" for said, which in _SAID.items()]
    parts += ["count(*) FILTER (pmo AND cost IS NULL) AS unpriced_count"]
    return f"SELECT number, engagement_id, project_id, customer_id, {', '.join(parts)} FROM ({bookings}) AS b GROUP BY 1, 2, 3, 4"


def _one_each(data: Dataset, table: str, key: str, columns: tuple[str, ...]) -> str:
    """One row per key: a key that is there twice must not count hours twice."""
    firsts = ", ".join(f"min({name}) AS {name}" for name in columns)
    return f"SELECT {key}, {firsts} FROM {data.views[table]} WHERE {key} IS NOT NULL GROUP BY {key}"
