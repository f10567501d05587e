"""The value score and what stands beside it: rank acceptability, sensitivity, earned value, promoters, shares, TOPSIS."""

from pmo_analysis.analysis.estimates import net_promoter_score, share_interval
from pmo_analysis.analysis.value.acceptability import rank_acceptability
from pmo_analysis.analysis.value.project_value import earned_value
from pmo_analysis.analysis.value.scores import ValueScores, score_value
from pmo_analysis.analysis.value.sensitivity import weight_sensitivity
from pmo_analysis.analysis.value.topsis import show_rank_reversal, topsis

__all__ = [
    "ValueScores",
    "earned_value",
    "net_promoter_score",
    "rank_acceptability",
    "score_value",
    "share_interval",
    "show_rank_reversal",
    "topsis",
    "weight_sensitivity",
]
