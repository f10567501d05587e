"""What no map covers, and the rows to fill in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.coverage import rank_gaps, unmapped, write_rows_to_fill, write_unmapped
from pmo_analysis.intake.mapping import import_tables
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
        "roles": pd.DataFrame({"role": ["Analyst"]}),
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


def test_the_rows_to_fill_in_are_written_per_map_largest_first(tmp_path):
    paths = write_rows_to_fill(rank_gaps(OPEN_ROWS, EFFORT), tmp_path)
    assert [p.name for p in paths] == ["customer.csv", "role.csv"]
    assert paths[0].read_text().splitlines() == ["key,value,hours,row_count", "OPS,,5.0,1", "FIN,,2.0,1"]


def test_rows_that_were_filled_in_stay_and_only_new_ones_are_added(tmp_path):
    (tmp_path / "customer.csv").write_text("key,value\nOPS,Operations\n")
    write_rows_to_fill(rank_gaps(OPEN_ROWS, EFFORT), tmp_path)
    assert (tmp_path / "customer.csv").read_text().splitlines() == [
        "key,value,hours,row_count",
        "OPS,Operations,,",
        "FIN,,2.0,1",
    ]
    (tmp_path / "role.csv").write_text("user,role\n")
    with pytest.raises(InputError, match="no columns key and value"):
        write_rows_to_fill(rank_gaps(OPEN_ROWS, EFFORT), tmp_path)


def test_filling_in_the_rows_covers_them_in_the_next_import(tmp_path):
    sample = Path(__file__).parent / "samples" / "jira_issues.csv"
    import_tables("jira_csv", [sample], to=tmp_path / "jira")
    gaps, folder = write_unmapped(tmp_path / "jira")
    assert folder == tmp_path / "jira-maps" and set(gaps["map"]) == {"customer", "service", "role"}
    for path in folder.iterdir():
        path.write_text(path.read_text().replace(",,", ",filled in,"))
    assert import_tables("jira_csv", [sample], to=tmp_path / "jira", maps=folder).unmapped.empty


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        unmapped(tmp_path / "nowhere")
