"""Every package's licence is listed and none of them binds the product; imports are declared; silence is not safety."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    return script("licences")


def test_the_list_holds_every_locked_package_with_its_version(licences):
    listed = {name: about[0] for name, about in licences.written().items()}
    assert listed == licences.locked(), "run `python .ci/licences.py`"


def test_the_list_says_what_the_installed_packages_say(licences):
    listed = [(name, *about) for name, about in licences.written().items()]
    here = {row[0]: row for row in licences.rows() if row[3] != "elsewhere"}
    assert len(here) > 100
    assert {row[0]: row for row in listed if row[0] in here and row[3] != "elsewhere"}.items() <= here.items()
    assert licences.refused(listed) == []


@pytest.mark.parametrize(
    ("licence", "may"),
    [("MIT", True), ("LGPL-3.0-only", True), ("GNU Lesser General Public License v3 (LGPLv3)", True), ("MPL-2.0", True),
     ("GPL-3.0-or-later", False), ("AGPL-3.0", False), ("GNU General Public License v2 (GPLv2)", False),
     ("GNU Affero General Public License v3", False), ("", False)],
)  # fmt: skip
def test_what_binds_the_product_is_refused_where_it_runs_and_not_among_tools(licences, licence, may):
    assert (licences.refused([("p", "1", licence, "runs")]) == []) is may
    assert licences.refused([("p", "1", licence, "tools")]) == []


def test_every_import_of_the_package_is_a_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {normal(d) for d in [*project["dependencies"], *extras["postgres"], *extras["spark"]]}
    gives = metadata.packages_distributions()
    used = {name for path in (ROOT / "pmo_analysis").rglob("*.py") for name in imported(path)}
    foreign = used - sys.stdlib_module_names - {"pmo_analysis"}
    undeclared = {n for n in foreign if not {normal(d) for d in gives.get(n, [n])} & declared}
    assert len(foreign) > 20
    assert undeclared <= GIVEN.keys(), "declare it in pyproject.toml"
    assert {GIVEN[n] for n in undeclared} <= declared


# Parts of declared packages that have a distribution of their own, always installed with the package that is named.
GIVEN = {
    "nbformat": "nbconvert", "nbclient": "papermill", "jinja2": "nbconvert", "mistune": "nbconvert",
    "jupyter_client": "ipykernel", "traitlets": "ipykernel",
}  # fmt: skip


def imported(path: Path) -> set[str]:
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    found: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def normal(name: str) -> str:
    return name.split("[")[0].split(">")[0].split("=")[0].strip().replace("_", "-").replace(".", "-").lower()


def test_a_vulnerability_is_told_and_a_package_that_was_not_looked_up_is_not_called_safe():
    read = script("vulnerabilities").read
    found = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    skipped = {"name": "b", "skip_reason": "not found"}
    assert read(json.dumps({"dependencies": [found]})) == (["a 1: CVE-1, mended in 2"], [])
    assert read(json.dumps({"dependencies": [skipped]})) == ([], ["b: not found"])
    assert read(json.dumps({"dependencies": [{"name": "c", "version": "1", "vulns": []}]})) == ([], [])
    assert read("") == ([], ["pip-audit gave no answer"])
