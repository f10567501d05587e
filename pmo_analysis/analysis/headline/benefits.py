"""Benefit in money: planned, due, realised, confirmed and unmeasured, never mixed."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.units import tell_money

COLUMNS = ["figure", "title", "value", "n", "sentence"]


def list_benefits(benefits: pd.DataFrame, quarter: str, settings: Settings) -> pd.DataFrame:
    """Of the benefit due in the quarter what was measured, realised, confirmed; and what is planned and confirmed in all.

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
    whole, open_, known = (tell_money(part["planned_benefit"].sum(), currency) for part in (due, unmeasured, seen))
    told, sure = (tell_money(part["realised_benefit"].sum(), currency) for part in (seen, confirmed))
    rows = [
        _row("due_benefit", "Benefit due", due["planned_benefit"], f"{whole} of benefit was due in the quarter."),
        _row("unmeasured_benefit", "Due, not measured", unmeasured["planned_benefit"],
             f"What became of {open_} of it nobody measured."),
        _row("measured_benefit", "Due and measured", seen["planned_benefit"], f"{known} of it was measured:"),
        _row("realised_benefit", "Realised of what was measured", seen["realised_benefit"], f"{told} was realised"
             f"{'.' if said else '; whether customers confirmed that is not recorded.'}"),
        _row("confirmed_benefit", "Confirmed by customers so far", confirmed["realised_benefit"],
             f"Customers have confirmed {sure} of that.") if said else None,
    ]  # fmt: skip
    told_now = [r for r in rows if r and len(due)]
    table = pd.DataFrame([*told_now, *_to_date(planned, said, currency)], columns=COLUMNS)
    if not len(due):
        table.loc[0, "sentence"] = f"No benefit was due in the quarter. {table.loc[0, 'sentence']}"
    return table


def _to_date(planned: pd.DataFrame, said: bool, currency: str) -> list[dict[str, object]]:
    """All quarters together: what is planned, and what customers have confirmed by now (they often do so later)."""
    sure = planned.loc[planned["confirmed"].fillna(False).astype("bool"), "realised_benefit"].dropna()
    plan = tell_money(planned["planned_benefit"].sum(), currency)
    rows = [_row("planned_benefit", "Planned, all quarters", planned["planned_benefit"],
                 f"Over all quarters {plan} is planned.")]  # fmt: skip
    if said:
        words = f"Over all quarters customers have confirmed {tell_money(sure.sum(), currency)}."
        rows.append(_row("confirmed_to_date_benefit", "Confirmed by customers, all quarters", sure, words))
    return rows


def _row(figure: str, title: str, values: pd.Series, sentence: str) -> dict[str, object]:
    return {"figure": figure, "title": title, "value": float(values.sum()), "n": len(values), "sentence": sentence}
