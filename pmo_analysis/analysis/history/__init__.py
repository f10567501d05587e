"""Segments over time: movers told from noise, drift, migration, two schemes compared, and whether a recut is due."""

from pmo_analysis.analysis.history.compare import SchemeComparison, compare_schemes
from pmo_analysis.analysis.history.telling import SegmentHistory, segment_history

__all__ = ["SchemeComparison", "SegmentHistory", "compare_schemes", "segment_history"]
