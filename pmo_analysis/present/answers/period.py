"""The year so far, or the whole year, before page 1: its figures, and that the answers after it are of the quarter."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.formats import MISSING, is_number, table, tell, tell_change, tell_range
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter


def show_period(quarter: Quarter) -> Html | None:
    """The figures over the quarters of the year; nothing in a report of the quarter alone."""
    period = quarter.period
    if period is None:
        return None
    whole = period.table[period.table["group_kind"] == "all"]
    groups = period.table[
        (period.table["group_kind"] == "category") & period.table["direction"].isin(["better", "worse"])
    ]
    currency = quarter.settings["currency"]
    tables = [
        _list(whole, currency, f"{period.name}, all customers"),
        _list(groups.assign(title=groups["title"] + ", " + groups["group"]), currency, "Changed clearly, by category"),
    ]
    rest = f"Everything after this is of the quarter {quarter.quarter}: page 1, the decisions and answers 1 to 13."
    return Html(
        render("period.html.j2", name=period.name, sentence=period.sentence, rest=rest, tables=[t for t in tables if t])
    )


def _list(rows: pd.DataFrame, currency: str, caption: str) -> str:
    records = rows.to_dict("records")
    shown = pd.DataFrame({
        "Figure": [str(r["title"]) for r in records],
        "Over these quarters": [tell_range(r["value"], r["low"], r["high"], _unit(r), currency) if is_number(r["low"])
                                else tell(r["value"], _unit(r), currency) for r in records],
        "n": [tell(r["n"], "_count") for r in records],
        "Against the year before": [_change(r, currency) for r in records],
    })  # fmt: skip
    return table(shown, caption=caption, most=len(shown))


def _unit(row: dict[str, object]) -> str:
    return "_cost" if row["unit"] == "money" else str(row["unit"])


def _change(row: dict[str, object], currency: str) -> str:
    if not (is_number(row["change_low"]) and is_number(row["change_high"])):
        return MISSING
    return f"{row['direction']}: {tell_change(row['change_low'], row['change_high'], _unit(row), currency)}"
