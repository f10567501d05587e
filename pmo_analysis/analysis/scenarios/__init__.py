"""What if? One quarter's work recomputed under other volumes, sizes, prices and staff."""

from pmo_analysis.analysis.scenarios.arithmetic import Scenario, make_baseline, narrow_scenario, undo_changes, what_if
from pmo_analysis.analysis.scenarios.compare import AS_IT_WAS, ScenarioComparison, compare_scenarios
from pmo_analysis.analysis.scenarios.hours import HoursSpread, spread_hours
from pmo_analysis.analysis.scenarios.rules import headcount_rules
from pmo_analysis.analysis.scenarios.waiting import count_weekly

__all__ = [
    "AS_IT_WAS", "HoursSpread", "Scenario", "ScenarioComparison", "compare_scenarios", "count_weekly", "headcount_rules",
    "make_baseline", "narrow_scenario", "spread_hours", "undo_changes", "what_if",
]  # fmt: skip
