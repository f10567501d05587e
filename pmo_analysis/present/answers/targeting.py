"""What `targeting.ipynb` shows beyond the report: one call a cell, a sentence where there is nothing to show."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.present.answers.work import list_holdout
from pmo_analysis.present.formats import day, table, tell, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_VERDICTS = ["offer", "stop", "keep", "too few to say"]
_MOST = 15


def fit(quarter: Quarter, stage: str = "all") -> Html:
    """Uptake, satisfaction, value and cost per segment and service at one life-cycle stage (or all), with the verdict."""
    rows, names = quarter.targets.fit, names_of(quarter)
    if rows.empty:
        return _plain("Which service suits whom is not known: nobody asked for a service that it may choose.")
    if stage not in set(rows["stage"]):
        raise InputError(f"There is no stage {stage!r}. {nearest(stage, sorted(set(rows['stage'])))}")
    rows = rows[rows["stage"] == stage].assign(place=lambda t: t["verdict"].map(_VERDICTS.index))
    rows = rows.sort_values(["place", "uptake", "segment", "service_id"], ascending=[True, False, True, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Segment": [names.segment(s) for s in rows["segment"]],
        "So": rows["verdict"].tolist(),
        "Because": rows["reason"].tolist(),
        "Satisfaction, 0 to 100": told_ranges(
            rows, ("satisfaction_score", "satisfaction_low", "satisfaction_high"), unit="_score"
        ),
        "Outcome, 0 to 100": told_ranges(rows, ("value_score", "value_low", "value_high"), unit="_score"),
        "Charged per request": told(rows, "unit_cost", "_cost", currency=quarter.settings["currency"]),
    })  # fmt: skip
    counts = rows["verdict"].value_counts()
    said = ", ".join(f"{v} {counts[v]}" for v in _VERDICTS if v in counts)
    words = table(shown, caption="How each service is taken up and received", most=_MOST)
    return _found([f"Verdicts on {len(rows)} pairs of service and segment: {said}."], words)


def next_services(quarter: Quarter, customer_id: str = "") -> Html:
    """The services that one customer will probably ask for next, with their reasons; empty: the likeliest asker."""
    rows, names = quarter.targets.next_services, names_of(quarter)
    if rows.empty:
        return _plain(quarter.targets.sentence)
    chosen = _choose(quarter, customer_id)
    rows = rows[rows["customer_id"] == chosen]
    shown = pd.DataFrame({
        "Next": told(rows, "rank"),
        "Service": [names.service(s) for s in rows["service_id"]],
        "Chance next quarter": told(rows, "probability", "_share"),
        "Because": rows["reason"].tolist(),
    })  # fmt: skip
    expected = quarter.targets.probabilities.loc[chosen].sum()
    said = f"{names.customer(chosen)} is expected to ask for {expected:.1f} different services next quarter."
    return _found([said], table(shown, caption=f"Next services for {names.customer(chosen)}"))


def asked(quarter: Quarter, customer_id: str = "") -> Html:
    """What that customer asked for before: the rows that its next services rest on."""
    if quarter.targets.next_services.empty:
        return _plain(quarter.targets.sentence)
    chosen, names = _choose(quarter, customer_id), names_of(quarter)
    rows = quarter.data.frame("engagements", ["customer_id", "service_id", "requested_on", "started_on", "state"])
    rows = rows[rows["customer_id"] == chosen]
    rows = rows.assign(asked_on=rows["requested_on"].fillna(rows["started_on"]), refused=rows["state"] == "refused")
    sums = rows.groupby("service_id").agg(
        count=("asked_on", "size"), refused=("refused", "sum"), last=("asked_on", "max")
    )
    sums = sums.reset_index().sort_values(["last", "service_id"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in sums["service_id"]],
        "Requests": told(sums, "count", "_count"),
        "Refused": told(sums, "refused", "_count"),
        "Last asked for": [day(d) for d in sums["last"]],
    })  # fmt: skip
    return _found([], table(shown, caption=f"What {names.customer(chosen)} has asked for", most=_MOST))


def holdout(quarter: Quarter) -> Html:
    """How right the forecast would have been last quarter, beside popularity, and whether its chances can be trusted."""
    rows = quarter.targets.holdout
    if rows.empty:
        return _plain("The forecast cannot be checked: that takes three quarters of requests.")
    first = rows.iloc[0]
    said = (
        f"The last quarter, foretold from those before it: {first['customers_count']:,.0f} customers, "
        f"{first['requests_count']:,.0f} different services asked for."
    )
    return _found([said, quarter.targets.sentence], list_holdout(quarter))


def misplaced(quarter: Quarter) -> Html:
    """Deliveries off target or too late: who asked, at which stage, and what they took."""
    rows, names, currency = quarter.target_review.off_target, names_of(quarter), quarter.settings["currency"]
    if rows.empty:
        return _plain(quarter.target_review.sentence)
    rows = rows.sort_values(["cost", "engagement_count", "service_id"], ascending=[False, False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "What is wrong": rows["kind"].tolist(),
        "Category": rows["category"].fillna("not given").tolist(),
        "Stage": rows["stage"].fillna("not given").tolist(),
        "Deliveries": told(rows, "engagement_count"),
        "Hours": told(rows, "worked_hours", "_count"),
        "Cost": told(rows, "cost", "_cost", currency=currency),
    })  # fmt: skip
    sums = rows.groupby("kind")[["worked_hours", "cost"]].sum(min_count=1)
    said = [
        f"{str(kind).capitalize()}: {tell(r['worked_hours'], '_count')} hours, {tell(r['cost'], '_cost', currency)}."
        for kind, r in sums.iterrows()
    ]
    return _found(said, table(shown, caption="Deliveries off target or too late, dearest first", most=_MOST))


def _choose(quarter: Quarter, customer_id: str) -> str:
    known = quarter.targets.probabilities
    if customer_id and customer_id not in known.index:
        raise InputError(
            f"Nothing is foretold of customer {customer_id!r}: not known, left or not yet one. "
            f"{nearest(customer_id, list(known.index))}"
        )
    return customer_id or str(known.sum(axis=1).idxmax())


def _found(sentences: list[str], html: str = "") -> Html:
    return Html(render("found.html.j2", sentences=sentences, html=html))


def _plain(sentence: str) -> Html:
    return Html(render("no_picture.html.j2", sentence=sentence))
