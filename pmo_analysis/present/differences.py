"""Figures of two reports in words: before, after, the change with its interval, and why."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.measures import MEASURES
from pmo_analysis.contract.units import unit_of
from pmo_analysis.present.formats import is_number, tell, tell_change

_TITLES = {m.name: (m.title, m.unit) for m in MEASURES}
_PLAIN = {
    "unit_cost": "Cost to serve per delivery",
    "cost_to_serve_cost": "Cost to serve",
    "charged_cost": "Charged to customers",
    "unused_cost": "Cost of unused capacity",
    "next_price": "Price expected next quarter",
}


def tell_rows(rows: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """The rows of a comparison for people: Figure, Group, Before, After, Change, Why."""
    records = rows.to_dict("records")
    units = [unit_in_words(str(r["figure"])) for r in records]
    return pd.DataFrame({
        "Figure": [_title(str(r["figure"])) for r in records],
        "Group": ["all" if r["group_kind"] == "all" else str(r["group"]) for r in records],
        "Before": [tell(r["before"], u, currency) for r, u in zip(records, units, strict=True)],
        "After": [tell(r["after"], u, currency) for r, u in zip(records, units, strict=True)],
        "Change": [_change(r, u, currency) for r, u in zip(records, units, strict=True)],
        "Why": [_why(r, u, currency) for r, u in zip(records, units, strict=True)],
    })  # fmt: skip


def unit_in_words(figure: str) -> str:
    """The unit of a figure: of its measure, else its suffix."""
    if figure in _TITLES:
        unit = _TITLES[figure][1]
        return "_cost" if unit == "money" else unit
    found = unit_of(figure)
    return (
        found.suffix
        if found
        else {"next_price": "_cost", "unit_cost": "_cost", "value_score": "_score"}.get(figure, "")
    )


def _title(figure: str) -> str:
    if figure in _TITLES:
        return _TITLES[figure][0]
    return _PLAIN.get(figure, figure.removesuffix("_cost").replace("_", " ").capitalize())


def _change(row: dict[str, object], unit: str, currency: str) -> str:
    if row["state"] != "changed":
        return str(row["state"])
    if is_number(row["low"]) and is_number(row["high"]):
        clear = row["low"] > 0 or row["high"] < 0  # type: ignore[operator]
        return ("" if clear else "not clear: ") + tell_change(row["low"], row["high"], unit, currency)
    points = unit in ("share", "_share")
    told = tell(100 * row["change"] if points else row["change"], "points" if points else unit, currency)  # type: ignore[operator]
    return (told if told.startswith("−") else f"+{told}") + (" points" if points else "")


def _why(row: dict[str, object], unit: str, currency: str) -> str:
    known = tell(row["known_now"], unit, currency)
    moved = f"; of then {known} is known now" if known != tell(row["before"], unit, currency) else ""
    return str(row["reason"]).replace("; data of then", moved)
