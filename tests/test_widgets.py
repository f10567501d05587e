"""What-if sizing: a static table first, then controls that recalculate it; and Voilà serves it without code."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import pandas as pd
import papermill
import pytest

from pmo_analysis.analysis.scenarios import make_baseline, what_if
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.present.widgets import read_changes, show_scenario, sizing_app, tell_choice
from pmo_analysis.run import servers

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "what_if_sizing.ipynb"
AS_NOW = {"service": "", "segment": "", "volume": 1.0, "price": 1.0, "standard_share": "",
          "self_service_share": "", "small_hours": "", "medium_hours": ""}  # fmt: skip


@pytest.fixture(scope="module")
def quarter():
    """Ten deliveries of 10 hours by two people who have 200 hours: half of what there is."""
    work = pd.DataFrame({
        "engagement_id": [f"E{i}" for i in range(10)],
        "service_id": ["S1", "S2"] * 5, "customer_id": ["C1", "C1", "C2", "C2", "C3"] * 2,
        "worked_hours": 10.0, "cost": 500.0, "bespoke": [True, True, True, True, True, False, False, False, False, False],
    })  # fmt: skip
    rates = pd.DataFrame({"role": ["analyst"], "hourly_cost": [50.0]})
    capacity = pd.DataFrame(
        {"role": ["analyst"], "fte": [2.0], "practical_hours": [200.0], "capacity_cost": [10_000.0]}
    )
    services = pd.DataFrame({"service_id": ["S1", "S2"], "name": ["<b>Plans</b>", "Reviews"]})
    return SimpleNamespace(
        baseline=make_baseline(work, rates, capacity),
        settings=Settings(),
        data=Dataset.from_frames({"services": services}),
        groups=pd.DataFrame({"customer_id": ["C1", "C2", "C3"], "segment": ["A", "A", "B"]}),
    )


def find(widget, name):
    """The control of that description anywhere in the app."""
    if getattr(widget, "description", "") == name:
        return widget
    return next((w for c in getattr(widget, "children", ()) if (w := find(c, name)) is not None), None)


def answer(app):
    return app.children[-1].value


def test_the_static_table_tells_the_quarter_as_it_was(quarter):
    html = show_scenario(quarter).html
    assert "100 hours" in html and "50 %" in html
    assert "What if" not in html


def test_a_scenario_stands_beside_the_quarter(quarter):
    html = show_scenario(quarter, what_if(quarter.baseline, volume=1.5)).html
    assert "As it was" in html and "What if" in html and "150 hours" in html and "75 %" in html


def test_moving_a_slider_recalculates_the_table(quarter):
    app = sizing_app(quarter)
    before = answer(app)
    find(app, "Requests, × now").value = 1.5
    assert "150 hours" in answer(app) and "150 hours" not in before
    find(app, "Requests, × now").value = 1.0
    assert answer(app) == before


def test_staff_can_be_changed_by_role(quarter):
    app = sizing_app(quarter)
    find(app, "analyst").value = 1.0
    assert "100 %" in answer(app)


def test_a_change_for_a_chosen_service_leaves_the_other_alone(quarter):
    app = sizing_app(quarter)
    find(app, "Service").value = "S1"
    find(app, "Requests, × now").value = 2.0
    assert "150 hours" in answer(app)


def test_controls_that_stand_as_they_were_are_no_change():
    assert read_changes(AS_NOW, {}) == {}


def test_controls_become_the_changes_of_what_if():
    chosen = {**AS_NOW, "volume": 1.2, "small_hours": 4.0, "medium_hours": 16.0, "standard_share": 0.0}
    assert read_changes(chosen, {"analyst": 3.0}) == {
        "volume": 1.2, "standard_share": 0.0, "tier_limits": [4.0, 16.0], "fte": {"analyst": 3.0},
    }  # fmt: skip
    assert read_changes({**chosen, "service": "S1"}, {})["tier_limits"] == {"S1": [4.0, 16.0]}


def test_limits_that_do_not_rise_are_told_not_raised(quarter):
    told = tell_choice(quarter, {**AS_NOW, "small_hours": 16.0, "medium_hours": 4.0}, {})
    assert "each above the one before" in told and "<table" not in told


def test_names_from_the_data_are_text(quarter):
    app = sizing_app(quarter)
    assert ("<b>Plans</b> (S1)", "S1") in find(app, "Service").options
    problem = tell_choice(quarter, {**AS_NOW, "service": "<script>", "volume": 2.0}, {})
    assert "<script>" not in problem and "&lt;script&gt;" in problem


def test_without_hours_or_capacity_it_says_that_there_is_nothing_to_vary(quarter):
    empty = SimpleNamespace(baseline=None, settings=quarter.settings)
    assert "Nothing to vary" in show_scenario(empty).html
    assert isinstance(sizing_app(empty), ipywidgets.HTML)


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


@pytest.mark.slow
def test_voila_serves_the_app_and_a_slider_answers(organisation, tmp_path, page, outside_requests):
    prepared = servers._prepare(tmp_path, str(organisation), None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        servers.app_command(prepared, port=port, browser=False),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _await(port)
        page.set_default_timeout(180_000)
        page.goto(f"http://127.0.0.1:{port}", timeout=180_000)
        page.get_by_text("Requests, × now").wait_for()
        assert "open_quarter" not in page.content()
        shown = page.locator(".widget-html .pmo.scenario")
        before = shown.inner_text()
        value = page.locator(".widget-inline-hbox", has_text="Requests, × now").locator(".widget-readout")
        value.click()
        value.fill("2")
        value.press("Enter")
        page.wait_for_function(
            "before => document.querySelector('.widget-html .pmo.scenario').innerText !== before", arg=before
        )
        assert re.search(r"volume changed", shown.inner_text())
        assert outside_requests == [], "Voilà's page asks public servers for icons unless it is told not to"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _await(port):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("Voilà did not start")
