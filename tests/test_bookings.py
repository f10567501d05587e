"""Hours booked are summed exactly, on the side they belong to, and what cannot be read is no nought."""

from datetime import date

import pandas as pd
import pytest

from pmo_analysis.intake import booked
from pmo_analysis.intake.bookings import (
    first_booking,
    lifetime_hours,
    list_worked_roles,
    sum_by_engagement,
    sum_by_project,
    sum_by_role,
    sum_hours,
)
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


SPANS = {"2026Q3": (date(2026, 7, 1), date(2026, 9, 30)), "2026Q4": (date(2026, 10, 1), date(2026, 12, 31))}


def _placed() -> Dataset:
    """Bookings on a known engagement, on one without a customer, on a stranger, on a project, on a customer, on none."""
    effort = pd.DataFrame(
        {
            "worked_on": ["2026-07-01"] * 6 + ["2026-10-01", "2027-01-01"],
            "worked_hours": ["1.25", "2", "3", "4", "5", "x", "7", "8"],
            "role": ["analyst"] * 8,
            "engagement_id": ["E1", "E2", "E9", None, None, "E1", "E1", "E1"],
            "project_id": [None, None, None, "P1", None, None, None, None],
            "customer_id": ["b", "b", "stranger", None, "b", None, None, None],
        }
    )
    return Dataset.from_frames(
        {
            "effort": effort,
            "engagements": pd.DataFrame({"engagement_id": ["E1", "E2"], "customer_id": ["a", None], "service_id": "s"}),
            "projects": pd.DataFrame({"project_id": ["P1"], "customer_id": ["c"]}),
            "roles": ROLES,
        }
    )


def _rates() -> pd.DataFrame:
    rows = [(quarter, "analyst", 0.5, None, None, False) for quarter in SPANS]
    names = ["quarter", "role", "hourly_cost", "own_hourly_cost", "role_side", "senior"]
    return pd.DataFrame(rows, columns=names).astype({"own_hourly_cost": "float64", "role_side": "str"})


def test_a_booking_is_borne_by_its_engagements_customer_else_the_one_booked_else_the_projects():
    rows = sum_by_engagement(_placed(), SPANS, _rates())
    columns = ["quarter", "engagement_id", "customer_id", "unsaid_hours", "unsaid_cost"]
    told = [tuple(row) for row in rows[columns].astype("object").fillna("").to_numpy()]
    assert told == [
        ("2026Q3", "E1", "a", 12_500.0, 6_250.0),
        ("2026Q3", "", "b", 20_000.0, 10_000.0),  # of engagement E2, whose service is known
        ("2026Q3", "", "b", 50_000.0, 25_000.0),
        ("2026Q3", "", "c", 40_000.0, 20_000.0),
        ("2026Q3", "", "stranger", 30_000.0, 15_000.0),
        ("2026Q4", "E1", "a", 70_000.0, 35_000.0),
    ]
    assert rows["unread_count"].sum() == 1 and rows["senior_hours"].dropna().eq(0).all()


def test_lifetime_roles_and_the_first_day_are_of_every_booking():
    data = _placed()
    assert lifetime_hours(data).to_dict("list") == {
        "engagement_id": ["E1", "E2", "E9"],
        "worked_hours": [16.25, 2.0, 3.0],
    }
    assert list_worked_roles(data, SPANS)["quarter"].tolist() == ["2026Q3", "2026Q4"]
    assert first_booking(data) == date(2026, 7, 1) and first_booking(Dataset.from_frames({"roles": ROLES})) is None


def test_bookings_read_two_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch):
    whole = [tell(_placed(), SPANS, _rates()) for tell in (sum_by_engagement, sum_by_role, sum_by_project)]
    monkeypatch.setattr(booked, "_BATCH", 2)
    monkeypatch.setattr(booked, "_CHUNK", 1)
    parts = [tell(_placed(), SPANS, _rates()) for tell in (sum_by_engagement, sum_by_role, sum_by_project)]
    for one, other in zip(whole, parts, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_every_booking_is_on_its_role_and_those_with_a_project_on_that():
    roles = sum_by_role(_placed(), SPANS, _rates())
    assert roles["hours"].tolist() == [152_500.0, 70_000.0]  # 1.25 + 2 + 3 + 4 + 5 h; 7 h
    projects = sum_by_project(_placed(), SPANS, _rates())
    assert projects.to_dict("records") == [{"project_id": "P1", "hours": 40_000.0, "cost": 20_000.0}]
