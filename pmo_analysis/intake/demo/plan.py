"""What is planted: every number that makes the invented organisation behave as it does.

Four segments by need cut across the given categories. They differ in what they ask for (`AFFINITY`,
`CUSTOMER_NOISE`), in which stage (`STAGE_TILT`), how big (`SIZE_TILT`), how evenly (`RHYTHM`), how complex
(`COMPLEXITY`) and in what they say they need (`IMPORTANCE`).
"""

from __future__ import annotations

import numpy as np

SEGMENTS = ("needs decisions", "needs hands", "needs methods", "needs little")

# How likely each segment is in a category; rows follow the catalogue's categories. The lean is mild,
# so that the segments cannot be read off the category.
SEGMENT_IN_CATEGORY = np.array(
    [
        [0.50, 0.18, 0.14, 0.18],  # steering groups
        [0.48, 0.20, 0.14, 0.18],  # finance and portfolio boards
        [0.28, 0.32, 0.14, 0.26],  # business units
        [0.20, 0.28, 0.28, 0.24],  # IT departments
        [0.18, 0.36, 0.28, 0.18],  # project groups
        [0.14, 0.22, 0.36, 0.28],  # business teams
        [0.20, 0.18, 0.42, 0.20],  # divisional PMOs
        [0.24, 0.30, 0.18, 0.28],  # support functions
    ]
)

# Relative demand of a segment for a family: Investment, Governance, Delivery, Enablement, Benefits.
AFFINITY = np.array(
    [
        [4.00, 3.00, 0.55, 0.40, 3.00],
        [0.55, 0.80, 2.30, 0.55, 0.60],
        [0.45, 0.60, 0.65, 2.70, 0.70],
        [0.25, 0.18, 0.20, 0.38, 0.15],
    ]
)
# Stated importance 1–5 of a family to a segment, same order, and its spread from customer to customer.
IMPORTANCE = np.array(
    [
        [4.5, 4.0, 2.5, 2.0, 4.0],
        [2.5, 2.7, 4.5, 2.7, 2.7],
        [2.2, 2.4, 3.0, 4.6, 2.7],
        [2.0, 1.6, 2.2, 2.6, 1.9],
    ]
)
IMPORTANCE_SPREAD = 0.65
# Tilt of stages: idea, business case, planning, delivery, closing, benefits.
STAGE_TILT = np.array(
    [
        [2.0, 2.4, 1.2, 0.6, 0.6, 2.0],
        [0.7, 0.7, 1.0, 2.0, 1.4, 0.7],
        [0.8, 0.8, 2.2, 1.0, 0.8, 0.8],
        [0.8, 0.6, 0.7, 1.4, 1.6, 0.8],
    ]
)
SIZE_TILT = np.array([[0.9, 1.0, 1.8], [0.6, 1.2, 1.5], [1.3, 1.0, 0.6], [2.2, 0.8, 0.3]])
RHYTHM = np.array([1.5, 14.0, 5.0, 1.0])  # gamma shape of quarterly demand: high = even, low = in bursts
COMPLEXITY = np.array([3.5, 3.1, 2.5, 2.1])
SATISFACTION = np.array([0.10, 0.15, 0.05, -0.35])

ACTIVITY_NOISE = 0.30  # log sd of a customer's demand
CUSTOMER_NOISE = 0.25  # log sd of a customer's liking for a family
SERVICE_NOISE = 0.30  # log sd of a segment's liking for a service within its family
OFF_TARGET = 0.30  # demand of categories that the catalogue does not aim a service at
TOO_LATE_SHARE = 0.10
FORMS_CUT_IN = 7  # quarter number from which a quarter of the documents is no longer asked for
GROWTH = 0.006  # of demand per quarter

MOVER_SHARE = 0.06
JOINER_SHARE, LEAVER_SHARE, QUIET_SHARE = 0.14, 0.07, 0.07

CANCELLED_SHARE, REFUSED_SHARE, REWORKED_SHARE = 0.03, 0.025, 0.05
STALLED_SHARE = 0.012  # requests that nobody finishes for months
LEAD_MEDIAN, LEAD_SPREAD, LEAD_GAIN = 0.78, 0.42, 0.008  # of the target; gain per quarter

# Services whose sizes do not fit the work. Groups are (hours, share); the sizes quoted stay S, M, L.
MISFIT = {
    "S10": ([(9.0, 0.55), (42.0, 0.45)], "two groups really, three sizes quoted"),
    "S16": ([(2.2, 1.0)], "one group really, three sizes quoted"),
    "S14": ([(1.7, 0.40), (6.8, 0.45), (20.4, 0.15)], "three groups, each 1.7 times the hours quoted"),
}
TIER_SPREAD = 0.22  # log sd of hours within a group
MISQUOTED_SHARE = 0.10
BESPOKE_SHARE, BESPOKE_HOURS = 0.10, 1.30
COMPLEXITY_HOURS = 0.06  # log hours per step of complexity above 3
EFFICIENCY_GAIN = 0.006  # of hours per quarter

# Senior people are put on complex work; each ten points of senior share add to the outcome.
SENIOR_PER_COMPLEXITY, SENIOR_SPREAD, SENIOR_BASE = 0.085, 0.075, 0.16
SENIOR_EFFECT = 1.5  # outcome points per ten points of planned senior share
COMPLEXITY_EFFECT = -6.0  # outcome points per step of complexity
OUTCOME_BASE, OUTCOME_SPREAD, OUTCOME_CUSTOMER = 71.0, 8.0, 3.0
OUTCOME_RECORDED_SHARE = 0.5

# Flyvbjerg et al. (2022), 5,392 IT projects: 18 % run more than half over, with a tail of no finite mean.
SEVERE_SHARE, SEVERE_TAIL, SEVERE_CAP = 0.18, 1.6, 12.0
USUAL_MEDIAN, USUAL_SPREAD = 1.0, 0.16
STOPPED_SHARE, STRATEGIC_SHARE = 0.09, 0.25

BENEFIT_MEASURED_SHARE, BENEFIT_CONFIRMED_SHARE = 0.40, 0.55
REALISED_MEDIAN, REALISED_SPREAD = 0.74, 0.45

# Bookings that are missing: role, weeks before the end of the data, how many weeks.
MISSING_WEEKS = (("PPM tool specialist", 8, 3), ("PMO analyst", 84, 2))
