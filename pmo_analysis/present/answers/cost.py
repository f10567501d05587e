"""Questions 5 and 9: where service could be cheaper, and whether there is capacity."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.answers.budget import list_budget, list_overhead, list_references
from pmo_analysis.present.answers.equations import list_equations, list_sizes, tell_harder
from pmo_analysis.present.answers.figures import show_figures
from pmo_analysis.present.answers.scenario import tell_wait
from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import is_number, table, tell, tell_range, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.quarter import Quarter

WORTH = {
    "benefit_realised_share": ("Benefit realised", "_share"),
    "worth_level": ("Worth what it costs, 1 to 5", ""),
    "promises_kept_share": ("Promises kept", "_share"),
}
PROCESS = (
    "process_hours_share", "process_cost_share", "mandated_process_hours_share", "approval_count", "document_count",
    "project_overhead_share",
)  # fmt: skip


def tell_cheaper(quarter: Quarter) -> Section:
    """What each service costs, how cost is concentrated, and what part is process."""
    tables = (
        _list_services(quarter), list_sizes(quarter), list_equations(quarter), _list_worth(quarter), list_budget(quarter),
        list_overhead(quarter), list_references(quarter), show_figures(quarter, PROCESS, "Process rather than delivery"),
    )  # fmt: skip
    found = (
        quarter.cost.sentence,
        _tell_concentration(quarter),
        _tell_loss(quarter),
        tell_harder(quarter),
        quarter.budget.sentence,
    )
    return Section(found, _counted(quarter), tables, ("cost_to_serve", "unit_cost", *WORTH, *PROCESS))


def _tell_concentration(quarter: Quarter) -> str:
    rows = quarter.cost.concentration
    upto = rows[rows["customers_share"] >= 0.2]
    if upto.empty:
        return ""
    first = upto.iloc[0]
    share = tell_range(first["cost_share"], first["low"], first["high"], "_share")
    dearest = f"The dearest {tell(first['customers_share'], '_share')} of customers take {share} of the cost to serve"
    return f"{dearest}."


def _tell_loss(quarter: Quarter) -> str:
    """Services that took more than was charged for them."""
    rows = quarter.cost_by["service"].table
    if not (rows["charged_cost"].notna().any() and set(rows["basis"]) == {"hours"}):
        return ""
    paid = rows[rows["charged_cost"].notna() & rows["cost_to_serve_cost"].notna()]
    under = int((paid["charged_cost"] < paid["cost_to_serve_cost"]).sum())
    return f"{under} of {len(paid)} services cost more than was charged for them." if under else ""


def _counted(quarter: Quarter) -> str:
    rows = quarter.cost.table
    basis = {"hours": "hours worked × rates", "charged": "money charged", "standard hours": "standard hours × rates"}
    served = rows["cost_to_serve_cost"].notna().sum()
    told = f" Cost to serve by {basis[quarter.cost.basis]}." if quarter.cost.basis in basis else ""
    return f"n = {served:,} customers served.{told}"


def _list_services(quarter: Quarter) -> str:
    currency, names = quarter.settings["currency"], names_of(quarter)
    rows = quarter.cost_by["service"].table.sort_values(["cost_to_serve_cost", "service_id"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Deliveries": told(rows, "engagement_count"),
        "Hours": told(rows, "worked_hours", "_count"),
        "Cost to serve": told(rows, "cost_to_serve_cost", currency=currency),
        "Per delivery": told_ranges(rows, ("unit_cost", "unit_cost_low", "unit_cost_high"), currency=currency),
        "Charged": told(rows, "charged_cost", currency=currency),
        "Process no law requires": _free_process(rows, currency),
        "Customers": told(rows, "n"),
    })  # fmt: skip
    return table(shown, caption="Dearest services first", most=10)


def _list_worth(quarter: Quarter) -> str:
    """Value against cost: what a customer of each category costs beside what it gets; small groups are not told."""
    currency, cells = quarter.settings["currency"], quarter.measures.cells
    cards = quarter.propositions.cards
    cards = cards[(cards["group_kind"] == "category") & cards["cost_median"].notna()]
    cells = cells[(cells["group_kind"] == "category") & (cells["n"] >= quarter.settings["minimum_cell"])]
    known = {m: rows.set_index("group") for m, rows in cells.groupby("measure")}
    shown = pd.DataFrame({"Category": cards["group"].tolist(), "One customer": told(cards, "cost_median", "_cost", currency)} | {
        title: [_cell(known.get(measure), group, unit) for group in cards["group"]] for measure, (title, unit) in WORTH.items()
    })  # fmt: skip
    return table(shown, caption="Value against cost, by category")


def _cell(rows: pd.DataFrame | None, group: str, unit: str) -> str:
    if rows is None or group not in rows.index:
        return "too few to say"
    row = rows.loc[group]
    return tell_range(row["value"], row["low"], row["high"], unit)


def _free_process(rows: pd.DataFrame, currency: str) -> list[str]:
    free = rows["process_cost"] - rows["mandated_process_cost"].fillna(0)
    return [tell(v, "_cost", currency) for v in free]


def tell_capacity(quarter: Quarter) -> Section:
    """Hours used and unused, what unused capacity costs, and how long customers wait."""
    rows, currency = quarter.cost.unused, quarter.settings["currency"]
    shown = pd.DataFrame({
        "Role": rows["role"].tolist(),
        "Practical hours": told(rows, "supplied_hours", "_count"),
        "Used": told(rows, "used_hours", "_count"),
        "Utilisation": told(rows, "utilisation_share"),
        "Unused": told(rows, "unused_hours", "_count"),
        "Cost of the unused": told(rows, "unused_cost", currency=currency),
    })  # fmt: skip
    waits = ("lead_time_days", "lead_time_p85_days", "lead_time_ratio")
    tables = (table(shown, caption="Capacity by role; the unused is charged to nobody"),
              show_figures(quarter, waits, "How long customers wait"))  # fmt: skip
    counted = "Practical hours are what remains after leave, meetings and training."
    queued = f" How the wait for somebody free is found: {quarter.baseline.traffic.reason}" if quarter.baseline else ""
    return Section((*_tell_used(quarter), tell_wait(quarter.baseline)), counted + queued, tables, waits)


def _tell_used(quarter: Quarter) -> tuple[str, ...]:
    rows, currency = quarter.cost.unused, quarter.settings["currency"]
    supplied = rows[rows["supplied_hours"].notna()]
    if supplied.empty:
        return ("Whether there is capacity is not known: the hours available are not recorded.",)
    limit = quarter.settings["utilisation_warning_share"]
    tight = supplied.loc[supplied["utilisation_share"] > limit, "role"]
    unused = supplied["unused_cost"].clip(lower=0).sum(min_count=1)
    load = quarter.headline.figures.set_index("topic")["sentence"].get("load", "")
    over = f"Above {tell(limit, '_share')}, from where waits grow steeply: {', '.join(tight)}." if len(tight) else (
        f"No role is above the {tell(limit, '_share')} from where waits grow steeply.")  # fmt: skip
    idle = f"Capacity worth {tell(unused, '_cost', currency)} was not used." if is_number(unused) else ""
    return (load, over, idle)
