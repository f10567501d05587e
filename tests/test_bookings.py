"""Hours booked are summed exactly, on the side they belong to, and what cannot be read is no nought."""

from datetime import date

import pandas as pd

from pmo_analysis.intake.bookings import sum_hours
from pmo_analysis.intake.dataset import Dataset

EFFORT = pd.DataFrame(
    {
        "worked_on": ["2026-07-01", "2026-07-02", "2026-07-03", "2026-10-01", "2026-07-04"],
        "worked_hours": ["0.1", "0.2", "5", "7", "x"],
        "role": ["analyst", "analyst", "sponsor", "analyst", "clerk"],
        "engagement_id": ["E1", "E1", "E1", "E1", "E2"],
        "side": [None, None, None, None, None],
    }
)
ROLES = pd.DataFrame({"role": ["analyst", "sponsor"], "senior": ["no", "yes"], "side": [None, "customer"]})


def test_a_booking_without_a_side_is_on_its_roles_else_the_pmos():
    rows = sum_hours(Dataset.from_frames({"effort": EFFORT, "roles": ROLES}), "engagement_id")
    assert rows.to_dict("records") == [
        {"engagement_id": "E1", "role": "analyst", "side": "pmo", "worked_hours": 7.3},
        {"engagement_id": "E1", "role": "sponsor", "side": "customer", "worked_hours": 5.0},
    ]


def test_only_the_days_asked_for_count():
    data = Dataset.from_frames({"effort": EFFORT, "roles": ROLES})
    rows = sum_hours(data, "engagement_id", first=date(2026, 7, 1), last=date(2026, 9, 30))
    assert rows.set_index("role")["worked_hours"].to_dict() == {"analyst": 0.3, "sponsor": 5.0}


def test_without_effort_there_is_an_empty_table():
    assert list(sum_hours(Dataset.from_frames({"roles": ROLES}), "engagement_id")) == [
        "engagement_id", "role", "side", "worked_hours",
    ]  # fmt: skip
