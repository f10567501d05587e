"""The table contract: one declaration used for validation, demo data, formats and documentation.

Each `Column` says its kind, meaning and range; each `Table` its row, key and what needs it.
Kinds: id and text (always text), number, money, count, date, quarter, flag (yes/no).
The unit is read off the column's suffix (`contract/units.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Kind = str


@dataclass(frozen=True)
class Column:
    """One column: what it holds, whether it must be there and what values are allowed."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    refers: str = ""


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its key, its columns, and the answers it switches on."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    answers: tuple[str, ...]
    required: bool = False
    either: tuple[tuple[str, ...], ...] = ()
    dated: str = ""

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the contract has none."""
        return next(c for c in self.columns if c.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the contract's order."""
        return tuple(c.name for c in self.columns)


def _id(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "id", meaning, **more)


def _text(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "text", meaning, **more)


def _number(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "number", meaning, **{"low": 0.0, **more})


def _share(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "number", meaning, **{"low": 0.0, "high": 1.0, **more})


def _money(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "money", meaning, **more)


def _count(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "count", meaning, **{"low": 0.0, **more})


def _date(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "date", meaning, **more)


def _flag(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "flag", meaning, **more)


def _quarter(name: str, meaning: str, **more: Any) -> Column:
    return Column(name, "quarter", meaning, **more)


_AS_OF = _date("as_of_on", "day on which this row's values were known")
SIDES = ("pmo", "customer")
TIERS = ("self-service", "assisted", "full")

