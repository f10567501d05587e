"""The tables as the measures need them: dated by quarter, hours and money per engagement, made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start, quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Facts:
    """The known tables, and what several measures derive from them.

    `engagements`: with asked_on, asked/promised/delivered_quarter and ended_quarter (delivered or cancelled).
    `bookings`: engagement_id, customer_id, service_id, quarter, role, side, process (yes/no, blank unknown),
    mandated, worked_hours, cost (blank where the role has no rate).
    `spent`: index engagement_id; pmo_hours, pmo_cost, own_hours, own_process_hours over the engagement's life.
    `ended`: engagements delivered or cancelled, with ended_quarter, standard_hours frozen at the base quarter (blank =
    unmatched) and what was spent. `base_quarter`: four earlier, or the first with hours where those begin later.
    """

    data: Dataset = field(repr=False)
    quarter: str
    settings: Settings = field(repr=False)
    engagements: pd.DataFrame = field(repr=False)
    bookings: pd.DataFrame = field(repr=False)
    spent: pd.DataFrame = field(repr=False)
    projects: pd.DataFrame = field(repr=False)
    benefits: pd.DataFrame = field(repr=False)
    survey: pd.DataFrame = field(repr=False)
    invitations: pd.DataFrame = field(repr=False)
    base_quarter: str
    ended: pd.DataFrame = field(repr=False)

    @property
    def fiscal_year_end_month(self) -> int:
        """The month that ends the fiscal year."""
        return int(self.settings["fiscal_year_end_month"])

    @property
    def quarters(self) -> list[str]:
        """The quarters that any figure looks at, oldest first."""
        back = max(self.settings["run_chart_quarters"], 2 * self.settings["look_back_quarters"], 5)
        return quarters_between(shift_quarter(self.quarter, 1 - back), self.quarter)

    def starts(self, quarters: Iterable[str]) -> pd.Series:
        """The first day of each quarter, index quarter."""
        return pd.Series(
            {q: pd.Timestamp(quarter_start(q, self.fiscal_year_end_month)) for q in quarters}, dtype="datetime64[us]"
        )

    def ends(self, quarters: Iterable[str]) -> pd.Series:
        """The last day of each quarter, index quarter."""
        return pd.Series(
            {q: pd.Timestamp(quarter_end(q, self.fiscal_year_end_month)) for q in quarters}, dtype="datetime64[us]"
        )


def gather_facts(data: Dataset, quarter: str, settings: Settings) -> Facts:
    """Everything the measures share, from a dataset that is known as of the quarter."""
    month = settings["fiscal_year_end_month"]
    engagements = _engagements(data, month)
    projects = _projects(data, month)
    bookings = _bookings(data, engagements, projects, settings)
    spent, base = _spent(bookings), _base_quarter(bookings, quarter)
    ended = end_work(engagements, bookings, spent, _frozen_standards(data, quarter_end(base, month)))
    return Facts(
        data,
        quarter,
        settings,
        engagements,
        bookings,
        spent,
        projects,
        _benefits(data, projects, month),
        data.frame("survey"),
        data.frame("survey_invitations"),
        base,
        ended,
    )


def _base_quarter(bookings: pd.DataFrame, quarter: str) -> str:
    wanted, known = shift_quarter(quarter, -4), bookings["quarter"].dropna()
    return max(wanted, known.min()) if len(known) else wanted


def end_work(
    engagements: pd.DataFrame, bookings: pd.DataFrame, spent: pd.DataFrame, standards: pd.DataFrame
) -> pd.DataFrame:
    """Engagements delivered or cancelled, with what they took; a cancelled one ends with its last hours."""
    rows = engagements[engagements["state"].isin(["delivered", "cancelled"])]
    last = bookings.groupby("engagement_id")["quarter"].max()
    last_worked = rows["engagement_id"].map(last).astype("str")
    ended = rows["delivered_quarter"].fillna(last_worked.where(rows["state"] == "cancelled"))
    rows = rows.assign(ended_quarter=ended).join(spent, on="engagement_id")
    return rows.merge(standards, left_on=["service_id", "size_quoted"], right_on=["service_id", "size"], how="left")


def _frozen_standards(data: Dataset, end: date) -> pd.DataFrame:
    """One standard per service and size: the one valid at the base quarter's end, else the first after."""
    offered = data.frame("offerings", ["service_id", "size", "standard_hours", "valid_from_on"])
    early = ~(offered["valid_from_on"] > pd.Timestamp(end))
    before = (
        offered[early]
        .sort_values("valid_from_on", na_position="first")
        .drop_duplicates(["service_id", "size"], keep="last")
    )
    after = offered[~early].sort_values("valid_from_on").drop_duplicates(["service_id", "size"])
    both = pd.concat([before, after]).drop_duplicates(["service_id", "size"])
    return both[["service_id", "size", "standard_hours"]]


