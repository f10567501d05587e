"""The first page of a pack: who it is about, what they got, what it cost; three kinds of money never added up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.present.formats import MISSING, day, is_number, join, table, tell, tell_limits
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render, stylesheet
from pmo_analysis.quarter.packs import Pack

_MOST_SERVICES = 8
_CAPTIONS = {"customer": "Customer pack", "segment": "Segment pack", "category": "Category pack"}
NOTHING = "Nothing was delivered to you this quarter."


def show_title(pack: Pack) -> Html:
    """Whose pack it is, of which period, and the quarter in one sentence."""
    period = f"{pack.quarter}, {day(pack.first_on)} to {day(pack.last_on)}"
    about = [pack.group, *_group_of(pack)] if pack.kind == "customer" else [f"{len(pack.customers):,} customers"]
    return Html(render("pack_title.html.j2", style=stylesheet("parts.css") + stylesheet("pack.css"), name=pack.name,
                       kicker=f"{pack.organisation} · {_CAPTIONS[pack.kind]}", period=period, about=about,
                       headline=_tell_quarter(pack)))  # fmt: skip


def _group_of(pack: Pack) -> list[str]:
    row = pack.customers.iloc[0]
    like = f"customers like you: {pack.peers[:1].lower()}{pack.peers[1:]}" if pd.notna(row["segment"]) else ""
    return [text for text in (str(row["category"]) if pd.notna(row["category"]) else "", like) if text]


def _tell_quarter(pack: Pack) -> str:
    """The quarter in a sentence or two: deliveries, promises, and what it cost."""
    f, currency = pack.figures, pack.settings["currency"]
    if not f["delivered_count"]:
        verb = "is" if f["open_count"] == 1 else "are"
        return NOTHING + (f" {f['open_count']:.0f} of your requests {verb} still open." if f["open_count"] else "")
    count = int(f["delivered_count"])
    kept = (
        f"; we kept {f['kept_count']:,.0f} of {f['promised_count']:,.0f} promised days" if f["promised_count"] else ""
    )
    money = [
        f"you were charged {tell(f['charged_cost'], '_cost', currency)}" if is_number(f["charged_cost"]) else "",
        f"serving you cost {tell(f['cost_to_serve_cost'], '_cost', currency)}" if is_number(f["cost_to_serve_cost"]) else "",
        f"your own people gave {tell(f['own_hours'], '_hours')}" if is_number(f["own_hours"]) else "",
    ]  # fmt: skip
    told = join([m for m in money if m])
    return f"You got {count:,} {_plural(count, 'delivery')}{kept}." + (
        f" {told[:1].upper()}{told[1:]}." if told else ""
    )


def show_got(pack: Pack) -> Html:
    """What was delivered: how much, by the promised day, after how long; then service by service."""
    f = pack.figures
    measured = pack.compared.set_index("measure")
    tiles = [
        {"title": "Deliveries", "value": f"{f['delivered_count']:,.0f}", "notes": _tell_requests(pack)},
        {"title": "Promised days kept", "value": _of(f["kept_count"], f["promised_count"]),
         "notes": [_tell_range(pack, measured, "promises_kept_share", "_share", "promises")]},
        {"title": "Working days from request to delivery", "value": _value(measured, "lead_time_days"),
         "notes": [_tell_range(pack, measured, "lead_time_days", "_count", "requests", middle=True)]},
    ]  # fmt: skip
    nothing = "" if f["delivered_count"] else "No delivery ended this quarter."
    return Html(render("pack_tiles.html.j2", tiles=tiles, nothing=nothing, html=_list_services(pack)))


def _tell_requests(pack: Pack) -> list[str]:
    f = pack.figures
    told = [f"{f['asked_count']:,.0f} asked for this quarter", f"{f['open_count']:,.0f} still open at its end"]
    return [*told, f"{f['refused_count']:,.0f} refused"] if f["refused_count"] else told


def _of(count: float, whole: float) -> str:
    return f"{count:,.0f} of {whole:,.0f}" if whole else MISSING


def _value(measured: pd.DataFrame, measure: str) -> str:
    return tell(measured.loc[measure, "value"], "_count") if measure in measured.index else MISSING


def _tell_range(
    pack: Pack,
    measured: pd.DataFrame,
    measure: str,
    unit: str,
    things: str,
    *,
    middle: bool = False,
    about: str = "",
) -> str:
    """What the quarters looked at say of it, with range and n: `Last 4 quarters: 69 %, likely 50 to 83 %, n = 26`."""
    if measure not in measured.index:
        return "not measured"
    row, currency = measured.loc[measure], pack.settings["currency"]
    span = f"{_span(pack)}: " if measure != "delivery_cost" and (pack.kind == "customer" or middle) else ""
    limits = tell_limits(row["low"], row["high"], unit, currency)
    likely = f"likely {limits}" if limits != MISSING else "too few for a range"
    first = "the middle request" if middle else tell(row["value"], unit, currency)
    return f"{span}{about}{first}, {likely}, n = {row['n']:,.0f} {things}"


def _span(pack: Pack) -> str:
    """The quarters that measures of one customer look back on, or the quarter."""
    return f"last {pack.settings['look_back_quarters']} quarters" if pack.kind == "customer" else "this quarter"


def show_costs(pack: Pack) -> Html:
    """Charged, cost to serve and own hours, each for itself, then eight quarters of what serving cost."""
    f, currency = pack.figures, pack.settings["currency"]
    measured = pack.compared.set_index("measure")
    known = [name for name in ("charged_cost", "cost_to_serve_cost", "own_hours") if is_number(f[name])]
    own = tell(f["own_hours_cost"], "_cost", currency)
    tiles = [
        {"title": "Charged to you", "value": tell(f["charged_cost"], "_cost", currency), "notes": ["what you paid"]},
        {"title": "Cost to serve you", "value": tell(f["cost_to_serve_cost"], "_cost", currency),
         "notes": [_tell_basis(pack),
                   _tell_range(pack, measured, "delivery_cost", "_cost", "deliveries", about="for one delivery ")]},
        {"title": "Hours of your own people", "value": tell(f["own_hours"], "_count"),
         "notes": [f"worth {own}" if own != MISSING else "what an hour of theirs costs is not known",
                   _tell_range(pack, measured, "own_hours", "_hours", "deliveries", about="for one delivery ")]},
    ]  # fmt: skip
    nothing = "" if known else "Nothing was charged to you, and no hours were booked for you."
    return Html(render("pack_costs.html.j2", tiles=tiles, nothing=nothing, bars=_list_bars(pack), forecast=_tell_forecast(pack),
                       say=_say_history(pack)))  # fmt: skip


def _tell_basis(pack: Pack) -> str:
    words = {"hours": "our hours at what they cost us", "charged": "no hours are booked: it is what was charged",
             "standard hours": "no hours are booked: it is what the sizes stand for"}  # fmt: skip
    return words.get(pack.basis, "how it was counted is not known")


def _list_bars(pack: Pack) -> list[dict[str, Any]]:
    """A bar per quarter: its height in a box of 40, what it stands for, and how many deliveries."""
    rows, currency = pack.history, pack.settings["currency"]
    most = rows["cost_to_serve_cost"].max()
    if not (is_number(most) and most > 0):
        return []
    return [
        {"quarter": r["quarter"], "top": round(40 * (1 - r["cost_to_serve_cost"] / most), 1),
         "value": tell(r["cost_to_serve_cost"], "_cost", currency).removeprefix(f"{currency} "),
         "last": r["quarter"] == pack.quarter, "count": f"{r['engagement_count']:,.0f}"}
        for r in rows.to_dict("records")
    ]  # fmt: skip


def _say_history(pack: Pack) -> str:
    return f"What serving you cost, quarter by quarter, in {pack.settings['currency']}, and below it the number of deliveries"


def _tell_forecast(pack: Pack) -> str:
    """What next quarter will cost a customer like this one; blank where nobody knows."""
    card, currency = pack.card, pack.settings["currency"]
    if not is_number(card.get("next_price_low", np.nan)):
        return ""
    limits = tell_limits(card["next_price_low"], card["next_price_high"], "_cost", currency)
    who = "a typical customer like you" if pack.kind == "customer" else f"a typical customer of this {pack.kind}"
    tries = card.get("price_tries_count", 0)
    held = f"; such ranges held in {card['price_held_count']} of {tries} earlier quarters" if tries else ""
    return f"Next quarter expect that serving {who} costs {limits} (n = {card['n']:,.0f} customers{held})."


def _list_services(pack: Pack) -> str:
    """Service by service, dearest first, in full figures: a customer's own money is its own."""
    rows = _gather_rest(pack.services)
    shown = pd.DataFrame({
        "Service": rows["name"],
        "Deliveries": [f"{v:,.0f}" for v in rows["engagements_count"]],
        f"Charged, {pack.settings['currency']}": [_whole(v) for v in rows["charged_cost"]],
        f"Cost to serve, {pack.settings['currency']}": [_whole(v) for v in rows["cost_to_serve_cost"]],
        "Your own hours": [MISSING if pd.isna(v) else f"{v:,.1f}" for v in rows["own_hours"]],
    })  # fmt: skip
    return table(shown, caption="Service by service, dearest first", most=_MOST_SERVICES)


def _gather_rest(rows: pd.DataFrame) -> pd.DataFrame:
    """The dearest services each for itself, the others as one line, so that the lines add up to the whole."""
    if len(rows) <= _MOST_SERVICES:
        return rows
    rest = rows.iloc[_MOST_SERVICES - 1 :]
    sums = rest.drop(columns=["service_id", "name"]).sum(min_count=1).to_frame().T
    return pd.concat(
        [rows.head(_MOST_SERVICES - 1), sums.assign(name=f"{len(rest)} other services")], ignore_index=True
    )


def _whole(value: float) -> str:
    return f"{value:,.0f}" if is_number(value) else MISSING


def _plural(count: float, word: str) -> str:
    return word if count == 1 else (f"{word[:-1]}ies" if word.endswith("y") else f"{word}s")
