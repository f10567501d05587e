"""Asks pip-audit which locked packages have a known vulnerability: `make audit`.

Exit 0: every package was looked up and none is known to be vulnerable. 1: some are, and are listed. 2: the service did not
answer, wholly or for some packages, so nothing is known of them; pip-audit itself calls that "no known vulnerabilities".
One package is asked first, so that a machine without the service is told at once and asks for no more.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".uv" / "bin" / "uv"
FIRST = "jinja2"  # old and on every index


def pins() -> list[str]:
    """`name==version` of every locked package."""
    return re.findall(r"(?m)^[A-Za-z0-9][\w.-]*==[^\s;]+", (ROOT / "requirements.lock").read_text("utf-8"))


def ask(wanted: list[str]) -> str:
    """pip-audit's answer for some pins, as it prints it; blank where it could not be asked."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(wanted) + "\n")
        file.flush()
        options = [
            "--no-deps",
            "--disable-pip",
            "--progress-spinner",
            "off",
            "--format",
            "json",
            "--requirement",
            file.name,
        ]
        done = subprocess.run(
            [str(UV), "tool", "run", "pip-audit", *options], capture_output=True, text=True, check=False
        )
    return done.stdout


def read(answer: str) -> tuple[list[str], list[str]]:
    """What is vulnerable, and of what nothing is known, in words."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        return [], ["pip-audit gave no answer"]
    bad = [
        f"{p['name']} {p['version']}: {v['id']}, mended in {', '.join(v['fix_versions']) or 'no version yet'}"
        for p in packages
        for v in p.get("vulns", [])
    ]
    return bad, [f"{p['name']}: {p['skip_reason']}" for p in packages if "skip_reason" in p]


def main() -> int:
    """Ask of one package, then of all; print what is vulnerable and what nobody knows."""
    every = pins()
    bad, unknown = read(ask([pin for pin in every if pin.startswith(f"{FIRST}==")]))
    if not unknown:
        bad, unknown = read(ask(every))
    for line in bad:
        print(f"vulnerable: {line}")
    for line in unknown[:5]:
        print(f"not known: {line}")
    if unknown:
        print("The advisory service did not answer here: nothing is known of these packages.")
        print("Run `make audit` where it can be reached.")
    elif not bad:
        print(f"{len(every)} packages looked up, none is known to be vulnerable.")
    return 1 if bad else 2 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
