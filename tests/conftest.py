"""Shared fixtures: a private PostgreSQL, a browser that fetches nothing, the real data; and CI's rule.

The rule: with PMO_CI set nothing skips. A tool that is missing there is a failure, because a test
that quietly does not run is worse than one that is red. Only tests of the real data may skip, and
only where that data is absent.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("PMO_REAL") or ROOT.parent / "shared" / "real")
AXE = ROOT / ".cache" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .map(v => [v.impact, v.id, v.nodes[0].html.slice(0, 200)])"""
IN_CI = bool(os.environ.get("PMO_CI"))

# A test is marked by what it asks for, so that no marker is forgotten.
MARKER_OF = {
    "chromium": "browser",
    "browser": "browser",
    "page": "browser",
    "violations": "browser",
    "postgres_url": "server",
    "spark": "server",
    "real_folder": "real",
}
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


# Two workers take whole files, in this order: what takes long begins first, so that neither waits for the other.
LONGEST_FIRST = (
    "test_faults", "test_kernel_faults", "test_hostile", "test_clones", "test_packs_run", "test_engines", "test_source_faults",
    "test_publish",
    "test_quarter", "test_page_segments", "test_app_in_browser",
    "test_answers", "test_segments", "test_structure", "test_segment_properties", "test_discoveries", "test_benchmarks",
    "test_cli", "test_annotations", "test_period", "test_backfill", "test_quarter_segments", "test_hostile_names",
    "test_slides", "test_workbook", "test_own_reports", "test_demo", "test_targets", "test_seniority", "test_sizes",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: i for i, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
    for item in items:
        for marker in {MARKER_OF[f] for f in getattr(item, "fixturenames", ()) if f in MARKER_OF}:
            item.add_marker(marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    excused = item.get_closest_marker("real") and not REAL.is_dir()
    if report.skipped and not hasattr(report, "wasxfail") and not excused:
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI:
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing skips in CI, but this did: {reason}"


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """The folder with the published data of real organisations."""
    if not REAL.is_dir():
        pytest.skip("the real data is not beside this repository (../shared/real, or $PMO_REAL)")
    return REAL


@pytest.fixture(scope="session")
def told_quarter() -> Any:
    """A quarter of 60 invented customers in their sixth quarter, computed once for all files that only read it."""
    import pmo_analysis as pmo

    return pmo.run_quarter(pmo.demo(customers=60, quarters=6, seed=3))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    return _program("chromium", "chromium-browser")


@pytest.fixture(scope="session")
def office() -> str:
    """The path of LibreOffice, for `soffice --headless --convert-to pdf`."""
    return _program("soffice")


def _program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or pytest.skip(f"{names[0]} is not installed")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium, shared by the tests."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def outside_requests() -> list[str]:
    """Addresses outside this machine that `page` was asked for; none was fetched."""
    return []


@pytest.fixture
def page(browser: Browser, outside_requests: list[str]) -> Iterator[Page]:
    """A page in a fresh context that reaches files and this machine only."""
    with open_page(browser, outside_requests) as opened:
        yield opened


@pytest.fixture
def violations(browser: Browser) -> Iterator[Callable[[Path], list[list[str]]]]:
    """What axe-core holds against a file, of serious kind: impact, rule, the first place."""
    if not AXE.is_file():
        pytest.skip("axe-core is not there: npm install --prefix .cache/npm --no-save axe-core")
    context = browser.new_context(bypass_csp=True)  # the pages' own policy lets no script in, axe's neither

    def look(path: Path) -> list[list[str]]:
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate(AXE.read_text("utf-8"))
        found: list[list[str]] = page.evaluate(VIOLATIONS)
        return [v for v in found if v[0] in ("serious", "critical")]

    yield look
    context.close()


@contextmanager
def open_page(browser: Browser, outside_requests: list[str]) -> Iterator[Page]:
    """A page that reaches files and this machine only; what it asks of others is listed."""

    def gate(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob", "about") or address.hostname in LOOPBACK:
            route.continue_()
        else:
            outside_requests.append(route.request.url)
            route.abort()

    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    context.route("**/*", gate)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A SQLAlchemy address of an empty PostgreSQL that lives for this session on a free loopback port."""
    programs = _postgres_programs()
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    home = Path(tempfile.mkdtemp(prefix="pmo-postgres-"))  # pytest's own folders are closed to that user
    try:
        if user:
            shutil.chown(home, user)
        yield from _serve_postgres(programs, home, user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.skip("PostgreSQL's server programs are not installed")
    return (found[-1] if found else Path(on_path or "")).parent


def _serve_postgres(programs: Path, home: Path, user: str | None) -> Iterator[str]:
    data, log, port = home / "data", home / "log", _free_port()
    initialise = [programs / "initdb", "-D", data, "-U", "pmo", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initialise, user=user, group=user, cwd=home, check=True, capture_output=True)
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": home, "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [programs / "postgres", "-D", data, "-p", str(port), *options]
    with log.open("wb") as output:
        server = subprocess.Popen(command, user=user, group=user, cwd=home, stdout=output, stderr=output)
    try:
        _await_port(server, port, log)
        yield f"postgresql+psycopg://pmo@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(2)  # SIGINT: a fast shutdown that does not wait for clients
        server.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while "ready to accept connections" not in log.read_text(errors="replace"):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start on port {port}:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
