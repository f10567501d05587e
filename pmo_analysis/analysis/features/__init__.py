"""What customers need: one row of features per customer, told by what they ask for."""

from pmo_analysis.analysis.features.counting import Requests, Words, count_requests
from pmo_analysis.analysis.features.customers import Features, customer_features, feature_panel

__all__ = ["Features", "Requests", "Words", "count_requests", "customer_features", "feature_panel"]
