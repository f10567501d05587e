"""What differs from the report before: said in a sentence, with the clear changes below."""

from __future__ import annotations

from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present.differences import tell_rows
from pmo_analysis.present.formats import table
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_WIDE = ("all", "category", "segment", "service")
MOST = 12


def show_since(quarter: Quarter) -> Html:
    """The clear changes since the report before and what could have made them; one line where there is none."""
    found = quarter.since
    before = shift_quarter(quarter.quarter, -1)
    if found is None:
        sentence = f"No report of {before} stands beside this one, so what differs from it cannot be told."
        return Html(render("since.html.j2", sentence=sentence, tables=[], causes=[]))
    rows = found.clear
    rows = rows[rows["group_kind"].isin(_WIDE)]
    whole, parts = rows[rows["group_kind"] == "all"], rows[rows["group_kind"] != "all"]
    currency = quarter.settings["currency"]
    restated = found.table[found.table["known_now"].notna()]
    tables = [
        table(tell_rows(some, currency).rename(columns={"Change": "Change, range"}), caption=caption, most=MOST)
        for some, caption in (
            (whole, "Changed clearly, for all customers"),
            (parts, "Changed clearly, by category, segment or service"),
            (restated, f"Figures of {before} that are known otherwise now (late or corrected data)"),
        )
    ]
    causes = found.causes[~found.causes["cause"].isin(["quarter", "data"])]
    said = [f"{r['cause']} {r['what']}: {r['before']} → {r['after']}" for r in causes.head(MOST).to_dict("records")]
    return Html(render("since.html.j2", sentence=found.sentence, tables=[t for t in tables if t], causes=said))
