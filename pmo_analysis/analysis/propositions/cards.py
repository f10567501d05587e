"""One card per category and per segment, its sentence made from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.propositions.facts import Offered, ask_facts, cost_facts, unit_facts
from pmo_analysis.analysis.propositions.phrases import say_benefit, say_figures, say_stop, say_what
from pmo_analysis.analysis.propositions.price import CHECKS, check_prices, price_groups, typical_costs
from pmo_analysis.analysis.propositions.words import fill, money, read_wording
from pmo_analysis.contract.calendar import working_days
from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result

_KINDS = ("category", "segment")
# What `list_deliveries` asks of an engagement: of a long table nothing else is read.
DELIVERY = [
    "engagement_id", "customer_id", "service_id", "state", "requested_on", "delivered_on", "touchpoint_count",
]  # fmt: skip
COLUMNS = [
    "group_kind",
    "group",
    "customers_count",
    "what",
    "benefit",
    "cost_median",
    "cost_p10",
    "cost_p90",
    "unit_median",
    "unit_p10",
    "unit_p90",
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
    "price_held_count",
    "price_tries_count",
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
        (cost to serve per customer served and quarter), unit_median, unit_p10, unit_p90 (work on one delivery over its
        life), unit_cost, unit_cost_low, unit_cost_high (all costs over all deliveries), charged_cost,
        cost_to_serve_cost, own_cost (totals of the quarter), own_hours (median per customer that recorded any),
        next_price, next_price_low, next_price_high (median cost per customer served next quarter, prediction interval),
        quarters_count, price_held_count, price_tries_count (earlier quarters inside such a range, and tried),
        touchpoints (mean per delivery), waiting_days (median, open requests counted as waiting), stop, sentence,
        n (customers served)
    price_checks: group_kind, group, quarter, next_price_low, next_price_high (as they would have been told a quarter
        earlier), seen_price, held
    unplaced: one line on the customers that belong to no group, blank where all do
    """

    cards: pd.DataFrame
    price_checks: pd.DataFrame
    unplaced: str
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.cards[["group_kind", "group", "sentence"]])


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
    offered: Offered,
    *,
    settings: Settings,
    unplaced: Mapping[str, str] | None = None,
    wording: Mapping[str, str] | None = None,
) -> Propositions:
    """What each category and segment gets, about what it costs them and what it asks of them, as cards.

    `groups`: customer_id, category, segment; `unplaced`: kind → the name under which customers of no group stand: they
    get a line, no card. Groups of fewer customers than minimum_cell are told together.
    """
    words = wording or read_wording()
    nowhere = dict(unplaced or {})
    cards, checks, lines = [], [pd.DataFrame(columns=["group_kind", *CHECKS])], []
    for kind in _KINDS:
        inside = groups[kind].notna() & (groups[kind] != nowhere.get(kind))
        if inside.any():
            told, checked = _cards_of_kind(kind, groups[inside], offered, words, settings=settings)
            cards += told
            checks.append(checked.assign(group_kind=kind))
        outside = set(groups.loc[groups[kind] == nowhere.get(kind), "customer_id"])
        lines += [_tell_unplaced(kind, outside, offered, words, settings)] if outside else []
    table = pd.DataFrame(cards, columns=COLUMNS)
    tried = pd.concat(checks, ignore_index=True)[["group_kind", *CHECKS]]
    tried = tried.astype({**dict.fromkeys(CHECKS[2:-1], "float64"), "held": "bool"})
    return Propositions(table, tried, " ".join(lines), " ".join([_tell(table, words), *lines]))


def _tell(cards: pd.DataFrame, words: Mapping[str, str]) -> str:
    if cards.empty:
        return words["nothing"]
    measured = int((cards["benefit"].notna() & (cards["benefit"] != words["benefit_unknown"])).sum())
    return fill(words, "told", cards=len(cards), measured=measured)


def _tell_unplaced(kind: str, ids: set[str], offered: Offered, words: Mapping[str, str], settings: Settings) -> str:
    costs = offered.costs
    total = costs.loc[costs["customer_id"].isin(ids), "cost_to_serve_cost"].sum(min_count=1)
    name = f"unplaced_{kind}" if pd.notna(total) and offered.basis != "charged" else f"unplaced_{kind}_uncosted"
    return fill(words, name, customers=f"{len(ids):,}", total=money(total, settings["currency"]))


def _cards_of_kind(
    kind: str, groups: pd.DataFrame, offered: Offered, words: Mapping[str, str], *, settings: Settings
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """The cards of all categories or all segments, and how earlier prices held."""
    members = _merge_small(groups, kind, settings["minimum_cell"], words["other"])
    prices, checks = _price_all(offered.history, members, settings["interval_level"])
    cards = []
    for group, part in members.groupby("group"):
        ids, least = set(part["customer_id"]), settings["minimum_quantile"]
        facts = {
            "group_kind": kind,
            "group": str(group),
            "customers_count": len(ids),
            **cost_facts(offered, ids, least),
            **unit_facts(offered, ids, kind, str(group), least),
            **ask_facts(offered, ids, kind, str(group)),
            **_price(prices, checks, str(group)),
        }
        cards.append(_write_card(facts, ids, offered, words, settings=settings))
    told = members["group"].value_counts()
    small = told.index[told < settings["minimum_cell"]]
    return cards, checks[~checks["group"].isin(small)]


def _merge_small(groups: pd.DataFrame, kind: str, minimum: int, other: str) -> pd.DataFrame:
    """customer_id, group: groups below the minimum become one, so that nobody is told alone."""
    members = groups.dropna(subset=[kind])[["customer_id", kind]].set_axis(["customer_id", "group"], axis=1)
    size = members["group"].map(members["group"].value_counts())
    return members.assign(group=members["group"].astype("str").where(size >= minimum, other))


def _price_all(history: pd.DataFrame | None, members: pd.DataFrame, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    if history is None:
        return pd.DataFrame(), pd.DataFrame(columns=CHECKS)
    typical = typical_costs(history, members)
    return price_groups(typical, level=level), check_prices(typical, level=level)


def _price(prices: pd.DataFrame, checks: pd.DataFrame, group: str) -> dict[str, Any]:
    tried = checks[checks["group"] == group]
    held = {"price_held_count": int(tried["held"].sum()), "price_tries_count": len(tried)}
    empty = {"next_price": np.nan, "next_price_low": np.nan, "next_price_high": np.nan, "quarters_count": 0}
    return (dict(prices.loc[group]) if group in prices.index else empty) | held


def _write_card(
    facts: dict[str, Any], ids: set[str], offered: Offered, words: Mapping[str, str], *, settings: Settings
) -> dict[str, Any]:
    kind, group, minimum = facts["group_kind"], facts["group"], settings["minimum_cell"]
    if len(ids) < minimum:
        hidden = fill(words, "hidden", group=group, minimum=minimum)
        return {k: facts[k] for k in ("group_kind", "group", "customers_count")} | {"sentence": hidden}
    told = {
        "what": say_what(facts, ids, offered, words),
        "benefit": say_benefit(offered.cells, kind, group, words),
        "stop": say_stop(ids, offered, kind, group, words),
    }
    figures = say_figures(facts, words, basis=offered.basis, currency=settings["currency"])
    sentence = fill(words, "sentence", group=group, customers=facts["customers_count"], **told, **figures)
    return facts | told | {"sentence": sentence}
