"""Decisions judged by what they were expected to do; commitments of the PMO as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.leadership import review_leadership
from pmo_analysis.intake.dataset import Dataset


def _data(decisions: list[tuple], engagements: pd.DataFrame | None = None) -> Dataset:
    log = pd.DataFrame(
        decisions, columns=["decision_id", "quarter", "due_on", "measure", "expected_effect", "observed_effect"]
    )
    empty = pd.DataFrame(
        {"engagement_id": ["e"], "customer_id": ["a"], "service_id": ["s"], "requested_on": ["2020-01-01"]}
    )
    return Dataset.from_frames(
        {
            "customers": pd.DataFrame({"customer_id": ["a"], "name": ["A"], "category": ["x"]}),
            "services": pd.DataFrame({"service_id": ["s"], "name": ["S"]}),
            "engagements": empty if engagements is None else engagements,
            "decisions": log.assign(text="do it", state="taken"),
        }
    )


def _verdicts(decisions: list[tuple], run_chart: pd.DataFrame | None = None) -> dict[str, str]:
    told = review_leadership(_data(decisions), "2026Q3", run_chart=run_chart).decisions
    return dict(zip(told["decision_id"], told["verdict"], strict=True))


def test_a_decision_worked_when_half_of_what_was_expected_was_seen() -> None:
    assert _verdicts(
        [
            ("half", "2026Q1", "2026-06-30", "lead_time_ratio", -0.10, -0.05),
            ("little", "2026Q1", "2026-06-30", "lead_time_ratio", -0.10, -0.03),
            ("opposite", "2026Q1", "2026-06-30", "lead_time_ratio", -0.10, 0.04),
            ("unseen", "2026Q1", "2026-06-30", "lead_time_ratio", -0.10, None),
            ("new", "2026Q3", "2026-12-31", "lead_time_ratio", -0.10, None),
        ]
    ) == {
        "half": "worked",
        "little": "not clear",
        "opposite": "did not work",
        "unseen": "not measured",
        "new": "too early",
    }


def _chart(value: float, low: float, high: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": "nps_points",
            "quarter": ["2026Q1", "2026Q2"],
            "value": [10.0, value],
            "low": [9.0, low],
            "high": [11.0, high],
            "n": [80, 90],
        }
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (16.0, 14.0, 18.0, "worked"),
        (16.0, 4.0, 28.0, "not clear"),
        (9.0, 8.0, 10.0, "did not work"),
        (16.0, np.nan, np.nan, "not measured"),
    ],
)
def test_without_a_logged_effect_the_change_of_the_measure_is_judged_by_its_interval(
    value: float, low: float, high: float, verdict: str
) -> None:
    decision = [("d", "2026Q1", "2026-06-30", "nps_points", 5, None)]
    assert _verdicts(decision, _chart(value, low, high)) == {"d": verdict}


def test_what_was_logged_counts_before_the_run_chart() -> None:
    told = review_leadership(
        _data([("d", "2026Q1", "2026-06-30", "nps_points", 5, 4)]), "2026Q3", run_chart=_chart(5, 4, 6)
    )
    assert told.decisions.loc[0, ["observed_effect", "verdict", "observed_from"]].tolist() == [
        4,
        "worked",
        "decision log",
    ]


def test_an_effect_written_after_the_quarter_is_not_yet_known() -> None:
    assert _verdicts([("d", "2026Q2", "2026-12-31", "nps_points", 5, 6)]) == {"d": "too early"}


def test_commitments_count_late_and_open_promises_as_broken() -> None:
    rows = pd.DataFrame(
        {
            "engagement_id": list("abcdef"),
            "customer_id": ["a", "a", "b", "b", "c", "d"],
            "service_id": "s",
            "requested_on": ["2026-07-01"] * 5 + ["2026-05-01"],
            "started_on": ["2026-07-02"] * 4 + ["", ""],
            "promised_on": ["2026-07-10", "2026-07-10", "2026-07-10", "2026-07-10", "2026-12-01", "2026-08-03"],
            "delivered_on": ["2026-07-09", "2026-07-10", "2026-07-11", "", "", ""],
            "state": ["", "", "", "", "refused", ""],
        }
    )
    told = review_leadership(_data([], rows), "2026Q3").commitments.set_index("figure")
    assert told.loc["promises_kept_share", ["value", "n"]].tolist() == [2 / 5, 5]
    assert told.loc["promises_kept_share", "low"] == pytest.approx(0.1176, abs=1e-3)  # Wilson, 2 of 5
    assert told.loc["response_days", "value"] == 1 and told.loc["refused_share", "value"] == 1 / 5
    assert told.loc["asked_again_share", ["value", "n"]].tolist() == [0, 1] and np.isnan(
        told.loc["asked_again_share", "low"]
    )


def test_without_decisions_and_promises_that_is_said() -> None:
    told = review_leadership(_data([]), "2026Q3")
    assert told.decisions.empty and "No decisions table" in told.sentence and "promised_on" in told.sentence
