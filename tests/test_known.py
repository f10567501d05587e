"""What comes later does not change what is told of an earlier quarter."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pmo_analysis.contract.tables import TABLE, TABLES
from pmo_analysis.intake.check import check, coverage, most_useful_addition
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.fingerprint import fingerprint

DEMO = Path(__file__).parents[1] / "data" / "demo"
CUSTOMERS = pd.DataFrame({"customer_id": ["A", "B"], "name": ["Ann", "Bob"], "category": ["IT", "IT"]})
SERVICES = pd.DataFrame({"service_id": ["S"], "name": ["Reviews"]})
ENGAGEMENTS = pd.DataFrame(
    {
        "engagement_id": ["E1", "E2", "E3"],
        "customer_id": ["A", "B", "A"],
        "service_id": ["S", "S", "S"],
        "requested_on": ["2026-01-05", "2026-03-01", "2026-04-02"],
        "delivered_on": ["2026-02-01", "2026-05-01", None],
        "charged_cost": ["10", "20", None],
        "state": ["delivered", "cancelled", "open"],
    }
)
SMALL = {"customers": CUSTOMERS, "services": SERVICES, "engagements": ENGAGEMENTS}


def same_tale(before: Dataset, after: Dataset) -> None:
    assert before.tables == after.tables
    for table in TABLES:
        assert_frame_equal(before.frame(table.name), after.frame(table.name))
        assert before.filled(table.name) == after.filled(table.name)
        assert before.has(table.name) == after.has(table.name)
    assert_frame_equal(check(before), check(after))
    assert_frame_equal(coverage(before), coverage(after))
    assert_frame_equal(fingerprint(before), fingerprint(after))
    assert most_useful_addition(before) == most_useful_addition(after)


def frames_of(data: Dataset) -> dict[str, pd.DataFrame]:
    return {t: data.frame(t).dropna(axis=1, how="all") for t in data.tables}


def later_rows(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Copies of rows under new keys, all dated after every quarter that is told."""
    contract = TABLE[table]
    new = frame.head(3).copy()
    for name in contract.key:
        if contract.column(name).kind in ("id", "text"):
            new[name] = "later " + new[name].astype(str)
    for column in contract.columns:
        if column.kind == "date":
            new[column.name] = pd.Timestamp("2035-05-05")
        if column.kind == "quarter":
            new[column.name] = "2035Q2"
    return new.assign(text="x") if table == "decisions" else new


