"""Whatever goes wrong in a real run, the last good report stays, one message says what to do, and a rerun succeeds.

Each test runs `pmo` as its own process. PMO_KILLS says at how many moments runs are killed (`make soak` takes ten).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import numpy as np
import pytest
from organisations import write_least

pytestmark = pytest.mark.slow
QUARTER = "2026Q2"
KILLS = int(os.environ.get("PMO_KILLS", "1"))
SECONDS = 300 if KILLS == 1 else 1_800  # hours are shared with what else the machine does


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_least(tmp_path_factory.mktemp("organisation") / "data", quarters=2, seed=2)


def notebook_that(folder: Path, code: str = "1 + 1") -> Path:
    declared = 'source = ""  # data\nquarter = ""  # quarter\nsettings = {}  # settings'
    cells = [
        nbformat.v4.new_code_cell(declared, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code),
    ]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "own.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), path)
    return path


def command(source: Path | str, notebook: Path, shelf: Path, *more: str) -> list[str]:
    asked = ["--quarter", QUARTER, "--notebook", notebook, "--out", shelf, *more]
    return [sys.executable, "-m", "pmo_analysis", "report", str(source), *map(str, asked)]


def publish(source: Path | str, notebook: Path, shelf: Path, *more: str, before: tuple[str, ...] = ()):
    asked = [*before, *command(source, notebook, shelf, *more)]
    return subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=False)


def start(source: Path | str, notebook: Path, shelf: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(source, notebook, shelf), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def content(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def report_of(shelf: Path) -> Path:
    (found,) = [p for p in shelf.iterdir() if p.is_dir() and not p.name.startswith(".")]
    return found


def scratch_of(shelf: Path) -> list[str]:
    return [p.name for p in shelf.iterdir() if p.name.startswith(".") and not p.name.endswith(".lock")]


def verified(report: Path) -> bool:
    asked = [sys.executable, "-m", "pmo_analysis", "verify", str(report)]
    return subprocess.run(asked, capture_output=True, timeout=SECONDS, check=False).returncode == 0


@pytest.fixture(scope="module")
def published(source, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    made = publish(source, notebook_that(folder), folder / "reports")
    assert made.returncode == 0, made.stderr
    return folder / "reports"


@pytest.fixture
def shelf(published, tmp_path) -> Path:
    """A folder with one good report of a trivial notebook, the test's own."""
    return shutil.copytree(published, tmp_path / "reports")


def told(done: subprocess.CompletedProcess[str]) -> str:
    """The one message of a failed run; there is no traceback."""
    assert "Traceback" not in done.stderr
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("pmo: ")]
    return said


def children(process: int) -> list[int]:
    """The processes that one, by whichever of its threads, has started and that have not ended."""
    found = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            found += [int(pid) for pid in listed.read_text().split()]
    return found


def test_a_run_killed_at_any_moment_leaves_the_last_report_and_no_trace(source, tmp_path, shelf):
    good, notebook = content(report_of(shelf)), notebook_that(tmp_path, "import time\ntime.sleep(2)")
    began = time.monotonic()
    assert publish(source, notebook, tmp_path / "other").returncode == 0
    whole = time.monotonic() - began
    for kill in range(KILLS):
        running = start(source, notebook, shelf)
        time.sleep(whole * (kill + 0.5) / KILLS)
        running.kill()
        running.communicate()
        now = content(report_of(shelf))
        assert now == good or "manifest.json" in now
    again = publish(source, notebook, shelf)
    assert again.returncode == 0, again.stderr
    assert scratch_of(shelf) == []
    assert verified(report_of(shelf))


def test_a_kernel_killed_at_any_moment_is_told_and_the_last_report_stays(source, tmp_path, shelf):
    good, notebook = content(report_of(shelf)), notebook_that(tmp_path, "import time\ntime.sleep(60)")
    for moment in np.random.default_rng(KILLS).uniform(0, 6, max(KILLS - 1, 1)):
        running = start(source, notebook, shelf)
        kernels = await_children(running.pid)
        time.sleep(moment)
        for kernel in kernels:
            os.kill(kernel, signal.SIGKILL)
        _, said = running.communicate(timeout=SECONDS)
        assert (running.returncode, "kernel" in said.lower(), "Traceback" in said) == (4, True, False), said
        assert content(report_of(shelf)) == good
        assert scratch_of(shelf) == []


