"""How long things take here: `make bench`, or `python benchmarks/bench.py NAME…`.

A case is a function without arguments in `CASES`; it is run a few times in a fresh process each,
and the shortest and the median are told, with the highest memory. The figures go to the screen and,
with `--json FILE`, to a file that a later run can be compared with.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def import_package() -> None:
    """import pmo_analysis"""
    import pmo_analysis  # noqa: F401


def read_settings() -> None:
    """read the settings"""
    from pmo_analysis.contract.settings import read_settings

    read_settings()


CASES: dict[str, Callable[[], None]] = {
    "import": import_package,
    "settings": read_settings,
}

# Run in the child: the case between two clock readings, then its time and peak memory as JSON.
CHILD = """
import json, resource, runpy, sys, time
case = runpy.run_path(sys.argv[1])["CASES"][sys.argv[2]]
began = time.perf_counter()
case()
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024}))
"""


def measure(name: str, repeats: int) -> dict:
    """One case: the shortest and median time in seconds and the peak memory in MB."""
    runs = [run_once(name) for _ in range(repeats)]
    seconds = [run["seconds"] for run in runs]
    return {
        "case": name,
        "what": (CASES[name].__doc__ or "").strip(),
        "best_seconds": round(min(seconds), 3),
        "median_seconds": round(statistics.median(seconds), 3),
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
        "n": repeats,
    }


def run_once(name: str) -> dict:
    """One run in a fresh process, so that nothing is warm that would be cold for a reader."""
    command = [sys.executable, "-c", CHILD, str(Path(__file__).resolve()), name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def describe_machine() -> dict:
    """What the figures depend on."""
    return {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}


def main() -> None:
    """Measure the named cases, all without a name."""
    parser = argparse.ArgumentParser(description="How long things take on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}")
    parser.add_argument("--repeats", type=int, default=3, help="runs per case (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(CASES)
    if unknown:
        parser.error(f"no case {sorted(unknown)}; there are {', '.join(CASES)}")
    machine = describe_machine()
    print(f"Python {machine['python']}, {machine['cores']} cores, {machine['system']}")
    print(f"{'case':<14}{'best s':>9}{'median s':>10}{'peak MB':>9}{'n':>4}  what")
    rows = []
    for name in chosen.names or CASES:
        rows.append(row := measure(name, chosen.repeats))
        figures = f"{row['best_seconds']:>9.3f}{row['median_seconds']:>10.3f}{row['peak_mb']:>9}{row['n']:>4}"
        print(f"{name:<14}{figures}  {row['what']}", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
