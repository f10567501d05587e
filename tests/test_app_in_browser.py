"""The app and JupyterLab as a person uses them: by keyboard, in Chromium, with the network closed."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import AXE, VIOLATIONS, open_page
from playwright.sync_api import TimeoutError

from benchmarks.app import free_port, served, slider, time_presses
from pmo_analysis.run import servers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The what-if notebook of a small organisation, as `pmo app` serves it."""
    from pmo_analysis.intake.demo import write_demo

    folder = tmp_path_factory.mktemp("lab")
    source = write_demo(folder / "small", customers=20, quarters=3)
    return servers._prepare(folder, str(source), None)


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Addresses outside this machine that the app's page was asked for."""
    return []


@pytest.fixture(scope="module")
def app(prepared, browser, asked):
    """The app in a browser, its figures there: opened once, since each opening runs the notebook."""
    port = free_port()
    command = servers.app_command(prepared, port=port, browser=False)
    with served(command, port, servers.jupyter_environment()) as address, open_page(browser, asked) as page:
        page.set_default_timeout(180_000)
        page.goto(address, timeout=180_000)
        page.locator(".sizing-result").wait_for()
        yield page


@pytest.fixture
def opened(app):
    """The app as it was, all services."""
    app.locator("select").first.select_option(index=0)
    app.locator(".sizing-hours .about", has_text="all services").wait_for()
    app.get_by_role("button", name="Start over").click()
    app.wait_for_function("() => document.querySelector('.sizing-result .finding').innerText.startsWith('As it was')")
    return app


def hours_in_use(page):
    return page.locator(".sizing-result tr", has_text="Team's hours in use").locator("strong").all_inner_texts()


def readout(page):
    return page.locator(".widget-inline-hbox", has_text="Requests, × now").locator(".widget-readout").inner_text()


def choose_sized(page):
    """Choose the first service with enough engagements of several sizes."""
    chooser = page.locator("select").first
    for name in chooser.locator("option").all_inner_texts()[1:]:
        chooser.select_option(label=name)
        page.locator(".sizing-hours .about", has_text=name).wait_for()
        if "The present sizes" in page.locator(".sizing-hours").inner_text():
            return
    raise AssertionError("no service has sizes")


def press_until_said(page, key, wanted):
    """A key, and then wait until the app's sentence holds a word."""
    page.keyboard.press(key)
    page.wait_for_function("t => document.querySelector('.sizing-result .finding').innerText.includes(t)", arg=wanted)


def test_the_app_is_moved_by_keyboard_and_tells_the_new_figures(opened, asked):
    before = hours_in_use(opened)
    assert len(before) == 1 and "open_quarter" not in opened.content(), "no code is shown"
    slider(opened, "Requests, × now").focus()
    press_until_said(opened, "ArrowRight", "With volume changed")
    after = hours_in_use(opened)
    assert after[0] == before[0] and len(after) == 2
    assert readout(opened) == "1.05"
    opened.get_by_role("button", name="Undo").focus()
    press_until_said(opened, "Enter", "As it was")
    assert readout(opened) == "1.00"
    assert asked == [], "Voilà's own page asks public servers for icons"


def test_the_limits_of_sizes_lie_on_the_axis_and_move_by_keyboard(opened):
    choose_sized(opened)
    handles = opened.locator(".pmo-sizing-limits .noUi-handle")
    handles.first.focus()
    press_until_said(opened, "ArrowLeft", "sizes changed")
    place = "e => { const b = e.getBoundingClientRect(); return b.x + b.width / 2 }"
    drawn = opened.locator(".sizing-hours .limit").evaluate_all(f"es => es.map({place})")
    assert drawn[0] == pytest.approx(handles.first.evaluate(place), abs=2)


def test_a_scenario_is_compared_and_taken_along(opened):
    slider(opened, "Requests, × now").focus()
    press_until_said(opened, "ArrowRight", "With volume changed")
    opened.get_by_role("button", name="Compare").click()
    opened.locator("thead th", has_text="Scenario 1").wait_for()
    opened.get_by_role("button", name="Export").click()
    with opened.expect_download() as download:
        opened.get_by_role("link", name="Scenario (TOML)").click()
    assert re.search(r"volume = 1\.05", Path(download.value.path()).read_text())


def test_nothing_in_the_app_bars_people_with_other_needs(opened):
    if not AXE.is_file():
        pytest.skip("axe-core is not there: npm install --prefix .cache/npm --no-save axe-core")
    opened.add_script_tag(path=str(AXE))
    found = opened.evaluate(VIOLATIONS)
    assert [v for v in found if v[0] in ("serious", "critical")] == []


def test_every_key_press_is_answered(opened):
    assert len(time_presses(opened, presses=8)) == 8


def run_all(page):
    """Run ▸ Run All Cells, once the kernel is really connected: before, Lab drops the wish without a word."""
    page.get_by_text("(ipykernel) | Idle").wait_for()
    begun = page.locator(".jp-CodeCell .jp-InputArea-prompt", has_text=re.compile(r"\[(\*|\d+)\]")).first
    for _ in range(20):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(TimeoutError):
            return begun.wait_for(timeout=5_000)
    raise AssertionError("Lab ran nothing")


def test_jupyterlab_runs_the_notebook_and_its_sliders_answer(page, prepared, tmp_path, outside_requests):
    port = free_port()
    command = [
        *servers.lab_command(prepared.parent, prepared.name, port=port, browser=False),
        "--IdentityProvider.token=",
    ]
    own = {"JUPYTERLAB_WORKSPACES_DIR": "w", "JUPYTERLAB_SETTINGS_DIR": "s", "JUPYTER_CONFIG_DIR": "c"}
    environment = {**servers.jupyter_environment(), **{name: str(tmp_path / folder) for name, folder in own.items()}}
    with served(command, port, environment) as address:
        page.set_default_timeout(180_000)
        page.set_viewport_size({"width": 1400, "height": 2600})  # Lab keeps only cells that can be seen
        page.goto(f"{address}/lab/tree/{prepared.name}", timeout=180_000)
        run_all(page)
        page.locator(".sizing-result").wait_for()
        slider(page, "Requests, × now").focus()
        press_until_said(page, "ArrowRight", "With volume changed")
        assert len(hours_in_use(page)) == 2
        assert outside_requests == []
