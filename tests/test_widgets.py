"""What-if sizing: a static table first, then controls that recalculate it, keep it and take it back."""

import base64
import dataclasses
import io
import json
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import openpyxl
import pandas as pd
import papermill
import pytest

from pmo_analysis.analysis.scenarios import compare_scenarios, make_baseline, what_if
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.scenarios import StoredScenario, read_scenario, write_scenario
from pmo_analysis.present.sizing import SizingApp
from pmo_analysis.present.widgets import show_scenario, sizing_app
from pmo_analysis.run import servers

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "what_if_sizing.ipynb"


@pytest.fixture
def quarter(tmp_path):
    """Twenty deliveries of 5 and 15 hours by two people who have 400 hours: half of what there is; S3 has three more."""
    work = pd.DataFrame({
        "engagement_id": [f"E{i}" for i in range(23)],
        "service_id": ["S1", "S2"] * 10 + ["S3"] * 3, "customer_id": ["C1", "C1", "C2", "C2", "C3"] * 4 + ["C3"] * 3,
        "worked_hours": [5.0] * 10 + [15.0] * 10 + [0.0] * 3, "cost": [250.0] * 10 + [750.0] * 10 + [0.0] * 3,
        "standard_hours": 10.0, "size": "M", "bespoke": [True] * 10 + [False] * 13,
    })  # fmt: skip
    rates = pd.DataFrame({"role": ["analyst"], "hourly_cost": [50.0]})
    capacity = pd.DataFrame(
        {"role": ["analyst"], "fte": [2.0], "practical_hours": [400.0], "capacity_cost": [20_000.0]}
    )
    services = pd.DataFrame({"service_id": ["S1", "S2", "S3"], "name": ["<b>Plans</b>", "Reviews", "Rare"]})
    start = make_baseline(work, rates, capacity)
    (tmp_path / "data").mkdir()
    return SimpleNamespace(
        baseline=start,
        scenario=compare_scenarios({"as it was": start}),
        settings=Settings({"currency": "EUR"}),
        quarter="2026Q3",
        data=dataclasses.replace(Dataset.from_frames({"services": services}), source=str(tmp_path / "data")),
        groups=pd.DataFrame({"customer_id": ["C1", "C2", "C3"], "segment": ["A", "A", "B"]}),
        segmentation=SimpleNamespace(rules=pd.DataFrame()),
        measures=SimpleNamespace(definitions=pd.DataFrame()),
    )


@pytest.fixture
def app(quarter):
    return SizingApp(quarter, quarter.baseline)


def press(app, title):
    app.buttons[title].click()


def figure(app, title):
    """The cells of a row of the app's table: as it was, what was kept, what if."""
    row = re.search(rf'<th scope="row">{title}</th>(.*?)</tr>', app.result.value, re.S)
    return re.findall(r"<strong>(.*?)</strong>", row[1])


def test_the_static_table_tells_the_quarter_as_it_was(quarter):
    html = show_scenario(quarter).html
    assert "200 hours" in html and "50 %" in html and "What if" not in html


def test_a_scenario_stands_beside_the_quarter_with_what_it_changes(quarter):
    html = show_scenario(quarter, what_if(quarter.baseline, volume={"S1": 2.0})).html
    assert "As it was" in html and "What if" in html and "300 hours" in html and "75 %" in html
    assert "Requests, as a multiple of now" in html and "&lt;b&gt;Plans&lt;/b&gt;" in html


def test_without_hours_or_capacity_it_says_that_there_is_nothing_to_vary(quarter):
    empty = SimpleNamespace(baseline=None, scenario=None, settings=quarter.settings)
    assert "Nothing to vary" in show_scenario(empty).html
    assert isinstance(sizing_app(empty), ipywidgets.HTML)


def test_moving_a_slider_recalculates_the_figures_with_their_ranges(app):
    assert figure(app, "Team&#39;s hours in use") == ["50 %"]
    app.sliders["volume"].value = 1.5
    assert figure(app, "Team&#39;s hours in use") == ["50 %", "75 %"]
    assert 'class="then"' in app.result.value and "+25 points" in app.result.value


