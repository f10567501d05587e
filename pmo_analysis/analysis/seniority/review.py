"""How much senior time, where, whether it paid, and what others could do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.analysis.seniority.effect import SeniorEffect, senior_effect
from pmo_analysis.analysis.seniority.hours import described_hours, first_day, role_rates, senior_hours
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset

SHARES = [
    "side",
    "group_kind",
    "group",
    "senior_share",
    "low",
    "high",
    "senior_hours",
    "all_hours",
    "n",
    "standardised_share",
]
DELEGABLE = ["service_id", "senior_hours", "standard_senior_hours", "excess_hours", "cost", "n"]
CONFOUNDERS = ["complexity", "planned_log_hours", "service_id", "size_quoted", "tier", "bespoke", "stage", "segment"]


@dataclass(frozen=True, eq=False)
class SeniorReview:
    """Senior time of the quarter, on the PMO's side and on the customer's.

    shares: side (pmo/customer), group_kind, group, senior_share, low, high, senior_hours, all_hours,
    n (engagements), standardised_share (as if each group had the whole's mix of services and complexity)
    effect: SeniorEffect of the planned senior share on outcome_score, or None where no outcome is recorded
    delegable: service_id, senior_hours, standard_senior_hours (at the mix of comparable services), excess_hours,
    cost (of the excess at the rate difference), n
    """

    shares: pd.DataFrame
    effect: SeniorEffect | None
    delegable: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.shares)


def review_senior_time(
    data: Dataset, quarter: str, groups: pd.DataFrame, settings: Settings | None = None
) -> SeniorReview:
    """Tells where senior hours went, what they bought like compared with like, and which could be delegated.

    groups: customer_id, category, segment. Hours are those worked in the quarter; the effect is from deliveries
    of the run chart's quarters, with the share planned at intake as the treatment. Columns: see SeniorReview.
    """
    settings = settings or data.settings
    effect = _effect(data, quarter, groups, settings)
    if not data.has("effort", "role") or not data.has("roles", "senior"):
        missing = "effort" if not data.has("effort", "role") else "roles.senior"
        text = f"No {missing}: where senior hours go is not known."
        return SeniorReview(pd.DataFrame(columns=SHARES), effect, pd.DataFrame(columns=DELEGABLE), _tell(text, effect))
    hours = described_hours(data, senior_hours(data, quarter, settings), groups)
    shares = _shares(hours, settings)
    delegable = _delegable(data, hours, settings)
    return SeniorReview(
        shares,
        effect,
        delegable,
        _tell(_summary(shares, delegable, data.frame("services", ["service_id", "name"])), effect),
    )


def _shares(hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    kinds = {"all": None, "category": "category", "segment": "segment", "service": "service_id", "size": "size_quoted"}
    rows = hours.assign(expected_hours=_expected(hours))
    parts = [_by_kind(rows, kind, column, settings) for kind, column in kinds.items()]
    parts = [p for p in parts if len(p)]
    return pd.concat(parts, ignore_index=True)[SHARES] if parts else pd.DataFrame(columns=SHARES)


def _expected(hours: pd.DataFrame) -> pd.Series:
    """Senior hours that the work would take at the side's usual share for its service and complexity."""
    strata = ["side", hours["service_id"].fillna("(none)"), hours["complexity"].fillna(0)]
    sums = hours.groupby(strata)[["senior_hours", "all_hours"]].transform("sum")
    return hours["all_hours"] * sums["senior_hours"] / sums["all_hours"].where(sums["all_hours"] > 0)


def _by_kind(rows: pd.DataFrame, kind: str, column: str | None, settings: Settings) -> pd.DataFrame:
    named = rows.assign(group="all" if column is None else rows[column]).dropna(subset="group")
    named = named.assign(group=named["group"].astype("str"))
    by = ["side", "group"]
    table = ratio_table(
        named,
        by,
        numerator="senior_hours",
        denominator="all_hours",
        cluster="customer_id",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
    )
    sums = named.groupby(by)[["senior_hours", "all_hours", "expected_hours"]].sum().reset_index()
    whole = rows.groupby("side")[["senior_hours", "all_hours"]].sum()
    table = table.merge(sums, on=by).rename(columns={"value": "senior_share"})
    usual = table["side"].map(whole["senior_hours"] / whole["all_hours"]).astype(float)
    standard = table["senior_hours"] / table["expected_hours"].where(table["expected_hours"] > 0) * usual
    return table.assign(
        group_kind=kind,
        standardised_share=standard.clip(upper=1.0),
        low=table["low"].clip(0, 1),
        high=table["high"].clip(0, 1),
    )


def _delegable(data: Dataset, hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """PMO senior hours above what comparable services (same family, same complexity) take of the same work."""
    family = data.frame("services", ["service_id", "family"]).set_index("service_id")["family"]
    ours = hours[(hours["side"] == "pmo") & hours["service_id"].notna()]
    ours = ours.assign(family=ours["service_id"].map(family).fillna("(none)"), level=ours["complexity"].fillna(0))
    cells = ours.groupby(["service_id", "family", "level"])[["senior_hours", "all_hours"]].sum().reset_index()
    if cells.empty:
        return pd.DataFrame(columns=DELEGABLE)
    usual = _others_share(cells, ["family", "level"]).fillna(_others_share(cells, ["level"]))
    cells["standard_senior_hours"] = cells["all_hours"] * usual
    # A cell without any comparable work tells nothing: its standard is what it took.
    cells["standard_senior_hours"] = cells["standard_senior_hours"].fillna(cells["senior_hours"])
    table = cells.groupby("service_id")[["senior_hours", "standard_senior_hours"]].sum()
    count = ours.groupby("service_id")["engagement_id"].nunique()
    table = table[count >= settings["minimum_estimate"]].assign(n=count)
    rates = role_rates(data)
    gap = rates.get(("pmo", True), np.nan) - rates.get(("pmo", False), np.nan)
    table["excess_hours"] = (table["senior_hours"] - table["standard_senior_hours"]).clip(lower=0)
    table["cost"] = table["excess_hours"] * gap
    ordered = table[table["excess_hours"] > 0].reset_index()
    return ordered.sort_values(["excess_hours", "service_id"], ascending=[False, True], ignore_index=True)[DELEGABLE]


def _others_share(cells: pd.DataFrame, by: list[str]) -> pd.Series:
    """The senior share of the other services in the same cell; missing where there are none."""
    whole = cells.groupby(by)[["senior_hours", "all_hours"]].transform("sum")
    own = cells.groupby(["service_id", *by])[["senior_hours", "all_hours"]].transform("sum")
    rest = whole - own
    return rest["senior_hours"] / rest["all_hours"].where(rest["all_hours"] > 1e-9)


def _effect(data: Dataset, quarter: str, groups: pd.DataFrame, settings: Settings) -> SeniorEffect | None:
    if not data.has("engagements", "outcome_score", "planned_hours", "planned_senior_hours"):
        return None
    columns = [
        "engagement_id",
        "customer_id",
        "delivered_on",
        "outcome_score",
        "planned_hours",
        "planned_senior_hours",
        "complexity",
        "service_id",
        "size_quoted",
        "tier",
        "bespoke",
        "stage",
    ]
    rows = data.frame("engagements", columns)
    since = first_day(quarter, settings["run_chart_quarters"], settings)
    rows = rows[(rows["delivered_on"] >= since) & (rows["planned_hours"] > 0)].merge(
        groups, how="left", on="customer_id"
    )
    share = (rows["planned_senior_hours"] / rows["planned_hours"]).clip(upper=1.0)
    rows = rows.assign(
        planned_senior_share=share,
        planned_log_hours=np.log(rows["planned_hours"].astype(float)),
        bespoke=rows["bespoke"].astype("str"),
    )
    known = [c for c in CONFOUNDERS if rows[c].notna().any()]
    return senior_effect(
        rows,
        outcome="outcome_score",
        treatment="planned_senior_share",
        confounders=known,
        cluster="customer_id",
        level=settings["interval_level"],
        seed=settings["seed"],
    )


def _summary(shares: pd.DataFrame, delegable: pd.DataFrame, services: pd.DataFrame) -> str:
    whole = shares[(shares["group_kind"] == "all") & (shares["side"] == "pmo")]
    if whole.empty:
        return "No hours were booked in the quarter."
    one, excess = whole.iloc[0], delegable["excess_hours"].sum()
    told = (
        f"Senior people gave {one['senior_hours']:,.0f} of {one['all_hours']:,.0f} PMO hours "
        f"({100 * one['senior_share']:.0f} %)."
    )
    if not excess:
        return told
    most = delegable["service_id"].iloc[0]
    name = services.drop_duplicates("service_id").set_index("service_id")["name"].get(most, most)
    return f"{told} {excess:,.0f} of them are above what comparable services take; most in {name}."


def _tell(summary: str, effect: SeniorEffect | None) -> str:
    if effect is None:
        return f"{summary} Whether they paid is not known: scores of outcomes or planned hours are missing."
    return f"{summary} {effect.sentence}"
