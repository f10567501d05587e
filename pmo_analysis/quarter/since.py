"""A quarter beside the report before it, and two published reports beside each other: the same comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pmo_analysis.analysis.differences import Comparison, Published, compare, gather_figures
from pmo_analysis.analysis.measures import MEASURES
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.intake.previous import COMPARED, PreviousReport, define
from pmo_analysis.quarter.result import Quarter, list_tables

_WORK = frozenset({"effort", "engagements", "services", "offerings", "roles", "capacity", "customers", "corrections"})
_COSTS = ("cost_to_serve_cost", "unit_cost", "charged_cost", "utilisation_share", "unused_cost", "cost_to_serve")


def tell_since(previous: PreviousReport | None, quarter: Quarter) -> Comparison | None:
    """What changed since the report before, by this quarter's own tables; None where there is none to compare with."""
    if previous is None or not previous.figures:
        return None
    return compare(publish_previous(previous), _publish_quarter(quarter), tables_of_figures())


def publish_previous(report: PreviousReport) -> Published:
    """A report read from where it stands, as one side of a comparison."""
    return make_published(report.name, report.quarter, report.figures, report.made_from)


def make_published(name: str, quarter: str, tables: Mapping[str, pd.DataFrame], made: Mapping[str, Any]) -> Published:
    """One side of a comparison from a report's tables and its manifest."""
    code = made.get("code", {})
    return Published(
        name, quarter, gather_figures(tables), _changes(tables, quarter), tables.get("run_chart", pd.DataFrame()),
        settings=made.get("settings", {}).get("values", {}), definitions=made.get("definitions", {}),
        tables={e["table"]: e["sha256"] for e in made["known"]} if "known" in made else None,
        schemes=tuple(s["sha256"] for s in made.get("schemes", [])), code=code.get("source_sha256", ""),
        packages=code.get("packages", {}),
    )  # fmt: skip


def _publish_quarter(quarter: Quarter) -> Published:
    """This quarter; what it is made by is not compared here, for the next report is made by later code anyway."""
    tables = {name: rows for name, rows in list_tables(quarter).items() if name in COMPARED}
    schemes = quarter.scheme_in_force.table
    made = {
        "settings": {"values": dict(quarter.settings)}, "definitions": define(quarter.measures.definitions),
        "schemes": schemes.loc[schemes["sha256"] != "", ["sha256"]].to_dict("records"),
    }  # fmt: skip
    return make_published("this report", quarter.quarter, tables, made)


def _changes(tables: Mapping[str, pd.DataFrame], quarter: str) -> pd.DataFrame:
    """The intervals that a report told of changes, those of page 1 too: measure, group_kind, group, against, low, high."""
    columns = ["measure", "group_kind", "group", "against", "low", "high"]
    parts = [tables["changes"][columns]] if "changes" in tables else []
    words = {shift_quarter(quarter, -1): "last quarter", shift_quarter(quarter, -4): "last year"}
    for name in ("page_1_figures", "page_1_beside"):
        if name in tables:
            rows = tables[name].assign(against=tables[name]["against"].map(words), group_kind="all", group="all")
            rows = rows.drop(columns=["low", "high"]).rename(
                columns={"figure": "measure", "change_low": "low", "change_high": "high"}
            )
            parts.append(rows.loc[rows["against"].notna(), columns])
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return rows.drop_duplicates(columns[:4])


def tables_of_figures() -> dict[str, frozenset[str]]:
    """The input tables that each figure rests on."""
    uses = {
        m.name: frozenset(
            {m.table, "customers", "corrections", *(p.split(".")[0] for n in m.needs for p in n.split("|"))}
        )
        for m in MEASURES
    }
    return uses | dict.fromkeys(_COSTS, _WORK) | {"customers_count": frozenset({"customers", "engagements", "needs"})}
