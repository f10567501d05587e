"""How long a key press on a slider takes until the picture has changed, in Chromium: `python -m benchmarks.app`.

Measured in the page: from the keydown event to the frame after the figures were replaced. Twice: the app of the demo
as `pmo app` serves it, and the same app over 100,000 engagements.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PRESSES = 40
ENGAGEMENTS = 100_000
_LISTEN = """() => {
  window.presses = [];
  let pressed = null;
  document.addEventListener("keydown", () => { pressed = performance.now(); }, true);
  new MutationObserver(() => {
    if (pressed === null) return;
    const began = pressed;
    pressed = null;
    requestAnimationFrame(() => setTimeout(() => window.presses.push(performance.now() - began)));
  }).observe(document.querySelector(".pmo-sizing-shown"), { childList: true, subtree: true });
}"""


@contextmanager
def served(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A server on this machine for as long as it is needed; gives its address."""
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=dict(environment or os.environ))
        try:
            _await(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=60)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"nothing answered on port {port}")


def slider(page: Any, name: str) -> Any:
    """The handle of the slider with that name."""
    return page.locator(".widget-inline-hbox", has_text=name).locator(".noUi-handle").first


def time_presses(page: Any, presses: int = PRESSES) -> list[float]:
    """Milliseconds from each key press on the first slider to the frame that shows its answer."""
    page.evaluate(_LISTEN)
    slider(page, "Requests, × now").focus()
    for press in range(presses):
        page.keyboard.press("ArrowRight" if press % 20 < 10 else "ArrowLeft")
        page.wait_for_function("n => window.presses.length > n", arg=press)
    return [float(ms) for ms in page.evaluate("window.presses")]


def large_quarter(engagements: int = ENGAGEMENTS) -> Any:
    """What the app needs of a quarter, with very many engagements of 30 services for 2,000 customers."""
    import numpy as np
    import pandas as pd

    from pmo_analysis.analysis.scenarios import AS_IT_WAS, compare_scenarios, make_baseline
    from pmo_analysis.contract.settings import Settings
    from pmo_analysis.intake.dataset import Dataset

    rng = np.random.default_rng(0)
    hours = rng.lognormal(2, 1, engagements).round(2)
    customers = rng.integers(0, 2000, engagements)
    work = pd.DataFrame({
        "service_id": np.char.add("S", rng.integers(10, 40, engagements).astype(str)),
        "customer_id": np.char.add("C", customers.astype(str)), "worked_hours": hours, "cost": hours * 80,
        "size": rng.choice(["S", "M", "L"], engagements), "standard_hours": rng.choice([4.0, 8.0, 24.0], engagements),
        "bespoke": rng.random(engagements) < 0.2, "tier": rng.choice(["self-service", "full"], engagements),
        "charged_cost": hours * 90,
    })  # fmt: skip
    staff = pd.DataFrame({"role": list("abcdefg"), "fte": 430.0, "practical_hours": 430 * 360.0, "capacity_cost": 1e7})
    start = make_baseline(work, pd.DataFrame({"role": list("abcdefg"), "hourly_cost": 80.0}), staff)
    ids = pd.DataFrame({"customer_id": np.unique(work["customer_id"])})
    services = pd.DataFrame({"service_id": start.work.services, "name": start.work.services})
    return SimpleNamespace(
        baseline=start, scenario=compare_scenarios({AS_IT_WAS: start}), quarter="2026Q3",
        settings=Settings({"currency": "EUR"}), data=Dataset.from_frames({"services": services}),
        groups=ids.assign(segment=["A", "B"] * (len(ids) // 2) + ["A"] * (len(ids) % 2)),
    )  # fmt: skip


def _write_large(folder: Path) -> Path:
    import nbformat

    root = str(Path(__file__).resolve().parents[1])
    source = (
        f"import sys\nsys.path.insert(0, {root!r})\nfrom benchmarks.app import large_quarter\n"
        "from pmo_analysis.present import widgets as show\n\nshow.sizing_app(large_quarter())"
    )
    path = folder / "large.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    return path


def _measure(notebook: Path) -> list[float]:
    from playwright.sync_api import sync_playwright

    from pmo_analysis.run import servers

    port = free_port()
    command = servers.app_command(notebook, port=port, browser=False)
    with served(command, port, servers.jupyter_environment()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(600_000)
        page.goto(address)
        page.locator(".sizing-result").wait_for()
        page.wait_for_timeout(1000)
        told = time_presses(page)
        browser.close()
    return told


def main() -> None:
    """Print the table."""
    from pmo_analysis.run import servers

    print("| app | presses | median ms | 90 % within ms | slowest ms |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        demo = servers._prepare(Path(scratch), "data/demo", None)
        for name, notebook in (("demo", demo), (f"{ENGAGEMENTS:,} engagements", _write_large(Path(scratch)))):
            told = _measure(notebook)
            within = statistics.quantiles(told, n=10)[-1]
            median = statistics.median(told)
            print(f"| {name} | {len(told)} | {median:.0f} | {within:.0f} | {max(told):.0f} |", flush=True)


if __name__ == "__main__":
    main()
