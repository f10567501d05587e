"""What the cells of the quarterly report show: one call a cell."""

from pmo_analysis.present.answers.report import (
    answer,
    cards,
    definitions,
    evidence,
    figures,
    migration,
    overhead,
    page_one,
    period,
    picture,
    profile,
    showback,
    since,
    title,
    worth,
)

__all__ = [
    "answer",
    "cards",
    "definitions",
    "evidence",
    "figures",
    "migration",
    "overhead",
    "page_one",
    "period",
    "picture",
    "profile",
    "showback",
    "since",
    "title",
    "worth",
]
