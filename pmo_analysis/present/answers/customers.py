"""Questions 1, 2 and 4: what customers get, whether their life gets easier, and who they are."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.propositions.phrases import TOO_WIDE
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.present.answers import segments
from pmo_analysis.present.answers.figures import read_figures, show_figures, tell_turns
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import MISSING, cell, join, table, tell, tell_limits, told, told_ranges
from pmo_analysis.present.names import Names, names_of
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

EASIER = (
    "lead_time_days", "lead_time_p85_days", "promises_kept_share", "consistency_share", "first_time_right_share",
    "touchpoint_count", "own_hours", "ces_level", "csat_level", "nps_points", "worth_level",
)  # fmt: skip
PROMISED = (
    "cost_to_serve",
    "unit_cost",
    "benefit_realised_share",
    "benefit_measured_share",
    "touchpoint_count",
    "own_hours",
)
REACHED = ("reach_share", "never_served_share", "quiet_share", "came_back_share")
_WIDE = "too uncertain to say"


def tell_promises(quarter: Quarter) -> Section:
    """What each category and segment gets, costs and is asked for."""
    cards, names = quarter.propositions.cards, names_of(quarter)
    currency = quarter.settings["currency"]
    rows = cards[cards["group_kind"] == "segment"]
    tables = (_show_cards(rows, names, currency), _list_costs(cards, "category", names, currency))
    spent = "Cost to serve is what the PMO spent; what was charged and the customer's own hours are told apart."
    charged = "No hours are booked: cost is what customers were charged, which need not be what serving them cost."
    counted = charged if quarter.cost.basis == "charged" else spent
    found = (quarter.cost.sentence, _tell_span(cards, names, currency), quarter.propositions.unplaced)
    return Section(found, counted, tables, PROMISED)


def _tell_span(cards: pd.DataFrame, names: Names, currency: str) -> str:
    """The dearest and the cheapest group of those that have enough customers for a range."""
    rows = cards[cards["cost_median"].notna() & cards["cost_p10"].notna()]
    kind = "segment" if (rows["group_kind"] == "segment").sum() > 1 else "category"
    rows = rows[rows["group_kind"] == kind].sort_values(["cost_median", "group"])
    if len(rows) < 2:
        return ""
    low, high = rows.iloc[0], rows.iloc[-1]
    least, most = (tell(r["cost_median"], "_cost", currency) for r in (low, high))
    cheap, dear = (names.group(kind, r["group"]) for r in (low, high))
    return f"A typical customer of “{cheap}” costs {least} a quarter, one of “{dear}” {most}."


def _show_cards(rows: pd.DataFrame, names: Names, currency: str) -> str:
    """Value-proposition cards: what a segment gets, what it costs, what it asks, and one thing to stop."""
    cards = [
        {
            "name": names.segment(r["group"]),
            "customers": tell(r["customers_count"], "_count"),
            "facts": {
                "They get": r["what"],
                "Benefit": r["benefit"],
                "A customer costs us": _typical(r, "cost", "customers", currency),
                "The work on a delivery": _typical(r, "unit", "deliveries", currency),
                "Expect next quarter, a customer": _expected(r, currency),
                "Asked of them": _asked(r),
                "One thing to stop": r["stop"],
            },
        }
        for r in rows.to_dict("records")
    ]
    return render("cards.html.j2", cards=cards) if cards else ""


def _typical(row: dict[str, object], stem: str, things: str, currency: str) -> str:
    """The middle of customers or deliveries and eight in ten of them."""
    if pd.isna(row[f"{stem}_median"]):
        return "not known"
    middle = tell(row[f"{stem}_median"], "_cost", currency)
    spread = tell_limits(row[f"{stem}_p10"], row[f"{stem}_p90"], "_cost", currency)
    return f"{middle}; eight {things} in ten {spread}" if spread != "–" else f"{middle} (too few {things} for a range)"


def _expected(row: dict[str, object], currency: str) -> str:
    """Next quarter's price of one customer, and how often such a range held."""
    told = _tell_price(row["next_price_low"], row["next_price_high"], currency)
    if told in (MISSING, _WIDE):
        return "not estimable" if told == MISSING else told
    held, tries = (tell(row[c], "_count") for c in ("price_held_count", "price_tries_count"))
    return f"{told} (such a range held in {held} of {tries} earlier quarters)" if tries not in ("0", MISSING) else told


def _tell_price(low: object, high: object, currency: str) -> str:
    """The range of a price; one that spans more than tenfold helps nobody to plan, and its ends would mislead."""
    told = tell_limits(low, high, "_cost", currency)
    return told if told == MISSING or high <= TOO_WIDE * low else _WIDE  # type: ignore[operator]


def _asked(row: dict[str, object]) -> str:
    """What each delivery and each customer has to give; what is not recorded is left out."""
    parts = [
        (row["touchpoints"], f"{tell(row['touchpoints'])} contacts a delivery"),
        (row["waiting_days"], f"{tell(row['waiting_days'])} working days of waiting for it"),
        (row["own_hours"], f"{tell(row['own_hours'])} hours a quarter of a customer’s own people"),
    ]
    return join(words for value, words in parts if pd.notna(value)) or "not recorded"