# A declaration is read across: a table's name, row and key stay on one line.
# fmt: off
TABLES: tuple[Table, ...] = (
    Table(
        "customers", "a customer", ("customer_id",), required=True, dated="active_from_on",
        answers=("who the customers are", "segments", "reach"),
        columns=(
            _id("customer_id", "the customer, the same through renames", required=True),
            _text("name", "name shown in reports", required=True),
            _text("category", "the organisation's own grouping", required=True),
            _text("segment_given", "segment that the organisation has given"),
            _id("parent_id", "the customer above this one", refers="customers.customer_id"),
            _text("cost_centre", "cost centre that pays"),
            _count("headcount_count", "people in the customer's unit"),
            _date("active_from_on", "first day as a customer"),
            _date("active_to_on", "last day as a customer; blank = still one"),
            _AS_OF,
        ),
    ),
    Table(
        "services", "a catalogue entry", ("service_id",), required=True, dated="active_from_on",
        answers=("fit of services", "off-target and too late", "process share"),
        columns=(
            _id("service_id", "the service", required=True),
            _text("name", "name in the catalogue", required=True),
            _text("family", "group of services; needs are stated by family"),
            _text("unit", "what one delivery is: a report, a review, a month"),
            _text("status", "place in the catalogue", choices=("pipeline", "active", "retired")),
            _date("active_from_on", "first day on offer"),
            _date("active_to_on", "last day on offer; blank = still offered"),
            _number("lead_time_target_days", "working days promised from request to delivery"),
            _flag("process", "mainly governance rather than delivery"),
            _flag("mandated", "required by law or policy, not chosen by the customer"),
            _text("stages", "life-cycle stages it is meant for, separated by ;"),
            _text("target_categories", "categories it is meant for, separated by ;"),
            _AS_OF,
        ),
    ),
    Table(
        "offerings", "a service's size", ("service_id", "size", "valid_from_on"), dated="valid_from_on",
        answers=("standard hours", "productivity", "right size", "price"),
        columns=(
            _id("service_id", "the service", required=True, refers="services.service_id"),
            _text("size", "name of the size, such as S, M, L", required=True),
            _text("tier", "how much help is included", choices=TIERS),
            _number("standard_hours", "PMO hours that this size stands for", required=True),
            _number("customer_senior_hours", "senior hours asked of the customer"),
            _money("price_cost", "price charged for one", low=0.0),
            _date("valid_from_on", "first day these standards hold", required=True),
        ),
    ),
    Table(
        "engagements", "one request or delivery", ("engagement_id",), required=True, dated="requested_on",
        either=(("requested_on", "started_on"),),
        answers=("what was asked and delivered", "lead time", "right size", "next services"),
        columns=(
            _id("engagement_id", "the request or delivery", required=True),
            _id("customer_id", "who asked", required=True, refers="customers.customer_id"),
            _id("service_id", "what was asked for", required=True, refers="services.service_id"),
            _date("requested_on", "day of the request"),
            _date("started_on", "day work began"),
            _date("promised_on", "day promised to the customer"),
            _date("delivered_on", "day delivered; blank = open"),
            _id("project_id", "project it served"),
            _text("stage", "the project's life-cycle stage at the request"),
            _text("size_quoted", "size quoted at intake"),
            _text("tier", "how much help was included", choices=TIERS),
            _flag("bespoke", "made to order rather than standard"),
            _count("complexity", "complexity recorded at intake, 1 to 5", low=1.0, high=5.0),
            _number("planned_hours", "hours planned at intake"),
            _number("planned_senior_hours", "senior hours planned at intake"),
            _money("charged_cost", "money charged to the customer; credits are negative"),
            _count("approval_count", "approvals asked for"),
            _count("document_count", "documents asked for"),
            _count("touchpoint_count", "times the customer was contacted"),
            _flag("reworked", "delivered more than once"),
            _number("outcome_score", "outcome of this delivery, 0 to 100", high=100.0),
            _count("effort_proxy_count", "stand-in for effort where no hours are booked"),
            _text("state", "state of the engagement", choices=("open", "delivered", "cancelled", "refused")),
        ),
    ),
    Table(
        "effort", "hours booked", (), dated="worked_on",
        either=(("engagement_id", "project_id", "customer_id"),),
        answers=("cost to serve", "productivity", "senior time", "capacity used"),
        columns=(
            _date("worked_on", "day worked", required=True),
            _number("worked_hours", "hours worked", required=True, high=10_000.0),
            _text("role", "role of whoever worked", required=True, refers="roles.role"),
            _id("engagement_id", "engagement worked on", refers="engagements.engagement_id"),
            _id("project_id", "project worked on"),
            _id("customer_id", "customer worked for", refers="customers.customer_id"),
            _text("activity", "overrides services.process", choices=("delivery", "process")),
            _text("side", "whose hours", choices=SIDES),
            _id("person_id", "pseudonym; only counted, never shown"),
        ),
    ),
    Table(
        "roles", "a role", ("role",),
        answers=("cost rates", "senior time"),
        columns=(
            _text("role", "the role", required=True),
            _flag("senior", "counts as senior", required=True),
            _money("hourly_cost", "loaded cost of an hour, blended over the role", low=0.0),
            _text("side", "whose role", choices=SIDES),
            _AS_OF,
        ),
    ),
    Table(
        "capacity", "a role in a quarter", ("quarter", "role"), dated="quarter",
        answers=("unused capacity", "cost rates", "utilisation"),
        columns=(
            _quarter("quarter", "the quarter", required=True),
            _text("role", "the role", required=True, refers="roles.role"),
            _number("fte", "full-time equivalents", required=True),
            _number("theoretical_hours", "paid hours"),
            _number("practical_hours", "hours that can be worked, about 80 % of the paid ones"),
            _money("capacity_cost", "what the role cost in the quarter", low=0.0),
        ),
    ),
    Table(
        "projects", "what was known of a project on a day", ("project_id",), dated="planned_start_on",
        answers=("execution", "investment decisions", "project overhead", "competitive advantage"),
        columns=(
            _id("project_id", "the project", required=True),
            _AS_OF,
            _id("customer_id", "whose project", required=True, refers="customers.customer_id"),
            _text("name", "name of the project"),
            _text("stage", "life-cycle stage"),
            _text("status", "state of the project", choices=("running", "closed", "stopped")),
            _count("complexity", "complexity, 1 to 5", low=1.0, high=5.0),
            _flag("strategic", "declared strategic"),
            _date("planned_start_on", "start as approved"),
            _date("planned_finish_on", "finish as approved"),
            _date("actual_finish_on", "day finished or stopped"),
            _money("planned_cost", "cost as approved"),
            _money("forecast_cost", "cost now expected at the end"),
            _money("actual_cost", "money spent so far (AC)"),
            _date("forecast_finish_on", "finish now expected"),
            _money("planned_value_cost", "planned value (PV)"),
            _money("earned_value_cost", "earned value (EV)"),
        ),
    ),
    Table(
        "benefits", "what was known of a benefit on a day", ("benefit_id",), dated="due_on",
        answers=("greater value", "realised benefit"),
        columns=(
            _id("benefit_id", "the benefit", required=True),
            _AS_OF,
            _id("project_id", "project that promised it", required=True, refers="projects.project_id"),
            _text("kind", "kind of benefit",
                  choices=("cash saving", "cost avoidance", "revenue", "risk", "service", "compliance")),
            _date("due_on", "day on which it was due"),
            _money("planned_benefit", "money planned"),
            _money("realised_benefit", "money realised; blank = not measured"),
            _flag("confirmed", "confirmed by the customer"),
        ),
    ),
    Table(
        "survey", "one answer", ("response_id",), dated="answered_on",
        answers=("experience", "worth what it costs"),
        columns=(
            _id("response_id", "the answer", required=True),
            _id("customer_id", "who answered", required=True, refers="customers.customer_id"),
            _date("answered_on", "day answered", required=True),
            _text("question", "nps 0–10, csat 1–5, ces 1–7, worth 1–5", required=True,
                  choices=("nps", "csat", "ces", "worth")),
            _number("score", "the answer", required=True, high=10.0),
            _id("engagement_id", "engagement asked about", refers="engagements.engagement_id"),
            _id("respondent_id", "pseudonym; only counted, never shown"),
        ),
    ),
    Table(
        "survey_invitations", "who was asked", ("quarter", "customer_id", "question"), dated="quarter",
        answers=("response rate",),
        columns=(
            _quarter("quarter", "the quarter", required=True),
            _id("customer_id", "who was asked", required=True, refers="customers.customer_id"),
            _text("question", "the question", required=True, choices=("nps", "csat", "ces", "worth")),
            _count("invited_count", "people asked", required=True),
        ),
    ),
    Table(
        "needs", "what a customer says it needs", ("customer_id", "family", "asked_on"), dated="asked_on",
        answers=("stated needs in segments", "unmet need"),
        columns=(
            _id("customer_id", "who was asked", required=True, refers="customers.customer_id"),
            _text("family", "family of services", required=True),
            _number("importance", "importance, 1 to 5", required=True, low=1.0, high=5.0),
            _date("asked_on", "day asked", required=True),
        ),
    ),
    Table(
        "decisions", "a decision of the PMO", ("decision_id",), dated="quarter",
        answers=("did last quarter's decisions work",),
        columns=(
            _id("decision_id", "the decision", required=True),
            _quarter("quarter", "quarter in which it was taken", required=True),
            _text("text", "what was decided", required=True),
            _text("options", "what else was possible"),
            _text("decider", "role that decided"),
            _date("due_on", "day by which it should work"),
            _text("measure", "figure that should move"),
            Column("expected_effect", "number", "change expected in that figure"),
            Column("observed_effect", "number", "change seen in that figure"),
            _text("state", "state of the decision", choices=("open", "taken", "done", "dropped")),
            _AS_OF,
        ),
    ),
)

