"""What `value_and_cost.ipynb` shows beyond the report: one call a cell, a sentence where there is nothing to show."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.value import show_rank_reversal, topsis
from pmo_analysis.present.answers.equations import list_equations, list_sizes, tell_harder
from pmo_analysis.present.formats import cell, is_number, table, tell, told, told_ranges
from pmo_analysis.present.names import Names, names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_MOST = 12
_NO_SCORE = "No customer has a value score: the tables hold none of the outcomes that make it up."


def scores(quarter: Quarter) -> Html:
    """The customers that get most value, each with its range, beside the figure before it was drawn to its group."""
    rows, names = _best(quarter), names_of(quarter)
    shown = pd.DataFrame({
        "Customer": [names.customer(c) for c in rows["unit_id"]],
        "Value score, 0 to 100": told_ranges(rows, ("score", "low", "high"), unit="_score"),
        "As seen": told(rows, "raw", "_score"),
        "Of the weight measured": told(rows, "measured_share", "_share"),
        "Observations": told(rows, "n"),
    })  # fmt: skip
    words = table(shown, caption="Highest value scores; ranges that overlap tell no order", most=_MOST)
    return _found([quarter.value.sentence], words) if len(rows) else _plain(_NO_SCORE)


def ranks(quarter: Quarter) -> Html:
    """How often each of the best customers comes in which part of the ranking, over all weights where none is known."""
    rows, names = quarter.value.acceptability, names_of(quarter)
    if rows.empty:
        return _plain(_NO_SCORE)
    bands = list(dict.fromkeys(rows["rank_band"]))
    parts = rows.pivot(index="unit_id", columns="rank_band", values="share").reindex(_best(quarter)["unit_id"])
    shown = pd.DataFrame({"Customer": [names.customer(c) for c in parts.index]} | {
        band.capitalize(): [tell(v, "_share") for v in parts[band]] for band in bands
    })  # fmt: skip
    error = tell((rows["high"] - rows["share"]).max(), "_share")
    words = table(shown, caption=f"Where it ranks, share of all draws (each to within {error})", most=_MOST)
    return _found([], words)


def sensitivity(quarter: Quarter) -> Html:
    """How far each weight may move before another customer gets most."""
    rows, names = quarter.value.sensitivity, names_of(quarter)
    if rows.empty:
        return _plain(_NO_SCORE)
    first = rows.iloc[0]
    share = (
        f"{tell(first['leads_share'], '_share')} ({tell(first['low'], '_share')} to {tell(first['high'], '_share')})"
    )
    lead = f"{names.customer(first['leader'])} gets most by these weights, and in {share} of all possible ones."
    return _found([lead, *(_turn(r, names) for r in rows.to_dict("records"))])


def _turn(row: dict[str, object], names: Names) -> str:
    ends = [(row["changes_above"], "above"), (row["changes_below"], "below")]
    known = [f"{side} {at:.2f}" for at, side in ends if is_number(at)]
    weight = f"{str(row['outcome']).capitalize()} (weight {row['weight']:.2f})"
    if not known:
        return f"{weight}: it leads whatever this weighs."
    return f"{weight}: another leads {' or '.join(known)}, {names.customer(row['then'])} at the nearer end."


def closeness(quarter: Quarter) -> Html:
    """TOPSIS on the same outcomes and weights, beside the value score: where the two do not agree."""
    known = quarter.value.outcomes
    if known.empty:
        return _plain(_NO_SCORE)
    matrix = known.pivot(index="unit_id", columns="outcome", values="score").dropna()
    weights = quarter.value.weights.set_index("outcome")["weight"].reindex(matrix.columns)
    rank = topsis(matrix, weights, dict.fromkeys(matrix.columns, True))["rank"]
    rows, names = _best(quarter), names_of(quarter)
    shown = pd.DataFrame({
        "Customer": [names.customer(c) for c in rows["unit_id"]],
        "Rank by the value score": [str(i + 1) for i in range(len(rows))],
        "Rank by TOPSIS": [cell(rank.get(c)) for c in rows["unit_id"]],
        "Value score": told(rows, "score", "_score"),
    })  # fmt: skip
    return _found([], table(shown, caption="The value score and TOPSIS beside it", most=_MOST))


def reversal() -> Html:
    """Four made-up alternatives on which TOPSIS changes its mind about two when a third, worse than both, comes."""
    rows = show_rank_reversal()
    shown = pd.DataFrame({
        "Alternative": rows["alternative"].tolist(),
        "Additive score": told(rows, "additive_score", "_score"),
        "Its rank, without and with D": _before_after(rows, "additive_rank"),
        "Closeness by TOPSIS": _before_after(rows.round(2), "closeness"),
        "Its rank, without and with D ": _before_after(rows, "topsis_rank"),
    })  # fmt: skip
    said = (
        "D is better than no other in anything, so nobody would choose it. The additive score orders A, B and C "
        "alike with D and without it; TOPSIS does not. That is why the report tells the additive score."
    )
    return _found([said], table(shown, caption="What an alternative that nobody wants does to the others"))


def _before_after(rows: pd.DataFrame, stem: str) -> list[str]:
    return [f"{a}, {b}" for a, b in zip(rows[f"{stem}_without"], rows[f"{stem}_with"], strict=True)]


def equations(quarter: Quarter) -> Html:
    """What makes a delivery take longer, for every service, and what each size of it cost."""
    words = list_equations(quarter, most=40) + list_sizes(quarter)
    missing = "What makes a delivery take longer is not known: too few deliveries have hours booked on them."
    return _found([tell_harder(quarter)] if tell_harder(quarter) else [], words) if words else _plain(missing)


def reconciliation(quarter: Quarter) -> Html:
    """Used and unused add up to what was supplied, to the cent."""
    rows, books = quarter.cost.reconciliation, quarter.showback.reconciliation
    lines = pd.DataFrame(
        {"What": rows["what"].tolist(), quarter.settings["currency"]: [_cents(v) for v in rows["cost"]]}
    )
    statements = pd.DataFrame({
        "Showback": books["what"].tolist(),
        "Lines of all statements": [_cents(v) for v in books["statement_cost"]],
        "Totals of all customers": [_cents(v) for v in books["total_cost"]],
        "Difference": [_cents(v) for v in books["difference_cost"]],
    })  # fmt: skip
    whole = rows["what"].eq("capacity supplied").any()
    words = table(lines, caption="Used + unused = supplied" if whole else "Every amount has its place") + table(
        statements, caption="Statements add up to the totals"
    )
    return _found([quarter.cost.sentence], words)


def _cents(value: object) -> str:
    """Money in full: a reconciliation is no place for two significant figures."""
    return f"{value:,.2f}".replace("-", "−") if is_number(value) else "not known"


def _best(quarter: Quarter) -> pd.DataFrame:
    return quarter.value.scores.sort_values(["score", "unit_id"], ascending=[False, True]).head(_MOST)


def _found(sentences: list[str], html: str = "") -> Html:
    return Html(render("found.html.j2", sentences=sentences, html=html))


def _plain(sentence: str) -> Html:
    return Html(render("no_picture.html.j2", sentence=sentence))
