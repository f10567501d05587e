"""What if? One quarter's work recomputed under other volumes, sizes, prices and staff."""

from pmo_analysis.analysis.scenarios.arithmetic import Scenario, make_baseline, what_if
from pmo_analysis.analysis.scenarios.rules import headcount_rules

__all__ = ["Scenario", "headcount_rules", "make_baseline", "what_if"]
