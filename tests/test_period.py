"""The year so far: ratios of sums over its quarters, against the same quarters a year before; the answers stay."""

import dataclasses

import pandas as pd
import pytest

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.periods import list_period
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.present.answers.period import show_period
from pmo_analysis.quarter import run_quarter
from pmo_analysis.run.publish import find_previous, report_name


def kept(quarter: str, count: int, on_time: int, day: str) -> pd.DataFrame:
    """Deliveries of one quarter, promised for the day they were made on or the day before."""
    late = pd.Series(range(count)) >= on_time
    return pd.DataFrame({
        "engagement_id": [f"{quarter}-{i}" for i in range(count)],
        "customer_id": [f"C{i % 8}" for i in range(count)],
        "service_id": "S1",
        "requested_on": pd.Timestamp(day) - pd.Timedelta(days=20),
        "delivered_on": pd.Timestamp(day),
        "promised_on": pd.Timestamp(day) - pd.to_timedelta(late.astype("int64"), unit="D"),
    })  # fmt: skip


TABLES = {
    "customers": pd.DataFrame({"customer_id": [f"C{i}" for i in range(8)], "name": [f"N{i}" for i in range(8)],
                               "category": ["X"] * 4 + ["Y"] * 4}),
    "services": pd.DataFrame({"service_id": ["S1"], "name": ["Advice"]}),
    "engagements": pd.concat([
        kept("2025Q1", 20, 5, "2025-02-20"), kept("2025Q2", 20, 5, "2025-05-20"),
        kept("2026Q1", 40, 36, "2026-02-20"), kept("2026Q2", 10, 4, "2026-05-20"),
    ], ignore_index=True),
    "benefits": pd.DataFrame({
        "benefit_id": ["B1", "B2"], "project_id": ["P1", "P1"], "due_on": pd.to_datetime(["2026-02-01", "2026-05-01"]),
        "planned_benefit": [100.0, 300.0], "realised_benefit": [50.0, None],
    }),
}  # fmt: skip


@pytest.fixture(scope="module")
def quarter():
    return run_quarter(Dataset.from_frames(TABLES), "2026Q2", {"report_period": "year_to_date"})


def test_a_share_is_the_sum_of_the_quarters_and_not_the_mean_of_their_shares(quarter):
    row = quarter.period.table.set_index(["measure", "group_kind"]).loc[("promises_kept_share", "all")]
    assert (row["value"], row["n"]) == (40 / 50, 50)  # the mean of 90 % and 40 % would be 65 %


def test_the_change_is_against_the_same_quarters_a_year_before(quarter):
    row = quarter.period.table.set_index(["measure", "group_kind"]).loc[("promises_kept_share", "all")]
    assert row["change"] == pytest.approx(40 / 50 - 10 / 40)
    assert row["direction"] == "better"
    assert row["change_low"] > 0


def test_benefit_is_added_up_over_the_quarters_and_unmeasured_stays_apart(quarter):
    money = quarter.period.table.set_index("measure")["value"]
    assert (money["due_benefit"], money["realised_benefit"], money["unmeasured_benefit"]) == (400.0, 50.0, 300.0)


def test_the_answers_of_the_quarter_are_what_they_are_without_a_period(quarter):
    alone = run_quarter(Dataset.from_frames(TABLES), "2026Q2")
    assert alone.period is None
    pd.testing.assert_frame_equal(alone.measures.cells, quarter.measures.cells)


def test_the_page_says_which_answers_are_the_quarters(quarter):
    shown = show_period(quarter)
    assert "2026 to date (2026Q1 to 2026Q2)" in shown.html
    assert "is of the quarter 2026Q2" in shown.html


def test_what_is_dated_later_changes_nothing(quarter):
    later = {**TABLES, "engagements": pd.concat([TABLES["engagements"], kept("2026Q3", 30, 0, "2026-08-20")])}
    told = run_quarter(Dataset.from_frames(later), "2026Q2", {"report_period": "year_to_date"}).period.table
    promised = told[told["measure"] == "promises_kept_share"].reset_index(drop=True)
    before = quarter.period.table
    pd.testing.assert_frame_equal(promised, before[before["measure"] == "promises_kept_share"].reset_index(drop=True))


def test_answers_that_one_quarter_did_not_tell_are_not_told_of_the_year():
    asked = pd.concat([answers("2026-02-10", 12), answers("2026-05-10", 3)], ignore_index=True)
    told = run_quarter(Dataset.from_frames({**TABLES, "survey": asked}), "2026Q2", {"report_period": "year_to_date"})
    assert "csat_level" not in set(told.period.table["measure"])


def test_answers_that_each_quarter_told_are_told_of_the_year_for_everybody_only():
    asked = pd.concat([answers("2026-02-10", 12), answers("2026-05-10", 12)], ignore_index=True)
    table = run_quarter(
        Dataset.from_frames({**TABLES, "survey": asked}), "2026Q2", {"report_period": "year_to_date"}
    ).period.table
    rows = table[table["measure"] == "csat_level"]
    assert rows[["group_kind", "n"]].to_numpy().tolist() == [["all", 24]]


def answers(day: str, count: int) -> pd.DataFrame:
    return pd.DataFrame({
        "response_id": [f"{day}-{i}" for i in range(count)], "customer_id": [f"C{i % 8}" for i in range(count)],
        "answered_on": pd.Timestamp(day), "question": "csat", "score": [3 + i % 3 for i in range(count)],
        "respondent_id": [f"{day}-p{i}" for i in range(count)],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("quarter", "period", "quarters"),
    [("2026Q3", "quarter", []), ("2026Q3", "year_to_date", ["2026Q1", "2026Q2", "2026Q3"]),
     ("2026Q4", "year", ["2026Q1", "2026Q2", "2026Q3", "2026Q4"])],
)  # fmt: skip
def test_the_quarters_of_a_period_are_those_of_the_fiscal_year(quarter, period, quarters):
    assert list_period(quarter, Settings({"report_period": period})) == quarters


def test_a_year_that_is_not_over_is_refused_with_what_to_do():
    with pytest.raises(SettingError, match="2026 is not over in 2026Q3. Set report_period to year_to_date"):
        list_period("2026Q3", Settings({"report_period": "year"}))


def test_the_report_before_a_report_of_the_year_is_that_of_its_kind_or_the_quarters(tmp_path):
    data = Dataset.from_frames(TABLES)
    year = dataclasses.replace(data, settings=Settings({"report_period": "year_to_date"}))
    assert find_previous(tmp_path, year, "2026Q2") is None
    publish(tmp_path / report_name(data, "2026Q1"))
    assert find_previous(tmp_path, year, "2026Q2") == tmp_path / report_name(data, "2026Q1")
    publish(tmp_path / report_name(year, "2026Q1"))
    assert find_previous(tmp_path, year, "2026Q2") == tmp_path / report_name(year, "2026Q1")
    assert find_previous(tmp_path, data, "2026Q2") == tmp_path / report_name(data, "2026Q1")


def publish(folder):
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
