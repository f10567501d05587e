"""Question 3: what value was visible, measured and unmeasured apart."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.answers.figures import read_figures, show_figures, tell_turns
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import is_number, join, table, tell, tell_limits
from pmo_analysis.present.names import names_of
from pmo_analysis.quarter import Quarter

OUTCOMES = {
    "Better execution": ("on_time_share", "on_budget_share", "severe_overrun_share", "overrun_median_share",
                         "cost_performance", "schedule_performance"),
    "Higher productivity": ("productivity_ratio",),
    "Better investment decisions": ("unspent_at_stop_share", "forecast_bias_share", "paid_back_share"),
    "Greater value": ("benefit_realised_share", "benefit_measured_share", "benefit_confirmed_share"),
    "Lower cost": ("unit_cost_saving_cost", "efficiency_saving_cost", "rate_saving_cost", "project_overhead_share"),
}  # fmt: skip


def tell_value(quarter: Quarter) -> Section:
    """Five outcomes, each measure with its range, what part was measured at all, and what changed."""
    measures = [m for group in OUTCOMES.values() for m in group]
    currency = quarter.settings["currency"]
    tables = [show_figures(quarter, names, title, measured=True) for title, names in OUTCOMES.items()]
    found = (
        _tell_outcomes(quarter), _tell_benefit(quarter), tell_turns(quarter, measures), *_tell_reversals(quarter),
        quarter.value.sentence, _tell_sensitivity(quarter),
    )  # fmt: skip
    counted = "Projects' results are the customers'; only confirmed benefits are the PMO's own claim." \
              f" Money in {currency}."  # fmt: skip
    return Section(found, counted, (*tables, list_weights(quarter), _list_anchors(quarter)), tuple(measures))


def _tell_outcomes(quarter: Quarter) -> str:
    known: list[str] = []
    lacking: list[str] = []
    for title, names in OUTCOMES.items():
        (known if read_figures(quarter, names)["value"].notna().any() else lacking).append(title.lower())
    if not lacking:
        return "All five outcomes could be measured, each at least in part."
    told = f"{len(known) or 'None'} of the five outcomes could be measured" + (f": {join(known, 5)}" if known else "")
    return f"{told}; nothing is known of {join(lacking, 5)}."


def _tell_benefit(quarter: Quarter) -> str:
    rows = read_figures(quarter, OUTCOMES["Greater value"]).set_index("measure")["value"]
    if not is_number(rows["benefit_realised_share"]):
        return ""
    confirmed = rows["benefit_confirmed_share"]
    told = f"Of the benefit due and measured, {tell(rows['benefit_realised_share'], '_share')} was realised"
    told += f"; {tell(rows['benefit_measured_share'], '_share')} of what was due was measured at all"
    return told + (f", and customers confirmed {tell(confirmed, '_share')} of it." if is_number(confirmed) else ".")


def _tell_reversals(quarter: Quarter) -> list[str]:
    """The whole moved one way and every group the other: said for the measures of this section."""
    rows = quarter.measures.reversals
    names = names_of(quarter)
    mine = [m for group in OUTCOMES.values() for m in group]
    return [
        f"Beware: {str(r['sentence']).replace(r['measure'], '“' + names.measure(r['measure']) + '”')}"
        for r in rows[rows["measure"].isin(mine)].head(2).to_dict("records")
    ]


def _list_anchors(quarter: Quarter) -> str:
    rows = quarter.measures.definitions
    drawn = read_figures(quarter, [m for group in OUTCOMES.values() for m in group])
    rows = rows[rows["worst_anchor"].notna() & rows["measure"].isin(drawn.loc[drawn["value"].notna(), "measure"])]
    shown = pd.DataFrame({
        "Figure": rows["title"].tolist(),
        "Worth 0": [tell(v, u) for v, u in zip(rows["worst_anchor"], rows["unit"], strict=True)],
        "Worth 100": [tell(v, u) for v, u in zip(rows["best_anchor"], rows["unit"], strict=True)],
    })  # fmt: skip
    return table(shown, caption="What counts as worst and best in the picture (from the settings)")


def _tell_sensitivity(quarter: Quarter) -> str:
    """Whether who gets most value hangs on the weights; customers are not named here."""
    rows = quarter.value.sensitivity
    if rows.empty:
        return ""
    first = rows.iloc[0]
    share = f"{tell(first['leads_share'], '_share')} ({tell_limits(first['low'], first['high'], '_share')})"
    turning = [
        _tell_turning(r)
        for r in rows.to_dict("records")
        if is_number(r["changes_above"]) or is_number(r["changes_below"])
    ]
    firm = f"The customer that gets most by these weights also does by {share} of all possible weights"
    return f"{firm}; another does if {join(turning, 2).replace(' and ', ' or ')}." if turning else f"{firm}."


def _tell_turning(row: dict[str, object]) -> str:
    """`benefit weighs above 0.55`: the turning point nearer to the weight as it is."""
    ends = [(row["changes_above"], "above"), (row["changes_below"], "below")]
    known = [(abs(float(at) - float(row["weight"])), f"{side} {float(at):.2f}") for at, side in ends if is_number(at)]  # type: ignore[arg-type]
    return f"{row['outcome']} weighs {min(known)[1]}"


def list_weights(quarter: Quarter) -> str:
    """Each outcome's weight and how far it may move before another customer gets most."""
    rows = quarter.value.sensitivity
    shown = pd.DataFrame({
        "Outcome": [str(o).capitalize() for o in rows["outcome"]],
        "Weight": [f"{w:.2f}" for w in rows["weight"]],
        "Another customer leads above": [_weight(w) for w in rows["changes_above"]],
        "or below": [_weight(w) for w in rows["changes_below"]],
        "Customers with a score": [tell(len(quarter.value.scores), "_count")] * len(rows),
    })  # fmt: skip
    return table(shown, caption="How far the value score hangs on its weights")


def _weight(value: float) -> str:
    return f"{value:.2f}" if is_number(value) else "never"
