"""A process that has imported the libraries once; for each mutant it forks, and the fork runs the chosen tests.

In the fork the mutated module's source is replaced as it is imported; nothing is written to the source tree.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import pytest

from benchmarks.mutation.operators import Mutant
from benchmarks.mutation.reached import KEPT, ROOT, UNMARKED
from benchmarks.mutation.selection import Chosen

SLOWER, SPARE_SECONDS = (
    3.0,
    10.0,
)  # a fork may take three times what its tests took, and starts within the spare seconds
PATIENCE = 12.0  # of the wall clock against its CPU time: the machine may be shared
MEMORY = 6 * 2**30
QUIET = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "-m", UNMARKED, "-r", "N"]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed, survived or not reached; by which test or why; the seconds it took."""

    verdict: str
    by: str
    seconds: float


class Only:
    """A pytest plugin: runs the chosen tests alone, in their order, and keeps the first that failed."""

    def __init__(self, wanted: list[str], told: Path) -> None:
        self.order = {name: number for number, name in enumerate(wanted)}
        self.told = told

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the chosen ones, in their order."""
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down which test noticed."""
        if report.failed:
            self.told.write_text(report.nodeid, "utf-8")


def warm_up() -> None:
    """Import what the tests import, the package and the tests themselves apart."""
    kept = json.loads((KEPT / "imports.json").read_text("utf-8"))
    for name in kept["modules"]:
        with contextlib.suppress(ImportError, AttributeError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(name)
    if ours := [name for name in sys.modules if name.startswith("pmo_analysis")]:
        raise RuntimeError(f"already imported, so no mutant would be seen: {', '.join(ours[:3])}")


def judge(mutant: Mutant, chosen: Chosen, seconds: float) -> Verdict:
    """Run the chosen tests against a mutant in a fork of this process."""
    if not chosen:
        return Verdict("not reached", "no test of the sample's files reaches it", 0.0)
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="pmo-mutant-"))
    limit = SLOWER * seconds + SPARE_SECONDS
    try:
        child = os.fork()
        if not child:
            _live_and_die(mutant, chosen, scratch, limit)
        status = _wait(child, limit * PATIENCE)
        told = scratch / "killer"
        by = told.read_text("utf-8") if told.exists() else ""
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Verdict(*_read(status, by), round(time.monotonic() - began, 1))


def _read(status: int | None, by: str) -> tuple[str, str]:
    if status is None or os.WIFSIGNALED(status):
        return "killed", "the time or memory limit"
    code = os.WEXITSTATUS(status)
    if code == 0:
        return "survived", ""
    if code == 5:
        return "not reached", "its tests are gone"
    return "killed", by or "the import of the package"


def _wait(child: int, seconds: float) -> int | None:
    """The exit status of a fork; none where it had to be ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _live_and_die(mutant: Mutant, chosen: Chosen, scratch: Path, limit: float) -> None:
    """The fork: never returns."""
    code = 3
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        _redirect(scratch)
        _plant(mutant)
        code = int(_run(chosen, scratch))
    finally:
        os._exit(code)


def _redirect(scratch: Path) -> None:
    log = os.open(scratch / "log", os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    tempfile.tempdir = str(scratch)


def _plant(mutant: Mutant) -> None:
    """The module is compiled from its mutated source whenever it is imported from now on."""
    path = str(ROOT / mutant.file)
    code = compile(mutant.apply(Path(path).read_bytes()), path, "exec", dont_inherit=True)
    untouched = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        return code if loader.path == path else untouched(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def _run(chosen: Chosen, scratch: Path) -> int:
    """The chosen tests file by file, until one fails; hypothesis draws the same examples each time and keeps none."""
    import hypothesis

    calm = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutation", database=None, deadline=None, derandomize=True, phases=calm)
    hypothesis.settings.load_profile("mutation")
    worst = 5
    for number, (file, tests) in enumerate(chosen.items()):
        only = Only(tests, scratch / "killer")
        code = int(pytest.main([*QUIET, f"--basetemp={scratch / str(number)}", file], plugins=[only]))
        if code not in (0, 5):
            return code
        worst = min(worst, code)
    return worst
