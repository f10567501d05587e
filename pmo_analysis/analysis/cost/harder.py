"""What makes an engagement harder: yes/no terms, those known at intake apart from those found out afterwards."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.bookings import lifetime_hours
from pmo_analysis.intake.dataset import Dataset

INTAKE, AFTERWARDS = "intake", "afterwards"
_MOST = 50_000
_COLUMNS = [
    "engagement_id",
    "customer_id",
    "service_id",
    "delivered_on",
    "size_quoted",
    "stage",
    "bespoke",
    "complexity",
    "approval_count",
    "reworked",
    "state",
]


def list_deliveries(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Deliveries of the run chart's quarters with the PMO's hours on them: the contract's columns, worked_hours.

    At most the latest 50,000: more would not make the increments any surer. Those without hours are left out.
    """
    first = shift_quarter(quarter, 1 - settings["run_chart_quarters"])
    start = pd.Timestamp(quarter_start(first, settings["fiscal_year_end_month"]))
    rows = data.frame("engagements", _COLUMNS)
    rows = rows[(rows["state"] == "delivered") & (rows["delivered_on"] >= start)].dropna(subset="service_id")
    if len(rows) > _MOST:  # by the day first: a million texts are slow to sort
        rows = rows[rows["delivered_on"] >= rows["delivered_on"].nlargest(_MOST).iloc[-1]]
    rows = rows.sort_values(["delivered_on", "engagement_id"], ascending=False).head(_MOST)
    rows = rows.merge(lifetime_hours(data), on="engagement_id").drop_duplicates("engagement_id")
    return rows[rows["worked_hours"] > 0].sort_values("engagement_id", ignore_index=True)


def tell_terms(rows: pd.DataFrame, offerings: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """One column per term, 1, 0 or missing, and when each term is known; columns that hold nothing give no term."""
    terms = {
        "complexity 4 or more": (rows["complexity"] >= 4).astype("float64").where(rows["complexity"].notna()),
        "made to order": rows["bespoke"].astype("Float64").astype("float64"),
        **_size_steps(rows, offerings),
        **_stages(rows),
    }
    known = dict.fromkeys(terms, INTAKE)
    approvals = rows["approval_count"]
    usual = approvals.groupby(rows["service_id"]).transform("median")
    after = {
        "approvals above the usual": (approvals > usual).astype("float64").where(approvals.notna()),
        "reworked": rows["reworked"].astype("Float64").astype("float64"),
    }
    table = pd.DataFrame(terms | after, index=rows.index)
    table = table.loc[:, table.notna().any()]
    return table, {name: known.get(name, AFTERWARDS) for name in table}


def _size_steps(rows: pd.DataFrame, offerings: pd.DataFrame) -> dict[str, pd.Series]:
    """Each step up from the smallest size of the service, in the order of its standard hours."""
    sizes = offerings.groupby(["service_id", "size"])["standard_hours"].median().reset_index()
    sizes = sizes.sort_values(["service_id", "standard_hours", "size"])
    sizes["step"] = sizes.groupby("service_id").cumcount().astype("float64")
    found = rows[["service_id", "size_quoted"]].merge(
        sizes, how="left", left_on=["service_id", "size_quoted"], right_on=["service_id", "size"]
    )
    step = found["step"].set_axis(rows.index)
    highest = 0 if step.isna().all() else int(step.max())
    return {f"size step {i}": (step >= i).astype("float64").where(step.notna()) for i in range(1, highest + 1)}


def _stages(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Each stage against the service's most usual one, which has no term of its own."""
    stage = rows["stage"]
    counts = rows.groupby(["service_id", "stage"]).size().rename("count").reset_index()
    usual = counts.sort_values(["service_id", "count", "stage"], ascending=[True, False, True])
    own = rows["service_id"].map(usual.drop_duplicates("service_id").set_index("service_id")["stage"])
    told = {}
    for name in sorted(stage.dropna().unique()):
        told[f"stage {name}"] = ((stage == name) & (own != name)).astype("float64").where(stage.notna())
    return {name: term for name, term in told.items() if np.nansum(term) > 0}
