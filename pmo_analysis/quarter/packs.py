"""A pack: what one customer, segment or category got, what it cost, how it compares, what is suggested and asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pmo_analysis.analysis.packs import compare_with_others, list_asks, suggest_services
from pmo_analysis.analysis.targets.misplaced import find_misplaced
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.told import holds_told, read_told
from pmo_analysis.quarter.pack_tables import KINDS, PackTables, gather_pack_tables
from pmo_analysis.quarter.run import open_quarter

_SUMS = ["engagements_count", "charged_cost", "cost_to_serve_cost", "own_hours", "own_hours_cost"]
_ALL = "all services"


@dataclass(frozen=True, eq=False)
class Pack:
    """What one customer, segment or category is told of a quarter.

    kind: customer, segment or category; name: what people call it; customers: customer_id, name, category, segment of
    those it is about; peers: with whom it compares, in words; others_count: how many these are.
    figures: of the quarter, by name: asked_count, delivered_count, open_count, promised_count, kept_count and the sums
        charged_cost, cost_to_serve_cost, own_hours, own_hours_cost (missing = not known; never added up)
    services: service_id, name, engagements_count, charged_cost, cost_to_serve_cost, own_hours, own_hours_cost
    history: quarter, engagement_count, cost_to_serve_cost, oldest first
    compared: of `compare_with_others`; voice: answers as the report tells them: measure, title, unit, value, low,
        high, n, group_kind, group, note; suggested: of `suggest_services`; asked: of `list_asks`
    """

    kind: str
    group: str
    name: str
    organisation: str
    quarter: str
    first_on: pd.Timestamp
    last_on: pd.Timestamp
    basis: str
    settings: Settings
    customers: pd.DataFrame
    peers: str
    others_count: int
    figures: Mapping[str, float]
    services: pd.DataFrame
    history: pd.DataFrame
    compared: pd.DataFrame
    voice: pd.DataFrame
    card: Mapping[str, Any]
    suggested: pd.DataFrame
    asked: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.services)


def open_pack(
    source: str,
    quarter: str = "",
    by: str = "customer",
    group: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Pack:
    """One pack, as notebooks open it.

    `source`: whatever `pmo.load` reads, or a folder of pack tables; `by`: customer, segment or category; `group`: a
    customer's id or name, a segment's or category's name; blank = the first. InputError names the nearest.
    """
    key = _key(source, quarter, settings)
    if key not in _OFFERED and holds_told(source):
        return make_pack(read_told(source), by, group)
    tables = _OFFERED.get(key) or gather_pack_tables(open_quarter(source, quarter, settings))
    return make_pack(tables, by, group)


_OFFERED: dict[tuple[str, str, str], PackTables] = {}


def offer_tables(source: str, quarter: str, settings: Mapping[str, Any], tables: PackTables) -> None:
    """Keep the tables of a source and quarter in this process, so that its packs need not compute them."""
    _OFFERED[_key(source, quarter, settings)] = tables


def _key(source: str, quarter: str, settings: Mapping[str, Any] | None) -> tuple[str, str, str]:
    return source, quarter, json.dumps(dict(settings or {}), sort_keys=True)


def list_packs(tables: PackTables, by: str) -> pd.DataFrame:
    """Who gets a pack: group (an id or a name), name, customers_count."""
    if by not in KINDS:
        raise InputError(f"There are no packs by {by!r}. {nearest(by, KINDS)}")
    groups = tables["groups"]
    if by == "customer":
        rows = groups[["customer_id", "name"]].set_axis(["group", "name"], axis=1).assign(customers_count=1)
        return rows.sort_values("group", ignore_index=True)
    counts = groups.groupby(by)["customer_id"].nunique().rename("customers_count").rename_axis("group").reset_index()
    return counts.assign(name=[_call(tables, by, g) for g in counts["group"]])[["group", "name", "customers_count"]]


def require_group(tables: PackTables, by: str, group: str) -> str:
    """The group meant by an id or a name; blank = the first. InputError with the nearest where there is none."""
    known = list_packs(tables, by)
    if known.empty:
        raise InputError(f"There is no {by} to make a pack for.")
    if not group:
        return str(known["group"].iloc[0])
    named = known.loc[known["name"] == group, "group"]
    if group in set(known["group"]):
        return group
    if len(named) != 1:
        raise InputError(f"There is no {by} {group!r}. {_suggest(group, known)}")
    return str(named.iloc[0])


def _suggest(group: str, known: pd.DataFrame) -> str:
    """The nearest id or name, with the other beside it."""
    by_name = dict(zip(known["name"].astype("str"), known["group"].astype("str"), strict=True))
    told = nearest(group, [*known["group"], *by_name])
    return next((f"Did you mean {by_name[n]!r} ({n})?" for n in by_name if told == f"Did you mean {n!r}?"), told)


def make_pack(tables: PackTables, by: str, group: str = "") -> Pack:
    """Pick and compare what the tables hold of one customer, segment or category."""
    group = require_group(tables, by, group)
    about = tables["about"].iloc[0]
    settings = Settings(json.loads(about["settings"]))
    key = "customer_id" if by == "customer" else by
    groups = tables["groups"]
    customers = groups[groups[key] == group]
    own = set(customers["customer_id"])
    peers, others = _choose_peers(tables, by, customers)
    rows = tables["compared"]
    # A customer has few rows a quarter, so it is compared over the look-back, as the report tells it.
    rows = rows if by == "customer" else rows[rows["quarter"] == about["quarter"]]
    compared = compare_with_others(rows, own, others, settings, quarter=about["quarter"])
    requests = _of(tables["requests"], own)
    figures = _count_requests(requests) | _sum_costs(_of(tables["showback"], own))
    name = _call(tables, by, group)
    return Pack(
        kind=by, group=group, name=name, organisation=about["organisation"], quarter=about["quarter"],
        first_on=about["first_on"], last_on=about["last_on"], basis=about["basis"], settings=settings,
        customers=customers, peers=peers, others_count=len(others), figures=figures,
        services=_list_services(_of(tables["showback"], own), tables["services"]),
        history=_add_up_history(tables["history"], own),
        compared=compared, voice=_pick_voice(tables["voice"], customers), card=_pick_card(tables["cards"], by, customers),
        suggested=suggest_services(_of(tables["likely"], own), tables["services"], tables["prices"], customers),
        asked=_ask(tables, own, compared, requests), sentence=_tell(name, about["quarter"], figures),
    )  # fmt: skip


def _of(rows: pd.DataFrame, own: set[str]) -> pd.DataFrame:
    return rows[rows["customer_id"].isin(own)]


def _call(tables: PackTables, by: str, group: str) -> str:
    """What a group is called, with a capital."""
    if by == "customer":
        groups = tables["groups"]
        return str(groups.loc[groups["customer_id"] == group, "name"].iloc[0])
    names = tables["segment_names"].set_index("segment")["name"]
    name = str(names.get(group, group)) if by == "segment" else group
    return name[:1].upper() + name[1:]


def _choose_peers(tables: PackTables, by: str, customers: pd.DataFrame) -> tuple[str, set[str]]:
    """The others of a customer's segment (of its category where it is in none); of a group, all other customers."""
    groups, own = tables["groups"], set(customers["customer_id"])
    if by != "customer":
        return "all other customers", set(groups["customer_id"]) - own
    for kind in ("segment", "category"):
        group = customers[kind].iloc[0]
        if pd.notna(group):
            return _call(tables, kind, group), set(groups.loc[groups[kind] == group, "customer_id"]) - own
    return "all other customers", set(groups["customer_id"]) - own


