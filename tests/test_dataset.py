"""A dataset has every table of the contract, typed, in a fixed order, whatever it was made of."""

from __future__ import annotations

import datetime
from decimal import Decimal

import narwhals as nw
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLES
from pmo_analysis.intake.cast import DTYPE
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.fingerprint import fingerprint

EFFORT = pd.DataFrame(
    {"worked_on": ["2026-01-07", "2026-01-06"], "worked_hours": ["0.1", "0.2"], "role": ["Lead", "Lead"]}
)


def test_absent_tables_and_columns_are_empty_and_typed():
    data = Dataset.from_frames({"effort": EFFORT})
    for table in TABLES:
        frame = data.frame(table.name)
        assert list(frame.columns) == list(table.names)
        assert [str(t) for t in frame.dtypes] == [str(pd.Series(dtype=DTYPE[c.kind]).dtype) for c in table.columns]
    assert data.tables == ("effort",)
    assert data.rows("survey") == 0 and data["survey"].collect().shape == (0, 7)


def test_has_asks_for_values_not_for_columns():
    data = Dataset.from_frames({"effort": EFFORT.assign(person_id=None, activity=["delivery", " "])})
    assert data.has("effort") and data.has("effort", "role", "activity")
    assert not data.has("effort", "person_id") and not data.has("survey")


def test_unknown_names_are_errors_that_suggest_the_nearest():
    data = Dataset.from_frames({"effort": EFFORT})
    with pytest.raises(InputError, match="Did you mean 'effort'"):
        Dataset.from_frames({"efort": EFFORT})
    with pytest.raises(InputError, match="Did you mean 'survey'"):
        data.frame("surveys")
    with pytest.raises(InputError, match="Did you mean 'worked_hours'"):
        data.has("effort", "workd_hours")
    with pytest.raises(InputError, match="Did you mean 'role'"):
        data.frame("effort", ["roles"])


def test_rows_come_in_the_order_of_their_content():
    straight = Dataset.from_frames({"effort": EFFORT}).frame("effort")
    turned = Dataset.from_frames({"effort": EFFORT.iloc[::-1]}).frame("effort")
    assert_frame_equal(straight, turned)
    assert straight["worked_hours"].tolist() == [0.2, 0.1]


def test_hours_and_money_are_summed_exactly():
    lots = pd.concat([EFFORT] * 1000)
    total = Dataset.from_frames({"effort": lots})["effort"].select(nw.col("worked_hours").sum()).collect()
    assert total["worked_hours"][0] == Decimal("300.0000")


@pytest.mark.parametrize("value", [
    "2026-03-31", " 2026-03-31 ", "2026-03-31T23:59:59", "2026-03-31 23:59:59+02:00", datetime.date(2026, 3, 31),
    datetime.datetime(2026, 3, 31, 23, 59), pd.Timestamp("2026-03-31 23:59", tz="Europe/Stockholm"),
])  # fmt: skip
def test_a_day_is_the_day_as_written(value):
    data = Dataset.from_frames({"effort": EFFORT.head(1).assign(worked_on=[value])})
    assert data.frame("effort")["worked_on"].tolist() == [pd.Timestamp("2026-03-31")]


@pytest.mark.parametrize(("value", "read"), [
    ("yes", True), ("TRUE", True), ("1", True), (1, True), (1.0, True), (True, True), ("N", False), ("0", False),
    (False, False), ("", None), (None, None), ("maybe", None),
])  # fmt: skip
def test_yes_and_no_in_many_spellings(value, read):
    frame = Dataset.from_frames({"roles": pd.DataFrame({"role": ["r"], "senior": [value]})}).frame("roles")
    assert frame["senior"].isna().item() if read is None else bool(frame["senior"].item()) is read


@pytest.mark.parametrize(("value", "read"), [
    ("1234.5", 1234.5), (" 7 ", 7.0), ("1.5e3", 1500.0), (3, 3.0), (Decimal("2.50"), 2.5), ("-4", -4.0),
    ("1,5", None), ("1.000,5", None), ("inf", None), ("NaN", None), ("0x10", None), (float("inf"), None),
])  # fmt: skip
@pytest.mark.parametrize("column", ["planned_hours", "charged_cost", "complexity"])
def test_numbers_are_read_as_written_or_not_at_all(column, value, read):
    frame = Dataset.from_frames({"engagements": pd.DataFrame({"engagement_id": ["E"], column: [value]})}).frame(
        "engagements"
    )
    assert frame[column].isna().item() if read is None else frame[column].item() == read


def test_identifiers_that_pandas_made_floats_are_whole_again():
    customers = pd.DataFrame({"customer_id": [17.0, None], "name": ["a", "b"], "cost_centre": [4.5, 1e20]})
    frame = Dataset.from_frames({"customers": customers}).frame("customers")
    assert frame["customer_id"].tolist()[0] == "17" and frame["cost_centre"].tolist() == ["4.5", "1e+20"]


def test_leading_zeros_of_identifiers_stay():
    frame = Dataset.from_frames({"customers": pd.DataFrame({"customer_id": ["007"], "name": ["a"]})}).frame("customers")
    assert frame["customer_id"].tolist() == ["007"]


def test_choices_are_read_in_any_case():
    frame = Dataset.from_frames({"services": pd.DataFrame({"service_id": ["S"], "status": ["Active"]})}).frame(
        "services"
    )
    assert frame["status"].tolist() == ["active"]


def test_a_frame_changed_afterwards_does_not_change_the_dataset():
    mine = EFFORT.copy()
    data = Dataset.from_frames({"effort": mine})
    mine["role"] = "changed"
    assert data.frame("effort")["role"].tolist() == ["Lead", "Lead"]


def test_lazy_frames_hold_the_contracts_columns_only():
    assert Dataset.from_frames({"effort": EFFORT})["effort"].collect_schema().names() == list(TABLES[4].names)


def test_the_fingerprint_sees_content_not_order():
    def mark(frame: pd.DataFrame) -> str:
        return fingerprint(Dataset.from_frames({"effort": frame}))["sha256"].item()

    assert mark(EFFORT) == mark(EFFORT.iloc[::-1, ::-1])
    assert mark(EFFORT) != mark(pd.concat([EFFORT, EFFORT.head(1)]))
    assert mark(EFFORT) != mark(EFFORT.assign(worked_hours=["0.1", "0.3"]))
    assert mark(EFFORT.assign(activity="x")) != mark(EFFORT.assign(activity="y"))
    assert mark(EFFORT.assign(project_id="a", customer_id="bc")) != mark(
        EFFORT.assign(project_id="ab", customer_id="c")
    )


def test_nothing_secret_or_long_in_the_short_form():
    assert repr(Dataset.from_frames({})) == "Dataset(source='memory', name='memory', known_at=None)"
