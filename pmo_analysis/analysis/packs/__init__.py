"""What a pack tells one customer, segment or category: beside the others, what comes next, what is asked of it."""

from pmo_analysis.analysis.packs.asks import list_asks
from pmo_analysis.analysis.packs.compare import COMPARED, compare_with_others
from pmo_analysis.analysis.packs.suggest import suggest_services

__all__ = ["COMPARED", "compare_with_others", "list_asks", "suggest_services"]
