"""What the PMO itself costs: against its budget, and beside what projects of each size spend."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present import plots
from pmo_analysis.present.formats import table, tell, tell_limits, told
from pmo_analysis.present.plots.style import head
from pmo_analysis.present.shown import Picture, draw
from pmo_analysis.quarter import Quarter

_OVERHEAD = ("overhead_share", "low", "high")


def list_budget(quarter: Quarter) -> str:
    """Each quarter of the fiscal year and the year to date: capacity, used, unused, budget and the difference."""
    rows, currency = quarter.budget.budget, quarter.settings["currency"]
    if not rows["supplied_cost"].notna().any():
        return ""
    shown = pd.DataFrame({
        "Quarter": rows["quarter"].tolist(),
        "Capacity": told(rows, "supplied_cost", currency=currency),
        "Used": told(rows, "used_cost", currency=currency),
        "Unused": told(rows, "unused_cost", currency=currency),
        "Worked beside it": told(rows, "unstated_cost", currency=currency),
        "Budget": told(rows, "budget_cost", currency=currency),
        "Over or under it": [_tell_side(v, currency) for v in rows["difference_cost"]],
    })  # fmt: skip
    known = rows["budget_cost"].notna().any()
    shown = shown if known else shown.drop(columns=["Budget", "Over or under it"])
    shown = shown if rows["unstated_cost"].notna().any() else shown.drop(columns="Worked beside it")
    return table(shown, caption="What the PMO costs" + (" against its budget" if known else " (no budget is given)"))


def _tell_side(difference: float, currency: str) -> str:
    if pd.isna(difference):
        return "not known"
    return f"{tell(abs(difference), '_cost', currency)} {'over' if difference > 0 else 'under'}"


def list_overhead(quarter: Quarter) -> str:
    """PMO cost over project cost by size of the project."""
    rows, currency = quarter.budget.overhead, quarter.settings["currency"]
    shown = pd.DataFrame({
        "Projects that spent": rows["size_class"].tolist(),
        "Projects": told(rows, "projects_count"),
        "Spent by them": told(rows, "project_cost", currency=currency),
        "PMO cost on them": told(rows, "pmo_cost", currency=currency),
        "PMO cost over their cost": [_tell_share(r) for r in rows.to_dict("records")],
    })  # fmt: skip
    return table(shown, caption="PMO cost beside what projects spent, over their lives so far")


def _tell_share(row: dict[str, float]) -> str:
    """Shares of a few per cent and less need their second figure."""
    value, low, high = (f"{100 * row[c]:.2g} %" for c in _OVERHEAD)
    return f"{value} ({low.removesuffix(' %')} to {high})" if pd.notna(row["low"]) else f"{value} (range not estimable)"


def list_references(quarter: Quarter) -> str:
    """Rules of thumb from elsewhere, each with its source."""
    rows = quarter.budget.references
    if quarter.budget.overhead.empty:
        return ""
    shown = pd.DataFrame({
        "Rule of thumb, of project cost": rows["name"].tolist(),
        "Share": _tell_rules(rows),
        "Source": rows["source"].tolist(),
    })  # fmt: skip
    return table(shown, caption="To look at, not to aim for: rules of thumb contradict each other")


def draw_overhead(quarter: Quarter) -> Picture | str:
    """PMO cost over project cost by size class, rules of thumb below it in grey."""
    rows, others = quarter.budget.overhead, quarter.budget.references
    if rows.empty:
        return "No picture: what the PMO cost beside the projects is not known."
    own = rows.rename(columns={"size_class": "label", "overhead_share": "value"})
    own = own.assign(note=[f"{_tell_share(r)} · n = {r['n']:,.0f}" for r in rows.to_dict("records")])
    grey = others.rename(columns={"name": "label", "low_share": "low", "high_share": "high"})
    grey = grey.assign(note=_tell_rules(others))
    axes = plots.plot_beside(
        own, grey, title="PMO cost over project cost; bar = how sure", here="our projects", there="rules of thumb"
    )
    head(axes, "What the PMO costs beside the projects, by what they spent")
    said = "; ".join(f"{label} {note}" for label, note in zip(own["label"], own["note"], strict=True))
    return draw(axes, f"PMO cost over project cost by what the project spent: {said}.")


def _tell_rules(rows: pd.DataFrame) -> list[str]:
    return [
        tell_limits(low, high, "_share") if low < high else tell(low, "_share")
        for low, high in zip(rows["low_share"], rows["high_share"], strict=True)
    ]
