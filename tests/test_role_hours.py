"""The PMO's hours by role, on some engagements and in all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake import role_hours
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.role_hours import number_booked, sum_role_hours, total_role_hours

EFFORT = pd.DataFrame(
    [
        ("E1", "analyst", 2.5, None, "2026-07-01"),
        ("E1", "analyst", 1.25, "pmo", "2020-01-01"),  # whenever worked
        ("E1", "lead", 1.0, None, "2026-07-02"),
        ("E1", "manager", 4.0, None, "2026-07-02"),  # the role is the customer's
        ("E2", "manager", 8.0, "pmo", "2026-07-02"),  # unless the booking says otherwise
        ("E2", "analyst", None, None, "2026-07-02"),  # cannot be read
        ("E9", "lead", 16.0, None, "2026-07-02"),  # an engagement that nobody knows
        (None, "lead", 32.0, None, "2026-07-02"),
        ("E1", "lead", 64.0, "customer", "2026-07-02"),
    ],
    columns=["engagement_id", "role", "worked_hours", "side", "worked_on"],
)
ROLES = pd.DataFrame({"role": ["analyst", "lead", "manager"], "side": ["pmo", None, "customer"]})
ENGAGEMENTS = pd.DataFrame({"engagement_id": ["E1", "E2", "E3"], "customer_id": "A", "service_id": "S"})


def planned(**tables):
    return Dataset.from_frames({"engagements": ENGAGEMENTS, "roles": ROLES, **tables})


def test_hours_stand_by_engagement_and_role_on_the_pmos_side():
    data = planned(effort=EFFORT)
    numbers = number_booked(data, pd.Series(["E2", "E1", None, "E3", "E1"]))
    assert numbers[1] == numbers[4] and numbers[2] == -1 and len(set(numbers)) == 4
    rows = sum_role_hours(data, numbers)
    told = [(int(e), str(r), h) for e, r, h in rows.itertuples(index=False)]
    first, second = numbers[1], numbers[0]
    assert told == [(first, "analyst", 3.75), (first, "lead", 1.0), (second, "manager", 8.0)]


def test_what_is_on_no_engagement_counts_in_all_and_not_among_the_linked():
    table = total_role_hours(planned(effort=EFFORT)).set_index("role")
    assert table["worked_hours"].to_dict() == {"analyst": 3.75, "lead": 49.0, "manager": 8.0}
    assert table["linked_hours"].to_dict() == {"analyst": 3.75, "lead": 17.0, "manager": 8.0}


def test_roles_summed_after_each_other_give_the_same_rows(monkeypatch):
    data = planned(effort=EFFORT)
    numbers = number_booked(data, pd.Series(["E1", "E2", "E9"]))
    at_once = sum_role_hours(data, numbers)
    monkeypatch.setattr(role_hours, "_MOST_SUMS", 3)
    pd.testing.assert_frame_equal(sum_role_hours(data, numbers), at_once)


def test_known_engagements_are_numbered_in_their_order_and_nothing_booked_is_no_hour():
    data = planned(effort=EFFORT[EFFORT["engagement_id"] != "E9"])
    assert number_booked(data, pd.Series(["E1", "E2", "E3"])).tolist() == [0, 1, 2]
    none = planned()
    numbers = number_booked(none, pd.Series(["E2", "E1", "E2"]))
    assert numbers.tolist() == [0, 1, 0]
    assert sum_role_hours(none, numbers).empty and total_role_hours(none).empty
    assert np.issubdtype(sum_role_hours(none, numbers)["worked_hours"].dtype, np.floating)
