"""The whole analysis of one quarter, composed once: `run_quarter(data, quarter, settings) -> Quarter`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd

from pmo_analysis.analysis.advice import Advice, advise
from pmo_analysis.analysis.cost import CostToServe, cost_to_serve
from pmo_analysis.analysis.features import Features, customer_features, feature_panel, request_history
from pmo_analysis.analysis.headline import Headline, tell_headline
from pmo_analysis.analysis.history import SegmentHistory, segment_history
from pmo_analysis.analysis.leadership import Leadership, review_leadership
from pmo_analysis.analysis.measures import Measures, measure_outcomes
from pmo_analysis.analysis.propositions import Propositions, write_propositions
from pmo_analysis.analysis.segments import Segmentation, segment_customers
from pmo_analysis.analysis.seniority import SeniorReview, review_senior_time
from pmo_analysis.analysis.sizes import SizeReview, review_sizes
from pmo_analysis.analysis.targets import TargetReview, Targets, review_targets, target_services
from pmo_analysis.analysis.trust import Trust, review_trust
from pmo_analysis.analysis.value import ValueScores, score_value
from pmo_analysis.contract.quarters import parse_quarter
from pmo_analysis.contract.questions import QUESTIONS
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.check import check, require_usable
from pmo_analysis.intake.dataset import Dataset
