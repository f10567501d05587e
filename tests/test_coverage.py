"""What no map covers, and the rows to fill in."""

from __future__ import annotations

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.coverage import rank_gaps, unmapped, write_rows_to_fill
from pmo_analysis.intake.tabling import OPEN

OPEN_ROWS = pd.DataFrame(
    [
        ["customer", "FIN", "engagements", "customer_id", "E1", None, None],
        ["customer", "FIN", "engagements", "customer_id", "E1", None, None],
        ["customer", "OPS", "engagements", "customer_id", "E2", None, None],
        ["customer", "FIN", "customers", "customer_id", None, None, None],
        ["role", "anna", "effort", "role", "E1", 2.0, None],
        ["role", "anna", "effort", "role", "E2", 5.0, None],
    ],
    columns=OPEN,
)
EFFORT = pd.DataFrame({"engagement_id": ["E1", "E2"], "worked_hours": ["2", "5"]})


def test_gaps_are_ranked_by_the_hours_that_hang_on_them_each_told_once():
    gaps = rank_gaps(OPEN_ROWS, EFFORT)
    assert gaps[["map", "value", "hours"]].to_numpy().tolist() == [
        ["role", "anna", 7.0],
        ["customer", "OPS", 5.0],
        ["customer", "FIN", 2.0],
    ]
    assert rank_gaps(OPEN_ROWS.iloc[::-1], EFFORT).equals(gaps)


def test_without_hours_rows_rank_and_hours_stay_missing():
    gaps = rank_gaps(OPEN_ROWS[OPEN_ROWS["map"] == "customer"])
    assert gaps["hours"].isna().all() and gaps["value"].tolist() == ["FIN", "OPS"]


def test_tables_are_searched_for_customers_services_and_roles_that_are_not_there():
    frames = {
        "customers": pd.DataFrame({"customer_id": ["C1"]}),
        "services": pd.DataFrame({"service_id": ["S1"]}),
        "engagements": pd.DataFrame(
            {"engagement_id": ["E1", "E2"], "customer_id": ["C1", "C9"], "service_id": ["S1", "S9"]}
        ),
        "effort": pd.DataFrame({"worked_hours": ["3", "4"], "role": ["PM", "PM"], "engagement_id": ["E1", None]}),
    }
    gaps = unmapped(frames)
    assert gaps[["map", "table", "hours"]].iloc[0].tolist() == ["role", "effort", 7.0]
    assert gaps.iloc[1]["hours"] == 4.0 and pd.isna(gaps.iloc[1]["value"])
    assert {("customer", "C9"), ("service", "S9")} <= set(zip(gaps["map"], gaps["value"], strict=True))


def test_a_complete_organisation_has_no_gaps():
    assert (
        len(
            unmapped(
                {
                    "customers": pd.DataFrame({"customer_id": ["C1"]}),
                    "engagements": pd.DataFrame({"engagement_id": ["E"], "customer_id": ["C1"]}),
                }
            )
        )
        == 0
    )


def test_the_rows_to_fill_in_are_written_per_map_largest_first_and_never_over_filled_ones(tmp_path):
    paths = write_rows_to_fill(rank_gaps(OPEN_ROWS, EFFORT), tmp_path)
    assert [p.name for p in paths] == ["customer_to_fill.csv", "role_to_fill.csv"]
    assert paths[0].read_text().splitlines() == ["key,value,hours,row_count", "OPS,,5.0,1", "FIN,,2.0,1"]
    with pytest.raises(InputError, match="already there"):
        write_rows_to_fill(rank_gaps(OPEN_ROWS, EFFORT), tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        unmapped(tmp_path / "nowhere")
