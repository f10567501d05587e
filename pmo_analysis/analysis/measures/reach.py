"""Reach: projects served, customers gone quiet or never served, customers that come back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.definition import SHARED_KINDS, Measure, measured_rows
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.contract.quarters import shift_quarter


def _reach(facts: Facts) -> pd.DataFrame:
    """Projects running in each quarter: did an engagement for them run in it?"""
    projects = facts.projects[["project_id", "customer_id", "planned_start_on", "actual_finish_on"]]
    begins, ends = facts.starts(facts.quarters), facts.ends(facts.quarters)
    served = _served(facts).astype({"project_id": "category"})
    parts = []
    for quarter in facts.quarters:
        running = (projects["planned_start_on"] <= ends[quarter]) & ~(projects["actual_finish_on"] < begins[quarter])
        rows = projects[running]
        told = rows["project_id"].isin(_list_served(served, facts, quarter)).astype("float64")
        parts.append(measured_rows(rows, quarter, "project_id", told))
    return pd.concat(parts, ignore_index=True)


def _served(facts: Facts) -> pd.DataFrame:
    rows = facts.engagements
    return rows[rows["project_id"].notna() & ~rows["state"].isin(["cancelled", "refused"])]


def _list_served(served: pd.DataFrame, facts: Facts, quarter: str) -> pd.Index:
    """The projects of engagements that ran in a quarter; quarter by quarter, since engagements may be a million."""
    begin, end = facts.starts([quarter]).iloc[0], facts.ends([quarter]).iloc[0]
    running = (served["asked_on"] <= end) & ~(served["delivered_on"] < begin)
    projects = served["project_id"].cat
    counts = np.bincount(projects.codes[running], minlength=len(projects.categories))
    return projects.categories[counts > 0]


def _each_quarter(facts: Facts, rows: pd.DataFrame) -> pd.DataFrame:
    quarters = pd.DataFrame({"quarter": facts.quarters})
    quarters["begin"] = quarters["quarter"].map(facts.starts(facts.quarters))
    quarters["end"] = quarters["quarter"].map(facts.ends(facts.quarters))
    return rows.merge(quarters, how="cross")


def _customers(facts: Facts) -> pd.DataFrame:
    """Customers active at each quarter's end, with the quarters since they last asked (blank = never)."""
    customers = facts.data.frame("customers", ["customer_id", "active_from_on", "active_to_on"])
    rows = _each_quarter(facts, customers.drop_duplicates("customer_id"))
    rows = rows[~(rows["active_from_on"] > rows["end"]) & ~(rows["active_to_on"] <= rows["end"])]
    asked = facts.engagements[["customer_id", "asked_on"]].dropna().drop_duplicates().astype({"customer_id": "str"})
    asked = asked.sort_values("asked_on")
    rows = pd.merge_asof(rows.sort_values("end"), asked, left_on="end", right_on="asked_on", by="customer_id")
    return rows.sort_values(["quarter", "customer_id"], ignore_index=True)


def _quiet(facts: Facts) -> pd.DataFrame:
    rows = _customers(facts)
    rows = rows[rows["asked_on"].notna()]
    limit = rows["quarter"].map(
        {q: shift_quarter(q, 1 - facts.settings["quiet_after_quarters"]) for q in facts.quarters}
    )
    since = limit.map(facts.starts(limit.unique()))
    return measured_rows(rows, rows["quarter"], "customer_id", rows["asked_on"] < since)


def _never_served(facts: Facts) -> pd.DataFrame:
    rows = _customers(facts)
    return measured_rows(rows, rows["quarter"], "customer_id", rows["asked_on"].isna())


def _came_back(facts: Facts) -> pd.DataFrame:
    """Customers with a delivery in the quarter before: did they ask, unforced, again?"""
    rows = facts.engagements
    served = rows.loc[rows["delivered_quarter"].notna(), ["customer_id", "delivered_quarter"]].drop_duplicates()
    served["customer_id"] = served["customer_id"].astype("str")
    served["quarter"] = served["delivered_quarter"].map(lambda quarter: shift_quarter(quarter, 1))
    free = rows[~rows["mandated"].fillna(False).astype("bool") & rows["asked_quarter"].notna()]
    pairs = pd.MultiIndex.from_frame(free[["customer_id", "asked_quarter"]].drop_duplicates().astype("str"))
    told = pd.MultiIndex.from_frame(served[["customer_id", "quarter"]]).isin(pairs)
    return measured_rows(served, served["quarter"], "customer_id", told.astype("float64"))


REACH = (
    Measure(
        "reach_share",
        "reach",
        "Running projects that were served",
        "projects with an engagement running in the quarter / projects running in the quarter",
        "share",
        "higher",
        "projects",
        ("projects", "projects.planned_start_on", "engagements.project_id"),
        _reach,
        "share",
    ),
    Measure(
        "quiet_share",
        "reach",
        "Customers gone quiet",
        "active customers without a request for quiet_after_quarters / active customers that ever asked",
        "share",
        "lower",
        "customers",
        ("customers", "engagements"),
        _quiet,
        "share",
        kinds=SHARED_KINDS,
    ),
    Measure(
        "never_served_share",
        "reach",
        "Customers never served",
        "active customers that never asked / active customers at the quarter's end",
        "share",
        "lower",
        "customers",
        ("customers", "engagements"),
        _never_served,
        "share",
        kinds=SHARED_KINDS,
    ),
    Measure(
        "came_back_share",
        "reach",
        "Customers that came back",
        "customers served in the quarter before that asked again for something not mandated / customers served in the "
        "quarter before",
        "share",
        "higher",
        "engagements",
        ("engagements", "engagements.delivered_on"),
        _came_back,
        "share",
        kinds=SHARED_KINDS,
    ),
)