def _list_costs(cards: pd.DataFrame, kind: str, names: Names, currency: str) -> str:
    rows = cards[cards["group_kind"] == kind]
    shown = pd.DataFrame({
        kind.capitalize(): [names.group(kind, g) for g in rows["group"]],
        "Customers": told(rows, "customers_count"),
        "One customer, eight in ten": told_ranges(rows, ("cost_median", "cost_p10", "cost_p90"), unit="_cost", currency=currency),
        "Per delivery": told_ranges(rows, ("unit_cost", "unit_cost_low", "unit_cost_high"), currency=currency),
        "All together": told(rows, "cost_to_serve_cost", currency=currency),
        "Charged": told(rows, "charged_cost", currency=currency),
        "Next quarter, one customer": [
            _tell_price(low, high, currency)
            for low, high in zip(rows["next_price_low"], rows["next_price_high"], strict=True)
        ],
    })  # fmt: skip
    return table(shown, caption=f"What it costs, by {kind}")


def tell_ease(quarter: Quarter) -> Section:
    """Whether life is getting easier: waiting, effort asked, promises kept and what customers say."""
    rows = read_figures(quarter, EASIER)
    found = (
        _tell_now(rows),
        tell_turns(quarter, EASIER),
        tell_turns(quarter, EASIER, "last year"),
        _tell_experience(rows),
    )
    shown = show_figures(quarter, EASIER, "What it is like to be our customer")
    counted = "A change is called clear only where the interval of the difference excludes nought."
    return Section(found, counted, (shown,), EASIER)


def _tell_now(rows: pd.DataFrame) -> str:
    """The three figures that customers feel first."""
    words = {
        "lead_time_days": "the middle request took {} working days",
        "promises_kept_share": "{} of promises were kept",
        "first_time_right_share": "{} of deliveries were right the first time",
    }
    known = rows[rows["value"].notna()].set_index("measure")["value"]
    said = [
        text.format(tell(known[m], "_share" if m.endswith("_share") else "")) for m, text in words.items() if m in known
    ]
    told = join(said)
    return told[:1].upper() + told[1:] + "." if said else ""


def _tell_experience(rows: pd.DataFrame) -> str:
    answers = rows[rows["measure"].isin(["nps_points", "csat_level", "ces_level", "worth_level"])]
    return "" if answers["value"].notna().any() else "How customers feel about it is not measured."


def tell_customers(quarter: Quarter) -> Section:
    """The segments, who moved, what changed, and whom the PMO does not reach."""
    groups = quarter.groups
    counted = f"{len(groups):,} customers are known; {len(quarter.features.values):,} were active in the look-back."
    found = (
        segments.tell_found(quarter), segments.tell_schemes(quarter), segments.tell_moves(quarter),
        segments.tell_largest_change(quarter), segments.tell_given(quarter), tell_turns(quarter, REACHED),
    )  # fmt: skip
    tables = (
        segments.list_schemes(quarter), segments.list_changes(quarter), _list_possible(quarter),
        segments.list_given(quarter), show_figures(quarter, REACHED, "Whom we reach"), _list_splits(quarter),
    )  # fmt: skip
    return Section(found, counted, tables, REACHED)


def _list_possible(quarter: Quarter) -> str:
    """How many customers may have moved in the last year, where noise could explain it as well."""
    rows, names = quarter.history.possible, names_of(quarter)
    rows = rows[rows["quarter"] > shift_quarter(quarter.quarter, -4)]
    pairs = rows.groupby(["quarter", "from_segment", "to_segment"])["probability"].agg(["size", "min", "max"])
    pairs = pairs.reset_index().sort_values(["quarter", "from_segment", "to_segment"], ascending=[False, True, True])
    shown = pd.DataFrame({
        "May have moved in": pairs["quarter"].tolist(),
        "From": [names.segment(s) for s in pairs["from_segment"]],
        "To": [names.segment(s) for s in pairs["to_segment"]],
        "Customers": told(pairs, "size", "_count"),
        "How sure": [_chance(low, high) for low, high in zip(pairs["min"], pairs["max"], strict=True)],
    })  # fmt: skip
    return table(shown, caption="Moves that noise could explain as well; nobody is counted as moved by them")


def _chance(low: float, high: float) -> str:
    first, last = ("over 99 %" if p > 0.99 else tell(p, "_share") for p in (low, high))
    return first if first == last else f"{first.removesuffix(' %')} to {last}"


def _list_splits(quarter: Quarter) -> str:
    """How much of a change is other customers, and how much the same ones doing otherwise."""
    rows, names = quarter.measures.splits, names_of(quarter)
    main = ("promises_kept_share", "process_hours_share", "first_time_right_share", "came_back_share")
    kind = "segment" if (rows["group_kind"] == "segment").any() else "category"
    rows = rows[(rows["group_kind"] == kind) & rows["measure"].isin(main) & (rows["against"] == "last quarter")]
    shown = pd.DataFrame({"Figure": [names.measure(m) for m in rows["measure"]]} | {
        title: [_points(v) for v in rows[column]]
        for title, column in (("Change", "change"), (f"Other mix of {kind}s", "mix"), ("Same ones doing otherwise", "rate"))
    })  # fmt: skip
    return table(shown, caption="Where a change since last quarter comes from, in points")


def _points(value: float) -> str:
    told = f"{100 * value:+.1f}".replace("-", "−")
    return cell(None) if pd.isna(value) else "0" if told in ("+0.0", "−0.0") else told
