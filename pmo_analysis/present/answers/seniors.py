"""Question 6: where senior time goes, whether it pays, and which of it others could do."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.seniority import NOT_NAMED, SeniorEffect, percent, tell_strongest
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import MISSING, is_number, table, tell, tell_range, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

# The outcome is a score, not money: a better one does not yet say that senior time is worth its rate.
EFFECTS = {
    "pays": "the outcome is better with it; whether by enough to be worth the dearer hours is not known",
    "does not pay": "the outcome is worse with it",
    "cannot tell": "the figures cannot tell whether it helps",
    "not comparable": "work with and without it is not comparable",
}
IN_MONEY = {
    "pays": "it pays: what is gained is worth more than the dearer hours",
    "does not pay": "it does not pay: what is gained is worth less than the dearer hours",
    "cannot tell": "the figures cannot tell whether what is gained is worth the dearer hours",
}
COUNTED = (
    "Like-for-like: as if each group had the whole's mix of services and complexity. The effect is of the senior share "
    "planned at intake, on the outcome scores of the deliveries of eight quarters, with complexity, planned hours, "
    "service, size, tier, stage and segment held alike."
)


def tell_seniors(quarter: Quarter) -> Section:
    """Where senior hours go, whether they buy an outcome, and which could be done by others."""
    tables = (
        list_shares(quarter, "segment"), list_shares(quarter, "service"), list_shares(quarter, "segment", side="customer"),
        list_effect(quarter), list_worth(quarter), list_delegable(quarter), list_executives(quarter),
    )  # fmt: skip
    found = (_tell_share(quarter), _tell_delegable(quarter), tell_effect(quarter), _tell_worth(quarter))
    return Section(found, COUNTED, tables)


def _tell_share(quarter: Quarter) -> str:
    rows = quarter.seniority.shares
    whole = rows[(rows["group_kind"] == "all") & rows["senior_share"].notna()].set_index("side")
    said = [
        f"{who} {tell(r['senior_hours'], '_count')} of the {tell(r['all_hours'], '_count')} hours {whose}, "
        f"{tell_range(r['senior_share'], r['low'], r['high'], '_share')}"
        for side, who, whose in (("pmo", "Our senior people gave", "that we worked"),
                                 ("customer", "customers’ senior people", "that customers booked"))
        if side in whole.index for r in [whole.loc[side]]
    ]  # fmt: skip
    return "; ".join(said) + "." if said else "How much senior time was spent is not known."


def _tell_delegable(quarter: Quarter) -> str:
    rows, names = quarter.seniority.delegable, names_of(quarter)
    if rows.empty:
        return ""
    most = rows.sort_values(["excess_hours", "service_id"], ascending=[False, True]).iloc[0]
    hours = tell_range(most["excess_hours"], most["excess_low_hours"], most["excess_high_hours"], "_hours")
    told = f"Most senior hours above what comparable services take: {names.service(most['service_id'])}, {hours}."
    if not is_number(most["outcome_change"]):
        return f"{told} What moving them would do to the outcome is not known."
    change = tell_range(most["outcome_change"], most["outcome_low"], most["outcome_high"])
    return f"{told} If others did them the outcome score of such a delivery would change by {change} points."


def tell_effect(quarter: Quarter) -> str:
    """What senior share goes with, naive and like compared with like, and how easily that is overturned."""
    effect = quarter.seniority.effect
    if effect is None:
        return "Whether senior time pays is not known: no outcome of deliveries is recorded."
    if not is_number(effect.estimate):
        return f"Whether senior time pays: {EFFECTS.get(effect.verdict, effect.verdict)}."
    change = tell_range(effect.estimate, effect.low, effect.high)
    return (
        f"As it stands, ten points more senior share goes with {tell(effect.naive)} points of the outcome score, which says "
        f"who got senior people and not what they did; like compared with like it is {change} points "
        f"(n = {effect.n:,}): {_so(quarter)}.{tell_fragile(effect)}{_tell_difference(effect)}"
    )


def _so(quarter: Quarter) -> str:
    effect = quarter.seniority.effect
    words = IN_MONEY if quarter.settings["outcome_point_benefit"] > 0 else EFFECTS
    return words.get(effect.verdict, effect.verdict) if effect else ""


def tell_fragile(effect: SeniorEffect) -> str:
    """How strong something that nobody recorded must be to overturn the effect, beside the strongest recorded."""
    figures = effect.sensitivity.set_index("figure")["value"]
    strength = figures.get("robustness value")
    if not is_number(strength):
        return ""
    told = " A difficulty that nobody recorded could move it either way"
    if effect.verdict in ("pays", "does not pay"):
        told = " A difficulty that nobody recorded would overturn this if it explained"
        told = f"{told} {percent(float(strength))} of what is left of both"
    return f"{told}{tell_strongest(effect.sensitivity, 'senior share')}."


def _tell_difference(effect: SeniorEffect) -> str:
    rows = effect.by_modifier.set_index("part")
    if "difference" not in rows.index:
        return ""
    one = rows.loc["difference"]
    if one["low"] <= 0 <= one["high"]:
        return " Whether it differs with complexity cannot be told."
    more = "more" if one["value"] > 0 else "less"
    return (
        f" On complex work it is {tell_range(one['value'], one['low'], one['high'])} points {more} than on simple work."
    )


def _tell_worth(quarter: Quarter) -> str:
    rows, currency = quarter.seniority.worth.set_index("figure"), quarter.settings["currency"]
    if rows.empty:
        return ""
    extra, even = rows["value"].iloc[0], rows.iloc[1]
    told = f"Ten points more senior share cost {tell(extra, '_cost', currency)} more per delivery"
    if not is_number(even["value"]):
        return f"{told}, and no better outcome is seen for it."
    middle = tell(even["value"], "_cost", currency)
    told = f"{told}; if the middle estimate holds, it pays where a point of outcome is worth {middle}"
    sure = f", surely from {tell(even['high'], '_cost', currency)}" if is_number(even["high"]) else ""
    return f"{told} or more{sure}."


def list_shares(quarter: Quarter, kind: str, *, side: str = "pmo") -> str:
    """Senior share by group, as it is and like for like; the lines and those of fewer engagements make up the whole."""
    names, rows = names_of(quarter), quarter.seniority.shares
    rows = rows[(rows["group_kind"].isin(["all", kind])) & (rows["side"] == side)]
    rows = rows.sort_values(["senior_hours", "group"], ascending=[False, True])
    apart = (rows["group_kind"] == "all") | (rows["n"] >= quarter.settings["minimum_cell"])
    left, rows = _left(rows[~apart]), rows[apart]
    whose = "our hours" if side == "pmo" else "the hours that customers booked"
    shown = pd.DataFrame({
        kind.capitalize(): [names.group(k, g) for k, g in zip(rows["group_kind"], rows["group"], strict=True)],
        f"Senior share of {whose}": told_ranges(rows, ("senior_share", "low", "high")),
        "Like-for-like": told(rows, "standardised_share"),
        "Senior hours": told(rows, "senior_hours", "_count"),
        "Engagements": told(rows, "n"),
    })  # fmt: skip
    return table(shown, caption=f"Senior time by {kind}, {whose}{left}", most=9)


def _left(rows: pd.DataFrame) -> str:
    """The senior hours that the table's lines do not hold."""
    nowhere = rows["group"] == NOT_NAMED
    few, none = rows.loc[~nowhere, "senior_hours"].sum(), rows.loc[nowhere, "senior_hours"].sum()
    said = [f"{tell(few, '_count')} more where there are too few engagements"] if few > 0 else []
    said += [f"{tell(none, '_count')} where none is named"] if none > 0 else []
    return "".join(f"; {one}" for one in said)


