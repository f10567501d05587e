"""Which measures stand for the topics of page 1, and the words that tell them."""

from __future__ import annotations

# For each topic, the measures in the order of preference: name, unit, and the words that tell it.
MAIN = {
    "value": (("benefit_realised_share", "_share", "of the measured benefit that was due was realised"),),
    "experience": (
        ("nps_points", "points", "net promoter score, from −100 to 100"),
        ("csat_level", "of 5", "mean satisfaction"),
        ("ces_level", "of 7", "mean ease"),
        ("promises_kept_share", "_share", "of the promises due were kept (no survey was answered)"),
    ),
    "load": (
        (
            "lead_time_days",
            "_days",
            "working days is what the middle request took until its delivery (capacity is not known)",
        ),
    ),
    "competitive advantage": (
        ("strategic_spend_share", "_share", "of planned spend is in projects declared strategic"),
    ),
}
TITLES = {
    "benefit_realised_share": "Realised of the benefit measured",
    "benefit_measured_share": "Measured of the benefit due",
    "nps_points": "Net promoter score",
    "csat_level": "Satisfaction",
    "ces_level": "Ease",
    "promises_kept_share": "Promises kept",
    "lead_time_days": "Lead time",
    "strategic_spend_share": "Strategic share of planned spend",
    "strategic_realised_share": "Benefit realised by strategic projects",
    "strategic_on_time_share": "Strategic projects on time",
}
BESIDE = {
    "value": (("benefit_measured_share", "_share", "of the benefit due was measured at all"),),
    "experience": (("promises_kept_share", "_share", "of promises were kept"),),
    "load": (("lead_time_days", "_days", "working days is what the middle request took until its delivery"),),
    "competitive advantage": (
        ("strategic_realised_share", "_share", "of their measured benefit due was realised"),
        ("strategic_on_time_share", "_share", "of those that finished were on time"),
    ),
}
