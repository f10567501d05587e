"""What `explore_segments.ipynb` shows beyond the report: one call a cell, a sentence where there is nothing to show."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.history import compare_schemes
from pmo_analysis.analysis.segments import CustomerReason, Segmentation, add_absent, explain_customer, segment_customers
from pmo_analysis.present import plots
from pmo_analysis.present.answers.report import show_picture
from pmo_analysis.present.answers.segments import (
    Needs,
    list_between,
    list_changes,
    list_given,
    list_schemes,
    needs_of,
    tell_firmness,
    tell_found,
    tell_moves,
    tell_outside,
)
from pmo_analysis.present.formats import cell, table, tell, told
from pmo_analysis.present.names import names_of
from pmo_analysis.present.plots.style import head
from pmo_analysis.present.shown import Html, Picture, draw
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_ONE_GROUP = "All customers are told as one group: there is no other segment to be in, to sit near or to move to."
_REASONS = 8
_DRIFTS = 12


def features(quarter: Quarter) -> Html:
    """The features that customers are told apart by, and what was left out: features and customers, with the reason."""
    told_apart, needs = quarter.features, needs_of(quarter)
    shown = pd.DataFrame({
        "Customers are told apart by": [needs.name(f) for f in told_apart.meaning["feature"]],
        "Told in": told_apart.meaning["unit"].tolist(), "Column": told_apart.meaning["feature"].tolist(),
    })  # fmt: skip
    left = quarter.fresh_look.left_out
    gone = pd.DataFrame(
        {"Left out": [needs.name(f) for f in left["feature"]], "Because it is": left["reason"].tolist()}
    )
    words = table(shown, caption="Features", most=60) + table(gone, caption="Features left out", most=30)
    said = [s for s in (told_apart.sentence, tell_outside(quarter)) if s]
    return Html(render("found.html.j2", sentences=said, html=words))


def found(quarter: Quarter) -> Html:
    """How many groups there are, and which."""
    return Html(render("found.html.j2", sentences=[tell_found(quarter)], html=""))


def scheme(quarter: Quarter) -> Html:
    """By which cut the quarter's segments are told, and what another took from them where both are told."""
    said = [quarter.scheme_in_force.sentence.replace("`", "")]
    said += [quarter.scheme_comparison.sentence] if quarter.scheme_comparison is not None else []
    return Html(render("found.html.j2", sentences=said, html=list_schemes(quarter)))


def recut(quarter: Quarter) -> Html | None:
    """How many moved, and whether the segments still hold or should be cut anew; nothing with one group."""
    said = tell_moves(quarter)
    return Html(render("found.html.j2", sentences=[said], html="")) if said else None


def between(quarter: Quarter) -> Html:
    """How many customers sit between which two segments."""
    return _tables(list_between(quarter), "Nobody sits between two segments: each customer’s place is clear.", quarter)


def movers(quarter: Quarter) -> Html:
    """Each customer that moved for good, with how sure that is."""
    rows, names = quarter.history.movers, names_of(quarter)
    shown = pd.DataFrame({
        "Customer": [f"{names.customer(c)} ({c})" for c in rows["customer_id"]],
        "In": rows["quarter"].tolist(),
        "From": [names.segment(s) for s in rows["from_segment"]],
        "To": [names.segment(s) for s in rows["to_segment"]],
        "How sure": ["over 99 %" if p > 0.99 else tell(p, "_share") for p in rows["probability"]],
    })  # fmt: skip
    words = table(shown, caption="Who moved for good", most=30)
    return _tables(words, "Nobody moved for good, beyond what noise explains.", quarter)


def changes(quarter: Quarter) -> Html:
    """What changed most in needs since last quarter; with segments, whether by other customers or by other needs."""
    return _tables(
        list_changes(quarter), "Needs cannot be compared with those of the quarter before, or did not change."
    )


def given(quarter: Quarter) -> Html:
    """The segments that the organisation gave itself: whether they differ in need, and in what."""
    if quarter.given is None:
        return _plain("The organisation gave its customers no segments (customers.segment_given), or too few have one.")
    return Html(render("found.html.j2", sentences=[quarter.given.sentence], html=list_given(quarter)))


def drift(quarter: Quarter) -> Picture | Html:
    """What changed for everybody since the first quarter, beyond noise, each with its range."""
    rows, needs = quarter.history.drift, needs_of(quarter)
    rows = rows[(rows["quarter"] == rows["quarter"].max()) & rows["clear"].fillna(False).astype(bool)]
    if rows.empty:
        return _plain("No need changed for everybody since the first quarter, beyond what noise explains.")
    rows = rows.assign(far=rows["shift"].abs()).sort_values(["far", "feature"], ascending=[False, True]).head(_DRIFTS)
    shown = pd.DataFrame({
        "label": [needs.name(f) for f in rows["feature"]], "value": rows["shift"], "low": rows["low"], "high": rows["high"],
    }).reset_index(drop=True)  # fmt: skip
    since = quarter.history.drift["quarter"].min()
    return show_picture(_draw_drift, shown, f"change of everybody since {since}, in deviations between customers")


def _draw_drift(shown: pd.DataFrame, title: str) -> Picture:
    axes = plots.plot_ranges(shown, unit="", title=title)
    head(axes, "What changed for everybody")
    return draw(axes, plots.say_ranges(shown, "What changed for everybody, in deviations between customers", unit=""))


