"""Where senior time goes, what it buys and what could be delegated."""

from pmo_analysis.analysis.seniority.effect import SeniorEffect, senior_effect
from pmo_analysis.analysis.seniority.review import SeniorReview, review_senior_time
from pmo_analysis.analysis.seniority.shares import NOT_NAMED
from pmo_analysis.analysis.seniority.telling import percent, tell_strongest

__all__ = [
    "NOT_NAMED",
    "SeniorEffect",
    "SeniorReview",
    "percent",
    "review_senior_time",
    "senior_effect",
    "tell_strongest",
]