def _count_requests(requests: pd.DataFrame) -> dict[str, float]:
    """How many were asked for, delivered, open; how many promised for the quarter, and how many of those kept."""
    going = ~requests["state"].isin(["cancelled", "refused"])
    due = requests[requests["promised_here"] & going]
    known = due[~((due["state"] == "delivered") & due["delivered_on"].isna())]
    return {
        "asked_count": int((requests["asked_here"] & going).sum()),
        "delivered_count": int((requests["delivered_here"] & (requests["state"] == "delivered")).sum()),
        "open_count": int((requests["state"] == "open").sum()),
        "refused_count": int((requests["asked_here"] & (requests["state"] == "refused")).sum()),
        "promised_count": len(known),
        "kept_count": int((known["delivered_on"] <= known["promised_on"]).sum()),
    }


def _sum_costs(showback: pd.DataFrame) -> dict[str, float]:
    whole = showback[showback["service_id"] == _ALL]
    return {name: float(whole[name].sum(min_count=1)) for name in _SUMS[1:]}


def _list_services(showback: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    rows = showback[showback["service_id"] != _ALL]
    sums = rows.groupby("service_id", dropna=False)[_SUMS].sum(min_count=1).reset_index()
    names = services.set_index("service_id")["name"]
    told = sums.assign(name=sums["service_id"].map(names).astype("str").fillna("On no service that is known"))
    order = ["cost_to_serve_cost", "charged_cost", "service_id"]
    return told.sort_values(order, ascending=[False, False, True], ignore_index=True)[["service_id", "name", *_SUMS]]


def _add_up_history(history: pd.DataFrame, own: set[str]) -> pd.DataFrame:
    """Every quarter that the tables know, with nought where these customers had nothing."""
    sums = _of(history, own).groupby("quarter")[["engagement_count", "cost_to_serve_cost"]].sum(min_count=1)
    quarters = sorted(history["quarter"].unique())
    return sums.reindex(quarters).fillna(0.0).rename_axis("quarter").reset_index()


def _pick_voice(voice: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Answers as told of the segment and of the category that all these customers are in, and of the whole."""
    wanted = {("all", "all")}
    wanted |= {(kind, customers[kind].iloc[0]) for kind in ("segment", "category") if customers[kind].nunique() == 1}
    pairs = pd.MultiIndex.from_frame(voice[["group_kind", "group"]])
    return voice[pairs.isin(list(wanted))].reset_index(drop=True)


def _pick_card(cards: pd.DataFrame, by: str, customers: pd.DataFrame) -> dict[str, Any]:
    """The proposition's card of the group, of a customer that of its segment; empty where there is none."""
    kind = "segment" if by == "customer" else by
    rows = cards[(cards["group_kind"] == kind) & (cards["group"] == customers[kind].iloc[0])]
    return dict(rows.iloc[0]) if len(rows) else {}


def _ask(tables: PackTables, own: set[str], compared: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
    asked = requests[requests["asked_here"]]
    misplaced = find_misplaced(asked, tables["services"], tables["groups"])
    names = tables["services"].set_index("service_id")["name"]
    today = tables["about"]["last_on"].iloc[0]
    told = list_asks(
        compared, _of(tables["benefits"], own), _of(tables["needs"], own), misplaced,
        requests[requests["state"] == "open"], today=today,
    )  # fmt: skip
    return told.assign(detail=told["detail"].map(lambda d: names.get(d, d)))


def _tell(name: str, quarter: str, figures: Mapping[str, float]) -> str:
    count = int(figures["delivered_count"])
    if not count:
        return f"{name}, {quarter}: nothing was delivered."
    kept = (
        f", {figures['kept_count']:.0f} of {figures['promised_count']:.0f} promises kept"
        if figures["promised_count"]
        else ""
    )
    return f"{name}, {quarter}: {count:,} {'delivery' if count == 1 else 'deliveries'}{kept}."
