"""A whole quarter at size: `python -m benchmarks.scale 1m 10m 100m_lines 100m`, each in a fresh process, by part.

The invented organisation is streamed to Parquet once (under the git-ignored `.cache/`) and told as `pmo report` tells it.
Seconds, CPU seconds and the highest memory above the imports are printed for each part as it ends, so that a run which
does not end says where it stood. `--fit` tells seconds and memory as a + b·customers + c·engagements + d·effort, by
least squares without negative terms over all runs kept in `.cache/benchmarks/scale/`; that needs sizes of other
proportions too: `more_customers more_engagements more_effort`.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from scipy.optimize import nnls

from benchmarks.bench import _forget_peak, _memory

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "benchmarks"
KEPT = CACHE / "scale"
_MOST_SHARE = 0.9  # of the machine's memory
# Customers, engagements, rows of effort.
SIZES = {
    "100k": (200, 10_000, 100_000),
    "1m": (2_000, 100_000, 1_000_000),
    "10m": (20_000, 1_000_000, 10_000_000),
    "100m": (200_000, 10_000_000, 100_000_000),
    "100m_lines": (20_000, 1_000_000, 100_000_000),  # the bookings of 10m, each as ten lines of a tenth of its hours
    "more_customers": (4_000, 100_000, 1_000_000),
    "more_engagements": (2_000, 200_000, 1_000_000),
    "more_effort": (2_000, 100_000, 2_000_000),
}
PARTS = {
    "pmo_analysis.quarter.run": ("require_usable", "choose_quarter", "compose", "tell_period"),
    "pmo_analysis.quarter.compose": (
        "list_unanswered", "count_in_words", "customer_features", "check", "mask_people", "look_at_segments", "_group",
        "feature_panel", "segment_history", "measure_outcomes", "gather_answers", "protect_answers", "request_history",
        "target_services", "review_targets", "review_sizes", "review_senior_time", "tell_costs", "cost_history",
        "service_history", "_score", "_propose", "review_budget", "write_showback", "_lead", "_vary", "_headline",
        "_advise", "_trust", "_protect",
    ),
}  # fmt: skip


def make_set(size: str) -> Path:
    """The folder of a size, made where it is not there yet."""
    from pmo_analysis.intake.demo import Amount, stream_demo

    folder = CACHE / f"demo-{size}"
    if not folder.is_dir() and size == "100m_lines":
        _split_bookings(make_set("10m"), folder)
    elif not folder.is_dir():
        stream_demo(folder, Amount(*SIZES[size]), say=lambda text: print(text, file=sys.stderr, flush=True))
    return folder


def _split_bookings(source: Path, folder: Path) -> None:
    scratch = folder.with_name(f".{folder.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(source, scratch, ignore=shutil.ignore_patterns("effort.parquet"))
    tenth = "SELECT bookings.* REPLACE (worked_hours / 10 AS worked_hours) FROM bookings, range(10)"
    with duckdb.connect(config={"enable_progress_bar": "false"}) as connection:
        connection.read_parquet(str(source / "effort.parquet")).create_view("bookings")
        connection.sql(tenth).write_parquet(str(scratch / "effort.parquet"), compression="zstd")
    scratch.rename(folder)


class _Watch:
    """Seconds and memory of parts, which may lie in each other; the highest memory of the inner counts for the outer."""

    def __init__(self) -> None:
        self.base, self.highest, self.depth = _memory("VmRSS"), [0.0], 0

    def over(self, module: Any, name: str) -> None:
        """Have a function of a module tell what it takes."""
        function = getattr(module, name)

        @functools.wraps(function)
        def watched(*given: Any, **named: Any) -> Any:
            return self.tell(name, functools.partial(function, *given, **named))

        setattr(module, name, watched)

    def tell(self, name: str, run: Callable[[], Any]) -> Any:
        """Run a part and print what it took as a line of JSON."""
        self.highest[-1] = max(self.highest[-1], _memory("VmHWM"))
        _forget_peak()
        self.highest.append(0.0)
        began, worked = time.perf_counter(), time.process_time()
        done = run()
        seconds, cpu = time.perf_counter() - began, time.process_time() - worked
        peak = max(self.highest.pop(), _memory("VmHWM"))
        self.highest[-1] = max(self.highest[-1], peak)
        about = {"part": name, "depth": len(self.highest) - 1, "seconds": round(seconds, 2), "cpu": round(cpu, 2)}
        left = round(_memory("VmRSS") - self.base)
        print(json.dumps(about | {"peak_mb": round(peak - self.base), "left_mb": left}), flush=True)
        return done


def run_here(folder: str) -> None:
    """One quarter in this process, told part by part; where it wants more memory than there is, it ends with an error."""
    most = int(_MOST_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    import importlib

    import pmo_analysis as pmo

    modules = {name: importlib.import_module(name) for name in PARTS}
    watch = _Watch()
    for name, functions in PARTS.items():
        for function in functions:
            watch.over(modules[name], function)
    watch.tell("run_quarter", lambda: pmo.run_quarter(pmo.load(folder)))


def measure(size: str) -> list[dict[str, Any]]:
    """A size in a fresh process: its parts in the order in which they ended, printed as they do and kept."""
    command = [sys.executable, "-m", "benchmarks.scale", "--child", str(make_set(size))]
    told: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        for line in child.stdout or ():
            told.append(json.loads(line))
            part = told[-1]
            print("{:>10} {:{}}{part:<22} {seconds:8.1f} s {cpu:8.1f} s of CPU, peak {peak_mb:7,} MB, left {left_mb:7,} MB"
                  .format(size, "", max(2 * part["depth"], 1), **part), flush=True)  # fmt: skip
    if child.returncode:
        print(f"{size}: ended by {child.returncode} after {told[-1]['part'] if told else 'nothing'}", flush=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{size}.json").write_text(
        json.dumps({"size": size, "whole": not child.returncode, "parts": told}, indent=1)
    )
    return told


def fit() -> None:
    """What every part costs per customer, engagement and row of effort, from the runs kept."""
    runs = [json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))]
    runs = [run for run in runs if run["whole"]]
    design = np.array([[1.0, *SIZES[run["size"]]] for run in runs])
    scale = design.max(axis=0)
    for what in ("seconds", "cpu", "peak_mb"):
        taken = np.array([next(p[what] for p in run["parts"] if p["part"] == "run_quarter") for run in runs])
        # Errors are in proportion to what is measured: each run counts alike.
        found, _ = nnls(design / scale / taken[:, None], np.ones(len(taken)))
        a, b, c, d = found / scale
        print(f"{what} = {a:.3g} + {b:.3g}·customers + {c:.3g}·engagements + {d:.3g}·effort  ({len(runs)} runs)")
        for run, told, value in zip(runs, design @ (found / scale), taken, strict=True):
            print(f"    {run['size']:>18}: measured {value:,.0f}, by the model {told:,.0f}")


def main() -> None:
    """What was asked for on the command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("sizes", nargs="*", choices=[[], *SIZES])
    asked.add_argument("--fit", action="store_true")
    asked.add_argument("--child")
    given = asked.parse_args()
    if given.child:
        return run_here(given.child)
    for size in given.sizes:
        measure(size)
    return fit() if given.fit else None


if __name__ == "__main__":
    main()
