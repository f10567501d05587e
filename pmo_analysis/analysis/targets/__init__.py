"""The right service for the right customer at the right time, within the hours there are."""

from pmo_analysis.analysis.targets.services import Targets, target_services

__all__ = ["Targets", "target_services"]
