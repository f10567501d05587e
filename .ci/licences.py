"""Writes .ci/licences.md from requirements.lock and what is installed: `python .ci/licences.py`.

Every locked package with its licence and what needs it. A package that runs with the product must not be under the GPL
or AGPL; the LGPL (psycopg, the driver of PostgreSQL) asks only that the library can be exchanged, which it can: it is
installed by itself and never copied into this project. A package that is locked for another system or Python keeps the
licence that was written where it was installed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as normal

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / ".ci" / "licences.md"
ELSEWHERE = "locked for another system"
UNSAID = {"scikit-criteria": "BSD-3-Clause"}  # whose metadata holds the text instead of the name
HEAD = """\
# Licences of the locked packages

Made by `python .ci/licences.py` from requirements.lock and the packages' own metadata. *Runs* are the packages that the
product needs, *postgres* those of that extra, *tools* those with which it is tested, checked and built.

| package | version | licence | for |
|---|---|---|---|
"""


def locked() -> dict[str, str]:
    """Version per locked package, by its normal name."""
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    return {normal(m[1]): m[2] for line in lines if (m := re.match(r"([A-Za-z0-9][\w.-]*)==([^\s;]+)", line))}


def licence_of(package: str) -> str:
    """What an installed package's metadata says of its licence; blank where it says nothing."""
    about = metadata.metadata(package)
    classified = [c.split(" :: ")[-1] for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    told = [
        about.get("License-Expression"),
        ", ".join(c for c in classified if c != "OSI Approved"),
        about.get("License"),
    ]
    first = next((t.strip().splitlines()[0] for t in told if t and t.strip()), "")
    return UNSAID.get(normal(package), first[:80].replace("|", "/"))


def needed_by(requirements: list[str]) -> set[str]:
    """The packages that requirements need here, with what these need in turn."""
    found: set[tuple[str, frozenset[str]]] = set()
    left = [Requirement(text) for text in requirements]
    while left:
        wanted = left.pop()
        key = (normal(wanted.name), frozenset(wanted.extras))
        if key not in found:
            found.add(key)
            left += _needs(wanted)
    return {name for name, _ in found}


def _needs(wanted: Requirement) -> Iterator[Requirement]:
    try:
        asked = metadata.requires(wanted.name) or []
    except metadata.PackageNotFoundError:
        return
    for text in asked:
        requirement = Requirement(text)
        extras = [{"extra": extra} for extra in (wanted.extras or {""})]
        if requirement.marker is None or any(requirement.marker.evaluate(extra) for extra in extras):
            yield requirement


def rows() -> list[tuple[str, str, str, str]]:
    """Package, version, licence and what it is for, of every locked package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    runs = needed_by(project["dependencies"])
    database = needed_by(project["optional-dependencies"]["postgres"]) - runs
    before = written()
    made = []
    for name, version in sorted(locked().items()):
        purpose = "runs" if name in runs else "postgres" if name in database else "tools"
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            licence, purpose = before.get(name, (version, ELSEWHERE, "elsewhere"))[1:]
        made.append((name, version, licence, purpose))
    return made


def written() -> dict[str, tuple[str, str, str]]:
    """Version, licence and purpose per package as the list holds them."""
    lines = LIST.read_text("utf-8").splitlines() if LIST.is_file() else []
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {c[0]: (c[1], c[2], c[3]) for c in cells[1:]}


def refused(listed: list[tuple[str, str, str, str]]) -> list[str]:
    """Packages that may not run with the product: GPL, AGPL, or a licence that nobody can tell."""
    strong = re.compile(
        r"(?<!L)(?<!Lesser )\b(A?GPL|(Affero )?General Public License|GNU (Affero )?General)", re.IGNORECASE
    )
    mine = [(n, licence) for n, _, licence, purpose in listed if purpose in ("runs", "postgres")]
    return [
        f"{name}: {licence or 'no licence told'}" for name, licence in mine if not licence or strong.search(licence)
    ]


def main() -> int:
    """Write the list; 1 where a package may not be there."""
    listed = rows()
    LIST.write_text(HEAD + "".join(f"| {' | '.join(row)} |\n" for row in listed), "utf-8")
    for told in refused(listed):
        print(f"may not run with the product: {told}")
    return 1 if refused(listed) else 0


if __name__ == "__main__":
    sys.exit(main())
