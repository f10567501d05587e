"""How long things take and how right they are here: `make bench`, or `python -m benchmarks.bench NAME…`.

A case of `cases.py` is run a few times in a fresh process each, and the shortest and the median time are told, with the
highest memory above that of its imports, and how many times as long it takes as what stands beside it, round by round. A
subject of `bars.py` draws a sample of planted truth. Without a name all are measured; the tables go to
benchmarks/RESULTS.md, that of times also between its markers in the README. `--json FILE` keeps the times for a later
run to be compared with.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import bars
from benchmarks.cases import CASES

ROOT = Path(__file__).resolve().parents[1]
RESULTS, README = ROOT / "benchmarks" / "RESULTS.md", ROOT / "README.md"
BEGIN, END = "<!-- times: made by make bench -->", "<!-- end of times -->"
HEAD = (
    "| what | median s | best s | CPU s | peak MB | runs | times what is beside it | wanted |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def run_here(name: str) -> dict[str, float]:
    """One run of a case in this process: seconds, CPU seconds, and peak memory in MB above its imports."""
    case = CASES[name]
    for module in case.imports:
        importlib.import_module(module)
    before = _memory("VmRSS")
    ready = case.prepare()
    _forget_peak()
    began, worked = time.perf_counter(), sum(os.times()[:4])
    case.run(ready)
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": sum(os.times()[:4]) - worked,
        "peak_mb": max(_memory("VmHWM") - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def _memory(field: str) -> float:
    """A figure of this process's memory in MB, as Linux tells it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def _forget_peak() -> None:
    """Let the highest memory start anew, so that making the table does not count."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def run_once(name: str) -> dict[str, float]:
    """One run in a fresh process, so that nothing is warm that would be cold for a reader."""
    command = [sys.executable, "-m", "benchmarks.bench", "--child", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def summarise(name: str, runs: list[dict[str, float]], others: list[dict[str, float]] | None = None) -> dict[str, Any]:
    """One case's shortest and median time in seconds, peak memory in MB, and times the seconds of `others`' runs."""
    seconds = [run["seconds"] for run in runs]
    ratios = [run["seconds"] / other["seconds"] for run, other in zip(runs, others or [], strict=False)]
    return {
        "case": name,
        "what": CASES[name].what,
        "best_seconds": round(min(seconds), 3),
        "median_seconds": round(statistics.median(seconds), 3),
        "cpu_seconds": round(statistics.median(run["cpu_seconds"] for run in runs), 3),
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
        "n": len(runs),
        "times": round(statistics.median(ratios), 3) if ratios else None,
    }


def measure(names: list[str], repeats: int) -> list[dict[str, Any]]:
    """All cases, round by round, so that a busy minute is shared by a case and what stands beside it."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names:
            runs[name].append(run := run_once(name))
            seconds = f"{run['seconds']:.3f} s, {run['peak_mb']:.0f} MB"
            print(f"[{turn + 1}/{repeats}] {name}: {seconds}", file=sys.stderr, flush=True)
    return [summarise(name, runs[name], runs.get(CASES[name].beside)) for name in names]


def describe_machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "day": str(datetime.now(UTC).date()),
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    """The processor's name, as Linux tells it."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def render(machine: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The figures as a sentence and a table in Markdown."""
    told = (
        f"Measured by `make bench` on {machine['day']}: Python {machine['python']}, {machine['system']}, {machine['cores']} "
        f"cores ({machine['processor']}), {machine['gib']} GiB, load {machine['load']} before it began. Each run is a fresh "
        "process; memory is the highest above that of the imports, the table itself included.\n\n"
    )
    return told + HEAD + "".join(_line(row) for row in rows)


def _line(row: dict[str, Any]) -> str:
    limits = zip(CASES[row["case"]].wanted, ("s", "MB"), strict=True)
    wanted = " and ".join(f"≤ {limit:g} {unit}" for limit, unit in limits if limit)
    figures = " | ".join(f"{row[key]:.2g}" for key in ("median_seconds", "best_seconds", "cpu_seconds"))
    times = f"{row['times']:.2g}" if row["times"] else "–"
    return f"| {row['what']} | {figures} | {row['peak_mb']} | {row['n']} | {times} | {wanted or '–'} |\n"


def measure_bars(names: list[str]) -> tuple[str, str]:
    """The figures of subjects as a table, and how many of them miss what is wanted."""
    figures: list[bars.Figure] = []
    for name in names:
        began = time.monotonic()
        figures += (new := bars.measure(name))
        print(f"{name}: {len(new)} figures in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    missed, barred = sum(figure.missed for figure in figures), sum(figure.wanted != "–" for figure in figures)
    told = (
        f"A sample of planted truth (seeds from {bars.FIRST}, which nobody tuned on; `make soak` draws many more). A figure with "
        f"a * misses what is wanted; with few draws that may be chance.\n\n{bars.render(figures)}"
    )
    return told, f"Of {barred} figures of accuracy and coverage with a bar, {barred - missed} meet it in a small sample"


def write(times: str, truth: str, summary: str) -> None:
    """Both tables in RESULTS.md; between the markers of the README that of times, and how the other came out."""
    RESULTS.write_text(f"# How long things take, and how right they are\n\n{times}\n{truth}", "utf-8")
    readme = README.read_text("utf-8")
    if BEGIN in readme:
        before, rest = readme.split(BEGIN)
        told = f"{times}\n{summary}: [benchmarks/RESULTS.md](benchmarks/RESULTS.md).\n"
        README.write_text(f"{before}{BEGIN}\n{told}{END}{rest.split(END)[1]}", "utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How long things take on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*CASES, *bars.SUBJECTS])}")
    parser.add_argument("--repeats", type=int, default=3, help="runs per case (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--child", metavar="NAME", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - {*CASES, *bars.SUBJECTS}:
        parser.error(f"no case {sorted(unknown)}; there are {', '.join([*CASES, *bars.SUBJECTS])}")
    return chosen


def main() -> None:
    """Measure the named cases, all without a name."""
    chosen = _parse()
    if chosen.child:
        print(json.dumps(run_here(chosen.child)))
        return
    machine = describe_machine()
    names = chosen.names or [*CASES, *bars.SUBJECTS]
    rows = measure([name for name in names if name in CASES], chosen.repeats)
    subjects = [name for name in names if name in bars.SUBJECTS]
    times = render(machine, rows) if rows else ""
    truth, summary = measure_bars(subjects) if subjects else ("", "")
    print(f"{times}\n{truth}".strip())
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n", "utf-8")
    if not chosen.names:
        write(times, truth, summary)


if __name__ == "__main__":
    main()
