"""Point in time: what an organisation knew at the end of a day, in SQL.

Tools overwrite their rows. Where a row carries `as_of_on`, the latest one not after the day counts;
where it does not, the export's values stand, but whatever is dated later is not yet known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pmo_analysis.contract.tables import Table
from pmo_analysis.intake.cast import literal, quote

_DELIVERY = (
    "delivered_on",
    "charged_cost",
    "approval_count",
    "document_count",
    "touchpoint_count",
    "reworked",
    "outcome_score",
    "effort_proxy_count",
)


@dataclass(frozen=True)
class _Later:
    """Columns that are not yet known while the date in `on` lies after the day."""

    on: str
    columns: tuple[str, ...]
    only_undated: bool = False


_NOT_YET = {
    "customers": (_Later("active_to_on", ("active_to_on",)),),
    "services": (_Later("active_to_on", ("active_to_on",)),),
    "engagements": (_Later("delivered_on", _DELIVERY), _Later("started_on", ("started_on",))),
    "projects": (_Later("actual_finish_on", ("actual_finish_on",)),),
    "decisions": (_Later("due_on", ("observed_effect",), only_undated=True),),
}
_STATE = {
    "engagements": ("state", "delivered_on", "open", "CASE WHEN delivered_on IS NULL THEN 'open' ELSE 'delivered' END"),
    "projects": ("status", "actual_finish_on", "running", "NULL"),
}


def known_sql(table: Table, view: str, day: date, quarter: str) -> str:
    """The query for a table as known at the end of `day`, the last day of `quarter`."""
    today = f"DATE {literal(day.isoformat())}"
    rows = _latest(table, view, today) if "as_of_on" in table.names else f"SELECT * FROM {view}"
    columns = ", ".join(f"{_column(table, name, today)} AS {quote(name)}" for name in table.names)
    return f"SELECT {columns} FROM ({rows}) AS t WHERE {_not_later(table, today, quarter)}"


def _latest(table: Table, view: str, today: str) -> str:
    keys = ", ".join(quote(k) for k in table.key)
    order = ", ".join(["as_of_on DESC NULLS LAST", *(quote(n) for n in table.names)])
    return (
        f"SELECT * FROM {view} WHERE as_of_on IS NULL OR as_of_on <= {today} "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {order}) = 1"
    )


def _column(table: Table, name: str, today: str) -> str:
    value = f"t.{quote(name)}"
    if table.name in _STATE and name == _STATE[table.name][0]:
        _, on, still, otherwise = _STATE[table.name]
        return f"CASE WHEN t.{quote(on)} > {today} THEN '{still}' ELSE coalesce({value}, {otherwise}) END"
    for later in _NOT_YET.get(table.name, ()):
        if name in later.columns:
            undated = " AND t.as_of_on IS NULL" if later.only_undated else ""
            return f"CASE WHEN t.{quote(later.on)} > {today}{undated} THEN NULL ELSE {value} END"
    return value


def _not_later(table: Table, today: str, quarter: str) -> str:
    if not table.dated:
        return "true"
    if table.column(table.dated).kind == "quarter":
        return f"(t.quarter IS NULL OR t.quarter <= {literal(quarter)})"
    dated = "least(t.requested_on, t.started_on)" if table.name == "engagements" else f"t.{quote(table.dated)}"
    test = f"({dated} IS NULL OR {dated} <= {today})"
    versioned = table.name in ("projects", "benefits")
    return f"(t.as_of_on IS NOT NULL OR {test})" if versioned else test
