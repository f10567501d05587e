"""Questions 3 and 12: what value was visible, and whether last quarter's decisions worked."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.answers.figures import read_figures, show_figures, tell_turns
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import MISSING, day, is_number, join, table, tell, tell_change, told, told_ranges
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
    found = (_tell_outcomes(quarter), _tell_benefit(quarter), tell_turns(quarter, measures), *_tell_reversals(quarter))
    counted = "Projects' results are the customers'; only confirmed benefits are the PMO's own claim." \
              f" Money in {currency}."  # fmt: skip
    return Section(found, counted, (*tables, _list_anchors(quarter)))


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


def tell_decisions(quarter: Quarter) -> Section:
    """What earlier decisions were expected to do and what they did; commitments in pairs."""
    rows, names = quarter.leadership.decisions, names_of(quarter)
    shown = pd.DataFrame({
        "Decision": rows["text"].tolist(),
        "Taken": rows["quarter"].tolist(),
        "Should work by": [day(d) for d in rows["due_on"]],
        "Figure": [_figure(names.measure(m)) if isinstance(m, str) else MISSING for m in rows["measure"]],
        "Expected": [_effect(quarter, m, v) for m, v in zip(rows["measure"], rows["expected_effect"], strict=True)],
        "Seen": [_effect(quarter, m, v) for m, v in zip(rows["measure"], rows["observed_effect"], strict=True)],
        "Range": _ranges(quarter, rows),
        "So it": rows["verdict"].tolist(),
    })  # fmt: skip
    kept = quarter.leadership.commitments
    pairs = pd.DataFrame(
        {"Commitment": kept["title"], "This quarter": told_ranges(kept, unit="unit"), "n": told(kept, "n")}
    )
    tables = (table(shown, caption="Decisions and their effects, newest first", most=8),
              table(pairs, caption="Commitments, read in pairs"))  # fmt: skip
    return Section((quarter.leadership.sentence,), "", tables)


def _figure(title: str) -> str:
    return title[:1].upper() + title[1:]


def _unit(quarter: Quarter, measure: object) -> str:
    """The unit of a decision's measure; its name may carry it where no definition does."""
    units = quarter.measures.definitions.set_index("measure")["unit"]
    if measure in units.index:
        return str(units[measure])
    return "share" if str(measure).endswith("_share") else "money" if "cost" in str(measure) else ""


def _effect(quarter: Quarter, measure: object, value: float) -> str:
    if not is_number(value):
        return MISSING
    unit = _unit(quarter, measure)
    sign = "+" if value > 0 else ""
    if unit in ("share", "points"):
        return f"{sign}{tell(100 * value if unit == 'share' else value)} points"
    return sign + tell(value, unit, quarter.settings["currency"])


def _ranges(quarter: Quarter, rows: pd.DataFrame) -> list[str]:
    currency = quarter.settings["currency"]
    return [
        tell_change(low, high, _unit(quarter, m), currency)
        for m, low, high in zip(rows["measure"], rows["low"], rows["high"], strict=True)
    ]
