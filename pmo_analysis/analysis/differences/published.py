"""A published report as far as another is compared with it: its figures, and what they were made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

KEYS = ["figure", "group_kind", "group"]
ESTIMATE = ["value", "low", "high", "n"]
_COSTS = {
    "cost_to_serve_cost": ("cost_to_serve_cost", "low", "high", "n"),
    "unit_cost": ("unit_cost", "unit_cost_low", "unit_cost_high", "n"),
    "charged_cost": ("charged_cost", "", "", "n"),
}


@dataclass(frozen=True, eq=False)
class Published:
    """One side of a comparison.

    `figures`: figure, group_kind, group, value, low, high, n; `changes`: the table of that name; `run_chart`: measure,
    quarter, value; `settings`: name → value; `definitions`: measure → words; `tables`: input table → hash of what was
    known; `schemes`: hashes of frozen segments; `code`: hash of the source; `packages`: name → version.
    """

    name: str
    quarter: str
    figures: pd.DataFrame = field(repr=False)
    changes: pd.DataFrame = field(repr=False)
    run_chart: pd.DataFrame = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False)
    definitions: Mapping[str, str] = field(repr=False)
    tables: Mapping[str, str] | None = field(repr=False)
    schemes: tuple[str, ...] = ()
    code: str = ""
    packages: Mapping[str, str] = field(default_factory=dict, repr=False)


def gather_figures(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every figure of a report with its group and range, from its published tables; each key once.

    Columns: figure, group_kind, group, value, low, high, n. Absent tables have no figures.
    """
    parts = [part for part in _each(tables) if len(part)]
    nothing = pd.DataFrame(columns=[*KEYS, *ESTIMATE])
    rows = pd.concat(parts, ignore_index=True) if parts else nothing
    rows = rows[rows["value"].notna()].drop_duplicates(KEYS)
    return rows.sort_values(KEYS, kind="stable", ignore_index=True)


def _each(tables: Mapping[str, pd.DataFrame]) -> Iterator[pd.DataFrame]:
    if "measures" in tables:
        yield tables["measures"].rename(columns={"measure": "figure"})[[*KEYS, *ESTIMATE]]
    for name in ("page_1_figures", "page_1_beside"):
        if name in tables:
            yield tables[name].assign(group_kind="all", group="all")[[*KEYS, *ESTIMATE]]
    for kind in ("category", "segment", "service", "customer"):
        costs = tables.get(f"cost_by_{kind}", pd.DataFrame())
        column = kind if kind in costs else f"{kind}_id"
        for figure, columns in _COSTS.items():
            yield _take(costs, figure, kind, column, columns)
    yield from _take_others(tables)


def _take_others(tables: Mapping[str, pd.DataFrame]) -> Iterator[pd.DataFrame]:
    capacity, demand = tables.get("capacity", pd.DataFrame()), tables.get("demand", pd.DataFrame())
    for figure in ("utilisation_share", "unused_cost"):
        yield _take(capacity, figure, "role", "role", (figure, "", "", ""))
    whole = demand[demand["segment"] == "all"] if "segment" in demand else demand
    yield _take(whole, "expected_count", "service", "service_id", ("expected_count", "low", "high", "n"))
    cards = tables.get("propositions", pd.DataFrame())
    for kind in ("category", "segment"):
        mine = cards[cards["group_kind"] == kind] if "group_kind" in cards else cards
        yield _take(mine, "next_price", kind, "group", ("next_price", "next_price_low", "next_price_high", "n"))
    yield _take(
        tables.get("value_scores", pd.DataFrame()), "value_score", "customer", "unit_id", ("score", "low", "high", "n")
    )
    groups = tables.get("groups", pd.DataFrame())
    for kind in ("category", "segment"):
        if kind in groups:
            counted = groups[kind].value_counts().sort_index().rename_axis("group").reset_index(name="count")
            yield _take(counted, "customers_count", kind, "group", ("count", "count", "count", "count"))


def _take(rows: pd.DataFrame, figure: str, kind: str, group: str, columns: tuple[str, str, str, str]) -> pd.DataFrame:
    """One figure of a table in the common columns; nothing where the table has no such column."""
    if rows.empty or group not in rows or columns[0] not in rows:
        return pd.DataFrame(columns=[*KEYS, *ESTIMATE])
    missing = pd.Series(float("nan"), index=rows.index)
    found = {name: column for name, column in zip(ESTIMATE, columns, strict=True) if column in rows}
    told = {name: rows[found[name]].astype("float64") if name in found else missing for name in ESTIMATE}
    return pd.DataFrame({"figure": figure, "group_kind": kind, "group": rows[group].astype("str"), **told})
