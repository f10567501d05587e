"""Estimates as value, low, high and n: the one thing that the analysis modules share.

Every function gives a dict (or a table with these columns): `value`, `low`, `high`, `n`.
Below `minimum` observations the value stands and the limits are missing: too few to say.
"""

from pmo_analysis.analysis.estimates.comparisons import (
    benjamini_hochberg,
    difference_interval,
    difference_of_means,
    difference_p_value,
    tell_direction,
)
from pmo_analysis.analysis.estimates.drawing import spread_rows
from pmo_analysis.analysis.estimates.proportions import (
    net_promoter_score,
    promoter_limits,
    share_bounds,
    share_estimate,
    share_interval,
)
from pmo_analysis.analysis.estimates.quantiles import (
    censored_quantile,
    median_interval,
    quantile_interval,
    summarise_quantiles,
)
from pmo_analysis.analysis.estimates.sums import Estimate, mean_interval, ratio_interval, too_few
from pmo_analysis.analysis.estimates.tables import mean_table, ratio_table

__all__ = [
    "Estimate",
    "benjamini_hochberg",
    "censored_quantile",
    "difference_interval",
    "difference_of_means",
    "difference_p_value",
    "mean_interval",
    "mean_table",
    "median_interval",
    "net_promoter_score",
    "promoter_limits",
    "quantile_interval",
    "ratio_interval",
    "ratio_table",
    "share_bounds",
    "share_estimate",
    "share_interval",
    "spread_rows",
    "summarise_quantiles",
    "tell_direction",
    "too_few",
]
