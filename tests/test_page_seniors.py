"""Section 6 and the notebook on senior time: naive beside adjusted, what is not known said, nothing lost."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd

from pmo_analysis.analysis.seniority import review_senior_time
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.present.answers import seniors

GROUPS = pd.DataFrame({"customer_id": ["A", "B"], "category": ["x", "y"], "segment": ["one", "two"]})


def a_quarter(*, booked: bool = True) -> SimpleNamespace:
    """As much of a quarter as section 6 looks at: twelve engagements, lead three of ten hours on S and one on T."""
    engagements = pd.DataFrame({
        "engagement_id": [f"E{i}" for i in range(12)], "customer_id": ["A", "B"] * 6, "service_id": ["S", "T"] * 6,
        "requested_on": "2026-07-01", "complexity": 3, "size_quoted": "M",
    })  # fmt: skip
    effort = pd.DataFrame({
        "worked_on": "2026-08-01", "engagement_id": [*np.repeat(engagements["engagement_id"], 2), None],
        "customer_id": [*[None] * 24, "A"], "role": [*["lead", "analyst"] * 12, "lead"],
        "worked_hours": [*[3.0, 7.0, 1.0, 9.0] * 6, 5.0],
    })  # fmt: skip
    frames = {
        "customers": pd.DataFrame({"customer_id": ["A", "B"], "name": ["A <b>", "B"], "category": ["x", "y"]}),
        "services": pd.DataFrame({"service_id": ["S", "T"], "name": ["Advice <i>", "Plan"], "family": "f"}),
        "engagements": engagements,
    }
    roles = pd.DataFrame({"role": ["lead", "analyst"], "senior": ["yes", "no"], "hourly_cost": [100, 60]})
    data = Dataset.from_frames({**frames, "effort": effort, "roles": roles} if booked else frames).as_of("2026Q3")
    empty = pd.DataFrame({"segment": [], "name": [], "measure": [], "title": []})
    return SimpleNamespace(
        seniority=review_senior_time(data, "2026Q3", GROUPS), data=data, settings=Settings({"currency": "EUR"}),
        segmentation=SimpleNamespace(rules=empty), measures=SimpleNamespace(definitions=empty),
    )  # fmt: skip


def read(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_shares_say_which_hours_the_lines_do_not_hold():
    text = read(seniors.shares(a_quarter(), "service").html)
    assert "; 5 where none is named" in text and "Plan" in text
    assert "Advice <i>" in text and "<i>" not in seniors.shares(a_quarter(), "service").html


def test_delegable_hours_stand_with_money_and_what_moving_them_risks():
    quarter = a_quarter()
    found = " ".join(seniors.tell_seniors(quarter).finding)
    assert "Advice <i>, 12 hours" in found and "What moving them would do to the outcome is not known" in found
    assert "EUR 480" in read(seniors.delegation(quarter).html)


def test_without_hours_roles_and_outcomes_everything_says_that_it_is_not_known():
    quarter = a_quarter(booked=False)
    assert "How much senior time was spent is not known" in seniors.tell_seniors(quarter).finding[0]
    shown = [seniors.comparison, seniors.hidden, seniors.worth, seniors.executives, seniors.delegation]
    assert all(
        ("not known" in h or "no effect" in h or "No outcome" in h) for h in (show(quarter).html for show in shown)
    )
    assert "are not known" in seniors.shares(quarter, "service").html
