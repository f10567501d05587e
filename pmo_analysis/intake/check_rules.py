"""What each row of a table must hold to: conditions in SQL on its own values, one list per table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pmo_analysis.contract.tables import TABLE, Column, Table
from pmo_analysis.intake.cast import is_guarded, literal, quote, sql_type, text_name
from pmo_analysis.intake.problems import HARMS, NOTE

_BAD = {
    "date": ("bad date", "Write dates as 2026-09-30."),
    "number": ("bad number", "Write numbers with a decimal point, without thousands separators, units or words."),
    "money": ("bad number", "Write money as plain numbers with a decimal point, without currency signs or separators."),
    "count": ("bad number", "Write counts as plain numbers."),
    "flag": ("bad yes/no", "Write yes or no (or true/false, 1/0)."),
    "quarter": ("bad quarter", "Write quarters as 2026Q3."),
}
_SCALES = "CASE question WHEN 'nps' THEN 0 ELSE 1 END", "CASE question WHEN 'nps' THEN 10 WHEN 'ces' THEN 7 ELSE 5 END"


@dataclass(frozen=True)
class Rule:
    """One rule: `condition` is true where a row breaks it; `example` is what to show of such a row.

    `asks_for_value`: a row breaks it by having none; where every row does, the column is missing.
    """

    column: str
    problem: str
    condition: str
    example: str
    remedy: str
    severity: str = HARMS
    asks_for_value: bool = False


def list_rules(table: Table) -> list[Rule]:
    """All rules of a table: readable, filled where required, in range, and in order with each other."""
    shown = key_sql(table.key or ("worked_on", "role"))
    rules = [rule for column in table.columns for rule in _column_rules(column, shown)]
    for group in table.either:
        blank = " AND ".join(is_blank(table.column(c)) for c in group)
        rules.append(
            Rule(
                " or ".join(group),
                f"none of {', '.join(group)} is given",
                blank,
                shown,
                "Give at least one of them in every row.",
                asks_for_value=True,
            )
        )
    return [*rules, *_BETWEEN.get(table.name, ())]


def list_value_rules(table: Table, column: Column) -> list[Rule]:
    """The rules that a value of one column must hold to by itself; the order of two days is a matter of both."""
    between = [] if column.kind == "date" else [r for r in _BETWEEN.get(table.name, ()) if r.column == column.name]
    return [*_column_rules(column, "''"), *between]


def is_blank(column: Column) -> str:
    """True where a row has neither a value nor an unreadable text."""
    unread = f" AND {quote(text_name(column.name))} IS NULL" if is_guarded(column) and column.kind != "id" else ""
    return f"({quote(column.name)} IS NULL{unread})"


def _column_rules(column: Column, shown: str) -> Iterator[Rule]:
    name, text = quote(column.name), quote(text_name(column.name))
    if column.kind == "id":
        yield Rule(
            column.name,
            "space around the identifier, removed",
            f"{text} IS NOT NULL",
            f"'[' || {text} || ']'",
            "Nothing to do; better to remove it at the source.",
            NOTE,
        )
    elif is_guarded(column):
        problem, remedy = _BAD.get(
            column.kind, ("not one of the choices", f"Write one of {', '.join(column.choices)}.")
        )
        yield Rule(column.name, problem, f"{text} IS NOT NULL", text, remedy)
    if column.required:
        yield Rule(
            column.name,
            "required value is blank",
            is_blank(column),
            shown,
            "Fill it in; rows without it count only where it is not needed.",
            asks_for_value=True,
        )
    yield from _range_rules(column, name)


def _range_rules(column: Column, name: str) -> Iterator[Rule]:
    shown = f"CAST(CAST({name} AS DOUBLE) AS VARCHAR)"
    for limit, sign, word in ((column.low, "<", "below"), (column.high, ">", "above")):
        if limit is not None:
            value = f"CAST({limit!r} AS {sql_type(column)})"
            problem = "negative" if sign == "<" and limit == 0 else f"{word} {limit:g}"
            yield Rule(column.name, problem, f"{name} {sign} {value}", shown, _limits(column))


def _limits(column: Column) -> str:
    if column.high is None:
        return f"Values are {column.low:g} or more: mend them at the source, or take the rows out."
    return f"Values are {column.low or 0:g} to {column.high:g}: mend them at the source."


def _before(later: str, earlier: str, problem: str) -> Rule:
    example = f"{later} || ' is before ' || {earlier}"
    return Rule(later, problem, f"{later} < {earlier}", example, f"Mend {later} or {earlier}; one of the two is wrong.")


_BETWEEN = {
    "customers": (_before("active_to_on", "active_from_on", "ended before it began"),),
    "services": (_before("active_to_on", "active_from_on", "ended before it began"),),
    "engagements": (
        _before("delivered_on", "started_on", "delivered before started"),
        _before("delivered_on", "requested_on", "delivered before requested"),
        _before("promised_on", "requested_on", "promised before requested"),
        Rule("delivered_on", "delivered without a date", "state = 'delivered' AND " + is_blank(
            TABLE["engagements"].column("delivered_on")), "engagement_id", "Give the day of delivery, or another state."),
    ),
    "projects": (_before("planned_finish_on", "planned_start_on", "planned to finish before it starts"),),
    "survey": (
        Rule("score", "outside the question's scale", f"score < {_SCALES[0]} OR score > {_SCALES[1]}",
             "question || ' = ' || CAST(score AS VARCHAR)", f"Scales: {TABLE['survey'].column('question').meaning}."),
    ),
}  # fmt: skip


def key_sql(columns: tuple[str, ...]) -> str:
    """A key as text: `customer_id = A, as_of_on = 2026-09-30`."""
    parts = [f"{literal(c + ' = ')} || coalesce(CAST({quote(c)} AS VARCHAR), 'blank')" for c in columns]
    return " || ', ' || ".join(parts)
