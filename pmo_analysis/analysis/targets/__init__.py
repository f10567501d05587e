"""The right service for the right customer at the right time, within the hours there are."""

from pmo_analysis.analysis.targets.assignment import Assignment, assign_capacity
from pmo_analysis.analysis.targets.review import TargetReview, review_targets
from pmo_analysis.analysis.targets.services import Targets, target_services

__all__ = ["Assignment", "TargetReview", "Targets", "assign_capacity", "review_targets", "target_services"]
