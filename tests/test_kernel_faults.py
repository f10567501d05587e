"""A kernel that is not specified, not installed or cannot start; a warm process nobody needs: told, and nothing is left.

Each test runs `pmo` as its own process, as tests/test_faults.py does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest
from organisations import write_least
from test_faults import (
    QUARTER,
    SECONDS,
    command,
    content,
    notebook_that,
    report_of,
    scratch_of,
    told,
    verified,
)

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "notebooks" / "quarterly_report.ipynb"


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_least(tmp_path_factory.mktemp("organisation") / "data", quarters=2, seed=2)


@pytest.fixture(scope="module")
def published(source, bare, tmp_path_factory) -> Path:
    """A report of one's own notebook, made where no kernel is specified."""
    folder = tmp_path_factory.mktemp("good")
    made = run(bare[0], command(source, notebook_that(folder), folder / "reports"), bare[1])
    assert made.returncode == 0, made.stderr
    return folder / "reports"


@pytest.fixture
def shelf(published, tmp_path) -> Path:
    """A folder with one good report, the test's own."""
    return shutil.copytree(published, tmp_path / "reports")


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A Python with all packages and no kernel specification anywhere, and the environment in which it finds none."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    theirs = Path(pytest.__file__).parents[1]
    (folder / "venv" / packages / "all.pth").write_text(f"import site; site.addsitedir({str(theirs)!r})\n")
    empty = folder / "empty"
    empty.mkdir()
    places = dict.fromkeys(("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"), str(empty))
    environment = {**os.environ, **places, "PYTHONPATH": str(ROOT)}
    ask = "import jupyter_core.paths as p; print(*p.jupyter_path('kernels'), sep='\\n')"
    said = subprocess.run([python, "-c", ask], env=environment, capture_output=True, text=True, check=True).stdout
    found = [spec for path in said.splitlines() for spec in Path(path).glob("*/kernel.json")]
    if found:
        pytest.skip(f"this machine's own folders hold {found[0]}")
    return python, environment


def run(python: Path | str, asked: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), *asked[1:]], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_a_report_of_ones_own_notebook_needs_no_kernel_specification(shelf):
    assert verified(report_of(shelf)) and scratch_of(shelf) == []


def test_the_quarterly_report_needs_no_kernel_specification(source, tmp_path, bare):
    asked = [sys.executable, "-m", "pmo_analysis", "report", str(source), "--quarter", QUARTER, "--out", str(tmp_path)]
    done = run(bare[0], asked, bare[1])
    assert done.returncode == 0, done.stderr
    assert scratch_of(tmp_path) == [] and (report_of(tmp_path) / "report.html").is_file()


def test_plain_papermill_needs_no_kernel_specification(tmp_path, bare):
    out = tmp_path / "out.ipynb"
    asked = ["python", "-m", "papermill", str(notebook_that(tmp_path)), str(out), "-p", "quarter", QUARTER]
    done = run(bare[0], asked, bare[1])
    assert done.returncode == 0, done.stderr
    cells = [c for c in nbformat.read(out, 4).cells if c.cell_type == "code" and c.source.strip()]
    assert len(cells) == 3 and all(c.execution_count for c in cells)


def hide_kernel(folder: Path, *, broken: bool) -> str:
    """Where Python looks first: there ipykernel is not found at all, or is found and cannot be imported."""
    folder.mkdir()
    if broken:
        (folder / "ipykernel.py").write_text("raise ModuleNotFoundError(\"No module named 'comm'\", name='comm')\n")
    else:
        (folder / "sitecustomize.py").write_text("import sys\nsys.modules['ipykernel'] = None\n")
    return f"{folder}{os.pathsep}{ROOT}"


@pytest.mark.parametrize(
    ("own", "broken", "remedy"),
    [(True, False, "pip install ipykernel"), (False, True, "pip install comm")],
    ids=["absent, own notebook", "broken"],
)
def test_where_no_kernel_is_installed_one_message_says_what_to_do(source, tmp_path, shelf, bare, own, broken, remedy):
    good = content(report_of(shelf))
    notebook = notebook_that(tmp_path) if own else REPORT
    environment = {**bare[1], "PYTHONPATH": hide_kernel(tmp_path / "first", broken=broken)}
    failed = run(bare[0], command(source, notebook, shelf), environment)
    assert (failed.returncode, remedy in told(failed)) == (4, True), failed.stderr
    assert content(report_of(shelf)) == good and scratch_of(shelf) == []
    assert broken or "reading" not in failed.stderr, "told before anything is read"


def test_a_kernel_that_cannot_be_started_is_told_and_the_last_report_stays(source, tmp_path, shelf, bare):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    lost = {
        "argv": [str(tmp_path / "gone" / "python"), "-f", "{connection_file}"],
        "display_name": "P",
        "language": "python",
    }
    (spec / "kernel.json").write_text(json.dumps(lost))
    good = content(report_of(shelf))
    asked = command(source, notebook_that(tmp_path), shelf)
    failed = run(sys.executable, asked, {**bare[1], "JUPYTER_PATH": str(tmp_path / "jupyter")})
    assert (failed.returncode, "kernel" in told(failed)) == (4, True), failed.stderr
    assert content(report_of(shelf)) == good and scratch_of(shelf) == []


def test_bad_data_is_told_alone_and_its_warm_process_is_gone(tmp_path):
    """The process that kernels are forked from starts before the data is read, so that neither waits for the other."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "customers.csv").write_text("customer_id,name,category\nC1,A,B\nC1,A,B\n")
    (data / "services.csv").write_text("service_id,name\nS1,P\n")
    (data / "engagements.csv").write_text("engagement_id,customer_id,service_id,requested_on\nE1,C1,S1,2026-05-01\n")
    asked = [sys.executable, "-m", "pmo_analysis", "report", str(data), "--out", str(tmp_path / "reports")]
    running = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    out, said = running.communicate(timeout=SECONDS)
    left = subprocess.run(["ps", "-o", "args=", "-s", str(running.pid)], capture_output=True, text=True, check=False)
    assert (running.returncode, out, left.stdout) == (1, "", "")
    assert "duplicate key" in said and "zygote" not in said and "Traceback" not in said
    assert not (tmp_path / "reports").exists()
