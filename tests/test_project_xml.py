"""Microsoft Project's XML as rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.project_xml import read_project

PLAN = Path(__file__).parent / "samples" / "plan.xml"
BOMB = """<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<Project xmlns="http://schemas.microsoft.com/project"><Name>&b;</Name></Project>"""


def cells(part: str, name: str) -> list[str]:
    header, rows = read_project(PLAN, part)
    return [row[header.index(name)] for _, row in rows]


def test_tasks_carry_baseline_nought_and_never_another():
    assert cells("tasks", "UID") == ["0", "1", "2", "3"]
    assert cells("tasks", "Baseline_Cost") == ["", "", "100000", "150000"]


def test_every_row_names_its_project_and_the_day_it_was_saved():
    assert set(cells("tasks", "Project_Name")) == {"Warehouse"}
    assert set(cells("timephased", "Project_SavedOn")) == {"2026-07-31T17:00:00"}


def test_timephased_work_is_one_row_per_slice():
    assert cells("timephased", "Time_Value") == ["PT7H30M0S", "PT4H30M0S", "PT8H0M0S"]
    assert cells("timephased", "Time_Type") == ["2", "2", "1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "declares entities"),
        ("<Project>", "not well-formed"),
        ("<html/>", "not a Microsoft Project XML"),
    ],
)
def test_a_bomb_or_another_file_is_refused_in_one_sentence(tmp_path, text, said):
    path = tmp_path / "plan.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_project(path, "tasks")
