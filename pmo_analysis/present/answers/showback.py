"""The showback statement: what a customer was charged, what serving it cost, and its own hours, never added up."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.present.formats import table, told
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_ALL = "all services"
_MOST = 8


def show_statements(quarter: Quarter) -> Html | None:
    """The customers that cost most to serve, a line each; every customer's statement is in the table `showback`."""
    rows = quarter.showback.table
    rows = _dearest(rows[rows["service_id"] == _ALL])
    if rows.empty:
        return None
    names = names_of(quarter)
    words = _list(
        quarter, rows, "Customer", [names.customer(c) for c in rows["customer_id"]], "Showback, dearest customers first"
    )
    return Html(render("found.html.j2", sentences=[quarter.showback.sentence, *_tell_basis(quarter)], html=words))


def show_statement(quarter: Quarter, customer_id: str = "") -> Html:
    """One customer's statement, service by service; the dearest customer's where none is named.

    InputError where the customer is not known.
    """
    rows, names = quarter.showback.table, names_of(quarter)
    totals = _dearest(rows[rows["service_id"] == _ALL])
    if totals.empty:
        return Html(
            render("no_picture.html.j2", sentence="No statement: neither charges nor hours of the quarter are known.")
        )
    wanted = customer_id or str(totals["customer_id"].iloc[0])
    if wanted not in set(rows["customer_id"]):
        raise InputError(f"No statement for customer {wanted!r}. {nearest(wanted, rows['customer_id'].unique())}")
    mine = rows[rows["customer_id"] == wanted]
    mine = pd.concat([mine[mine["service_id"] == _ALL], _dearest(mine[mine["service_id"] != _ALL])])
    first = [_name(names.service(s)) if pd.notna(s) else "On no service that is known" for s in mine["service_id"]]
    words = _list(quarter, mine, "Service", first, f"{names.customer(wanted)} ({wanted}), {quarter.quarter}", most=40)
    return Html(render("found.html.j2", sentences=[_NEVER_ADDED, *_tell_basis(quarter)], html=words))


_NEVER_ADDED = (
    "What was charged is what the customer paid, cost to serve is what the PMO spent on it, and its own hours are what "
    "its people gave; the three are told apart and never added up. A dash means not known."
)


def _tell_basis(quarter: Quarter) -> list[str]:
    """Where no hours are booked the cost to serve is no second figure beside the charges."""
    told = {
        "charged": "No hours are booked: cost to serve is what was charged, and says nothing beyond it.",
        "standard hours": "No hours are booked: cost to serve is what the delivered sizes stand for, not what was spent.",
    }
    return [told[quarter.cost.basis]] if quarter.cost.basis in told else []


def _name(service: str) -> str:
    return "All services" if service == _ALL else service


def _dearest(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["cost_to_serve_cost", "charged_cost", "customer_id", "service_id"],
                            ascending=[False, False, True, True], na_position="last")  # fmt: skip


def _list(quarter: Quarter, rows: pd.DataFrame, head: str, first: list[str], caption: str, most: int = _MOST) -> str:
    currency = quarter.settings["currency"]
    shown = pd.DataFrame({
        head: first,
        "Deliveries": told(rows, "engagements_count"),
        "Charged": told(rows, "charged_cost", currency=currency),
        "Cost to serve": told(rows, "cost_to_serve_cost", currency=currency),
        "Own hours": told(rows, "own_hours", "_count"),
        "Own hours in money": told(rows, "own_hours_cost", currency=currency),
    })  # fmt: skip
    return table(shown, caption=caption, most=most)
