"""Cost to serve: time-driven costing, unused capacity apart, and how cost is concentrated."""

from pmo_analysis.analysis.cost.arithmetic import (
    CapacityCost,
    capacity_cost,
    concentrate,
    gini,
    time_equation,
    whale_curve,
)
from pmo_analysis.analysis.cost.budget import Budget, review_budget
from pmo_analysis.analysis.cost.equations import fit_time_equations, tell_time_equations
from pmo_analysis.analysis.cost.past import cost_history, service_history
from pmo_analysis.analysis.cost.serve import CostToServe, cost_to_serve, tell_costs
from pmo_analysis.analysis.cost.showback import Showback, write_showback

__all__ = [
    "Budget",
    "CapacityCost",
    "CostToServe",
    "Showback",
    "capacity_cost",
    "concentrate",
    "cost_history",
    "cost_to_serve",
    "fit_time_equations",
    "gini",
    "review_budget",
    "service_history",
    "tell_costs",
    "tell_time_equations",
    "time_equation",
    "whale_curve",
    "write_showback",
]
