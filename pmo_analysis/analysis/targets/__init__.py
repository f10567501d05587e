"""The right service for the right customer at the right time, within the hours there are."""

from pmo_analysis.analysis.targets.assignment import Assignment, assign_capacity
from pmo_analysis.analysis.targets.review import TargetReview, review_targets
from pmo_analysis.analysis.targets.services import Targets, target_services
from pmo_analysis.analysis.targets.stops import hours_too_many

__all__ = [
    "Assignment",
    "TargetReview",
    "Targets",
    "assign_capacity",
    "hours_too_many",
    "review_targets",
    "target_services",
]
