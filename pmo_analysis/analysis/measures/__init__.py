"""The measures of the five outcomes, of experience, process and reach: figures, changes and the rows behind them."""

from pmo_analysis.analysis.measures.outcomes import MEASURES, Measures, measure_outcomes
from pmo_analysis.analysis.measures.strata import find_reversals, split_mix_and_rate
from pmo_analysis.analysis.measures.together import estimate_groups

__all__ = ["MEASURES", "Measures", "estimate_groups", "find_reversals", "measure_outcomes", "split_mix_and_rate"]
