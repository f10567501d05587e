"""Benefit in money: planned, due, realised, confirmed and unmeasured, never mixed."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.units import tell_money

COLUMNS = ["figure", "title", "value", "n", "sentence"]


def list_benefits(benefits: pd.DataFrame, quarter: str, settings: Settings) -> pd.DataFrame:
    """What benefit is planned in all, and of what was due in the quarter what was realised, confirmed, not measured.

    `benefits`: due_on, planned_benefit, realised_benefit (blank = unmeasured), confirmed. COLUMNS, money in `value`, the
    number of benefits in `n`. A benefit is confirmed only where a customer has said so; where nobody ever says, there
    is no such row and the sentence tells it. Empty where no benefit is planned.
    """
    month, currency = settings["fiscal_year_end_month"], settings["currency"]
    planned = benefits[benefits["planned_benefit"].notna()]
    if planned.empty:
        return pd.DataFrame(columns=COLUMNS)
    first, last = (pd.Timestamp(edge(quarter, month)) for edge in (quarter_start, quarter_end))
    due = planned[planned["due_on"].between(first, last)]
    seen = due[due["realised_benefit"].notna()]
    said = planned["confirmed"].notna().any()
    confirmed = seen[seen["confirmed"].fillna(False).astype("bool")]
    unmeasured = due[due["realised_benefit"].isna()]
    whole, open_ = (tell_money(part["planned_benefit"].sum(), currency) for part in (due, unmeasured))
    told, sure = (tell_money(part["realised_benefit"].sum(), currency) for part in (seen, confirmed))
    rows = [
        _row("due_benefit", "Benefit due", due["planned_benefit"], f"{whole} of benefit was due in the quarter."),
        _row("realised_benefit", "Of it realised", seen["realised_benefit"], f"{told} of it was realised"
             f"{'.' if said else '; whether customers confirmed that is not recorded.'}"),
        _row("confirmed_benefit", "Confirmed by customers", confirmed["realised_benefit"],
             f"Customers confirmed {sure} of that.") if said else None,
        _row("unmeasured_benefit", "Due and not measured", unmeasured["planned_benefit"],
             f"What became of {open_} nobody measured."),
    ]  # fmt: skip
    whole_plan = planned["planned_benefit"]
    all_planned = _row("planned_benefit", "Planned in all, due or not", whole_plan,
                       f"{tell_money(whole_plan.sum(), currency)} is planned in all.")  # fmt: skip
    table = pd.DataFrame([*(r for r in rows if r and len(due)), all_planned], columns=COLUMNS)
    return table if len(due) else table.assign(sentence="No benefit was due in the quarter. " + table["sentence"])


def _row(figure: str, title: str, values: pd.Series, sentence: str) -> dict[str, object]:
    return {"figure": figure, "title": title, "value": float(values.sum()), "n": len(values), "sentence": sentence}
