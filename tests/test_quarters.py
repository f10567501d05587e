"""Quarters hold every day once, whatever month the fiscal year ends in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.quarters import (
    last_complete_quarter,
    parse_quarter,
    quarter_end,
    quarter_of,
    quarter_start,
    quarters_between,
    shift_quarter,
)

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
MONTHS = st.integers(1, 12)
QUARTERS = st.builds(lambda year, number: f"{year}Q{number}", st.integers(1990, 2090), st.integers(1, 4))


@pytest.mark.parametrize(("day", "month", "quarter"), [
    (date(2026, 1, 1), 12, "2026Q1"), (date(2026, 12, 31), 12, "2026Q4"),
    (date(2026, 3, 31), 3, "2026Q4"), (date(2026, 4, 1), 3, "2027Q1"),   # United Kingdom's government: April to March
    (date(2025, 10, 1), 9, "2026Q1"), (date(2026, 9, 30), 9, "2026Q4"),  # United States' government: October to September
    (date(2026, 7, 1), 6, "2027Q1"), (date(2024, 2, 29), 2, "2024Q4"),
])  # fmt: skip
def test_known_days_lie_in_known_quarters(day, month, quarter):
    assert quarter_of(day, month) == quarter


@given(DAYS, MONTHS)
def test_a_day_lies_between_the_start_and_the_end_of_its_quarter(day, month):
    quarter = quarter_of(day, month)
    assert quarter_start(quarter, month) <= day <= quarter_end(quarter, month)


@given(QUARTERS, MONTHS)
def test_quarters_follow_each_other_without_gap_and_take_about_three_months(quarter, month):
    assert quarter_end(quarter, month) + timedelta(days=1) == quarter_start(shift_quarter(quarter, 1), month)
    assert 89 <= (quarter_end(quarter, month) - quarter_start(quarter, month)).days + 1 <= 92
    assert quarter_of(quarter_start(quarter, month), month) == quarter == quarter_of(quarter_end(quarter, month), month)


@given(QUARTERS, MONTHS)
def test_the_fiscal_year_ends_in_its_month_and_gives_the_year_its_name(quarter, month):
    year, _ = parse_quarter(quarter)
    assert (quarter_end(f"{year}Q4", month) + timedelta(days=1)).month == month % 12 + 1
    assert quarter_end(f"{year}Q4", month).year == year


@given(QUARTERS, st.integers(-40, 40))
def test_shifting_there_and_back_is_standing_still(quarter, count):
    assert shift_quarter(shift_quarter(quarter, count), -count) == quarter


def test_quarters_between_count_both_ends_and_are_none_when_turned_round():
    assert quarters_between("2025Q3", "2026Q2") == ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]
    assert quarters_between("2026Q2", "2025Q3") == []


@given(DAYS, MONTHS)
def test_the_last_complete_quarter_has_ended_and_the_next_has_not(day, month):
    quarter = last_complete_quarter(day, month)
    assert quarter_end(quarter, month) <= day < quarter_end(shift_quarter(quarter, 1), month)


@pytest.mark.parametrize("text", ["2026", "2026Q5", "2026q1", "26Q1", "Q1 2026", "2026Q1 ", "", "2026Q1\n", None])
def test_what_is_not_a_quarter_is_told_how_to_write_one(text):
    with pytest.raises(SettingError, match="2026Q3"):
        parse_quarter(text)