def list_effect(quarter: Quarter) -> str:
    """Naive and adjusted side by side, easier and harder work, and whether the comparison holds."""
    effect = quarter.seniority.effect
    if effect is None:
        return ""
    by = effect.by_modifier
    parts = [f"like with like, complexity {p}" if p != "difference" else "difference of the two" for p in by["part"]]
    shown = pd.DataFrame({
        "Ten points more senior share": ["as it stands, without adjustment", "like compared with like", *parts],
        "Change of the outcome score": [tell(effect.naive), tell_range(effect.estimate, effect.low, effect.high),
                                        *told_ranges(by)],
        "n": [tell(n, "_count") for n in (effect.n, effect.n, *by["n"])],
        "So": [MISSING, _so(quarter), *[MISSING] * len(by)],
    })  # fmt: skip
    return table(shown, caption=f"What senior time goes with{_overlap(effect)}")


def _overlap(effect: SeniorEffect) -> str:
    """How far the comparison rests on work that could have gone either way."""
    if effect.overlap.empty:
        return ""
    first = effect.overlap.iloc[0]
    left, limit = tell(first["value"], "_share"), tell(first["limit"], "_share")
    return f"; what is known at intake leaves {left} of the senior share open, at least {limit} is needed"


def list_worth(quarter: Quarter) -> str:
    """What ten points cost and what a point of outcome must be worth."""
    rows, currency = quarter.seniority.worth, quarter.settings["currency"]
    shown = pd.DataFrame({
        "Ten points more senior share": rows["figure"].tolist(),
        "Money": [tell(v, "_cost", currency) for v in rows["value"]],
        "From": [tell(v, "_cost", currency) for v in rows["low"]],
        "To": [tell(v, "_cost", currency) for v in rows["high"]],
    })  # fmt: skip
    return table(shown, caption="Whether it is worth the dearer hours; a dash where there is no limit")