def explain(quarter: Quarter, customer_id: str = "") -> CustomerReason | None:
    """Why a customer is in its segment, the one least sure of its place where none is named; None with one group."""
    cut = quarter.segmentation
    if not cut.found:
        return None
    values = add_absent(quarter.features.values, cut.scheme)
    return explain_customer(values, cut.scheme, customer_id or str(cut.members["confidence"].idxmin()))


def reasons(quarter: Quarter, reason: CustomerReason | None) -> Picture | Html:
    """What holds a customer in its segment and what draws it to the next best."""
    if reason is None:
        return _plain(_ONE_GROUP)
    names, needs = names_of(quarter), needs_of(quarter)
    rows = reason.reasons.assign(far=reason.reasons["pull"].abs()).sort_values("far", ascending=False, kind="stable")
    rows = rows.head(_REASONS).reset_index(drop=True)
    shown = pd.DataFrame({
        "label": [needs.name(f) for f in rows["feature"]],
        "pull": rows["pull"],
        "note": [_beside(r, needs) for r in rows.to_dict("records")],
    })  # fmt: skip
    chances = quarter.segmentation.members.loc[reason.customer_id, ["confidence", "second_confidence"]]
    ends = [
        f"{names.segment(s)}, {tell(chance, '_share')}"
        for s, chance in zip((reason.segment, reason.second), chances, strict=True)
    ]
    return show_picture(_draw_pulls, shown, f"{names.customer(reason.customer_id)} ({reason.customer_id})", *ends)


def _beside(row: dict[str, object], needs: Needs) -> str:
    if pd.isna(row["segment_median"]):  # what the segments' sizes add belongs to no feature
        return ""
    own, here, there = (needs.tell_cell(row["feature"], row[c]) for c in ("value", "segment_median", "other_median"))
    return f"{own} (here {here}, there {there})"


def _draw_pulls(shown: pd.DataFrame, who: str, here: str, there: str) -> Picture:
    axes = plots.plot_pulls(shown, here=here, there=there)
    head(axes, f"Why {who} is where it is")
    said = [f"{r['label']} {r['note']}, {'here' if r['pull'] > 0 else 'there'}" for r in shown.to_dict("records")]
    return draw(axes, f"What holds {who} in “{here}” rather than “{there}”: {'; '.join(said)}.")


def moves(quarter: Quarter, reason: CustomerReason | None) -> Html | None:
    """Which single change would place a customer in the next best segment; nothing with one group."""
    if reason is None:
        return None
    rows, needs, names = reason.moves, needs_of(quarter), names_of(quarter)
    rows = rows[rows["to_value"].notna()]
    shown = pd.DataFrame({
        "If alone": [needs.name(f) for f in rows["feature"]],
        "went from": [needs.tell_cell(f, v) for f, v in zip(rows["feature"], rows["value"], strict=True)],
        "to": [needs.tell_cell(f, v) for f, v in zip(rows["feature"], rows["to_value"], strict=True)],
    })  # fmt: skip
    words = table(shown, caption=f"What would move it to “{names.segment(reason.second)}”", most=12)
    return _tables(words, "No single need, changed within the range that customers show, would move it.")


def cut_again(quarter: Quarter, segments: int = 0) -> Segmentation | None:
    """The customers cut into another number of groups, one more than found where none is named; None where too few."""
    look = quarter.fresh_look
    if look.evidence["criterion"].isna().all():
        return None
    return segment_customers(
        quarter.features.values, segments=segments or look.count + 1, seed=quarter.settings["seed"]
    )


def costs(quarter: Quarter, other: Segmentation | None) -> Html:
    """What another number of groups would cost: evidence, customers placed otherwise, firmness."""
    look = quarter.fresh_look
    if other is None:
        return _plain(f"No other number can be tried. {look.sentence}")
    said = [_tell_evidence(look, other.count)]
    if look.found and other.found:
        moved = compare_schemes(quarter.features.values, look.scheme, other.scheme).moved
        said.append(f"{len(moved):,} of {len(look.members):,} customers would be placed otherwise.")
    rows = other.rules
    shown = pd.DataFrame({
        "Group": [r["name"][:1].upper() + r["name"][1:] for r in rows.to_dict("records")],
        "Customers": told(rows, "customers_count"),
        "Who would belong to it": rows["rule"].tolist(),
        "How firm": [tell_firmness(other, s) or cell(None) for s in rows["segment"]],
    })  # fmt: skip
    words = table(shown, caption=f"The customers cut into {other.count}")
    return Html(render("found.html.j2", sentences=said, html=words))


def _tell_evidence(look: Segmentation, count: int) -> str:
    if not look.found:
        return f"{count} groups can be made, but chance alone makes them as well: {look.sentence}"
    gains = look.evidence.set_index("count")["gain"]
    if count not in gains.index:
        return f"{count} groups were not among the numbers tried."
    lost = gains[look.count] - gains[count]
    if lost <= 0:
        return f"For {count} groups speaks no less than for {look.count}, but not all of them could be told apart."
    of = f"of the {tell(gains[look.count])} by which {look.count} beat one"
    return f"{count} groups instead of {look.count} give up {tell(lost)} points of evidence {of}."


def _tables(html: str, otherwise: str, quarter: Quarter | None = None) -> Html:
    if html:
        return Html(render("plain.html.j2", html=html))
    return _plain(otherwise if quarter is None or quarter.segmentation.found else _ONE_GROUP)


def _plain(sentence: str) -> Html:
    return Html(render("no_picture.html.j2", sentence=sentence))
