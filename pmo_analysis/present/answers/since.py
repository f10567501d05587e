"""What differs from the report before: the clear changes, what is known otherwise now, and what is no longer the same."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.differences import Comparison
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present.differences import tell_rows, unit_in_words
from pmo_analysis.present.formats import table, tell
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_WIDE = ("all", "category", "segment", "service")
MOST = 10


def show_since(quarter: Quarter) -> Html:
    """The clear changes since the report before and what could have made them; one line where there is none."""
    found, before = quarter.since, shift_quarter(quarter.quarter, -1)
    if found is None:
        said = f"No report of {before} stands beside this one, so what differs from it cannot be told."
        return Html(render("since.html.j2", sentence=said, tables=[], causes=[], rest=""))
    rows = found.clear[found.clear["group_kind"].isin(_WIDE)]
    groups = quarter.groups[["category", "segment"]].nunique()
    rows = rows[~rows["group_kind"].isin(groups.index[groups < 2])]  # a kind of one group is all customers again
    whole, parts = rows[rows["group_kind"] == "all"], rows[rows["group_kind"] != "all"]
    tables = [
        _list(whole, quarter, "Changed clearly, for all customers"),
        _list(parts, quarter, "Changed clearly, by category, segment or service"),
        _list_restated(found.table, quarter, before),
    ]
    level = 1 - quarter.settings["interval_level"]
    compared = int((found.table["low"].notna() & found.table["group_kind"].isin(_WIDE)).sum())
    changed = f"{_count(len(whole), 'figure')} changed clearly for all customers, {len(parts)} in parts of them"
    said = f"Since the report of {before} {changed}."
    rest = (
        f"{compared:,} changes were compared by their ranges; about {compared * level:,.0f} would look clear by chance alone. "
        f"The workbook lists all that differs and why; so does pmo diff for any two reports."
    )
    return Html(
        render("since.html.j2", sentence=said, tables=[t for t in tables if t], causes=_list_causes(found), rest=rest)
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _list(rows: pd.DataFrame, quarter: Quarter, caption: str) -> str:
    names = names_of(quarter)
    named = rows.assign(group=[names.group(k, g) for k, g in zip(rows["group_kind"], rows["group"], strict=True)])
    shown = tell_rows(named, quarter.settings["currency"])[["Figure", "Group", "Before", "After", "Change"]]
    shown = shown.drop(columns="Group") if (rows["group_kind"] == "all").all() else shown
    return table(shown.rename(columns={"Change": "Change, range"}), caption=caption, most=MOST)


def _list_restated(rows: pd.DataFrame, quarter: Quarter, before: str) -> str:
    """What the report before told and is known otherwise now, where that shows at the figures told."""
    rows, currency = rows[rows["known_now"].notna()], quarter.settings["currency"]
    units = [unit_in_words(str(figure)) for figure in rows["figure"]]
    shown = pd.DataFrame({
        f"Figure of {before}": tell_rows(rows, currency)["Figure"].tolist(),
        "As it was published": [tell(v, u, currency) for v, u in zip(rows["before"], units, strict=True)],
        "As it is known now": [tell(v, u, currency) for v, u in zip(rows["known_now"], units, strict=True)],
    })  # fmt: skip
    shown = shown[shown.iloc[:, 1] != shown.iloc[:, 2]]
    return table(shown, caption="Known otherwise now, by late or corrected data", most=MOST)


def _list_causes(found: Comparison) -> list[str]:
    """Settings, definitions and frozen segments that are not the same; a sentence where all are."""
    causes = found.causes[found.causes["cause"].isin(["setting", "definition", "segments"])]
    told = [
        f"{r['cause'].capitalize()} {r['what']}: {r['before']} → {r['after']}"
        for r in causes.head(MOST).to_dict("records")
    ]
    return told or ["Settings, definitions and frozen segments are those of the report before."]
