"""What makes an engagement harder, in hours and in words; what each size of each service cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from pmo_analysis.present.formats import MISSING, table, tell, tell_limits, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.quarter import Quarter

_USED, _INTAKE, _BASE = "used", "intake", "base"
_WORDS = {"complexity 4 or more": "complexity 4 or 5", "reworked": "being done again"}
_SIZE = "size step "


def tell_harder(quarter: Quarter) -> str:
    """What makes deliveries longer in most services, with the service in which it adds most hours."""
    rows, names = quarter.cost.time_equations, names_of(quarter)
    rows = rows[(rows["known_at"] == _INTAKE) & (rows["term"] != _BASE) & ~rows["term"].str.startswith(_SIZE)]
    shown = rows[rows["verdict"] == _USED]
    if shown.empty:
        return ""
    judged, clear = (part.groupby("term").size() for part in (rows[rows["verdict"] != "too few"], shown))
    said = []
    for term in clear.sort_values(ascending=False, kind="stable").index[:2]:
        most = shown[shown["term"] == term].sort_values("hours").iloc[-1]
        more = f"{tell(most['hours'])} hours more ({tell_limits(most['low'], most['high'])})"
        where = f"in {clear[term]} of {judged[term]} services, most in {names.service(most['service_id'])}: {more}"
        said.append(f"{_WORDS.get(term, term)}, {where}")
    return f"What makes a delivery take longer: {'; '.join(said)}."


def list_equations(quarter: Quarter, most: int = 8) -> str:
    """Per service, dearest first: hours of the plain smallest delivery, and what is added to them by what."""
    rows, names = quarter.cost.time_equations, names_of(quarter)
    costs = quarter.cost_by["service"].table.set_index("service_id")["cost_to_serve_cost"]
    base = rows[(rows["term"] == _BASE) & (rows["known_at"] == _INTAKE)]
    base = base.assign(cost=base["service_id"].map(costs)).sort_values(["cost", "service_id"], ascending=[False, True])
    clear = rows[(rows["term"] != _BASE) & (rows["verdict"] == _USED)]
    harder, larger, after = (_say(part, quarter) for part in _part(clear))
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in base["service_id"]],
        "Plain and small, hours": told_ranges(base, ("hours", "low", "high"), unit="ratio"),
        "What makes it harder adds": [harder.get(s, MISSING) for s in base["service_id"]],
        "A larger size adds": [larger.get(s, MISSING) for s in base["service_id"]],
        "Seen only afterwards": [after.get(s, MISSING) for s in base["service_id"]],
        "Of the spread explained": told(base, "r2", "_share"),
        "Deliveries": told(base, "n"),
    })  # fmt: skip
    return table(
        shown, caption="Hours of a delivery, and how many more for what makes it harder; dearest services first", most=8
    )


def _part(clear: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What makes a delivery harder, what a larger size adds, both known at intake; and what is seen only afterwards."""
    at_intake, step = clear["known_at"] == _INTAKE, clear["term"].str.startswith(_SIZE)
    return clear[at_intake & ~step], clear[at_intake & step], clear[(clear["known_at"] == "afterwards") & ~step]


def _say(clear: pd.DataFrame, quarter: Quarter) -> dict[str, str]:
    """Per service `complexity 4 or 5 +1.6 (0.9 to 2.4)`, terms in their order."""
    sizes = _name_sizes(quarter)
    said: dict[str, list[str]] = {}
    for row in clear.to_dict("records"):
        said.setdefault(str(row["service_id"]), []).append(f"{_name(row, sizes)} {_add(row)}")
    return {service: "; ".join(terms) for service, terms in said.items()}


def _add(row: Mapping[Hashable, Any]) -> str:
    return f"+{tell(row['hours'])} ({tell_limits(row['low'], row['high'])})"


def _name(row: Mapping[Hashable, Any], sizes: Mapping[str, list[str]]) -> str:
    """A term in words; a step up in size by the size that begins there."""
    term = str(row["term"])
    known, step = sizes.get(str(row["service_id"]), []), term.removeprefix(_SIZE)
    if step == term or int(step) >= len(known):
        return _WORDS.get(term, term)
    return f"{known[int(step)]}" + (" and larger" if int(step) + 1 < len(known) else "")


def _name_sizes(quarter: Quarter) -> dict[str, list[str]]:
    """The sizes of each service from the smallest on."""
    rows = quarter.data.frame("offerings", ["service_id", "size", "standard_hours"]).dropna()
    rows = rows.groupby(["service_id", "size"])["standard_hours"].median().reset_index()
    rows = rows.sort_values(["service_id", "standard_hours", "size"])
    return {str(service): part["size"].astype("str").tolist() for service, part in rows.groupby("service_id")}


def list_sizes(quarter: Quarter) -> str:
    """What each size of each service cost in the quarter, dearest first."""
    rows, names, currency = quarter.cost_by["service"].by_size, names_of(quarter), quarter.settings["currency"]
    rows = rows[rows["cost_to_serve_cost"].notna() & rows["size"].notna()]
    rows = rows.sort_values(["cost_to_serve_cost", "service_id", "size"], ascending=[False, True, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Size": rows["size"].tolist(),
        "Deliveries": told(rows, "engagements_count"),
        "Hours": told(rows, "worked_hours", "_count"),
        "Cost to serve": told(rows, "cost_to_serve_cost", currency=currency),
        "Per delivery": told_ranges(rows, ("unit_cost", "unit_cost_low", "unit_cost_high"), currency=currency),
    })  # fmt: skip
    return table(shown, caption="Cost by service and size, dearest first", most=10)
