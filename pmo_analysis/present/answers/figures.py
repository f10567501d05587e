"""Measures of the whole PMO, each with its range, n and change, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from pmo_analysis.present.formats import MISSING, join, table, tell, tell_change, tell_range
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_TURNS = {"last quarter": "since last quarter", "last year": "since the same quarter of last year"}


def read_figures(quarter: Quarter, measures: Sequence[str], kind: str = "all") -> pd.DataFrame:
    """The wanted measures in their order: measure, title, unit, better, value, low, high, n, measured_share, missing.

    A measure that the tables cannot give has no value, and `missing` says why.
    """
    rows = _every_figure(quarter, kind).reindex(list(measures))
    return rows[rows["title"].notna()].rename_axis("measure").reset_index()


@lru_cache(maxsize=4)
def _every_figure(quarter: Quarter, kind: str) -> pd.DataFrame:
    """All measures of a kind of group, by name; made once per quarter, since nearly every section asks for some."""
    known = quarter.measures
    cells = known.cells[known.cells["group_kind"] == kind].drop_duplicates("measure").set_index("measure")
    lacking = known.missing.drop_duplicates("measure").set_index("measure")["sentence"]
    told = known.definitions.set_index("measure")[["title", "unit", "better"]]
    return told.join(cells[["value", "low", "high", "n", "measured_share"]]).join(lacking.rename("missing"))


def read_change(quarter: Quarter, measure: str, against: str) -> pd.Series | None:
    """The change of a measure of the whole since last quarter or last year."""
    return _every_change(quarter).get((measure, against))


@lru_cache(maxsize=4)
def _every_change(quarter: Quarter) -> dict[tuple[str, str], pd.Series]:
    rows = quarter.measures.changes
    whole = rows[rows["group_kind"] == "all"].drop_duplicates(["measure", "against"])
    return {(row["measure"], row["against"]): row for _, row in whole.iterrows()}


def list_figures(quarter: Quarter, measures: Sequence[str]) -> pd.DataFrame:
    """Measures as they are told: Figure, This quarter, n, and the change since last quarter and last year."""
    rows = read_figures(quarter, measures)
    currency = quarter.settings["currency"]
    values = [_value(r, currency) for r in rows.to_dict("records")]
    table = {"Figure": rows["title"], "This quarter": values, "n": [tell(n, "_count") for n in rows["n"]]}
    for against, words in _TURNS.items():
        table[f"Change {words}"] = [_turn(quarter, r, against) for r in rows.to_dict("records")]
    return pd.DataFrame(table)


def _value(row: dict[str, object], currency: str) -> str:
    if isinstance(row["missing"], str) and pd.isna(row["value"]):
        return "not measured"
    return tell_range(row["value"], row["low"], row["high"], str(row["unit"]), currency)


def _turn(quarter: Quarter, row: dict[str, object], against: str) -> str:
    change = read_change(quarter, str(row["measure"]), against)
    if change is None or pd.isna(change["low"]):
        return "not estimable" if pd.notna(row["value"]) else MISSING
    limits = tell_change(change["low"], change["high"], str(row["unit"]), quarter.settings["currency"])
    return f"{change['direction']}: {limits}"


def show_figures(quarter: Quarter, measures: Sequence[str], caption: str, *, measured: bool = False) -> str:
    """A table of measures, or one line where none of them was measured; `measured` adds the share measured at all."""
    rows = read_figures(quarter, measures)
    if not rows["value"].notna().any():
        why = next(
            (str(s) for s in rows["missing"] if isinstance(s, str)), "the tables have nothing on it for the quarter."
        )
        return render("unmeasured.html.j2", caption=caption, why=why)
    shown = list_figures(quarter, measures)
    if measured:
        shown.insert(3, "Measured", [tell(m, "_share") for m in rows["measured_share"]])
    return table(shown, caption=caption)


def tell_turns(quarter: Quarter, measures: Sequence[str], against: str = "last quarter") -> str:
    """Which of the measures changed clearly, and how many did not."""
    turns = {m: c["direction"] for m in measures if (c := read_change(quarter, m, against)) is not None}
    titles = quarter.measures.definitions.set_index("measure")["title"]
    ways = {way: [titles[m] for m in measures if turns.get(m) == way] for way in ("better", "worse", "higher", "lower")}
    told = [f"{len(of)} {'is' if len(of) == 1 else 'are'} clearly {way} ({join(of)})" for way, of in ways.items() if of]
    if not told and set(turns.values()) == {"no clear change"}:
        return f"Against {against}, none of {len(turns)} figures changed clearly."
    if not set(turns.values()) - {"not estimable"}:
        return ""
    calm = sum(way == "no clear change" for way in turns.values())
    unknown = len(measures) - calm - sum(way in ("better", "worse", "higher", "lower") for way in turns.values())
    rest = [f"{calm} show no clear change"] * bool(calm) + [f"{unknown} cannot be compared"] * bool(unknown)
    said = "; ".join([*told, *rest])
    return f"Against {against}, of {len(measures)} figures {said}." if said else ""
