"""The thirteen questions of the quarterly report, and the tables without which a part stays unanswered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A table (and columns, any of which will do) and what cannot be told without it."""

    table: str
    columns: tuple[str, ...]
    untold: str

    @property
    def name(self) -> str:
        """The table, or its columns, as told to the reader."""
        return " or ".join(f"{self.table}.{c}" for c in self.columns) if self.columns else self.table


@dataclass(frozen=True)
class Question:
    """One section of the report."""

    number: int
    title: str
    needs: tuple[Need, ...]


def _need(path: str, untold: str) -> Need:
    table, *columns = path.split(".")
    return Need(table, tuple(columns[0].split("|")) if columns else (), untold)


QUESTIONS = (
    Question(1, "What did we promise and what does it cost each category and segment?", (
        _need("effort", "cost to serve by hours"),
        _need("offerings.price_cost", "the price promised"),
        _need("benefits", "the measured benefit of what they get"),
    )),
    Question(2, "Is life getting easier for customers?", (
        _need("engagements.delivered_on", "lead time"),
        _need("engagements.promised_on", "promises kept"),
        _need("engagements.reworked", "first-time-right"),
        _need("engagements.touchpoint_count", "touchpoints asked of customers"),
        _need("survey", "experience"),
    )),
    Question(3, "What value was visible?", (
        _need("projects", "execution and investment decisions"),
        _need("benefits", "value realised"),
        _need("effort", "productivity and lower cost"),
        _need("survey", "experience"),
    )),
    Question(4, "Who are our customers and did they change?", (
        _need("needs", "stated needs in the segments"),
        _need("customers.active_from_on", "customers that came and went"),
    )),
    Question(5, "Where could we serve cheaper?", (
        _need("effort", "hours per customer and service"),
        _need("services.process", "the share that is process rather than delivery"),
        _need("projects.actual_cost", "overhead over project spend"),
    )),
    Question(6, "How much senior time, and did it pay?", (
        _need("roles", "which roles are senior"),
        _need("effort", "senior hours"),
        _need("engagements.planned_senior_hours", "whether senior time pays"),
        _need("engagements.outcome_score", "whether senior time pays"),
    )),
    Question(7, "Do the right products reach the right segments at the right stage?", (
        _need("services.target_categories", "off-target deliveries"),
        _need("services.stages", "deliveries that came too late"),
        _need("engagements.stage", "deliveries that came too late"),
    )),
    Question(8, "Are the offerings the right size?", (
        _need("offerings", "standard sizes"),
        _need("engagements.size_quoted", "quoted against actual"),
        _need("effort", "actual hours"),
    )),
    Question(9, "Have we capacity?", (
        _need("capacity", "unused capacity and its cost"),
        _need("effort", "hours used"),
    )),
    Question(10, "What will be asked of us next quarter, and what do we stop so that we can do it?", (
        _need("capacity", "whether next quarter's demand fits"),
        _need("effort", "the hours that next quarter's demand needs"),
    )),
    Question(11, "What if?", (
        _need("effort", "hours in the scenario"),
        _need("capacity", "utilisation and waiting in the scenario"),
    )),
    Question(12, "Did last quarter's decisions work?", (_need("decisions", "whether decisions worked"),)),
    Question(13, "How far can this be trusted?", (
        _need("survey_invitations", "the response rate"),
        _need("effort", "unmapped hours and missing weeks"),
    )),
)  # fmt: skip
