"""A workbench with which a project management office runs itself as a service for its internal customers.

Functions take tables and return tables; `run_quarter` composes them; `run_report` publishes them.
Names are loaded when first used, so that `import pmo_analysis` and the command line start at once.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Dataset": "intake.dataset",
    "load": "intake.load",
    "check": "intake.check",
    "demo": "intake.demo",
    "customer_features": "analysis.features",
    "request_history": "analysis.requests",
    "feature_panel": "analysis.features",
    "segment_customers": "analysis.segments",
    "assign_segments": "analysis.segments",
    "describe_given": "analysis.segments",
    "explain_customer": "analysis.segments",
    "keep_names": "analysis.segments",
    "segment_history": "analysis.history",
    "compare_schemes": "analysis.history",
    "score_value": "analysis.value",
    "rank_acceptability": "analysis.value",
    "topsis": "analysis.value",
    "earned_value": "analysis.value",
    "net_promoter_score": "analysis.value",
    "share_interval": "analysis.estimates",
    "ahp_weights": "analysis.weights",
    "measure_outcomes": "analysis.measures",
    "capacity_cost": "analysis.cost",
    "time_equation": "analysis.cost",
    "cost_to_serve": "analysis.cost",
    "gini": "analysis.cost",
    "target_services": "analysis.targets",
    "assign_capacity": "analysis.targets",
    "size_tiers": "analysis.sizes",
    "queue_wait": "analysis.queues",
    "what_if": "analysis.scenarios",
    "compare_scenarios": "analysis.scenarios",
    "senior_effect": "analysis.seniority",
    "Quarter": "quarter",
    "baseline": "quarter",
    "open_pack": "quarter.packs",
    "open_quarter": "quarter",
    "run_quarter": "quarter",
    "run_packs": "run.packs",
    "run_report": "run.publish",
    "list_reports": "run.manifest",
    "browse": "present.browsing",
    "Settings": "contract.settings",
}
__all__ = ["__version__"]
__all__ += list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
