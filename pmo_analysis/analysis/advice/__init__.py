"""At most three decisions for page 1, each with what it is worth, who decides and what would change the answer."""

from pmo_analysis.analysis.advice.advise import Advice, advise
from pmo_analysis.analysis.advice.evidence import Evidence

__all__ = ["Advice", "Evidence", "advise"]
