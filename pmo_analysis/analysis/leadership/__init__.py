"""Leading well: what decisions did, what was promised, whether customers come back, and what was paid for each gain."""

from pmo_analysis.analysis.leadership.charted import (
    COST_DEFINITIONS,
    chart_costs,
    chart_senior_share,
    chart_services,
    list_cost_rows,
)
from pmo_analysis.analysis.leadership.pairs import PAIRS
from pmo_analysis.analysis.leadership.review import Leadership, review_leadership

__all__ = [
    "COST_DEFINITIONS",
    "PAIRS",
    "Leadership",
    "chart_costs",
    "chart_senior_share",
    "chart_services",
    "list_cost_rows",
    "review_leadership",
]
