"""The project's own files agree with each other and name no machine."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKED_EXTRAS = ("postgres", "test", "dev")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def conda() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", ROOT / ".ci" / "environment.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked_blocks() -> dict[str, str]:
    """The lock's text per package, its name as PyPI normalises it."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", read("requirements.lock"))
    return {normal(block.split("==")[0]): block for block in blocks if "==" in block}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name.strip())[0]).lower()


def tracked(pattern: str, *paths: str) -> list[str]:
    """Lines of tracked text files that match an extended regular expression."""
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", *(paths or (".",))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


def test_the_lock_covers_every_dependency(project):
    wanted = [*project["dependencies"], *(d for e in LOCKED_EXTRAS for d in project["optional-dependencies"][e])]
    assert {normal(w) for w in wanted} - set(locked_blocks()) == set()


def test_every_locked_package_has_a_version_and_hashes():
    unpinned = [name for name, block in locked_blocks().items() if "--hash=sha256:" not in block]
    assert len(locked_blocks()) > 100
    assert unpinned == []


def test_the_lock_names_no_index():
    assert re.findall(r"https?://|file:|--\S*(?:index|find-links)\S*", read("requirements.lock")) == []


def test_the_installer_is_pinned_with_hashes():
    assert re.match(r"uv==\d+\.\d+\.\d+ \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+$", read(".ci/uv.txt"))


def test_environment_yml_is_what_pyproject_says(conda, project):
    assert read("environment.yml") == conda.render(project), "run `make lock`"


def test_a_dependency_that_is_added_to_pyproject_changes_environment_yml(conda, project):
    more = {**project, "dependencies": [*project["dependencies"], "Great_Tables[all] >= 9"]}
    assert "  - great_tables>=9\n" in conda.render(more)
    assert conda.render(more) != read("environment.yml")


def test_packages_that_conda_forge_calls_otherwise_are_all_still_dependencies(conda, project):
    wanted = [*project["dependencies"], *(d for e in LOCKED_EXTRAS for d in project["optional-dependencies"][e])]
    assert set(conda.CONDA_NAMES) <= {normal(w) for w in wanted}


def test_an_unreadable_requirement_is_refused(conda):
    with pytest.raises(ValueError, match="Cannot read the requirement"):
        conda.conda_requirement("name @ somewhere")


def test_make_offers_every_promised_target_and_explains_it():
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in ("report", "test", "lab", "app", "bench", "lint", "soak", "help"):
        assert re.search(rf"^  make {target} +\S+", listed, re.MULTILINE), target


def test_python_3_11_is_the_oldest_everywhere(project):
    assert project["requires-python"] == ">=3.11"
    assert "OLDEST = (3, 11)" in read(".ci/bootstrap.py")
    assert tomllib.loads(read("pyproject.toml"))["tool"]["ruff"]["target-version"] == "py311"


def test_the_version_is_told_the_same_twice(project):
    import pmo_analysis

    assert pmo_analysis.__version__ == project["version"]


def test_no_tracked_file_names_a_path_of_one_machine():
    folders = "|".join(("tmp", "work", "root", "farm", "home", "Users"))
    assert tracked(rf"(^|[^a-zA-Z0-9._-])/({folders})/[a-zA-Z]") == []


def test_no_tracked_file_names_a_package_index():
    hosts = "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "conda" + r"\.anaconda", "index" + "-url"))
    assert tracked(hosts) == []


def test_the_licence_is_apache_2(project):
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in read("LICENSE") and "Version 2.0, January 2004" in read("LICENSE")


def test_a_private_postgresql_answers(postgres_url):
    from sqlalchemy import create_engine, text

    with create_engine(postgres_url).connect() as connection:
        assert connection.execute(text("SELECT 1 + 1")).scalar_one() == 2


def test_the_browser_shows_a_page_and_fetches_nothing_from_outside(page, outside_requests, tmp_path):
    document = tmp_path / "page.html"
    document.write_text('<h1>Shown</h1><img src="https://example.org/x.png">', "utf-8")
    page.goto(document.as_uri())
    assert page.inner_text("h1") == "Shown"
    assert outside_requests == ["https://example.org/x.png"]


@pytest.mark.slow
def test_office_turns_a_sheet_into_a_pdf(office, tmp_path):
    (tmp_path / "sheet.csv").write_text("hours\n7.5\n", "utf-8")
    command = [office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "sheet.csv")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
