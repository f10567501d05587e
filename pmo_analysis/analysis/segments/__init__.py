"""Segments that are really there: groups of customers with like needs, or the answer that there is one group."""

from pmo_analysis.analysis.segments.cut import segment_customers
from pmo_analysis.analysis.segments.explain import CustomerReason, explain_customer
from pmo_analysis.analysis.segments.frozen import add_absent, keep_ids, tell_frozen
from pmo_analysis.analysis.segments.given import describe_given
from pmo_analysis.analysis.segments.naming import keep_names
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.scheme import assign_segments

__all__ = [
    "CustomerReason",
    "Segmentation",
    "add_absent",
    "assign_segments",
    "describe_given",
    "explain_customer",
    "keep_ids",
    "keep_names",
    "segment_customers",
    "tell_frozen",
]
