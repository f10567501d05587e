"""One card per category and per segment, its sentence made from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import censored_quantile, summarise_quantiles
from pmo_analysis.analysis.propositions.price import price_groups
from pmo_analysis.analysis.propositions.words import fill, money, number, percent, read_wording
from pmo_analysis.contract.calendar import working_days
from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings

_KINDS = ("category", "segment")
COLUMNS = [
    "group_kind",
    "group",
    "customers_count",
    "what",
    "benefit",
    "cost_median",
    "cost_p10",
    "cost_p90",
    "unit_cost",
    "unit_cost_low",
    "unit_cost_high",
    "charged_cost",
    "cost_to_serve_cost",
    "own_hours",
    "own_cost",
    "next_price",
    "next_price_low",
    "next_price_high",
    "quarters_count",
    "touchpoints",
    "waiting_days",
    "stop",
    "sentence",
    "n",
]


@dataclass(frozen=True, eq=False)
class Propositions:
    """What each category and segment gets, what it costs and what it asks.

    cards: group_kind (category / segment), group, customers_count, what, benefit, cost_median, cost_p10, cost_p90
        (cost to serve per customer served and quarter), unit_cost, unit_cost_low, unit_cost_high (per delivery),
        charged_cost, cost_to_serve_cost, own_cost (totals of the quarter), own_hours (median per customer that
        recorded any), next_price, next_price_low, next_price_high (median cost per customer served next quarter,
        prediction interval), quarters_count, touchpoints (mean per delivery), waiting_days (median, open requests counted as
        waiting), stop, sentence, n (customers served)
    """

    cards: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        said = pd.DataFrame({"": [self.sentence]}).to_html(index=False, header=False)
        return said + self.cards[["group_kind", "group", "sentence"]].to_html(index=False)


def list_deliveries(engagements: pd.DataFrame, quarter: str, settings: Settings) -> pd.DataFrame:
    """What was delivered in a quarter or is still open at its end, and how long it took or has taken.

    Columns: engagement_id, customer_id, service_id, delivered, touchpoint_count, waiting_days (working days from the
    request to delivery or to the quarter's end; missing where the day of the request is not known).
    """
    month = settings["fiscal_year_end_month"]
    first, last = pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))
    rows = engagements[~engagements["state"].isin(["cancelled", "refused"])]
    asked = rows["requested_on"]
    delivered = rows["delivered_on"].between(first, last)
    still = rows["delivered_on"].isna() & asked.notna() & engagements["delivered_on"].notna().any()
    told = rows[["engagement_id", "customer_id", "service_id", "touchpoint_count"]].assign(
        delivered=delivered, asked=asked, until=rows["delivered_on"].fillna(last)
    )
    told = told[(delivered | still) & ~(asked > told["until"])].reset_index(drop=True)
    days = working_days(told["asked"], told["until"], settings)
    return told.assign(waiting_days=days).drop(columns=["asked", "until"])


def write_propositions(
    groups: pd.DataFrame,
    costs: pd.DataFrame,
    engagements: pd.DataFrame,
    deliveries: pd.DataFrame,
    services: pd.DataFrame,
    *,
    settings: Settings,
    history: pd.DataFrame | None = None,
    cells: pd.DataFrame | None = None,
    unit_costs: Mapping[str, pd.DataFrame] | None = None,
    off_target: pd.DataFrame | None = None,
    wording: Mapping[str, str] | None = None,
) -> Propositions:
    """What each category and segment gets, about what it costs them and what it asks of them, as cards.

    `groups`: customer_id, category, segment; `costs` and `engagements`: CostToServe.table by customer and its
    engagements; `deliveries`: of `list_deliveries`; `services`: service_id, name; `history`: of `cost_history`;
    `cells`: measured outcomes by group; `unit_costs`: group_kind → CostToServe.table by it; `off_target`: service_id,
    category, worked_hours. Groups of fewer customers than minimum_cell are told together.
    """
    words = wording or read_wording()
    tables = {
        "costs": costs,
        "engagements": engagements,
        "deliveries": deliveries,
        "history": history,
        "cells": cells,
        "off_target": off_target,
        "names": services.drop_duplicates("service_id").set_index("service_id")["name"],
    }
    cards = [
        card
        for kind in _KINDS
        if groups[kind].notna().any()
        for card in _cards_of_kind(kind, groups, tables, (unit_costs or {}).get(kind), words, settings=settings)
    ]
    told = pd.DataFrame(cards, columns=COLUMNS)
    return Propositions(told, _tell(told, words))


def _tell(cards: pd.DataFrame, words: Mapping[str, str]) -> str:
    if cards.empty:
        return words["nothing"][0].upper() + words["nothing"][1:] + "."
    measured = int((cards["benefit"] != words["benefit_unknown"]).sum())
    groups = "1 group" if len(cards) == 1 else f"{len(cards)} groups"
    return f"{groups} of customers; the benefit is measured for {measured} of them."


def _cards_of_kind(
    kind: str,
    groups: pd.DataFrame,
    tables: Mapping[str, Any],
    unit_costs: pd.DataFrame | None,
    words: Mapping[str, str],
    *,
    settings: Settings,
) -> list[dict[str, Any]]:
    members = _merge_small(groups, kind, settings["minimum_cell"], words["other"])
    prices = (
        pd.DataFrame()
        if tables["history"] is None
        else price_groups(tables["history"], members, level=settings["interval_level"])
    )
    cards = []
    for group, part in members.groupby("group"):
        ids = set(part["customer_id"])
        facts = {
            "group_kind": kind,
            "group": str(group),
            "customers_count": len(ids),
            **_cost_facts(tables["costs"], ids, settings["minimum_quantile"]),
            **_ask_facts(tables["deliveries"], ids),
            **_row(prices, str(group)),
            **_unit_facts(unit_costs, kind, str(group)),
        }
        cards.append(_write_card(facts, ids, tables, words, settings=settings))
    return cards


def _merge_small(groups: pd.DataFrame, kind: str, minimum: int, other: str) -> pd.DataFrame:
    """customer_id, group: groups below the minimum become one, so that nobody is told alone."""
    members = groups.dropna(subset=[kind])[["customer_id", kind]].set_axis(["customer_id", "group"], axis=1)
    size = members["group"].map(members["group"].value_counts())
    return members.assign(group=members["group"].astype("str").where(size >= minimum, other))


def _row(table: pd.DataFrame, group: str) -> dict[str, Any]:
    empty = {"next_price": np.nan, "next_price_low": np.nan, "next_price_high": np.nan, "quarters_count": 0}
    return dict(table.loc[group]) if group in table.index else empty


def _cost_facts(costs: pd.DataFrame, ids: set[str], minimum: int) -> dict[str, Any]:
    rows = costs[costs["customer_id"].isin(ids)]
    spread = summarise_quantiles(rows["cost_to_serve_cost"], minimum=minimum)
    deliveries = rows["engagement_count"].sum()
    total = rows["cost_to_serve_cost"].sum(min_count=1)
    return {
        "cost_median": spread["p50"],
        "cost_p10": spread["p10"],
        "cost_p90": spread["p90"],
        "cost_to_serve_cost": total,
        "charged_cost": rows["charged_cost"].sum(min_count=1),
        "own_hours": rows["own_hours"].median(),
        "own_cost": rows["own_cost"].sum(min_count=1),
        "deliveries": int(deliveries),
        "unit_cost": total / deliveries if deliveries else np.nan,
        "n": int(rows["cost_to_serve_cost"].notna().sum()),
    }


def _unit_facts(unit_costs: pd.DataFrame | None, kind: str, group: str) -> dict[str, Any]:
    rows = unit_costs[unit_costs[kind] == group] if unit_costs is not None else pd.DataFrame()
    if rows.empty:
        return {"unit_cost_low": np.nan, "unit_cost_high": np.nan}
    return dict(rows[["unit_cost_low", "unit_cost_high"]].iloc[0])


def _ask_facts(deliveries: pd.DataFrame, ids: set[str]) -> dict[str, Any]:
    rows = deliveries[deliveries["customer_id"].isin(ids)]
    wait = censored_quantile(rows["waiting_days"], rows["delivered"])
    return {"touchpoints": rows.loc[rows["delivered"], "touchpoint_count"].mean(), "waiting_days": wait["value"]}


def _write_card(
    facts: dict[str, Any], ids: set[str], tables: Mapping[str, Any], words: Mapping[str, str], *, settings: Settings
) -> dict[str, Any]:
    currency, minimum = settings["currency"], settings["minimum_cell"]
    if len(ids) < minimum:
        hidden = fill(words, "hidden", group=facts["group"], minimum=minimum)
        return {k: facts[k] for k in ("group_kind", "group", "customers_count")} | {"sentence": hidden}
    facts = facts | {
        "what": _what(facts, ids, tables, words),
        "benefit": _benefit(facts, tables["cells"], words),
        "stop": _stop(facts, ids, tables, words),
    }
    sentence = fill(
        words,
        "sentence",
        group=facts["group"],
        customers=facts["customers_count"],
        what=facts["what"],
        benefit=facts["benefit"],
        stop=facts["stop"],
        **_phrases(facts, words, currency),
    )
    return facts | {"sentence": sentence}


def _what(facts: Mapping[str, Any], ids: set[str], tables: Mapping[str, Any], words: Mapping[str, str]) -> str:
    rows = tables["engagements"]
    top = rows.loc[rows["customer_id"].isin(ids), "service_id"].map(tables["names"]).value_counts(sort=False)
    names = top.sort_index().sort_values(ascending=False, kind="stable").index[:3].tolist()
    if not names:
        return words["what_unknown"]
    return fill(words, "what", count=f"{facts['deliveries']:,}", services=", ".join(names))


def _benefit(facts: Mapping[str, Any], cells: pd.DataFrame | None, words: Mapping[str, str]) -> str:
    if cells is None or cells.empty:
        return words["benefit_unknown"]
    mine = cells[
        (cells["measure"] == "benefit_realised_share")
        & (cells["group_kind"] == facts["group_kind"])
        & (cells["group"] == facts["group"])
        & cells["value"].notna()
    ]
    if mine.empty:
        return words["benefit_unknown"]
    cell = mine.iloc[0]
    name = "benefit" if np.isfinite(cell["low"]) else "benefit_few"
    return fill(
        words,
        name,
        realised=percent(cell["value"]),
        low=percent(cell["low"]),
        high=percent(cell["high"]),
        n=int(cell["n"]),
    )


def _stop(facts: Mapping[str, Any], ids: set[str], tables: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The service that took most hours of process without being mandated, or most hours off target."""
    rows, names = tables["engagements"], tables["names"]
    free = rows[rows["customer_id"].isin(ids) & ~rows["mandated"].astype(bool)]
    hours = {("stop_process", s): h for s, h in free.groupby("service_id")["process_hours"].sum().items()}
    off = tables["off_target"]
    if off is not None and facts["group_kind"] == "category" and len(off):
        mine = off[off["category"] == facts["group"]].groupby("service_id")["worked_hours"].sum()
        hours |= {("stop_off_target", s): h for s, h in mine.items()}
    if not hours or max(hours.values()) < 1:
        return words["stop_unknown"]
    (template, service), most = min(hours.items(), key=lambda item: (-item[1], item[0]))
    return fill(words, template, service=names.get(service, service), hours=number(most))


def _phrases(facts: Mapping[str, Any], words: Mapping[str, str], currency: str) -> dict[str, str]:
    """The parts of the sentence, each known or said to be unknown."""

    def known(*names: str) -> bool:
        return all(np.isfinite(facts[n]) for n in names)

    cost = "cost" if known("cost_median", "cost_p10") else "cost_few" if known("cost_median") else "cost_unknown"
    return {
        "cost": fill(words, cost, **{k: money(facts[f"cost_{k}"], currency) for k in ("median", "p10", "p90")}),
        "unit": fill(words, "unit" if known("unit_cost") else "unit_unknown", unit=money(facts["unit_cost"], currency)),
        "charged": fill(
            words,
            "charged" if known("charged_cost") else "charged_unknown",
            charged=money(facts["charged_cost"], currency),
        ),
        "own": fill(
            words,
            "own" if known("own_hours") else "own_unknown",
            hours=number(facts["own_hours"]) if known("own_hours") else "",
        ),
        "price": fill(
            words,
            "price" if known("next_price_low") else "price_unknown",
            n=int(facts["quarters_count"]),
            low=money(facts["next_price_low"], currency),
            high=money(facts["next_price_high"], currency),
        ),
        "asks": fill(words, "asks", touchpoints=number(facts["touchpoints"]), days=number(facts["waiting_days"]))
        if known("touchpoints", "waiting_days")
        else words["asks_unknown"],
    }
