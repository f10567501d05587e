"""Value propositions: what each group of customers gets, what it costs them and what it asks of them."""

from pmo_analysis.analysis.propositions.cards import Propositions, list_deliveries, write_propositions
from pmo_analysis.analysis.propositions.price import predict_next
from pmo_analysis.analysis.propositions.words import read_wording

__all__ = ["Propositions", "list_deliveries", "predict_next", "read_wording", "write_propositions"]
