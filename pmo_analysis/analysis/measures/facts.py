"""The tables as the measures need them: dated by quarter, hours and money per engagement, made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start, quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.memory import gives_back
from pmo_analysis.intake.numbered import number_engagements, recode
from pmo_analysis.intake.worked import Rates, sum_work


@dataclass(frozen=True, eq=False)
class Facts:
    """The known tables, and what several measures derive from them.

    `engagements`: with asked_on, asked/promised/delivered_quarter and ended_quarter (delivered or cancelled).
    `work`: engagement_id, customer_id, service_id, quarter, the service's process (blank unknown) and mandated, and of
    `sum_work` the PMO's hours and cost said to be process, delivery or neither.
    `spent`: index engagement_id; pmo_hours, pmo_cost, own_hours, own_process_hours over the engagement's life.
    `ended`: engagements delivered or cancelled: ids, size_quoted, state, ended_quarter, standard_hours frozen at the base
    quarter (blank = unmatched), pmo_hours and pmo_cost. Customers and services of all these are categories:
    `customer_names`, `service_names`.
    `base_quarter`: four earlier, or the first with hours where those begin later.
    """

    data: Dataset = field(repr=False)
    quarter: str
    settings: Settings = field(repr=False)
    engagements: pd.DataFrame = field(repr=False)
    work: pd.DataFrame = field(repr=False)
    spent: pd.DataFrame = field(repr=False)
    projects: pd.DataFrame = field(repr=False)
    benefits: pd.DataFrame = field(repr=False)
    survey: pd.DataFrame = field(repr=False)
    invitations: pd.DataFrame = field(repr=False)
    base_quarter: str
    ended: pd.DataFrame = field(repr=False)
    customer_names: pd.CategoricalDtype = field(repr=False)
    service_names: pd.CategoricalDtype = field(repr=False)

    @property
    def fiscal_year_end_month(self) -> int:
        """The month that ends the fiscal year."""
        return int(self.settings["fiscal_year_end_month"])

    @property
    def quarter_names(self) -> pd.CategoricalDtype:
        """The quarters as categories."""
        return pd.CategoricalDtype(self.quarters)

    @property
    def quarters(self) -> list[str]:
        """The quarters that any figure looks at, oldest first."""
        back = max(self.settings["run_chart_quarters"], 2 * self.settings["look_back_quarters"], 5)
        return quarters_between(shift_quarter(self.quarter, 1 - back), self.quarter)

    def without_rows(self) -> Facts:
        """The same without the long tables, which nothing needs once the rows of the measures are kept."""
        none = {name: getattr(self, name).head(0).copy() for name in ("engagements", "work", "spent", "ended")}
        return replace(self, **none)

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


@gives_back
def gather_facts(data: Dataset, quarter: str, settings: Settings) -> Facts:
    """Everything the measures share, from a dataset that is known as of the quarter."""
    month = settings["fiscal_year_end_month"]
    engagements = _engagements(data, month)
    projects = _projects(data, month)
    work = _work(data, settings)
    names = {key: _list_names(data, work, key) for key in ("customer_id", "service_id")}
    engagements, work = (
        table.assign(**{key: recode(table[key], dtype) for key, dtype in names.items()})
        for table in (engagements, work)
    )
    spent, base = _spent(work), _base_quarter(work, quarter)
    standards = _frozen_standards(data, quarter_end(base, month))
    standards = standards.assign(
        service_id=recode(standards["service_id"], names["service_id"]),
        size=recode(standards["size"], engagements["size_quoted"].dtype),
    ).dropna(subset=["service_id", "size"])
    ended = end_work(engagements, work, spent, standards)
    work = work.drop(columns=[*_OWN_HOURS, "unpriced_count"])  # only what was spent is told from these
    return Facts(
        data,
        quarter,
        settings,
        engagements,
        work,
        spent,
        projects,
        _benefits(data, projects, month),
        data.frame("survey"),
        data.frame("survey_invitations"),
        base,
        ended,
        names["customer_id"],
        names["service_id"],
    )


def _list_names(data: Dataset, work: pd.DataFrame, key: str) -> pd.CategoricalDtype:
    """All customers or services that any table names, in their order."""
    tables = {"customer_id": ("customers", "engagements", "projects", "survey", "survey_invitations")}
    wanted = [table for table in tables.get(key, ("services", "engagements", "offerings")) if table != "engagements"]
    told = [pd.Index(data.frame(table, [key])[key].dropna().unique(), dtype="str") for table in wanted]
    told += [column.cat.categories for column in (number_engagements(data)[key], work[key].astype("category"))]
    return pd.CategoricalDtype(told[0].append(told[1:]).unique().sort_values())


def _base_quarter(work: pd.DataFrame, quarter: str) -> str:
    wanted, known = shift_quarter(quarter, -4), work["quarter"]
    return max(wanted, known.min()) if len(known) else wanted


def end_work(
    engagements: pd.DataFrame, work: pd.DataFrame, spent: pd.DataFrame, standards: pd.DataFrame
) -> pd.DataFrame:
    """Engagements delivered or cancelled, with what they took; a cancelled one ends with its last hours."""
    known = engagements["state"].isin(["delivered", "cancelled"])
    rows = engagements.loc[known, ["engagement_id", "customer_id", "service_id", "size_quoted", "state"]]
    cancelled = rows.loc[rows["state"] == "cancelled", "engagement_id"]
    last = work[work["engagement_id"].isin(cancelled)].groupby("engagement_id")["quarter"].max()
    delivered = engagements.loc[known, "delivered_quarter"].astype("str")
    ended = delivered.fillna(rows["engagement_id"].map(last).astype("str"))
    rows = rows.assign(ended_quarter=ended).join(spent[["pmo_hours", "pmo_cost"]], on="engagement_id")
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
    """The quarter of each date as a category, blank where the date is blank."""
    months = dates.dt.year * 12 + dates.dt.month - 1 - fiscal_year_end_month
    codes, numbers = pd.factorize(months // 3, sort=True)
    labels = [f"{int(n) // 4 + 1:04d}Q{int(n) % 4 + 1}" for n in numbers]
    return pd.Series(pd.Categorical.from_codes(codes, labels), index=dates.index)


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
    rows = number_engagements(data)[_ENGAGEMENT].astype({"project_id": "str"})
    rows["asked_on"] = rows["requested_on"].fillna(rows["started_on"])
    for name, on in (("asked", "asked_on"), ("promised", "promised_on"), ("delivered", "delivered_on")):
        rows[f"{name}_quarter"] = quarters_of(rows[on], month)
    services = data.frame("services", ["service_id", "process", "mandated", "lead_time_target_days"])
    services = services.drop_duplicates("service_id").set_index("service_id").reindex(rows["service_id"].cat.categories)
    codes = rows["service_id"].cat.codes.to_numpy()
    return rows.assign(**{name: services[name].array.take(codes, allow_fill=True) for name in services})


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


def _work(data: Dataset, settings: Settings) -> pd.DataFrame:
    """What was worked, summed where the rows lie, with the quarter's name and the service's kind."""
    month = settings["fiscal_year_end_month"]
    rows = sum_work(data, _rates(data, settings), month)
    codes, numbers = pd.factorize(rows["number"], sort=True)
    quarters = pd.CategoricalDtype([f"{n // 4 + 1:04d}Q{n % 4 + 1}" for n in numbers], ordered=True)
    services = data.frame("services", ["service_id", "process", "mandated"]).drop_duplicates("service_id")
    services = services.dropna(subset="service_id").set_index("service_id")
    return rows.drop(columns="number").assign(
        quarter=pd.Categorical.from_codes(codes, dtype=quarters),
        process=rows["service_id"].map(services["process"]).astype("boolean"),
        mandated=rows["service_id"].map(services["mandated"]).astype("boolean"),
    )


def _rates(data: Dataset, settings: Settings) -> Rates:
    """Cost of an hour: of the role in the quarter, else the role's own, else the role's over all quarters."""
    capacity = data.frame("capacity")
    hours = capacity["practical_hours"].fillna(capacity["theoretical_hours"] * settings["practical_share"])
    capacity = capacity.assign(hours=hours.where(capacity["capacity_cost"].notna()))
    exact, over_all = (
        capacity.groupby(by)[["capacity_cost", "hours"]].sum(min_count=1) for by in (["quarter", "role"], ["role"])
    )
    exact = (exact["capacity_cost"] / exact["hours"]).replace(np.inf, np.nan).dropna().rename("rate").reset_index()
    exact["number"] = [(int(q[:4]) - 1) * 4 + int(q[-1]) - 1 for q in exact["quarter"]]
    roles = data.frame("roles", ["role", "side", "hourly_cost"]).drop_duplicates("role").set_index("role")
    roles = roles.reindex(roles.index.union(over_all.index))
    rate = roles["hourly_cost"].fillna((over_all["capacity_cost"] / over_all["hours"]).replace(np.inf, np.nan))
    by_role = roles.assign(rate=rate).rename_axis("role").reset_index()[["role", "side", "rate"]]
    return Rates(
        exact[["number", "role", "rate"]].astype({"number": "int64", "role": "str", "rate": "float64"}),
        by_role.astype({"role": "str", "side": "str", "rate": "float64"}),
    )


_PMO_HOURS, _PMO_COST, _OWN_HOURS = (
    [f"{before}{said}_{unit}" for said in ("process", "delivery", "unsaid")]
    for before, unit in (("", "hours"), ("", "cost"), ("own_", "hours"))
)


def _spent(work: pd.DataFrame) -> pd.DataFrame:
    """Per engagement: hours and money over its life; money is blank where any of its hours has no rate."""
    rows = work[work["engagement_id"].notna()]
    process = rows["own_unsaid_hours"].where(rows["process"].fillna(False).astype("bool"))
    parts = pd.DataFrame(
        {
            "engagement_id": rows["engagement_id"],
            "pmo_hours": rows[_PMO_HOURS].sum(axis=1, min_count=1),
            "pmo_cost": rows[_PMO_COST].sum(axis=1, min_count=1),
            "own_hours": rows[_OWN_HOURS].sum(axis=1, min_count=1),
            "own_process_hours": pd.concat([rows["own_process_hours"], process], axis=1).sum(axis=1, min_count=1),
            "unpriced_count": rows["unpriced_count"],
        }
    )
    spent = parts.groupby("engagement_id").sum(min_count=1)
    return spent.assign(pmo_cost=spent["pmo_cost"].where(spent["unpriced_count"] == 0)).drop(columns="unpriced_count")
