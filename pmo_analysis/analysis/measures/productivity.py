"""Higher productivity: standard hours delivered per hour worked, against a base quarter."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures.definition import Measure, measured_rows
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.contract.quarters import shift_quarter


def base_quarter(facts: Facts) -> str:
    """The quarter four earlier, or the first with hours where those begin later."""
    wanted = shift_quarter(facts.quarter, -4)
    known = facts.bookings["quarter"].dropna()
    return max(wanted, known.min()) if len(known) else wanted


def ended_work(facts: Facts) -> pd.DataFrame:
    """Engagements delivered or cancelled, with lifetime hours and frozen standards.

    Adds ended_quarter (a cancelled one ends with its last hours), standard_hours (blank = unmatched), pmo_hours, pmo_cost.
    """
    rows = facts.engagements[facts.engagements["state"].isin(["delivered", "cancelled"])]
    last = facts.bookings.groupby("engagement_id")["quarter"].max()
    ended = rows["delivered_quarter"].fillna(rows["engagement_id"].map(last).where(rows["state"] == "cancelled"))
    rows = rows.assign(ended_quarter=ended).join(facts.spent, on="engagement_id")
    return rows.merge(_frozen_standards(facts), left_on=["service_id", "size_quoted"], right_on=["service_id", "size"], how="left")


def _frozen_standards(facts: Facts) -> pd.DataFrame:
    """One standard per service and size: the one valid at the base quarter's end, else the first after."""
    offered = facts.data.frame("offerings", ["service_id", "size", "standard_hours", "valid_from_on"])
    end = facts.ends([base_quarter(facts)]).iloc[0]
    early = ~(offered["valid_from_on"] > end)
    before = offered[early].sort_values("valid_from_on", na_position="first").drop_duplicates(["service_id", "size"], keep="last")
    after = offered[~early].sort_values("valid_from_on").drop_duplicates(["service_id", "size"])
    both = pd.concat([before, after]).drop_duplicates(["service_id", "size"])
    return both[["service_id", "size", "standard_hours"]]


def _standard_against_worked(facts: Facts) -> pd.DataFrame:
    """Cancelled work has hours and no output; work without standard or hours is unmatched."""
    rows = ended_work(facts)
    output = rows["standard_hours"].where(rows["state"] == "delivered", 0.0).where(rows["standard_hours"].notna())
    hours = rows["pmo_hours"].where(rows["pmo_hours"] > 0)
    return measured_rows(rows, rows["ended_quarter"], "engagement_id", output, hours,
                         whole_weight=rows["pmo_hours"].fillna(rows["standard_hours"]).fillna(0.0))


PRODUCTIVITY = (
    Measure("productivity_ratio", "productivity", "Output per hour against the base quarter",
            "[Σ standard hours of deliveries / Σ lifetime hours of engagements delivered or cancelled] in the quarter / the same in "
            "the base quarter (four earlier, else the first with hours); standards frozen at the base quarter",
            "ratio", "higher", "effort", ("effort", "offerings", "engagements.size_quoted"),
            _standard_against_worked, "ratio", "against_base"),
)
