"""How far the report can be trusted, and what may not be told apart."""

from pmo_analysis.analysis.trust.review import Trust, review_trust
from pmo_analysis.analysis.trust.suppression import count_people, hide_small_cells, merge_roles, name_roles, suppress

__all__ = ["Trust", "count_people", "hide_small_cells", "merge_roles", "name_roles", "review_trust", "suppress"]