def await_children(process: int) -> list[int]:
    deadline = time.monotonic() + SECONDS  # a busy machine takes its time to import
    while not (found := children(process)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found, f"process {process} started no other within {SECONDS} seconds"
    return found


def test_a_pack_whose_kernel_is_killed_is_listed_and_made_by_the_next_run(source, tmp_path):
    asked = [sys.executable, "-m", "pmo_analysis", "packs", str(source), "--quarter", QUARTER, "--by", "category",
             "--out", str(tmp_path)]  # fmt: skip
    for moment in np.random.default_rng(KILLS).uniform(0, 2, max(KILLS - 1, 1)):
        running = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        (zygote,) = await_children(running.pid)[:1]
        while not (kernels := children(zygote)) and running.poll() is None:
            time.sleep(0.1)
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.kill(kernels[0], signal.SIGKILL)
        _, said = running.communicate(timeout=SECONDS)
        assert running.returncode in (0, 4) and "Traceback" not in said, said
        assert running.returncode == 0 or "could not be made" in said
        if running.returncode == 0:  # it had ended before it could be killed; there is something to make again
            shutil.rmtree(report_of(tmp_path))
    done = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert verified(report_of(tmp_path)) and scratch_of(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of six megabytes; unmounted afterwards."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_told_and_the_last_report_stays(source, tmp_path, small_disk, published):
    notebook = notebook_that(tmp_path)
    shutil.copytree(published, small_disk, dirs_exist_ok=True)
    good = content(report_of(small_disk))
    free = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(b"x" * max(free - 200_000, 0))
    failed = publish(source, notebook, small_disk)
    assert (failed.returncode, "The disk is full: free some space" in told(failed)) == (4, True)
    assert content(report_of(small_disk)) == good
    (small_disk / "filler").unlink()
    assert publish(source, notebook, small_disk).returncode == 0
    assert scratch_of(small_disk) == []


def test_a_read_only_disk_is_told_before_anything_runs(source, tmp_path, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    failed = publish(source, notebook_that(tmp_path), small_disk / "reports")
    assert (failed.returncode, "read-only: choose another folder with --out" in told(failed)) == (4, True)


def test_of_two_runs_at_once_one_publishes_and_one_is_refused(source, tmp_path):
    notebook, shelf = notebook_that(tmp_path, "import time\ntime.sleep(5)"), tmp_path / "reports"
    first = start(source, notebook, shelf)
    while not list(shelf.glob(".*.building")) and first.poll() is None:
        time.sleep(0.1)
    second = publish(source, notebook, shelf)
    first.communicate(timeout=SECONDS)
    assert (first.returncode, second.returncode) == (0, 3)
    assert "--wait" in told(second)


def test_a_clock_set_back_changes_nothing_that_is_told(source, tmp_path, shelf):
    program = shutil.which("faketime") or pytest.skip("faketime is not installed")
    tables = {p: h for p, h in content(report_of(shelf)).items() if p.startswith("tables/")}
    done = publish(source, notebook_that(tmp_path), shelf, before=(program, "-f", "-400d"))
    assert done.returncode == 0, done.stderr
    again = content(report_of(shelf))
    assert {p: h for p, h in again.items() if p.startswith("tables/")} == tables
    assert verified(report_of(shelf))


def test_a_source_changed_during_the_run_is_told(source, tmp_path):
    moving, shelf = tmp_path / "data", tmp_path / "reports"
    shutil.copytree(source, moving)
    notebook = notebook_that(tmp_path, "open(source + '/effort.csv', 'a').write('\\n')")
    failed = publish(moving, notebook, shelf)
    assert (failed.returncode, "effort.csv changed while" in told(failed)) == (4, True)
    assert [p for p in shelf.iterdir() if not p.name.startswith(".")] == []


def test_a_locked_duckdb_file_is_told_and_read_once_it_is_free(source, tmp_path):
    file = tmp_path / "store.duckdb"
    rows = "".join(
        f"c.execute(\"CREATE TABLE {p.stem} AS FROM read_csv('{p}', all_varchar = true)\")\n"
        for p in sorted(source.glob("*.csv"))
    )
    hold = f"import duckdb, sys\nc = duckdb.connect({str(file)!r})\n{rows}print('held', flush=True)\nsys.stdin.read()"
    writer = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None and writer.stdout.readline() == "held\n"
    failed = publish(file, notebook_that(tmp_path), tmp_path / "reports")
    assert (failed.returncode, "written by another program" in told(failed)) == (1, True)
    writer.communicate()
    assert publish(file, notebook_that(tmp_path), tmp_path / "reports").returncode == 0


@pytest.mark.parametrize(
    ("code", "setting", "said"),
    [
        ("while True:\n    pass", "notebook_seconds=3", "ran longer than 3 seconds"),
        ("x = bytearray(4_000_000_000)", "notebook_memory_mb=2000", "MemoryError"),
        ('print("x" * 100_000_000)', "notebook_output_mb=20", "printed more than 20 MB"),
    ],
    ids=["never ends", "eats memory", "prints 100 MB"],
)
def test_a_notebook_without_measure_is_stopped(source, tmp_path, shelf, code, setting, said):
    good = content(report_of(shelf))
    failed = publish(source, notebook_that(tmp_path, code), shelf, "--set", setting)
    assert (failed.returncode, said in told(failed)) == (4, True), failed.stderr
    assert content(report_of(shelf)) == good
    assert scratch_of(shelf) == []


def test_a_corrupted_manifest_of_the_report_before_is_told(source, tmp_path, shelf):
    manifest = report_of(shelf) / "manifest.json"
    manifest.write_text(manifest.read_text()[:100])
    asked = [sys.executable, "-m", "pmo_analysis", "verify", str(report_of(shelf))]
    failed = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (failed.returncode, "damaged" in told(failed)) == (4, True)
    again = publish(source, notebook_that(tmp_path), shelf)
    assert again.returncode == 0, again.stderr
    assert verified(report_of(shelf))