# What analysts keep beside the data: no answer waits for it.
BESIDE: tuple[Table, ...] = (
    Table(
        "annotations", "an analyst's note on a figure", ("note_id",),
        answers=("notes beside the figures",),
        columns=(
            _id("note_id", "the note", required=True),
            _text("figure", "figure it is about, such as nps_points", required=True),
            _text("text", "the note, shown in the report as it stands", required=True),
            _quarter("quarter", "report it is for; blank = every report from noted_on on"),
            _text("author_role", "role of whoever wrote it, no name"),
            _date("noted_on", "day it was written", required=True),
            _text("reason", "why it is there"),
        ),
    ),
    Table(
        "corrections", "a corrected value", ("table", "key", "column", "corrected_on"), dated="corrected_on",
        answers=("corrected values, counted and listed",),
        columns=(
            _text("table", "table of the row", required=True),
            _text("key", "key of the row; of several columns, separated by ;", required=True),
            _text("column", "column of the value", required=True),
            _text("was", "value that the source holds; blank = none"),
            _text("becomes", "value that counts instead; blank = none"),
            _text("reason", "why, shown in the report", required=True),
            _date("corrected_on", "day from which it holds", required=True),
        ),
    ),
)
# fmt: on

TABLE: dict[str, Table] = {t.name: t for t in (*TABLES, *BESIDE)}
REQUIRED = tuple(t.name for t in TABLES if t.required)


def key_of(table: Table, columns: set[str]) -> tuple[str, ...]:
    """The key among the columns that are there; `as_of_on` belongs to it where given."""
    key = tuple(k for k in table.key if k in columns)
    return (*key, "as_of_on") if key and "as_of_on" in columns else key
