"""What differs between two published reports, and by what: another quarter, data, settings, definitions or code."""

from pmo_analysis.analysis.differences.compare import COLUMNS, Comparison, compare
from pmo_analysis.analysis.differences.published import Published, gather_figures

__all__ = ["COLUMNS", "Comparison", "Published", "compare", "gather_figures"]
