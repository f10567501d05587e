"""Scenarios as files: written whole, read with every field checked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.scenarios import (
    StoredScenario,
    list_scenarios,
    locate_scenarios,
    read_scenario,
    write_scenario,
)
from pmo_analysis.quarter.scenario import tell_stored

CHANGES = {"volume": 1.1, "tier_limits": {"S01": [2.0, 8.0]}, "fte": {"PMO analyst": 3.5}}


def test_what_is_saved_is_what_is_read_again(tmp_path):
    saved = StoredScenario("Fewer sizes, möre [x]", CHANGES, "2026Q3", services=("S01",), segments=('A "b"',))
    path = write_scenario(tmp_path / "scenarios", saved)
    assert path.name == "fewer-sizes-more-x.toml" and list_scenarios(path.parent) == [path]
    read = read_scenario(path)
    assert read == saved and len(read.sha256) == 64


def test_saving_again_replaces_the_one_of_the_same_name_and_leaves_nothing_else(tmp_path):
    write_scenario(tmp_path, StoredScenario("One", {"volume": 1.0}))
    path = write_scenario(tmp_path, StoredScenario("One", {"volume": 2.0}))
    assert read_scenario(path).changes == {"volume": 2.0}
    assert [p.name for p in tmp_path.iterdir()] == ["one.toml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = 'x'\n[change]\nvolume = 1", "no field 'change'. Did you mean 'changes'"),
        ("[changes]\nvolume = 1", "name is missing"),
        ("name = ' '\n[changes]", "name is missing"),
        ("name = 'x'", r"\[changes\] is missing"),
        ("name = 'x'\nquarter = '2026-3'\n[changes]", "is not a quarter"),
        ("name = 'x'\nquarter = 3\n[changes]", "is not a quarter"),
        ("name = 'x'\nservices = 'S01'\n[changes]", "services must be a list"),
        ("name = 'x'\nsegments = [1]\n[changes]", "segments must be a list"),
        ("name = ", "is not valid TOML"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_file(tmp_path, text, told):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        read_scenario(path)
    assert "odd.toml" in str(caught.value)


def test_a_file_that_is_none_is_said(tmp_path):
    for wrong in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(InputError, match="Name a scenario's TOML file"):
            read_scenario(wrong)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid TOML"):
        read_scenario(tmp_path / "bytes.toml")


def test_a_name_without_a_letter_is_refused(tmp_path):
    with pytest.raises(InputError, match="no name for a scenario"):
        write_scenario(tmp_path, StoredScenario("../..", {}))
    assert list(tmp_path.iterdir()) == []


def test_scenarios_stand_beside_the_data(tmp_path):
    assert locate_scenarios(str(tmp_path)) == tmp_path / "scenarios"
    assert locate_scenarios(str(tmp_path / "x.duckdb")) == tmp_path / "x.scenarios"
    assert locate_scenarios("postgresql://host/db") == Path("scenarios")
    assert list_scenarios(tmp_path / "scenarios") == []


def test_an_unknown_service_is_told_with_the_scenarios_name():
    rows = pd.DataFrame({"customer_id": ["C1"], "service_id": ["S1"]})
    start = SimpleNamespace(work=SimpleNamespace(rows=rows))
    groups = pd.DataFrame({"customer_id": ["C1"], "segment": ["a"]})
    stored = StoredScenario("Fewer sizes", {}, services=("S9",))
    with pytest.raises(InputError, match=r"Scenario 'Fewer sizes' does not fit this quarter: No service 'S9'"):
        tell_stored(start, groups, Settings(), stored)
