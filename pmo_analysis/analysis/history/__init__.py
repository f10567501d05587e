"""Segments over time: movers told from noise, drift, migration, and whether a recut is due."""

from pmo_analysis.analysis.history.telling import SegmentHistory, segment_history

__all__ = ["SegmentHistory", "segment_history"]