def test_a_change_for_a_chosen_service_leaves_the_other_alone_and_stays_when_another_is_chosen(app):
    app.service.value = "S1"
    app.sliders["volume"].value = 2.0
    assert app.desk.now.inputs == {"volume": {"S1": 2.0}} and figure(app, "Hours of work on requests")[-1] == "300"
    app.service.value = "S2"
    assert app.sliders["volume"].value == 1.0
    app.sliders["volume"].value = 3.0
    assert app.desk.now.inputs == {"volume": {"S1": 2.0, "S2": 3.0}}
    app.service.value = "S1"
    assert app.sliders["volume"].value == 2.0


def test_limits_are_dragged_on_the_hours_and_drawn_there(app):
    app.service.value = "S1"
    assert "One size for all of it now" in app.hours.value
    app.limits.value = (8.0, 12.0)
    assert app.desk.now.inputs == {"tier_limits": {"S1": [8.0, 12.0]}}
    assert app.hours.value.count('class="limit"') == 2 and "Your limits" in app.hours.value
    assert figure(app, "Hours beyond the size") == ["50", "25"], "S1 is sized 5 and 15, S2 still 10"
    app.limits.value = (8.0, 8.0)
    assert app.desk.now.inputs["tier_limits"]["S1"] == [8.0], "two handles on one place are one limit"


def test_choosing_a_service_moves_nothing(app):
    for service in ("S1", "S2", "", "S3"):
        app.service.value = service
    assert app.desk.now.inputs == {} and not app.desk.past


def test_staff_can_be_changed_by_role(app):
    app.staff["analyst"].value = 1.0
    assert figure(app, "Team&#39;s hours in use")[-1] == "100 %"
    assert figure(app, "Working days until work begins")[-1] == "grows without end"


def test_shares_start_where_they_are_and_move_from_there(app):
    assert app.sliders["standard_share"].value == 57  # 13 of 23
    app.service.value = "S1"
    assert app.sliders["standard_share"].value == 50
    app.sliders["standard_share"].value = 0
    assert (
        figure(app, "Hours of work on requests")[-1] == "150"
    )  # bespoke work of S1 took 5 hours, its standard work 15


def test_undo_takes_back_whole_moves_and_redo_makes_them_again(app):
    for value in (1.1, 1.2, 1.3):
        app.sliders["volume"].value = value
    app.staff["analyst"].value = 3.0
    press(app, "Undo")
    assert app.desk.now.inputs == {"volume": 1.3} and app.staff["analyst"].value == 2.0
    press(app, "Undo")
    assert app.desk.now.inputs == {} and app.sliders["volume"].value == 1.0
    assert app.buttons["Undo"].disabled and not app.buttons["Redo"].disabled
    press(app, "Redo")
    press(app, "Redo")
    assert app.desk.now.inputs == {"volume": 1.3, "fte": {"analyst": 3.0}} and app.buttons["Redo"].disabled


def test_compare_keeps_the_scenario_as_a_column(app):
    app.sliders["volume"].value = 1.5
    app.name.value = "More <work>"
    press(app, "Compare")
    app.sliders["volume"].value = 2.0
    assert figure(app, "Hours of work on requests") == ["200", "300", "400"]
    assert "More &lt;work&gt;" in app.result.value and "<work>" not in app.result.value
    app.name.value = "what if"
    press(app, "Compare")
    assert "Give the scenario another" in app.told.value
    for name in "abcd":
        app.name.value = name
        press(app, "Compare")
    assert list(app.desk.kept) == ["b", "c", "d"]


def test_start_over_is_as_it_was_and_can_be_undone(app):
    app.sliders["volume"].value = 2.0
    press(app, "Start over")
    assert app.desk.now.inputs == {} and app.sliders["volume"].value == 1.0
    press(app, "Undo")
    assert app.desk.now.inputs == {"volume": 2.0}


def test_save_writes_the_scenario_and_it_can_be_opened_again(app):
    app.service.value = "S1"
    app.limits.value = (8.0, 12.0)
    app.name.value = "Two sizes"
    press(app, "Save")
    path = app.folder / "two-sizes.toml"
    assert read_scenario(path) == StoredScenario("Two sizes", {"tier_limits": {"S1": [8.0, 12.0]}}, "2026Q3")
    assert str(path) in app.told.value
    press(app, "Start over")
    app.stored.value = ""
    app.stored.value = str(path)
    assert app.desk.now.inputs == {"tier_limits": {"S1": [8.0, 12.0]}} and app.limits.value == (8.0, 12.0)


