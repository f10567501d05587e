"""Value propositions: what each group of customers gets, what it costs them and what it asks of them."""

from pmo_analysis.analysis.propositions.cards import DELIVERY, Propositions, list_deliveries, write_propositions
from pmo_analysis.analysis.propositions.facts import Offered
from pmo_analysis.analysis.propositions.price import check_prices, predict_next, price_groups, typical_costs
from pmo_analysis.analysis.propositions.words import change_wording, read_wording

__all__ = [
    "DELIVERY",
    "Offered",
    "Propositions",
    "change_wording",
    "check_prices",
    "list_deliveries",
    "predict_next",
    "price_groups",
    "read_wording",
    "typical_costs",
    "write_propositions",
]
