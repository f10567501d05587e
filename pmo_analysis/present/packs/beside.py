"""How a pack's customers compare with others, and what customers like them say; never fewer than five others."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pmo_analysis.present.formats import MISSING, is_number, tell, tell_limits
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter.packs import Pack

_TOLD = {
    "lead_time_days": ("Working days from request to delivery, the middle one", "_count", "requests"),
    "promises_kept_share": ("Delivered by the promised day", "_share", "promises"),
    "first_time_right_share": ("Right the first time", "_share", "deliveries"),
    "touchpoint_count": ("Contacts with you for one delivery", "_count", "deliveries"),
    "own_hours": ("Hours of your own people for one delivery", "_hours", "deliveries"),
    "delivery_cost": ("Our work on one delivery, in money (this quarter)", "_cost", "deliveries"),
}
_VOICE_UNITS = {"points": "points", "level": ""}


def show_compared(pack: Pack) -> Html:
    """A line per measure: yours and the others' with range and n, and whether they clearly differ."""
    rows = [_line(row, pack) for row in pack.compared.to_dict("records")]
    return Html(render("pack_compared.html.j2", rows=rows, heading=_tell_peers(pack), voice=_list_voice(pack),
                       crowd=_crowd(pack), kind=pack.kind))  # fmt: skip


def _tell_peers(pack: Pack) -> str:
    """With whom, over which time; or why there is no comparison."""
    least = pack.settings["minimum_cell"]
    if pack.others_count < least:
        return (f"{pack.peers}: only {pack.others_count} others. We compare with at least {least}, so that nobody's "
                "figures can be guessed; yours stand alone.")  # fmt: skip
    over = (
        f"over the last {pack.settings['look_back_quarters']} quarters" if pack.kind == "customer" else "this quarter"
    )
    clear = int(pack.compared["direction"].isin(["better", "worse"]).sum())
    found = f"{clear} of {len(pack.compared)} differ clearly." if len(pack.compared) else "There is nothing to compare."
    return f"You beside the {pack.others_count} others of “{pack.peers}”, {over}. {found}" if pack.kind == "customer" else (
        f"You beside {pack.peers} ({pack.others_count}), {over}. {found}")  # fmt: skip


def _line(row: dict[str, Any], pack: Pack) -> dict[str, Any]:
    title, unit, things = _TOLD[row["measure"]]
    currency = pack.settings["currency"]
    own = {name: row[name] for name in ("value", "low", "high")}
    others = {name: row[f"others_{name}"] for name in ("value", "low", "high")}
    beside = f"{_note(others, row['others_n'], unit, currency, things)}, {row['others_count']:,.0f} customers"
    return {
        "title": title,
        "own": tell(own["value"], unit, currency), "own_note": _note(own, row["n"], unit, currency, things),
        "others": tell(others["value"], unit, currency) if not row["untold"] else "not told",
        "others_note": row["untold"] or beside,
        "bars": _place(own, others, whole=unit == "_share"),
        **_verdict(row),
    }  # fmt: skip


def _note(side: dict[str, float], n: float, unit: str, currency: str, things: str) -> str:
    limits = tell_limits(side["low"], side["high"], unit, currency)
    first = "too few for a range" if limits == MISSING else limits
    return f"{first}, n = {n:,.0f} {things if n != 1 else things.removesuffix('s').replace('deliverie', 'delivery')}"


def _verdict(row: dict[str, Any]) -> dict[str, str]:
    """In words which way, in colour whether that is good; without a mark unless it is clear."""
    if row["direction"] in ("better", "worse"):
        more = row["value"] > row["others_value"]
        return {"verdict": "clearly more" if more else "clearly less", "direction": row["direction"]}
    return {
        "verdict": "no clear difference" if row["direction"] == "no clear change" else "cannot be compared",
        "direction": "calm",
    }


def _place(own: dict[str, float], others: dict[str, float], *, whole: bool) -> list[dict[str, Any]]:
    """Both ranges on a line of 100, from nought; one that reaches far beyond both figures is cut at the edge."""
    values = [s["value"] for s in (own, others) if is_number(s["value"])]
    ends = [s["high"] for s in (own, others) if is_number(s["high"])]
    top = 1.0 if whole else min(max([*values, *ends], default=1.0), 2.5 * max(values, default=1.0)) or 1.0
    bars = []
    for side, name, y in ((own, "own", 4), (others, "others", 10)):
        if is_number(side["value"]):
            at = [
                min(round(96 * side[k] / top + 2, 1), 98.0) if is_number(side[k]) else None
                for k in ("low", "value", "high")
            ]
            bars.append({"name": name, "y": y, "low": at[0], "at": at[1], "high": at[2]})
    return bars


def _crowd(pack: Pack) -> str:
    """Of whom the answers are that can be told."""
    return pack.peers if pack.kind == "customer" else pack.name


def _voice_kind(pack: Pack) -> str:
    """The kind of group whose answers are told: a customer's segment, or its category where it is in none."""
    if pack.kind != "customer":
        return pack.kind
    return "segment" if pd.notna(pack.customers["segment"].iloc[0]) else "category"


def _list_voice(pack: Pack) -> list[dict[str, str]]:
    """Answers as the report tells them: of the group, and of all; a group whose answers are told with others says so."""
    kind, rows = _voice_kind(pack), pack.voice
    told = []
    for measure, cells in rows.groupby("measure", sort=False):
        every, mine = cells[cells["group_kind"] == "all"], cells[cells["group_kind"] == kind]
        if len(every):
            told.append(
                {
                    "title": str(every["title"].iloc[0]),
                    "measure": str(measure),
                    "group": _answer(mine),
                    "all": _answer(every),
                }
            )
    return told


def _answer(cells: pd.DataFrame) -> str:
    if cells.empty:
        return "no answers"
    row = cells.iloc[0]
    if not is_number(row["value"]):
        return str(row["note"]).split(":")[0] or "not told"
    unit = _VOICE_UNITS.get(str(row["unit"]), "")
    value, limits = (
        text.removesuffix(" points") for text in (tell(row["value"], unit), tell_limits(row["low"], row["high"], unit))
    )
    return f"{value} ({limits if limits != MISSING else 'too few for a range'}, n = {row['n']:,.0f})"
