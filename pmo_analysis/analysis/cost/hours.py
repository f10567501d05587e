"""The hours of a quarter: by whom they were worked and for which customer and service.

Hours and money are whole ten-thousandths (of an hour, of the currency) while they are summed, as the contract
stores them: such sums are exact and do not depend on the order of rows.
"""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost.arithmetic import share_out
from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.intake.dataset import Dataset

PER_UNIT = 10_000
AMOUNTS = ["hours", "cost", "own_hours", "own_cost"]
_KEYS = ["quarter", "engagement_id", "project_id", "customer_id", "role", "activity", "side"]


def book_hours(data: Dataset, quarters: list[str], month: int) -> pd.DataFrame:
    """Hours by the quarter in which they were worked: the keys, `hours` in ten-thousandths, unread_count.

    One pass on the engine where the rows lie; only sums come back. Rows without readable hours are counted.
    """
    if not quarters or not data.has("effort", "worked_on", "worked_hours"):
        return pd.DataFrame(
            {
                **{k: pd.Series(dtype="str") for k in _KEYS},
                "hours": pd.Series(dtype="float64"),
                "unread_count": pd.Series(dtype="int64"),
            }
        )
    day, label = nw.col("worked_on"), nw.lit(quarters[-1])
    for quarter in reversed(quarters[:-1]):
        label = nw.when(day <= quarter_end(quarter, month)).then(nw.lit(quarter)).otherwise(label)
    rows = data["effort"].filter(day >= quarter_start(quarters[0], month), day <= quarter_end(quarters[-1], month))
    sums = (
        rows.with_columns(quarter=label)
        .group_by(*_KEYS)
        .agg(
            hours=(nw.col("worked_hours").sum() * PER_UNIT).cast(nw.Int64),
            read_count=nw.col("worked_hours").count(),
            all_count=nw.len(),
        )
    )
    hours = sums.collect().to_pandas()
    hours["unread_count"] = hours["all_count"] - hours["read_count"]
    hours["hours"] = hours["hours"].astype("float64").where(hours["read_count"] > 0)
    hours = hours.astype(dict.fromkeys(_KEYS, "str"))
    return hours[[*_KEYS, "hours", "unread_count"]]  # unsorted: whole numbers sum to the same in any order


def place_hours(hours: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    """Adds customer_id and service_id by the engagement, else the booked customer, else the project's customer.

    Adds also size and mapped_by (engagement / customer / project / nothing).
    """
    engagements = data.frame("engagements", ["engagement_id", "customer_id", "service_id", "size_quoted"])
    by_engagement = engagements.drop_duplicates("engagement_id").set_index("engagement_id")
    projects = data.frame("projects", ["project_id", "customer_id"]).drop_duplicates("project_id")
    known = hours["engagement_id"].map(by_engagement["customer_id"]).astype("str")
    owner = hours["project_id"].map(projects.set_index("project_id")["customer_id"]).astype("str")
    mapped = np.select(
        [known.notna(), hours["customer_id"].notna(), owner.notna()],
        ["engagement", "customer", "project"],
        default="nothing",
    )
    named = hours.assign(
        customer_id=known.fillna(hours["customer_id"]).fillna(owner),
        service_id=hours["engagement_id"].map(by_engagement["service_id"]),
        size=hours["engagement_id"].map(by_engagement["size_quoted"]),
        engagement_id=hours["engagement_id"].where(known.notna()),
        mapped_by=mapped,
    )
    return named.astype(dict.fromkeys(("customer_id", "service_id", "size", "engagement_id", "mapped_by"), "str"))


def standard_hours(data: Dataset, engagements: pd.DataFrame) -> pd.Series:
    """The standard hours of each engagement's size, as valid on the day of its request (else its start).

    Where the size is not known: the median standard of the service's sizes. Index as `engagements`.
    """
    offered = data.frame("offerings", ["service_id", "size", "standard_hours", "valid_from_on"]).dropna(
        subset=["service_id", "standard_hours"]
    )
    asked = engagements["requested_on"].fillna(engagements["started_on"])
    wanted = pd.DataFrame({"service_id": engagements["service_id"], "size": engagements["size_quoted"], "asked": asked})
    pairs = wanted.reset_index(names="row").merge(offered, on=["service_id", "size"])
    valid = pairs[(pairs["valid_from_on"] <= pairs["asked"]) | pairs["valid_from_on"].isna()]
    first = pairs.sort_values("valid_from_on").drop_duplicates("row")
    latest = valid.sort_values("valid_from_on", na_position="first").drop_duplicates("row", keep="last")
    exact = latest.set_index("row")["standard_hours"].combine_first(first.set_index("row")["standard_hours"])
    usual = wanted["service_id"].map(offered.groupby("service_id")["standard_hours"].median())
    return exact.reindex(engagements.index).astype("float64").fillna(usual)


def allocate_hours(entries: pd.DataFrame, active: pd.DataFrame | None) -> pd.DataFrame:
    """Hours and money without an engagement, split over what the customer had active, by standard hours.

    `active`: customer_id, service_id, size, standard_hours of active engagements (None: nothing is split). The parts
    name a service and a size but no engagement. Adds `allocated`. What cannot be split stays without a service.
    Every sum stays exact.
    """
    if active is None:
        return entries.assign(allocated=False)
    pairs = active[active["standard_hours"] > 0].groupby(["customer_id", "service_id", "size"], dropna=False)
    weights = pairs["standard_hours"].sum().reset_index()
    loose = entries["service_id"].isna() & entries["customer_id"].isin(weights["customer_id"])
    keys = ["quarter", "customer_id", "role", "activity", "senior"]
    bundles = entries[loose].groupby(keys, dropna=False, as_index=False)[[*AMOUNTS, "unread_count"]].sum(min_count=1)
    parts = bundles.reset_index(names="bundle").merge(weights, on="customer_id")
    parts = parts.sort_values(["bundle", "service_id", "size"], ignore_index=True)
    for amount in (*AMOUNTS, "unread_count"):
        parts[amount] = share_out(parts[amount], parts["standard_hours"], parts["bundle"])
    kept = entries[~loose].assign(allocated=False)
    parts = parts.assign(allocated=True).reindex(columns=kept.columns).astype({"engagement_id": "str"})
    return pd.concat([kept, parts], ignore_index=True) if len(parts) else kept
