"""The stored scenario: applied to a quarter, told in section 11, and missed by verify when it is another."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pmo_analysis.analysis.scenarios import make_baseline, what_if
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.scenarios import StoredScenario, read_scenario, write_scenario
from pmo_analysis.present.answers import scenario as section
from pmo_analysis.quarter import apply_scenario
from pmo_analysis.quarter.scenario import tell_stored
from pmo_analysis.run import manifest, verify
from pmo_analysis.run.manifest import Manifest

WORK = pd.DataFrame({
    "service_id": ["S1"] * 6 + ["S2"] * 6, "customer_id": ["A", "B"] * 6, "worked_hours": 10.0, "cost": 500.0,
})  # fmt: skip
STAFF = pd.DataFrame({"role": ["lead"], "fte": [2.0], "practical_hours": [200.0], "capacity_cost": [10_000.0]})
GROUPS = pd.DataFrame({"customer_id": ["A", "B"], "segment": ["near", "far"]})
START = make_baseline(WORK, pd.DataFrame({"role": ["lead"], "hourly_cost": [50.0]}), STAFF)
STORED = StoredScenario("Half as much again", {"volume": {"S1": 1.5}}, "2026Q2")


def quarter(told):
    return SimpleNamespace(
        scenario=told, baseline=START, groups=GROUPS, quarter="2026Q3", settings=Settings({"currency": "EUR"}),
        segmentation=SimpleNamespace(rules=pd.DataFrame()), measures=SimpleNamespace(definitions=pd.DataFrame()),
        data=Dataset.from_frames({"services": pd.DataFrame({"service_id": ["S1"], "name": ["<i>Plan</i>"]})}),
    )  # fmt: skip


def hours(told):
    return told.wide.loc["hours"].tolist()


def test_a_stored_scenario_stands_beside_the_quarter_as_it_was():
    told = tell_stored(START, GROUPS, Settings(), STORED)
    assert list(told.scenarios) == ["as it was", "Half as much again"] and hours(told) == [120, 150]
    assert told.table["change"].dropna().iloc[0] == 30


def test_without_a_file_the_growth_of_the_settings_is_told_and_without_either_only_the_quarter():
    assert hours(tell_stored(START, GROUPS, Settings({"demand_growth_share": 0.1}), None)) == [120, pytest.approx(132)]
    assert hours(tell_stored(START, GROUPS, Settings(), None)) == [120]
    assert tell_stored(None, GROUPS, Settings(), STORED) is None


def test_a_scenario_of_some_services_or_segments_starts_from_these():
    near = StoredScenario("near", {"volume": 2.0}, segments=("near",))
    assert hours(tell_stored(START, GROUPS, Settings(), near)) == [60, 120]
    assert apply_scenario(quarter(None), near).result["value"].iloc[0] == 120
    for odd in (StoredScenario("x", {}, segments=("nar",)), StoredScenario("x", {}, services=("S11",))):
        with pytest.raises(InputError, match="Did you mean"):
            tell_stored(START, GROUPS, Settings(), odd)


def test_a_change_that_does_not_fit_the_quarter_names_the_scenario():
    with pytest.raises(InputError, match="'Odd' does not fit this quarter: fte names the role 'leed'.*'lead'"):
        tell_stored(START, GROUPS, Settings(), StoredScenario("Odd", {"fte": {"leed": 1.0}}))


def test_section_eleven_tells_the_scenario_its_inputs_and_its_result():
    told = section.tell_scenario(quarter(tell_stored(START, GROUPS, Settings(), STORED)))
    assert told.finding[0] == "The stored scenario: Half as much again."
    inputs, figures = told.tables
    assert "&lt;i&gt;Plan" in inputs and "1.5" in inputs
    assert "Half as much again" in figures and "EUR 6,000" in figures and "EUR 7,500" in figures
    assert section.draw_scenario(quarter(tell_stored(START, GROUPS, Settings(), STORED))).png


def test_section_eleven_without_a_scenario_says_how_to_store_one():
    told = section.tell_scenario(quarter(tell_stored(START, GROUPS, Settings(), None)))
    assert "pmo report --scenario FILE" in told.finding[1] and len(told.tables) == 1
    assert "cannot be told" in section.tell_scenario(quarter(None)).finding[0]
    assert "no scenario is stored" in section.draw_scenario(quarter(None))


@pytest.fixture
def report(tmp_path):
    """A report that tells a stored scenario."""
    path = write_scenario(tmp_path / "scenarios", STORED)
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / manifest.SCENARIO).write_bytes(path.read_bytes())
    content = {"scenario": manifest.describe_scenario(read_scenario(path)), "parameters": {"scenario": str(path)}}
    return Manifest(folder, content)


def compare(report):
    return verify._compare_scenario(report.content, verify._read_stored(report))


def test_verify_takes_the_scenario_that_was_published(report):
    assert verify._read_stored(report) == STORED and compare(report) == []
    Path(report.content["parameters"]["scenario"]).unlink()
    assert compare(report) == [], "the report keeps its own copy"


def test_verify_notices_that_the_scenario_says_something_else_by_now(report):
    path = Path(report.content["parameters"]["scenario"])
    path.write_text(path.read_text().replace("1.5", "1.6"))
    assert "says something else now" in compare(report)[0][2]


def test_verify_notices_a_copy_that_was_changed_or_lost(report):
    (report.folder / manifest.SCENARIO).write_text("name = 'x'\n[changes]\n")
    assert verify._read_stored(report) is None and "is not the one of" in compare(report)[0][2]


def test_how_long_work_waits_is_one_sentence_or_none():
    assert section.tell_wait(START).startswith("With the team as one queue, work waits ")
    assert "pile up without end" in section.tell_wait(what_if(START, fte=0.1))
    assert section.tell_wait(None) == "" == section.tell_wait(what_if(START, volume=0))
