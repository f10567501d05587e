"""The whole analysis of one quarter, composed once: `run_quarter(data, quarter, settings) -> Quarter`."""

from pmo_analysis.intake.reach import choose_quarter, find_source
from pmo_analysis.quarter.result import Quarter
from pmo_analysis.quarter.run import open_quarter, run_quarter
from pmo_analysis.quarter.scenario import apply_scenario, baseline

__all__ = ["Quarter", "apply_scenario", "baseline", "choose_quarter", "find_source", "open_quarter", "run_quarter"]
