"""Single cells against the contract."""

from __future__ import annotations

import pandas as pd
import pytest

from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.cells import plain_decimal, read_cells
from pmo_analysis.intake.dataset import Dataset

COST = TABLE["engagements"].column("charged_cost")
HOURS = TABLE["effort"].column("worked_hours")
ASKED = TABLE["engagements"].column("requested_on")
REWORKED = TABLE["engagements"].column("reworked")
LEVEL = TABLE["engagements"].column("complexity")
STATE = TABLE["engagements"].column("state")
CUSTOMER = TABLE["engagements"].column("customer_id")


def read_one(text: str | None, column) -> tuple[object, object]:
    values, faults = read_cells(pd.Series([text], dtype="str"), column)
    return tuple(None if pd.isna(s.iloc[0]) else s.iloc[0] for s in (values, faults))


@pytest.mark.parametrize(
    ("text", "column", "value", "fault"),
    [
        ("43200.0", COST, "43200", None),
        ("-0.0", COST, "0", None),
        ("33939.3600", COST, "33939.36", None),
        ("1e3", COST, "1000", None),
        ("-12.5", COST, "-12.5", None),
        ("twelve", COST, None, "not a number"),
        ("nan", COST, None, "not a number"),
        ("-1", HOURS, None, "below 0"),
        ("2026-07-01 09:30:00", ASKED, "2026-07-01", None),
        ("2026-02-30", ASKED, None, "not a day of the calendar"),
        ("0009-12-02", ASKED, None, "a year outside 1900 to 2200"),
        ("1/7/2026", ASKED, None, "not a date (yyyy-mm-dd)"),
        ("TRUE", REWORKED, "yes", None),
        ("perhaps", REWORKED, None, "not yes or no"),
        ("2.5", LEVEL, None, "not a whole number"),
        ("6", LEVEL, None, "above 5"),
        ("lost", STATE, None, "not one of open, delivered, cancelled, refused"),
        (None, CUSTOMER, None, "blank, but required"),
        (None, COST, None, None),
        ("  ", COST, None, None),
    ],
)
def test_a_cell_is_read_in_one_way_or_its_fault_is_named(text, column, value, fault):
    assert read_one(text, column) == (value, fault)


def test_sums_of_cells_are_exact():
    assert sum(plain_decimal(t) for t in ["0.1"] * 3) == plain_decimal("0.3")
    assert plain_decimal("0x1") is None


def test_hours_kept_as_floats_are_rounded_as_they_are_written() -> None:
    written = ["12.34", "0.1", "1.00005", "1.00015", "-7.25", "0.00004", "123456789.1234", "5000000000.5", "nan", "inf"]
    hours = {"numbers": pd.Series(map(float, written)), "texts": pd.Series(written, dtype="str")}
    read = {kind: Dataset.from_frames({"effort": pd.DataFrame({"worked_hours": h})}) for kind, h in hours.items()}
    numbers, texts = (
        read[kind].connection.sql(f"SELECT worked_hours FROM {read[kind].views['effort']} ORDER BY _row").fetchall()
        for kind in hours
    )
    assert numbers == texts


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\v", "\f", "\r", "\u00a0"])
def test_white_space_around_a_text_is_no_part_of_it_on_either_side(space: str) -> None:
    names = pd.DataFrame({"role": [f"{space}the analyst", f"the analyst{space}", space, "the analyst"]})
    rows = Dataset.from_frames({"roles": names}).frame("roles")["role"]
    assert rows.dropna().tolist() == ["the analyst"] * 3 and rows.isna().sum() == 1
