"""Writes environment.yml (conda) from pyproject.toml: `python .ci/environment.py`.

One list of dependencies is kept by hand, the one in pyproject.toml; this file only knows which
packages conda-forge calls by another name. The `spark` extra is left out: it needs Java.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("postgres", "test", "dev")

# PyPI's name → conda-forge's, where they differ. `matplotlib-base` leaves the Qt windows out.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "great-tables": "great_tables",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
}

HEAD = """\
# Made from pyproject.toml by .ci/environment.py; change that file, then run `make lock`.
#   conda env create -f environment.yml && conda activate pmo
#   pip install --no-deps --no-build-isolation -e .
name: pmo
channels:
  - conda-forge
dependencies:
"""


def render(project: dict) -> str:
    """The text of environment.yml for the `[project]` table of a pyproject.toml."""
    wanted = [*project["dependencies"]]
    for extra in EXTRAS:
        wanted += project["optional-dependencies"][extra]
    lines = [f"python{project['requires-python']}", "pip", *sorted({conda_requirement(w) for w in wanted})]
    return HEAD + "".join(f"  - {line}\n" for line in lines)


def conda_requirement(requirement: str) -> str:
    """`SQLAlchemy>=2.0` → `sqlalchemy>=2.0`, `psycopg[binary]>=3.2` → `psycopg>=3.2`."""
    parts = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([<>=!~].*)?", requirement.strip())
    if parts is None:
        raise ValueError(f"Cannot read the requirement {requirement!r} of pyproject.toml.")
    name = re.sub(r"[-_.]+", "-", parts[1]).lower()
    return CONDA_NAMES.get(name, name) + (parts[2] or "").replace(" ", "")


def read_project() -> dict:
    """The `[project]` table of this repository's pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(render(read_project()), "utf-8")
