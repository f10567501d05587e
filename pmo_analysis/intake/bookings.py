"""Hours booked, summed where the rows lie: exact, in one order, each on a side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import narwhals as nw
import pandas as pd

from pmo_analysis.intake.cast import literal
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import fetch_rows, fresh

PER_UNIT = 10_000
_SAID = {"said_process": "process", "said_delivery": "delivery", "unsaid": "NOT process AND NOT delivery"}
AMOUNTS = [
    *(f"{said}_{unit}" for said in _SAID for unit in ("hours", "cost")),
    "senior_hours",
    "own_hours",
    "own_cost",
    "unpriced_count",
    "unread_count",
]
_PLACED = ["quarter", "engagement_id", "customer_id", "service_id", "size"]


def sum_hours(data: Dataset, *keys: str, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Hours by the keys, role and side, sorted: keys, role, side (pmo or customer), worked_hours.

    Bookings from `first` to `last`, where given. A booking that names no side is on its role's, else the PMO's.
    Sums without a single readable hour are left out. Empty where nothing is booked.
    """
    columns = list(dict.fromkeys([*keys, "role", "side"]))
    if not data.has("effort"):
        return pd.DataFrame({c: pd.Series(dtype="str") for c in columns} | {"worked_hours": pd.Series(dtype="float64")})
    day, hours, rows = nw.col("worked_on"), nw.col("worked_hours"), data["effort"]
    rows = rows.filter(day >= first) if first else rows
    rows = rows.filter(day <= last) if last else rows
    sums = rows.group_by(*columns).agg(hours.sum(), hours.count().alias("bookings")).collect().to_pandas()
    sums = sums[sums["bookings"] > 0].sort_values(columns, ignore_index=True)  # sums of floats depend on their order
    sums = sums.astype(dict.fromkeys(columns, "str") | {"worked_hours": "float64"})
    sides = data.frame("roles", ["role", "side"]).dropna().drop_duplicates("role").set_index("role")["side"]
    side = sums["side"].fillna(sums["role"].map(sides).astype("str")).fillna("pmo")
    return sums.assign(side=side).drop(columns="bookings")


def sum_by_engagement(
    data: Dataset, spans: Mapping[str, tuple[date, date]], rates: pd.DataFrame, *, customers_only: bool = False
) -> pd.DataFrame:
    """Hours and money of some quarters by engagement; what is booked on none, by the customer that bears it.

    `spans`: quarter → its first and last day; `rates`: quarter, role, hourly_cost (the PMO's), own_hourly_cost (the
    customer's), role_side, senior; where a rate is missing the money is. Columns: quarter, engagement_id, customer_id
    (the engagement's, else the one booked, else the project's), service_id, size, and AMOUNTS: the PMO's hours and
    cost said to be process or delivery, or unsaid; senior_hours; the customer's own hours and cost; bookings without
    a price and without readable hours. In ten-thousandths, sorted; missing = not known. With `customers_only` the
    sums are by quarter and customer, and engagement, service and size are blank.
    """
    query = _placed_sql(_bookings_sql(data, spans, _lend(data, spans, rates)), data, customers_only=customers_only)
    rows = data.connection.sql(f"{query} ORDER BY number, engagement_id, customer_id, service_id, size")
    types = {"number": "int8"} | dict.fromkeys(_PLACED[1:], "str") | dict.fromkeys(AMOUNTS, "float64")
    return _label(fetch_rows(rows, types), spans, [*_PLACED, *AMOUNTS])


def sum_by_role(data: Dataset, spans: Mapping[str, tuple[date, date]], rates: pd.DataFrame) -> pd.DataFrame:
    """The PMO's hours and money of some quarters by role: quarter, role, hours, cost, in ten-thousandths, sorted.

    `spans` and `rates` as for `sum_by_engagement`; every booking counts, on whatever it was booked.
    """
    bookings = _bookings_sql(data, spans, _lend(data, spans, rates))
    sums = "SELECT number, nullif(role, '') AS role, sum(units) AS hours, sum(cost) AS cost"
    rows = data.sql(f"{sums} FROM ({bookings}) AS b WHERE pmo GROUP BY 1, 2 ORDER BY 1, 2")
    return _label(rows, spans, ["quarter", "role", "hours", "cost"])