def quarters_of(dates: pd.Series, fiscal_year_end_month: int) -> pd.Series:
    """The quarter of each date as text, blank where the date is blank."""
    months = dates.dt.year * 12 + dates.dt.month - 1 - fiscal_year_end_month
    codes, numbers = pd.factorize(months // 3)
    labels = [f"{int(n) // 4 + 1:04d}Q{int(n) % 4 + 1}" for n in numbers]
    return pd.Series(pd.Categorical.from_codes(codes, labels), index=dates.index).astype("str")


_ENGAGEMENT = [
    "engagement_id",
    "customer_id",
    "service_id",
    "requested_on",
    "started_on",
    "promised_on",
    "delivered_on",
    "project_id",
    "size_quoted",
    "state",
    "reworked",
    "approval_count",
    "document_count",
    "touchpoint_count",
]


def _engagements(data: Dataset, month: int) -> pd.DataFrame:
    rows = data.frame("engagements", _ENGAGEMENT)
    rows["asked_on"] = rows["requested_on"].fillna(rows["started_on"])
    for name, on in (("asked", "asked_on"), ("promised", "promised_on"), ("delivered", "delivered_on")):
        rows[f"{name}_quarter"] = quarters_of(rows[on], month)
    services = data.frame("services", ["service_id", "process", "mandated", "lead_time_target_days"])
    return rows.merge(services.drop_duplicates("service_id"), on="service_id", how="left")


def _projects(data: Dataset, month: int) -> pd.DataFrame:
    rows = data.frame("projects")
    ended = rows["actual_finish_on"].notna()
    rows["status"] = rows["status"].mask(rows["status"].isna() & ended, "closed")
    rows["finished_quarter"] = quarters_of(rows["actual_finish_on"], month)
    return rows.drop_duplicates("project_id")


def _benefits(data: Dataset, projects: pd.DataFrame, month: int) -> pd.DataFrame:
    rows = data.frame("benefits")
    rows["due_quarter"] = quarters_of(rows["due_on"], month)
    return rows.merge(projects[["project_id", "customer_id", "strategic", "actual_cost"]], on="project_id", how="left")


_BOOKED_BY = ["engagement_id", "project_id", "customer_id", "role", "activity", "side", "year", "month"]


def _bookings(data: Dataset, engagements: pd.DataFrame, projects: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Hours summed where they lie, then told whose, in which quarter, at what rate, process or delivery."""
    rows = _summed_effort(data)
    first = pd.to_datetime(pd.DataFrame({"year": rows["year"], "month": rows["month"], "day": 1}))
    rows["quarter"] = quarters_of(first, settings["fiscal_year_end_month"])
    about = engagements.set_index("engagement_id")[["customer_id", "service_id", "process", "mandated"]]
    rows = rows.join(about.rename(columns={"customer_id": "engaged_id"}), on="engagement_id")
    owner = rows["project_id"].map(projects.set_index("project_id")["customer_id"])
    rows["customer_id"] = rows["engaged_id"].fillna(rows["customer_id"]).fillna(owner)
    booked = (rows["activity"] == "process").astype("boolean").where(rows["activity"].notna())
    rows["process"] = booked.fillna(rows["process"])
    rows["side"] = rows["side"].fillna(_role_side(data, rows["role"])).fillna("pmo")
    rows["cost"] = rows["worked_hours"] * _rates(data, rows, settings)
    return rows.drop(columns=["engaged_id", "activity", "year", "month"])


def _summed_effort(data: Dataset) -> pd.DataFrame:
    if not data.has("effort"):
        return pd.DataFrame(
            {n: pd.Series(dtype="str") for n in _BOOKED_BY[:6]}
            | {n: pd.Series(dtype="float64") for n in ("year", "month", "worked_hours")}
        )
    day = nw.col("worked_on")
    rows = (
        data["effort"]
        .filter(~nw.col("worked_hours").is_null(), ~day.is_null())
        .with_columns(day.dt.year().alias("year"), day.dt.month().alias("month"))
        .group_by(*_BOOKED_BY)
        .agg(nw.col("worked_hours").sum())
        .collect()
        .to_pandas()
    )
    rows = rows.astype(dict.fromkeys(_BOOKED_BY[:6], "str") | {"worked_hours": "float64"})
    return rows.sort_values(_BOOKED_BY, ignore_index=True)


def _role_side(data: Dataset, roles: pd.Series) -> pd.Series:
    table = data.frame("roles", ["role", "side"]).drop_duplicates("role")
    return roles.map(table.set_index("role")["side"])


def _rates(data: Dataset, rows: pd.DataFrame, settings: Settings) -> pd.Series:
    """Cost of an hour: of the role in the quarter, else the role's own, else the role's over all quarters."""
    capacity = data.frame("capacity")
    hours = capacity["practical_hours"].fillna(capacity["theoretical_hours"] * settings["practical_share"])
    capacity = capacity.assign(hours=hours.where(capacity["capacity_cost"].notna()))
    by_quarter = capacity.groupby(["role", "quarter"])[["capacity_cost", "hours"]].sum(min_count=1)
    by_role = capacity.groupby("role")[["capacity_cost", "hours"]].sum(min_count=1)
    exact = (by_quarter["capacity_cost"] / by_quarter["hours"]).rename("rate")
    told = data.frame("roles", ["role", "hourly_cost"]).drop_duplicates("role").set_index("role")["hourly_cost"]
    first = rows[["role", "quarter"]].join(exact, on=["role", "quarter"])["rate"]
    rate = first.fillna(rows["role"].map(told)).fillna(rows["role"].map(by_role["capacity_cost"] / by_role["hours"]))
    own = settings["customer_hourly_cost"]
    return rate.mask((rows["side"] == "customer") & rate.isna() & (own > 0), own).replace(np.inf, np.nan)


def _spent(bookings: pd.DataFrame) -> pd.DataFrame:
    """Per engagement: hours and money over its life; money is blank where any of its hours has no rate."""
    rows = bookings[bookings["engagement_id"].notna()]
    pmo, own = rows[rows["side"] != "customer"], rows[rows["side"] == "customer"]
    spent = pd.DataFrame({"pmo_hours": pmo.groupby("engagement_id")["worked_hours"].sum(min_count=1)})
    unpriced = pmo["cost"].isna().groupby(pmo["engagement_id"]).sum()
    cost = pmo.groupby("engagement_id")["cost"].sum(min_count=1)
    spent["pmo_cost"] = cost.where(unpriced == 0)
    process = own[own["process"].fillna(False).astype("bool")]
    more = pd.DataFrame(
        {
            "own_hours": own.groupby("engagement_id")["worked_hours"].sum(),
            "own_process_hours": process.groupby("engagement_id")["worked_hours"].sum(),
        }
    )
    return spent.join(more, how="outer").rename_axis("engagement_id")