def test_what_cannot_be_saved_or_opened_is_said(app, quarter):
    app.name.value = "…"
    press(app, "Save")
    assert "no name for a scenario" in app.told.value and not app.folder.exists()
    path = write_scenario(app.folder, StoredScenario("Odd", {"volume": {"S9": 1.0}}))
    again = SizingApp(quarter, quarter.baseline)
    again.stored.value = str(path)
    assert "names the service &#39;S9&#39;" in again.told.value and again.desk.now.inputs == {}


def test_export_gives_toml_excel_and_picture(app):
    app.sliders["volume"].value = 1.5
    press(app, "Export")
    files = dict(re.findall(r'base64,([^"]+)" download="([^"]+)"', app.told.value))
    files = {name: base64.b64decode(content) for content, name in files.items()}
    assert tomllib.loads(files["scenario-1.toml"].decode())["changes"] == {"volume": 1.5}
    sheet = openpyxl.load_workbook(io.BytesIO(files["scenario-1.xlsx"]))["Figures"]
    rows = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert rows["Figure"][1::3] == ("as it was", "what if") and rows["Hours of work on requests"][1::3] == (200, 300)
    assert files["scenario-1.png"].startswith(b"\x89PNG")


def test_a_segment_looks_at_the_work_for_its_customers_only(app):
    app.service.value = "S3"
    app.sliders["volume"].value = 2.0
    app.segment.value = "A"
    assert figure(app, "Hours of work on requests")[0] == "160" and "S3" not in dict(app.service.options).values()
    assert app.desk.now.inputs == {}, "what was changed for a service that is not looked at any more"
    app.sliders["volume"].value = 1.5
    press(app, "Save")
    assert read_scenario(app.folder / "scenario-1.toml").segments == ("A",)


def test_a_service_with_three_engagements_is_too_few_to_say(app):
    app.service.value = "S3"
    assert "Too few to say how the hours are spread: 3 engagements, and 5 are needed." in app.hours.value
    assert app.limits.disabled and app.sliders["standard_share"].disabled and not app.sliders["volume"].disabled
    app.service.value = "S1"
    assert not app.limits.disabled


def test_names_from_the_data_are_text(app):
    assert ("<b>Plans</b> (S1)", "S1") in app.service.options
    app.service.value = "S1"
    assert "<b>Plans" not in app.hours.value and "&lt;b&gt;Plans" in app.hours.value


def test_every_picture_says_in_words_what_it_shows(app):
    app.sliders["volume"].value = 1.5
    said = re.findall(r'<svg[^>]*aria-label="([^"]*)"', app.result.value)
    assert len(said) == app.result.value.count("<svg") and any("what if: 75 %" in s for s in said)


def test_the_app_listens_to_this_machine_only_and_shows_no_code():
    command = servers.app_command(Path("x.ipynb"), port=8123, browser=False)
    assert "--Voila.ip=127.0.0.1" in command
    assert "--VoilaConfiguration.strip_sources=True" in command
    assert {"--Voila.port=8123", "--no-browser"} <= set(command)


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    """A small organisation on disk."""
    from pmo_analysis.intake.demo import write_demo

    return write_demo(tmp_path_factory.mktemp("demo") / "small", customers=20, quarters=3)


@pytest.mark.slow
def test_the_notebook_runs_as_a_report_with_its_static_table(organisation, tmp_path):
    papermill.execute_notebook(
        str(NOTEBOOK), str(tmp_path / "out.ipynb"), {"source": str(organisation)}, progress_bar=False, log_output=False
    )
    outputs = [o for c in json.loads((tmp_path / "out.ipynb").read_text())["cells"] for o in c.get("outputs", [])]
    assert any("As it was" in "".join(o.get("data", {}).get("text/html", "")) for o in outputs)
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)


@pytest.mark.slow
def test_the_notebook_for_analysts_runs_on_any_organisation(organisation, tmp_path):
    explore = str(NOTEBOOK.with_name("explore.ipynb"))
    papermill.execute_notebook(explore, str(tmp_path / "out.ipynb"), {"source": str(organisation)}, progress_bar=False)
    cells = [c for c in json.loads((tmp_path / "out.ipynb").read_text())["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
