"""How far the report can be trusted, and what may not be told apart."""

from pmo_analysis.analysis.trust.isolation import find_isolated
from pmo_analysis.analysis.trust.review import Trust, review_trust
from pmo_analysis.analysis.trust.suppression import count_people, merge_roles, name_roles, suppress
from pmo_analysis.analysis.trust.telling import choose_cells, label_told

__all__ = [
    "Trust",
    "choose_cells",
    "count_people",
    "find_isolated",
    "label_told",
    "merge_roles",
    "name_roles",
    "review_trust",
    "suppress",
]
