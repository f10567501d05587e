"""What takes hours, part by part: `make soak`, or `python -m benchmarks.soak NAME…`; `--sample` takes minutes.

A part is a command of its own, tells its progress while it runs, and becomes a section of benchmarks/SOAK.md when it
has ended. A part that ended on the code as it is now is not run again (`--again` does), so that a soak that was stopped
goes on with the part it was in; most parts go on where they were, too. A sample is printed and writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOLD, ENDED = ROOT / "benchmarks" / "SOAK.md", ROOT / ".cache" / "soak.json"
HEAD = (
    "# What only shows in hours\n\nWritten by `make soak`, part by part; `make soak SAMPLE=1` takes a little of each.\n"
)


@dataclass(frozen=True)
class Part:
    """A command of `python -m`, whole and as a sample; `settings` are variables of its environment."""

    title: str
    whole: str
    sample: str
    is_markdown: bool = True
    settings: dict[str, str] = field(default_factory=dict)
    fine: tuple[int, ...] = (0,)


PARTS = {
    "fuzz": Part(
        "Damaged files for every reader",
        "benchmarks.fuzz --count 100000",
        "benchmarks.fuzz --count 180",
        is_markdown=False,
    ),
    "mutation": Part(
        "Mistakes put into the analysis",
        "benchmarks.mutation --seed 7000 --count 400",
        "benchmarks.mutation --seed 1 --count 10 --within weights --tests tests/test_weights.py",
    ),
    "branches": Part(
        "Branches that tests reach",
        "benchmarks.mutation --branches",
        "benchmarks.mutation --branches --tests tests/test_weights.py",
    ),
    "scale": Part(
        "A quarter at 1, 10 and 100 million rows of effort",
        "benchmarks.scale 1m 10m 100m",
        "benchmarks.scale 100k",
        is_markdown=False,
    ),
    "coverage": Part(
        "Intervals over 2,000 draws", "benchmarks.coverage --seeds 2000:4000", "benchmarks.coverage --seeds 2000:2002"
    ),
    "segments": Part(
        "Segments against planted truth",
        "benchmarks.segments",
        "benchmarks.segments --seeds 1000:1001 --null-seeds 1000:1001 --n 60 --to -",
    ),
    "seniors": Part(
        "The senior effect against planted effects",
        "benchmarks.seniors --seeds 2000:4000 --families smooth",
        "benchmarks.seniors --seeds 2000:2001 --families smooth",
    ),
    "ranks": Part("Ranks", "benchmarks.ranks", "benchmarks.ranks", is_markdown=False),
    "kills": Part(
        "Runs killed at ten moments each",
        "pytest tests/test_faults.py -n 0 -q -k kill --durations=0",
        "pytest tests/test_faults.py -n 0 -q -k kill",
        is_markdown=False,
        settings={"PMO_KILLS": "10"},
    ),
    "marked": Part(
        "Tests marked soak",
        "pytest -m soak -n 0 -q --durations=0",
        "pytest -m soak -n 0 -q --collect-only",
        is_markdown=False,
        fine=(0, 5),  # 5: no test is marked soak
    ),
}


def run_part(part: Part, *, sample: bool) -> tuple[int, str, float]:
    """Exit code, what the part printed, and its seconds; progress on stderr is seen while it runs."""
    module, *arguments = (part.sample if sample else part.whole).split()
    settings = os.environ | ({} if sample else part.settings)
    began = time.monotonic()
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout.strip(), time.monotonic() - began


def section(part: Part, printed: str, seconds: float) -> str:
    """What a part came to, with its command, the day and the machine, in Markdown."""
    told = printed if part.is_markdown else f"```\n{printed}\n```"
    settings = "".join(f"{name}={value} " for name, value in part.settings.items())
    machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    facts = f"`{settings}python -m {part.whole}` on {datetime.now(UTC).date()}: {seconds / 60:.0f} minutes; {machine}."
    return f"## {part.title}\n\n{facts}\n\n{told}\n"


def put(text: str, new: str) -> str:
    """The page with a section put in: in the place of its forerunner, or at the end."""
    title = new.partition("\n")[0]
    head, *sections = re.split(r"^(?=## )", text or HEAD, flags=re.MULTILINE)
    kept = [new if s.partition("\n")[0] == title else s for s in sections]
    kept += [new] if new not in kept else []
    return "\n".join(s.rstrip("\n") + "\n" for s in (head, *kept))


def fingerprint() -> str:
    """The code as it is now: another code, another soak."""
    sources = [p for folder in ("pmo_analysis", "benchmarks", "tests") for p in sorted((ROOT / folder).rglob("*.py"))]
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in sources)).hexdigest()[:16]


def main() -> int:
    """Run the parts asked for; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--sample", action="store_true", help="a little of each, written nowhere")
    parser.add_argument("--again", action="store_true", help="also parts that ended on this very code")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(PARTS):
        parser.error(f"no part {sorted(unknown)}; there are {', '.join(PARTS)}")
    code, failed = fingerprint(), []
    for name in asked.names or PARTS:
        ended = json.loads(ENDED.read_text("utf-8")) if ENDED.exists() else {}
        if ended.get(name) == code and not (asked.again or asked.sample):
            print(f"{name}: ended on this code before; see benchmarks/SOAK.md", flush=True)
            continue
        print(f"{name}: {PARTS[name].sample if asked.sample else PARTS[name].whole}", flush=True)
        status, printed, seconds = run_part(PARTS[name], sample=asked.sample)
        print(f"{printed}\n{name}: exit {status} after {seconds:.0f} s\n", flush=True)
        if status not in PARTS[name].fine:
            failed.append(name)
        elif not asked.sample:
            TOLD.write_text(
                put(TOLD.read_text("utf-8") if TOLD.exists() else "", section(PARTS[name], printed, seconds)), "utf-8"
            )
            ENDED.parent.mkdir(exist_ok=True)
            ENDED.write_text(json.dumps(ended | {name: code}), "utf-8")
    print(f"failed: {', '.join(failed)}" if failed else "all parts ended well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
