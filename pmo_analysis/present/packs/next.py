"""The rest of a pack's second page: what is suggested, what is asked, and how far to trust it."""

from __future__ import annotations

from typing import Any

from pmo_analysis.present.formats import MISSING, day, is_number, tell, tell_limits, tell_range
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter.packs import Pack


def show_suggested(pack: Pack) -> Html:
    """At most three services that are meant for this reader and likely to be wanted, each with the reason and its cost."""
    currency = pack.settings["currency"]
    cards = [_card(row, pack, currency) for row in pack.suggested.to_dict("records")]
    return Html(render("pack_suggested.html.j2", cards=cards))


def _card(row: dict[str, Any], pack: Pack, currency: str) -> dict[str, str]:
    if pack.kind == "customer":
        likely = f"Likely next quarter: about {_in_ten(row['probability'])}"
        why = str(row["reason"]) or "among the services meant for your category, one of those you are likeliest to want"
    else:
        limits = tell_limits(row["expected_low"], row["expected_high"], "_count")
        likely = f"About {row['expected_count']:.0f} of {row['n']:,.0f} customers will want it ({_whole(limits)})"
        why = "it is meant for them, and they, or customers like them, have asked for it before"
    price = tell_range(row["unit_cost"], row["unit_cost_low"], row["unit_cost_high"], "_cost", currency)
    known = price != MISSING
    count = (
        f", n = {row['deliveries_count']:,.0f} deliveries to all customers"
        if is_number(row["deliveries_count"])
        else ""
    )
    return {"name": str(row["name"]), "likely": likely, "why": f"{why[:1].upper()}{why[1:]}.",
            "price": f"A delivery costs us {price}{count}." if known else "What a delivery costs is not known yet."}  # fmt: skip


def _in_ten(chance: float) -> str:
    """A chance as people say it; never certain, never none."""
    return f"{min(max(round(10 * chance), 1), 9)} in 10"


def _whole(limits: str) -> str:
    low, _, high = limits.partition(" to ")
    try:
        return f"{float(low):.0f} to {float(high):.0f}"
    except ValueError:
        return limits


def show_asked(pack: Pack) -> Html:
    """What the PMO asks in return, one line each, the survey last."""
    lines = [_SAY[row["ask"]](row, pack) for row in pack.asked.to_dict("records")]
    return Html(render("pack_asked.html.j2", lines=[*lines, _SURVEY]))


_SURVEY = (
    "Tell us how it was.",
    "Answer when we ask. Nobody's answers are ever shown alone: only those of groups, as above.",
)


def _say_hours(row: dict[str, Any], _: Pack) -> tuple[str, str]:
    return "Keep your people's time free.", f"One delivery takes them {_estimate(row, '_hours')}."


def _say_contacts(row: dict[str, Any], _: Pack) -> tuple[str, str]:
    return "Be within reach.", f"We contact you {_estimate(row, '_count')} times for one delivery."


def _estimate(row: dict[str, Any], unit: str) -> str:
    limits = tell_limits(row["low"], row["high"], unit)
    likely = f"likely {limits}" if limits != MISSING else "too few for a range"
    return f"about {tell(row['value'], unit)} ({likely}, n = {row['n']:,.0f})"


def _say_unmeasured(row: dict[str, Any], pack: Pack) -> tuple[str, str]:
    money = tell(row["value"], "_benefit", pack.settings["currency"])
    what = f"{_some(row['n'], 'benefit')} due so far, {money} as planned"
    largest = f"the largest: {row['detail']}, due {day(row['detail_on'])}"
    return "Measure what came of it.", f"Nobody has measured {what}; {largest}."


def _say_unconfirmed(row: dict[str, Any], pack: Pack) -> tuple[str, str]:
    what = f"{_some(row['n'], 'measured benefit')}, {tell(row['value'], '_benefit', pack.settings['currency'])} in all"
    return (
        "Confirm it, or correct it.",
        f"Your word is missing on {what}, first {row['detail']}; we claim only what you confirm.",
    )


def _say_needs(row: dict[str, Any], _: Pack) -> tuple[str, str]:
    last = day(row["detail_on"])
    never = "You have never told us, so we guess from what you ask for."
    return "Say what you need.", f"We last heard on {last}." if last != MISSING else never


def _say_late(row: dict[str, Any], _: Pack) -> tuple[str, str]:
    when = "after the stage at which the service still helps"
    return "Ask sooner.", f"Of your requests {row['n']:,.0f} came {when}, mostly for {row['detail']}."


def _say_elsewhere(row: dict[str, Any], _: Pack) -> tuple[str, str]:
    where = "a service that is meant for others"
    return "Ask us which service fits.", f"Of your requests {row['n']:,.0f} went to {where}, mostly {row['detail']}."


def _say_open(row: dict[str, Any], _: Pack) -> tuple[str, str]:
    oldest = f"the oldest of {day(row['detail_on'])}"
    return "Withdraw what you no longer need.", f"Still open: {_some(row['n'], 'request')}, {oldest}."


def _some(n: float, thing: str) -> str:
    return f"1 {thing}" if n == 1 else f"{n:,.0f} {thing}s"


_SAY = {
    "own_hours": _say_hours, "touchpoint_count": _say_contacts, "unmeasured": _say_unmeasured,
    "unconfirmed": _say_unconfirmed, "needs": _say_needs, "too late": _say_late, "off target": _say_elsewhere,
    "open": _say_open,
}  # fmt: skip


def show_limits(pack: Pack) -> Html:
    """How to read the figures and what they cannot tell."""
    level = tell(pack.settings["interval_level"], "_share")
    lines = [
        f"“Likely” ranges hold what is true {level} of the time; n is what was counted. "
        "Money and hours of the quarter are exact.",
        "Charged, cost to serve and your own hours are told apart and never added up. A dash means not known.",
        "Customers ask for different things: a difference may come of that. It is called clear only where its range leaves "
        "out nought and it still stands when all comparisons of this pack are counted.",
        f"We never compare with fewer than {pack.settings['minimum_cell']} others, and tell answers only as the PMO's "
        "report does.",
    ]
    return Html(render("pack_limits.html.j2", lines=lines))
