"""Cost to serve: time-driven costing, unused capacity apart, and how cost is concentrated."""

from pmo_analysis.analysis.cost.arithmetic import (
    CapacityCost,
    capacity_cost,
    concentrate,
    gini,
    time_equation,
    whale_curve,
)
from pmo_analysis.analysis.cost.serve import CostToServe, cost_history, cost_to_serve, tell_costs

__all__ = [
    "CapacityCost",
    "CostToServe",
    "capacity_cost",
    "concentrate",
    "cost_history",
    "cost_to_serve",
    "gini",
    "tell_costs",
    "time_equation",
    "whale_curve",
]
