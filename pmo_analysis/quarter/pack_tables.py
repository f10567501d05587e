"""The tables that packs are made of, gathered once from a quarter so that each pack only picks its rows.

Of answers there are only the cells that the report tells, so no pack can tell more of them than the report does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from pmo_analysis.analysis.cost import cost_history
from pmo_analysis.analysis.packs import COMPARED
from pmo_analysis.contract.quarters import quarter_end, quarter_start, quarters_between, shift_quarter
from pmo_analysis.quarter.result import Quarter

PackTables = Mapping[str, pd.DataFrame]
VOICE = ("nps_points", "csat_level", "ces_level", "worth_level")
KINDS = ("customer", "segment", "category")
_SERVICE = ["service_id", "name", "family", "status", "target_categories", "stages"]
_REQUEST = ["engagement_id", "customer_id", "service_id", "stage", "requested_on", "started_on", "promised_on",
            "delivered_on", "state"]  # fmt: skip


def gather_pack_tables(quarter: Quarter) -> dict[str, pd.DataFrame]:
    """Every table that a pack reads, by name, flat, in the order of its keys.

    about (one row: organisation, quarter, first_on, last_on, settings as JSON), groups, segment_names, services,
    showback, history, requests, compared, voice, likely, prices, cards, benefits, needs, found (sentences).
    """
    q = quarter
    return {
        "about": _describe(q),
        "groups": q.groups,
        "segment_names": _name_segments(q),
        "services": q.data.frame("services", _SERVICE).drop_duplicates("service_id"),
        "showback": q.showback.table,
        "history": cost_history(
            q.data, q.quarter, quarters=q.settings["run_chart_quarters"], settings=q.settings
        ).drop(columns="basis"),
        "requests": _list_requests(q),
        "compared": _list_compared(q),
        "voice": _list_voice(q),
        "likely": _list_likely(q),
        "prices": q.cost_by["service"].table[["service_id", "unit_cost", "unit_cost_low", "unit_cost_high", "engagement_count"]],
        "cards": q.propositions.cards,
        "benefits": _list_benefits(q),
        "needs": q.data.frame("needs", ["customer_id", "asked_on"]),
        "unanswered": q.unanswered,
    }  # fmt: skip


def _describe(q: Quarter) -> pd.DataFrame:
    month = q.settings["fiscal_year_end_month"]
    return pd.DataFrame([{
        "organisation": q.organisation, "quarter": q.quarter, "basis": str(q.cost.basis),
        "first_on": pd.Timestamp(quarter_start(q.quarter, month)), "last_on": pd.Timestamp(quarter_end(q.quarter, month)),
        "settings": json.dumps(q.settings.changed(), sort_keys=True, ensure_ascii=False),
    }])  # fmt: skip


def _name_segments(q: Quarter) -> pd.DataFrame:
    """What each segment of the groups is called: as the organisation named it, else by its rule."""
    rules = q.segmentation.rules
    found = dict(zip(rules["segment"], rules["name"], strict=True)) if len(rules) else {}
    own = q.settings["segment_names"]
    by_name = {name: own.get(segment, name) for segment, name in found.items()}
    segments = sorted(q.groups["segment"].dropna().unique())
    return pd.DataFrame({"segment": segments, "name": [own.get(s, by_name.get(s, s)) for s in segments]}, dtype="str")


def _list_requests(q: Quarter) -> pd.DataFrame:
    """Requests asked for, promised for or delivered in the quarter, and those open at its end; with what they took."""
    month = q.settings["fiscal_year_end_month"]
    first, last = (pd.Timestamp(f(q.quarter, month)) for f in (quarter_start, quarter_end))
    rows = q.data.frame("engagements", _REQUEST)
    rows["asked_on"] = rows["requested_on"].fillna(rows["started_on"])
    here = {f"{name}_here": rows[f"{name}_on"].between(first, last) for name in ("asked", "promised", "delivered")}
    rows = rows.assign(**here)[pd.DataFrame(here).any(axis=1) | (rows["state"] == "open")]
    took = q.cost.engagements[["engagement_id", "worked_hours", "cost"]]
    return rows.merge(took, how="left", on="engagement_id").sort_values("engagement_id", ignore_index=True)


def _list_compared(q: Quarter) -> pd.DataFrame:
    """Rows of the measures that are compared, over the look-back; what a delivery cost, of the quarter."""
    first = shift_quarter(q.quarter, 1 - q.settings["look_back_quarters"])
    rows = q.measures.kept.read(list(COMPARED), quarters_between(first, q.quarter))
    costs = q.cost.engagements.rename(columns={"cost": "numerator"})[["customer_id", "numerator"]]
    costs = costs.assign(measure="delivery_cost", quarter=q.quarter, denominator=1.0)
    columns = ["measure", "quarter", "customer_id", "numerator", "denominator"]
    both = pd.concat([rows[columns], costs[columns]], ignore_index=True)
    return both[both["customer_id"].notna()].astype({"measure": "str", "quarter": "str", "customer_id": "str"})


def _list_likely(q: Quarter) -> pd.DataFrame:
    """The chance of every customer and service for the next quarter, with the reason where the report gives one."""
    chances = q.targets.probabilities.rename_axis(index="customer_id", columns="service_id")
    rows = chances.stack().rename("probability").reset_index()
    return rows.merge(
        q.targets.next_services[["customer_id", "service_id", "reason"]], how="left", on=["customer_id", "service_id"]
    )


def _list_voice(q: Quarter) -> pd.DataFrame:
    """What the report tells of answers, cell for cell; nothing else of them is handed on."""
    cells = q.measures.cells
    told = cells[cells["measure"].isin(VOICE) & cells["group_kind"].isin(["all", "segment", "category"])]
    titles = q.measures.definitions.set_index("measure")[["title", "unit"]]
    columns = ["measure", "group_kind", "group", "value", "low", "high", "n", "note"]
    return told[columns].join(titles, on="measure").reset_index(drop=True)


def _list_benefits(q: Quarter) -> pd.DataFrame:
    """Benefits that fell due by the quarter's end, with the project and its customer."""
    last = pd.Timestamp(quarter_end(q.quarter, q.settings["fiscal_year_end_month"]))
    projects = q.data.frame("projects", ["project_id", "customer_id", "name"]).drop_duplicates("project_id")
    columns = ["benefit_id", "project_id", "due_on", "planned_benefit", "realised_benefit", "confirmed"]
    rows = q.data.frame("benefits", columns)
    rows = rows[rows["due_on"] <= last].drop_duplicates("benefit_id", keep="last")
    return rows.merge(projects, on="project_id").rename(columns={"name": "project"}).sort_values("benefit_id")
