"""What we ask of the customers' senior people: their hours per delivery and per approval."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.estimates import ratio_table
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

EXECUTIVES = ["figure", "group_kind", "group", "value", "low", "high", "n", "basis"]
PER_ENGAGEMENT, PER_APPROVAL, ASKED = (
    "customers' senior hours per engagement",
    "customers' senior hours per approval",
    "asked of customers' senior people per engagement",
)


def tell_executives(data: Dataset, hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """EXECUTIVES: hours that customers' senior people gave per engagement worked on and per approval it took.

    hours: `described_hours`; only engagements for which customers booked hours count, for the whole and by service.
    `asked` is what the offerings say, for the engagements worked on. An approval is a decision that somebody of
    the customer's had to take; which hours went into which decision no table says, so hours are over all approvals.
    """
    own = hours[(hours["side"] == "customer") & (hours["engagement"] == 1)]
    per = (
        own.groupby("engagement_id")[["senior_hours"]]
        .sum()
        .join(
            own.drop_duplicates("engagement_id").set_index("engagement_id")[
                ["customer_id", "service_id", "approval_count"]
            ]
        )
    )
    worked = hours[hours["engagement"] == 1].drop_duplicates("engagement_id")
    figures = [
        _ratios(per.assign(below=1.0), PER_ENGAGEMENT, settings, "booked"),
        _ratios(per.assign(below=per["approval_count"].astype("float64")), PER_APPROVAL, settings, "booked"),
        _ratios(_asked(data, worked), ASKED, settings, "offerings"),
    ]
    told = [f for f in figures if len(f)]
    return pd.concat(told, ignore_index=True)[EXECUTIVES] if told else pd.DataFrame(columns=EXECUTIVES)


def _asked(data: Dataset, worked: pd.DataFrame) -> pd.DataFrame:
    """The senior hours that the newest offering of each engagement's service and size asks of the customer."""
    names = ["service_id", "size", "customer_senior_hours", "valid_from_on"]
    offered = (
        data.frame("offerings", names).sort_values("valid_from_on").drop_duplicates(["service_id", "size"], keep="last")
    )
    rows = worked.merge(offered, how="inner", left_on=["service_id", "size_quoted"], right_on=["service_id", "size"])
    return rows.assign(senior_hours=rows["customer_senior_hours"].astype("float64"), below=1.0)


def _ratios(rows: pd.DataFrame, figure: str, settings: Settings, basis: str) -> pd.DataFrame:
    rows = rows[rows["senior_hours"].notna() & rows["below"].notna()]
    if rows.empty or not rows["below"].sum() > 0:
        return pd.DataFrame(columns=EXECUTIVES)
    parts = []
    for kind, group in (("all", pd.Series("all", index=rows.index)), ("service", rows["service_id"])):
        named = rows.assign(group=group).dropna(subset="group")
        table = ratio_table(
            named, ["group"], numerator="senior_hours", denominator="below", cluster="customer_id",
            level=settings["interval_level"], minimum=settings["minimum_estimate"],
        )  # fmt: skip
        parts.append(table.assign(group_kind=kind))
    told = pd.concat(parts, ignore_index=True)
    return told.assign(figure=figure, basis=basis, low=told["low"].clip(lower=0.0))
