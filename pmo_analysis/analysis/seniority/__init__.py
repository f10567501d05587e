"""Where senior time goes, what it buys and what could be delegated."""

from pmo_analysis.analysis.seniority.effect import SeniorEffect, senior_effect
from pmo_analysis.analysis.seniority.review import SeniorReview, review_senior_time

__all__ = ["SeniorEffect", "SeniorReview", "review_senior_time", "senior_effect"]
