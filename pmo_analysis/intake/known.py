"""Point in time: what an organisation knew at the end of a day, in SQL.

Tools overwrite their rows. Where a row carries `as_of_on`, the latest one not after the day counts;
where it does not, the export's values stand, but whatever is dated later is not yet known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pmo_analysis.contract.tables import Table
from pmo_analysis.intake.cast import TEXT, is_guarded, literal, quote, text_name

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
    "services": ("status", "active_to_on", "active", "NULL"),
    "engagements": ("state", "delivered_on", "open", "CASE WHEN delivered_on IS NULL THEN 'open' ELSE 'delivered' END"),
    "projects": ("status", "actual_finish_on", "running", "NULL"),
}


def known_sql(table: Table, relation: str, day: date, quarter: str, *, numbered: bool = True) -> str:
    """The query for a table as known at the end of `day`, the last day of `quarter`: one row per key.

    `numbered`: the relation numbers its rows in `_row`, which comes first.
    """
    names = ("_row", *table.names) if numbered else table.names
    return _select(table, _latest(table, relation, _today(day)), names, day, quarter)


def known_rows_sql(table: Table, relation: str, day: date, quarter: str) -> str:
    """The query for every row known by then, all versions, with the texts set aside: what a check looks at."""
    texts = tuple(text_name(c.name) for c in table.columns if is_guarded(c))
    return _select(table, _not_newer(table, relation, _today(day)), ("_row", *table.names, *texts), day, quarter)


def _select(table: Table, rows: str, names: tuple[str, ...], day: date, quarter: str) -> str:
    today = _today(day)
    columns = ", ".join(f"{_column(table, name, today)} AS {quote(name)}" for name in names)
    return f"SELECT {columns} FROM ({rows}) AS t WHERE {_not_later(table, today, quarter)}"


def _today(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"


def _not_newer(table: Table, relation: str, today: str) -> str:
    if "as_of_on" not in table.names:
        return f"SELECT * FROM {relation}"
    return f"SELECT * FROM {relation} WHERE as_of_on IS NULL OR as_of_on <= {today}"


def _latest(table: Table, relation: str, today: str) -> str:
    """Of the rows not newer than the day, the newest per key; a row without a key stands for itself."""
    rows = _not_newer(table, relation, today)
    if "as_of_on" not in table.names:
        return rows
    keys = ", ".join(quote(k) for k in table.key)
    keyed = " AND ".join(f"{quote(k)} IS NOT NULL" for k in table.key)
    order = ", ".join(["as_of_on DESC NULLS LAST", *(quote(n) for n in table.names)])
    newest = f"row_number() OVER (PARTITION BY {keys} ORDER BY {order}) = 1"
    return f"{rows} QUALIFY NOT ({keyed}) OR {newest}"


def _column(table: Table, name: str, today: str) -> str:
    value = f"t.{quote(name)}"
    if table.name in _STATE and name.removesuffix(TEXT) == _STATE[table.name][0]:
        _, on, still, otherwise = _STATE[table.name]
        not_yet = f"t.{quote(on)} > {today}"
        if name.endswith(TEXT):
            return f"CASE WHEN {not_yet} THEN NULL ELSE {value} END"
        return f"CASE WHEN {not_yet} THEN '{still}' ELSE coalesce({value}, {otherwise}) END"
    for later in _NOT_YET.get(table.name, ()):
        if name.removesuffix(TEXT) in later.columns:
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
