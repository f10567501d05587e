"""Which test reaches which line, measured once: a pytest plugin that keeps a file of findings per test file.

What a shared fixture does counts for every test that uses it, and caches of the analysis are emptied before each test,
so that the order of tests does not matter. Lines are kept as text, so that the findings outlive lines that move.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pmo_analysis"
MUTATED = PACKAGE / "analysis"
KEPT = Path(os.environ.get("PMO_MUTATION", ROOT / ".cache" / "mutation"))
UNMARKED = "not (browser or server or slow or real or soak)"
OURS = ("pmo_analysis", "benchmarks", "tests", "test_", "conftest")

Findings = dict[str, Any]


def fingerprint(path: Path) -> str:
    """What a test file's findings rest on: the file itself and the package as it is."""
    sources = [path, *sorted(PACKAGE.rglob("*.py"))]
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in sources)).hexdigest()[:16]


def kept_at(test_file: str) -> Path:
    """Where the findings of a test file are kept."""
    return KEPT / "reached" / f"{Path(test_file).stem}.json"


class Reached:
    """The plugin: traces every test file by itself and keeps what its tests and fixtures reached."""

    def __init__(self) -> None:
        self.tracer = _tracer()
        self.file = ""
        self.contexts: list[str] = [""]
        self.tests: dict[str, dict[str, Any]] = {}
        self.fixtures: dict[str, float] = {}

    def pytest_collection(self) -> None:
        """What imports reach counts for no test."""
        self.tracer.start()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the names of what was imported, for `server.warm_up`, and the paths that imports took."""
        self.tracer.stop()
        path = KEPT / "imports.json"
        before = json.loads(path.read_text("utf-8"))["modules"] if path.exists() else []
        third = {m for m in sys.modules if m.replace(".", "").isidentifier() and not m.startswith((*OURS, "_"))}
        _keep(path, {"modules": sorted(third.union(before)), "arcs": _arcs(self.tracer)})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
        """Count under the test's name what it reaches, and its CPU seconds without those of shared fixtures."""
        if self.file != (file := _file(item)):
            self.file, self.tests, self.fixtures, self.tracer = file, {}, {}, _tracer()
            self.tracer.start()
        _empty_caches()
        test = {"seconds": 0.0, "passed": True, "fixtures": list(getattr(item, "fixturenames", []))}
        self.tests[item.nodeid] = test
        before, began = sum(self.fixtures.values()), time.process_time()
        with _Context(self, item.nodeid):
            told = yield
        test["seconds"] = round(time.process_time() - began - sum(self.fixtures.values()) + before, 3)
        if nextitem is None or _file(nextitem) != file:
            self._finish()
        return told

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """Count under the fixture's name what a shared one reaches: for every test that uses it."""
        if fixturedef.scope == "function":
            return (yield)
        began, inner = time.process_time(), sum(self.fixtures.values())
        with _Context(self, f"fixture {fixturedef.argname}"):
            made = yield
        spent = time.process_time() - began - sum(self.fixtures.values()) + inner
        self.fixtures[fixturedef.argname] = round(self.fixtures.get(fixturedef.argname, 0) + spent, 3)
        return made

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails or skips without a mistake can find none."""
        if not report.passed:
            self.tests[report.nodeid]["passed"] = False

    def _finish(self) -> None:
        self.tracer.stop()
        names = list(self.tests)
        users: dict[str, list[int]] = {name: [number] for number, name in enumerate(names)}
        for number, name in enumerate(names):
            for fixture in self.tests[name]["fixtures"]:
                users.setdefault(f"fixture {fixture}", []).append(number)
        _keep(kept_at(self.file), {
            "fingerprint": fingerprint(ROOT / self.file), "tests": self.tests, "fixtures": self.fixtures,
            "lines": dict(_lines(self.tracer, users)), "arcs": _arcs(self.tracer),
        })  # fmt: skip
        seconds = sum(t["seconds"] for t in self.tests.values()) + sum(self.fixtures.values())
        print(f"\n{self.file}: {len(names)} tests, {seconds:.0f} s", file=sys.stderr, flush=True)


class _Context:
    """A name under which lines are counted while it lasts; inside another, the other waits."""

    def __init__(self, plugin: Reached, name: str) -> None:
        self.plugin, self.name = plugin, name

    def __enter__(self) -> None:
        self.plugin.contexts.append(self.name)
        self.plugin.tracer.switch_context(self.name)

    def __exit__(self, *_: object) -> None:
        self.plugin.contexts.pop()
        self.plugin.tracer.switch_context(self.plugin.contexts[-1])


def _tracer() -> coverage.Coverage:
    return coverage.Coverage(data_file=None, branch=True, source=[str(PACKAGE)], config_file=False)


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def _empty_caches() -> None:
    for cached in [o for o in gc.get_objects() if isinstance(o, functools._lru_cache_wrapper)]:
        if getattr(cached, "__module__", "").startswith(("pmo_analysis.analysis", "test_")):
            cached.cache_clear()


def _sources(tracer: coverage.Coverage) -> Iterator[tuple[str, str]]:
    for path in sorted(tracer.get_data().measured_files()):
        yield path, str(Path(path).relative_to(ROOT))


def _arcs(tracer: coverage.Coverage) -> dict[str, list[tuple[int, int]]]:
    return {name: sorted(tracer.get_data().arcs(path) or []) for path, name in _sources(tracer)}


def _lines(tracer: coverage.Coverage, users: dict[str, list[int]]) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """Of each module of the analysis, every line's text and the numbers of the tests that reach it."""
    for path, name in _sources(tracer):
        if not Path(path).is_relative_to(MUTATED):
            continue
        texts, reached = Path(path).read_text("utf-8").splitlines(), {}
        for line, contexts in tracer.get_data().contexts_by_lineno(path).items():
            tests = {number for context in contexts for number in users.get(context, ())}
            reached.setdefault(texts[line - 1].strip(), set()).update(tests)
        yield name, {text: sorted(tests) for text, tests in reached.items() if tests}


def _keep(path: Path, found: Findings) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".new").write_text(json.dumps(found), "utf-8")
    path.with_suffix(".new").replace(path)


def measure(test_files: list[str], *, anew: bool = True) -> None:
    """Trace the tests of these files; without `anew` only those that changed, whatever became of the package."""
    wanted = [name for name in test_files if not _is_kept(name, anew)]
    if not wanted:
        return
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", UNMARKED, "--no-header", "-r", "fE"]
    pytest.main([*options, *wanted], plugins=[Reached()])


def _is_kept(test_file: str, anew: bool) -> bool:
    kept = kept_at(test_file)
    if not kept.exists():
        return False
    if anew:
        return json.loads(kept.read_text("utf-8"))["fingerprint"] == fingerprint(ROOT / test_file)
    return kept.stat().st_mtime > (ROOT / test_file).stat().st_mtime
