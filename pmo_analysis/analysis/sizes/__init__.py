"""Are the offerings the right size? Tiers that fit, and what was quoted against what it took."""

from pmo_analysis.analysis.sizes.review import SizeReview, review_sizes, usable_step
from pmo_analysis.analysis.sizes.tiers import Tiers, size_tiers

__all__ = ["SizeReview", "Tiers", "review_sizes", "size_tiers", "usable_step"]