def list_delegable(quarter: Quarter) -> str:
    """Services whose senior hours are above comparable ones', the money and the risk."""
    return _delegable(quarter, quarter.seniority.delegable, "Senior hours above what comparable services take")


def list_delegable_by(quarter: Quarter) -> str:
    """The same by service, size and segment."""
    return _delegable(quarter, quarter.seniority.delegable_by, "The same by service, size and segment")


def _delegable(quarter: Quarter, rows: pd.DataFrame, caption: str) -> str:
    names, currency = names_of(quarter), quarter.settings["currency"]
    shown = {"Service": [names.service(s) for s in rows["service_id"]]}
    if "segment" in rows:
        shown |= {"Size": rows["size_quoted"].tolist(), "Segment": [names.segment(s) for s in rows["segment"]]}
    shown |= {
        "Senior hours": told(rows, "senior_hours", "_count"),
        "At the mix of like services": told(rows, "standard_senior_hours", "_count"),
        "Could be done by others": told_ranges(rows, ("excess_hours", "excess_low_hours", "excess_high_hours")),
        "Saves": told_ranges(rows, ("cost", "cost_low", "cost_high"), unit="_cost", currency=currency),
        "Risk: outcome score per delivery": told_ranges(rows, ("outcome_change", "outcome_low", "outcome_high")),
        "Engagements": told(rows, "n"),
    }
    return table(pd.DataFrame(shown), caption=caption, most=6)


def list_executives(quarter: Quarter) -> str:
    """Hours of customers' senior people per engagement and approval, booked and asked."""
    rows = quarter.seniority.executives
    rows = rows[rows["group_kind"] == "all"]
    shown = pd.DataFrame({
        "Hours of customers’ senior people": rows["figure"].str.removeprefix("customers' senior hours ").tolist(),
        "Hours": told_ranges(rows, unit="_hours"),
        "From": rows["basis"].map({"booked": "hours that customers booked", "offerings": "the offerings"}).tolist(),
        "Engagements": told(rows, "n"),
    })  # fmt: skip
    return table(shown, caption="What we ask of executives; which hours went into which decision is not recorded")


def shares(quarter: Quarter, kind: str) -> Html:
    """Senior share by category, segment, service or size, on our side and on the customers'."""
    shown = list_shares(quarter, kind) + list_shares(quarter, kind, side="customer")
    return _plain(shown or "<p>Senior hours cut in this way are not known.</p>")


def comparison(quarter: Quarter) -> Html:
    """The effect, naive and adjusted side by side, and how far the work compared overlaps."""
    return _plain(list_effect(quarter) or "<p>No outcome of deliveries is recorded.</p>")


def hidden(quarter: Quarter) -> Html:
    """How strong something that nobody recorded must be to overturn the effect, the strongest recorded beside."""
    effect = quarter.seniority.effect
    if effect is None or effect.sensitivity.empty:
        return _plain("<p>There is no effect that something hidden could overturn.</p>")
    shown = pd.DataFrame({
        "Figure": effect.sensitivity["figure"].tolist(),
        "Share of what is left": [tell(v, "_share") for v in effect.sensitivity["value"]],
    })  # fmt: skip
    caption = "What a hidden difficulty must explain of outcome and senior share for the range to reach nought"
    return _plain(table(shown, caption=caption))


def delegation(quarter: Quarter) -> Html:
    """What others could do: hours, money and risk, by service and by service, size and segment."""
    shown = list_delegable(quarter) + list_delegable_by(quarter)
    return _plain(shown or "<p>What others could do is not known: it takes senior hours of comparable deliveries.</p>")


def executives(quarter: Quarter) -> Html:
    """Executives' own hours per engagement and approval, or that they are not known."""
    return _plain(list_executives(quarter) or "<p>Hours of customers’ senior people are not known.</p>")


def worth(quarter: Quarter) -> Html:
    """Whether a better outcome is worth the dearer hours."""
    return _plain(list_worth(quarter) or "<p>What ten points more cost is not known: no rates or no planned hours.</p>")


def _plain(*tables: str) -> Html:
    return Html(render("plain.html.j2", html="".join(tables)))
