"""The whole analysis of one quarter, composed once: `run_quarter(data, quarter, settings) -> Quarter`."""

from pmo_analysis.intake.reach import choose_quarter, find_source
from pmo_analysis.quarter.result import Quarter
from pmo_analysis.quarter.run import baseline, open_quarter, run_quarter

__all__ = ["Quarter", "baseline", "choose_quarter", "find_source", "open_quarter", "run_quarter"]