def _lend(data: Dataset, spans: Mapping[str, tuple[date, date]], rates: pd.DataFrame) -> str:
    """The name under which the engine sees the rates, with the number of their quarter."""
    name, numbers = fresh("rates", "effort"), {quarter: i for i, quarter in enumerate(spans)}
    data.connection.register(name, rates.assign(role=rates["role"].fillna(""), number=rates["quarter"].map(numbers)))
    return name


def _label(rows: pd.DataFrame, spans: Mapping[str, object], columns: list[str]) -> pd.DataFrame:
    rows = rows.assign(quarter=pd.Categorical.from_codes(rows["number"], list(spans)).astype("str"))
    texts = {"role", *_PLACED}
    return rows[columns].astype({c: "str" if c in texts else "float64" for c in columns})


def list_worked_roles(data: Dataset, spans: Mapping[str, tuple[date, date]]) -> pd.DataFrame:
    """Which roles booked hours in which quarters: quarter, role, readable (whether any hours can be read)."""
    names = {"quarter": "str", "role": "str", "readable": "bool"}
    if not spans or not data.has("effort", "worked_on", "worked_hours"):
        return pd.DataFrame({name: [] for name in names}).astype(names)
    rows = data.sql(
        f"SELECT {_number_sql(spans)} AS number, role, count(worked_hours) > 0 AS readable "
        f"FROM {{effort}} WHERE {_within_sql(spans)} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return _label(rows, spans, ["quarter", "role"]).assign(readable=rows["readable"].astype("bool"))


def _number_sql(spans: Mapping[str, tuple[date, date]]) -> str:
    """The number of a booking's quarter among the spans: a number is grouped faster than a text."""
    cases = " ".join(f"WHEN worked_on <= {_day(last)} THEN {i}" for i, (_, last) in enumerate(spans.values()))
    return f"(CASE {cases} END)::TINYINT"


def _within_sql(spans: Mapping[str, tuple[date, date]]) -> str:
    return f"worked_on BETWEEN {_day(min(f for f, _ in spans.values()))} AND {_day(max(t for _, t in spans.values()))}"


def _day(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"


def _bookings_sql(data: Dataset, spans: Mapping[str, tuple[date, date]], rates: str) -> str:
    """One row per booking: its keys, role, activity, whose hours, and hours and money in ten-thousandths.

    Sums of whole numbers are exact in doubles below 2^53, and faster than in wide integers.
    """
    effort = data.views["effort"]
    return (
        "SELECT b.number, engagement_id, project_id, customer_id, b.role, r.senior, "
        "coalesce(b.side, r.role_side, 'pmo') = 'pmo' AS pmo, "
        "activity IS NOT DISTINCT FROM 'process' AS process, activity IS NOT DISTINCT FROM 'delivery' AS delivery, "
        "units, round(units * r.hourly_cost) AS cost, round(units * r.own_hourly_cost) AS own_cost "
        f"FROM (SELECT {_number_sql(spans)} AS number, engagement_id, project_id, customer_id, "
        f"coalesce(role, '') AS role, activity, side, (worked_hours * {PER_UNIT})::DOUBLE AS units "
        f"FROM {effort} WHERE {_within_sql(spans)}) AS b "
        f"LEFT JOIN {rates} AS r ON b.number = r.number AND b.role = r.role"
    )


def _placed_sql(bookings: str, data: Dataset, *, customers_only: bool) -> str:
    """Sums by engagement, else by customer: the engagement's, the one booked, or the project's."""
    engagements = _one_each(data, "engagements", "engagement_id", ("customer_id", "service_id", "size_quoted"))
    projects = _one_each(data, "projects", "project_id", ("customer_id",))
    owner = "coalesce(g.customer_id, s.customer_id, p.customer_id)"
    joins = (
        f"LEFT JOIN ({engagements}) AS g ON s.engagement_id = g.engagement_id "
        f"LEFT JOIN ({projects}) AS p ON s.project_id = p.project_id"
    )
    none = "NULL::VARCHAR AS"
    if customers_only:  # customers are few: rows are joined before they are added up
        names = f"{owner} AS customer_id, {none} engagement_id, {none} project_id"
        owned = f"SELECT s.* REPLACE ({names}) FROM ({bookings}) AS s {joins}"
        return f"SELECT *, {none} service_id, {none} size FROM ({_sums_sql(owned)})"
    totals = ", ".join(f"sum({name}) AS {name}" for name in AMOUNTS)
    work = "CASE WHEN g.customer_id IS NOT NULL THEN s.engagement_id END, g.service_id, g.size_quoted"
    return (
        f"SELECT * FROM (SELECT s.number, {owner}, {work}, {totals} "
        f"FROM ({_sums_sql(bookings)}) AS s {joins} GROUP BY 1, 2, 3, 4, 5) "
        f"AS t(number, customer_id, engagement_id, service_id, size, {', '.join(AMOUNTS)})"
    )


def _one_each(data: Dataset, table: str, key: str, columns: tuple[str, ...]) -> str:
    """The query for one row per key: the first in the order of the columns, where a key is there twice."""
    view, names = data.views[table], ", ".join((key, *columns))
    unique = data.connection.sql(f"SELECT count({key}) = count(DISTINCT {key}) FROM {view}").fetchall()[0][0]
    query = f"SELECT {names} FROM {view} WHERE {key} IS NOT NULL"
    if unique:  # the usual case, and a sort within keys takes longer than all the rest
        return query
    return f"{query} QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {', '.join(columns)}) = 1"


def _sums_sql(bookings: str) -> str:
    """Sums by what a booking names, so that few rows are left to be joined."""
    parts = [
        f"sum({amount}) FILTER (pmo AND {which}) AS {said}_{unit}"
        for said, which in _SAID.items()
        for unit, amount in (("hours", "units"), ("cost", "cost"))
    ]
    parts += [
        "sum(CASE WHEN senior THEN units ELSE 0 * units END) FILTER (pmo AND senior IS NOT NULL) AS senior_hours",
        "sum(units) FILTER (NOT pmo) AS own_hours",
        "sum(own_cost) FILTER (NOT pmo) AS own_cost",
        "count(units) FILTER (NOT pmo AND own_cost IS NULL) AS unpriced_count",
        "count(*) FILTER (units IS NULL) AS unread_count",
    ]
    return f"SELECT number, engagement_id, project_id, customer_id, {', '.join(parts)} FROM ({bookings}) AS b GROUP BY 1, 2, 3, 4"


def lifetime_hours(data: Dataset, engagements: pd.Series) -> pd.DataFrame:
    """The PMO's hours on each of the engagements, whenever they were worked: engagement_id, worked_hours, sorted.

    Engagements without a readable hour are not in it.
    """
    wanted, sides = fresh("wanted", "effort"), fresh("sides", "effort")
    data.connection.register(wanted, pd.DataFrame({"engagement_id": engagements.unique()}))
    roles = data.frame("roles", ["role", "side"]).dropna().drop_duplicates("role")
    data.connection.register(sides, roles.rename(columns={"side": "role_side"}))
    rows = data.sql(
        f"SELECT engagement_id, (sum(worked_hours) FILTER (coalesce(side, role_side, 'pmo') = 'pmo'))::DOUBLE "
        f"AS worked_hours FROM {{effort}} SEMI JOIN {wanted} USING (engagement_id) LEFT JOIN {sides} USING (role) "
        "GROUP BY 1 ORDER BY 1"
    )
    return rows.dropna(subset="worked_hours").astype({"engagement_id": "str", "worked_hours": "float64"})


def sum_by_project(data: Dataset, spans: Mapping[str, tuple[date, date]], rates: pd.DataFrame) -> pd.DataFrame:
    """The PMO's hours and money by project: project_id, hours, cost, in ten-thousandths, sorted.

    A booking is on its engagement's project, else on the one it names. `spans`, `rates` as for `sum_by_engagement`.
    """
    bookings = _bookings_sql(data, spans, _lend(data, spans, rates))
    engagements = _one_each(data, "engagements", "engagement_id", ("project_id",))
    rows = data.sql(
        "SELECT coalesce(g.project_id, b.project_id) AS project_id, sum(units) AS hours, sum(cost) AS cost "
        f"FROM ({bookings}) AS b LEFT JOIN ({engagements}) AS g ON b.engagement_id = g.engagement_id "
        "WHERE pmo GROUP BY 1 ORDER BY 1"
    )
    rows = rows.dropna(subset="project_id").reset_index(drop=True)
    return rows.astype({"project_id": "str", "hours": "float64", "cost": "float64"})


def first_booking(data: Dataset) -> date | None:
    """The day of the first booking; None where nothing is booked."""
    if not data.has("effort", "worked_on"):
        return None
    return pd.Timestamp(data.sql("SELECT min(worked_on) AS day FROM {effort}")["day"].iloc[0]).date()