def with_later(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {t: pd.concat([later_rows(t, f), f], ignore_index=True) for t, f in frames.items()}


def with_later_versions(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """A version of every row, known later, in which everything but the key is another or blank."""
    found = dict(frames)
    for table in frames:
        if "as_of_on" in TABLE[table].names:
            kept = {c: frames[table][c] for c in (*TABLE[table].key, "quarter") if c in frames[table]}
            newer = pd.DataFrame(kept).assign(as_of_on=pd.Timestamp("2035-05-05"), name="renamed")
            found[table] = pd.concat([newer, frames[table]], ignore_index=True)
    return found


def test_a_later_delivery_is_open_and_its_money_not_yet_known():
    known = Dataset.from_frames(SMALL).as_of("2026Q1").frame("engagements").set_index("engagement_id")
    assert list(known.index) == ["E1", "E2"]
    assert list(known["state"]) == ["delivered", "open"]
    assert pd.isna(known.loc["E2", "delivered_on"]) and pd.isna(known.loc["E2", "charged_cost"])
    assert known.loc["E1", "charged_cost"] == 10.0


def test_the_last_day_of_the_quarter_is_known_and_the_next_is_not():
    days = ENGAGEMENTS.assign(requested_on=["2026-03-31", "2026-04-01", "2026-03-31"], delivered_on=[None] * 3)
    known = Dataset.from_frames({**SMALL, "engagements": days}).as_of("2026Q1").frame("engagements")
    assert list(known["engagement_id"]) == ["E1", "E3"]


def test_a_fiscal_year_that_ends_in_march_moves_the_end_of_the_quarter():
    known = Dataset.from_frames(SMALL).as_of("2026Q4", 3)
    assert known.known_on is not None and known.known_on.isoformat() == "2026-03-31"
    assert known.rows("engagements") == 2


def test_the_latest_version_not_after_the_day_counts():
    versions = pd.DataFrame(
        {
            "customer_id": ["A", "A", "A", "B"],
            "name": ["Old", "New", "Future", "Bob"],
            "category": ["IT"] * 4,
            "as_of_on": ["2025-12-31", "2026-03-31", "2026-04-01", None],
        }
    )
    known = Dataset.from_frames({**SMALL, "customers": versions}).as_of("2026Q1").frame("customers")
    assert list(known["name"]) == ["New", "Bob"]


def test_two_versions_of_one_day_are_settled_by_content_not_by_place():
    rows = pd.DataFrame(
        {"customer_id": ["A", "A"], "name": ["X", "W"], "category": ["IT", "IT"], "as_of_on": ["2026-01-01"] * 2}
    )
    for frame in (rows, rows.iloc[::-1]):
        known = Dataset.from_frames({**SMALL, "customers": frame}).as_of("2026Q1").frame("customers")
        assert list(known["name"]) == ["W"]


def test_an_observed_effect_is_not_known_before_it_was_due_unless_dated():
    decisions = pd.DataFrame(
        {
            "decision_id": ["D1", "D2"],
            "quarter": ["2026Q1", "2026Q1"],
            "text": ["a", "b"],
            "due_on": ["2026-06-30", "2026-06-30"],
            "observed_effect": [1.0, 2.0],
            "as_of_on": [None, "2026-03-01"],
        }
    )
    known = Dataset.from_frames({**SMALL, "decisions": decisions}).as_of("2026Q1").frame("decisions")
    assert known["observed_effect"].isna().tolist() == [True, False]


def test_a_project_planned_for_later_is_known_when_a_dated_row_says_so():
    projects = pd.DataFrame(
        {
            "project_id": ["P1", "P2"],
            "customer_id": ["A", "A"],
            "as_of_on": [None, "2026-01-01"],
            "planned_start_on": ["2027-01-01", "2027-01-01"],
        }
    )
    known = Dataset.from_frames({**SMALL, "projects": projects}).as_of("2026Q1").frame("projects")
    assert list(known["project_id"]) == ["P2"]


def test_a_service_that_retires_later_is_still_on_offer():
    services = SERVICES.assign(status="retired", active_to_on="2026-06-30")
    known = Dataset.from_frames({**SMALL, "services": services}).as_of("2026Q1").frame("services")
    assert known.loc[0, "status"] == "active" and pd.isna(known.loc[0, "active_to_on"])


def test_a_table_with_only_later_rows_is_not_there():
    survey = pd.DataFrame(
        {"response_id": ["R"], "customer_id": ["A"], "answered_on": ["2026-04-01"], "question": ["nps"], "score": [9]}
    )
    same_tale(
        Dataset.from_frames(SMALL).as_of("2026Q1"), Dataset.from_frames({**SMALL, "survey": survey}).as_of("2026Q1")
    )


def test_a_column_filled_only_in_later_rows_is_not_there():
    more = pd.concat([ENGAGEMENTS, later_rows("engagements", ENGAGEMENTS).assign(planned_hours="many")])
    after = Dataset.from_frames({**SMALL, "engagements": more}).as_of("2026Q1")
    same_tale(Dataset.from_frames(SMALL).as_of("2026Q1"), after)
    assert not after.has("engagements", "planned_hours")


def test_what_is_wrong_in_a_later_row_is_not_told_of_an_earlier_quarter():
    wrong = ENGAGEMENTS.head(2).assign(requested_on="2026-09-09", delivered_on="2026-08-08", charged_cost="ten",
                                       customer_id="nobody", service_id=None)  # fmt: skip
    after = Dataset.from_frames({**SMALL, "engagements": pd.concat([wrong, ENGAGEMENTS])})
    assert len(check(after)) > 0
    same_tale(Dataset.from_frames(SMALL).as_of("2026Q1"), after.as_of("2026Q1"))


def test_a_bad_number_entered_at_a_later_delivery_is_not_yet_known():
    typo = ENGAGEMENTS.assign(charged_cost=["10", "2O", None])
    data = Dataset.from_frames({**SMALL, "engagements": typo})
    assert "bad number" in set(check(data)["problem"])
    assert "bad number" not in set(check(data.as_of("2026Q1"))["problem"])
    assert "bad number" in set(check(data.as_of("2026Q2"))["problem"])


def test_a_row_whose_very_date_cannot_be_read_counts_as_known():
    odd = ENGAGEMENTS.assign(requested_on=["2026-01-05", "2026-03-01", "soon"])
    known = Dataset.from_frames({**SMALL, "engagements": odd}).as_of("2026Q1")
    assert known.rows("engagements") == 3
    assert "bad date" in set(check(known)["problem"])


def test_told_twice_is_told_by_the_earlier_quarter():
    data = Dataset.from_frames(SMALL)
    same_tale(data.as_of("2025Q4"), data.as_of("2026Q1").as_of("2025Q4"))


@pytest.fixture(scope="module")
def demo_frames() -> dict[str, pd.DataFrame]:
    if not DEMO.is_dir():
        pytest.skip("the demo organisation is not there")
    from pmo_analysis.intake.load import load

    return frames_of(load(DEMO))


@pytest.mark.parametrize(("quarter", "later"), [("2025Q1", with_later_versions), ("2026Q2", with_later)])
def test_later_rows_of_every_table_change_nothing_in_the_demo(demo_frames, quarter, later):
    before = Dataset.from_frames(demo_frames).as_of(quarter)
    assert len(before.tables) == len(TABLES)
    same_tale(before, Dataset.from_frames(later(demo_frames)).as_of(quarter))
