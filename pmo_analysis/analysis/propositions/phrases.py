"""The parts of a card's sentence: each figure in words, or said to be unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.propositions.facts import BENEFITS, Offered, delivered_to, find_stop, group_cells
from pmo_analysis.analysis.propositions.words import fill, money, number, percent

TOO_WIDE = 10.0  # a price range that spans more than this factor is no help in planning


def say_what(facts: Mapping[str, Any], ids: set[str], offered: Offered, words: Mapping[str, str]) -> str:
    """How many deliveries, and mostly of which services."""
    rows = offered.engagements
    worked = rows.loc[rows["customer_id"].isin(ids), "service_id"]
    services = worked if len(worked) else delivered_to(offered, ids)["service_id"]
    top = services.map(offered.names).value_counts(sort=False)
    names = top.sort_index().sort_values(ascending=False, kind="stable").index[:3].tolist()
    known = {(True, True): "what", (True, False): "what_unnamed", (False, True): "what_undelivered"}
    name = known.get((facts["deliveries"] > 0, bool(names)), "what_unknown")
    return fill(words, name, count=f"{facts['deliveries']:,}", services=", ".join(names))


def say_benefit(cells: pd.DataFrame | None, kind: str, group: str, words: Mapping[str, str]) -> str:
    """The share realised of what was due and measured, how much was measured at all, and what customers confirmed."""
    known = group_cells(cells, kind, group, BENEFITS)
    if "benefit_realised_share" not in known:
        return words["benefit_unknown"]
    cell = known["benefit_realised_share"]
    limits = {end: percent(cell[end]) for end in ("low", "high")}
    name = "benefit" if np.isfinite(cell["low"]) else "benefit_few"
    told = fill(words, name, realised=percent(cell["value"]), n=int(cell["n"]), **limits)
    for part in ("measured", "confirmed"):
        if f"benefit_{part}_share" in known:
            told += fill(words, f"benefit_{part}", **{part: percent(known[f"benefit_{part}_share"]["value"])})
    return told


def say_stop(ids: set[str], offered: Offered, kind: str, group: str, words: Mapping[str, str]) -> str:
    """One thing to stop, that nothing stands out, or that without hours nobody knows."""
    if not offered.engagements["process_hours"].notna().any():
        return words["stop_unknown"]
    found = find_stop(offered, ids, kind, group)
    if found is None:
        return words["stop_none"]
    template, service, hours = found
    return fill(words, template, service=offered.names.get(service, service), hours=number(hours))


def say_figures(facts: Mapping[str, Any], words: Mapping[str, str], *, basis: str, currency: str) -> dict[str, str]:
    """cost, unit, together, own, price and asks in words."""
    return {
        "cost": _cost(facts, words, basis, currency),
        "unit": _unit(facts, words, basis, currency),
        "together": _together(facts, words, basis, currency),
        "own": fill(words, "own", hours=number(facts["own_hours"]))
        if _known(facts, "own_hours")
        else words["own_unknown"],
        "price": _price(facts, words, currency),
        "asks": _asks(facts, words),
    }


def _known(facts: Mapping[str, Any], *names: str) -> bool:
    return all(np.isfinite(facts[n]) for n in names)


def _spread(facts: Mapping[str, Any], stem: str, currency: str) -> dict[str, str]:
    return {k: money(facts[f"{stem}_{k}"], currency) for k in ("median", "p10", "p90")}


def _cost(facts: Mapping[str, Any], words: Mapping[str, str], basis: str, currency: str) -> str:
    if not _known(facts, "cost_median"):
        return words["cost_unknown"]
    name = {"charged": "cost_charged", "standard hours": "cost_standard"}.get(basis, "cost")
    name += "" if _known(facts, "cost_p10") else "_few"
    return fill(words, name, **_spread(facts, "cost", currency))


def _unit(facts: Mapping[str, Any], words: Mapping[str, str], basis: str, currency: str) -> str:
    if _known(facts, "unit_median"):
        name = "unit_charged" if basis == "charged" else "unit"
        name += "" if _known(facts, "unit_p10") else "_few"
        return fill(words, name, **_spread(facts, "unit", currency))
    mean = facts["unit_cost"]
    return fill(words, "unit_mean", mean=money(mean, currency)) if np.isfinite(mean) else words["unit_unknown"]


def _together(facts: Mapping[str, Any], words: Mapping[str, str], basis: str, currency: str) -> str:
    total, charged = (_known(facts, f"{k}_cost") for k in ("cost_to_serve", "charged"))
    if charged and (basis == "charged" or not total):
        name = "together_charged"
    else:
        name = "together" if total and charged else "together_uncharged" if total else "together_unknown"
    return fill(words, name, total=money(facts["cost_to_serve_cost"], currency),
                charged=money(facts["charged_cost"], currency))  # fmt: skip


def _price(facts: Mapping[str, Any], words: Mapping[str, str], currency: str) -> str:
    if not _known(facts, "next_price_low"):
        return fill(words, "price_unknown", n=int(facts["quarters_count"]))
    tries = int(facts["price_tries_count"])
    held = fill(words, "price_held" if tries else "price_untried", held=int(facts["price_held_count"]), tries=tries)
    low, high = facts["next_price_low"], facts["next_price_high"]
    name = "price_wide" if high > TOO_WIDE * low else "price"
    return fill(words, name, low=money(low, currency), high=money(high, currency), held=held)


def _asks(facts: Mapping[str, Any], words: Mapping[str, str]) -> str:
    if not _known(facts, "waiting_days"):
        return words["asks_unknown"]
    if not _known(facts, "touchpoints"):
        return fill(words, "asks_days", days=number(facts["waiting_days"]))
    name = "asks_one" if facts["waiting_days"] == 1 else "asks"
    return fill(words, name, touchpoints=number(facts["touchpoints"]), days=number(facts["waiting_days"]))
