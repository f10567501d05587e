"""Packs made by forked kernels, side by side with a loop over papermill's own command: the same notebook and tables.

    python -m benchmarks.packs [--packs 12] [--rounds 5] [--workers 2]

The quarter is computed once, before any clock starts, and both sides read its tables: the loop from the folder that
`source` names. Round by round the one and the other make the same packs; packs per minute and the median of the
ratios are told. Ours includes what the loop leaves out: the start of the warm process, the pages, and looking whether
each pack is whole.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pmo_analysis.intake.load import load
from pmo_analysis.intake.told import write_told
from pmo_analysis.quarter import run_quarter
from pmo_analysis.quarter.pack_tables import gather_pack_tables
from pmo_analysis.run import kernels
from pmo_analysis.run.packs import PACK
from pmo_analysis.run.warm import start_zygote

ROOT = Path(__file__).resolve().parents[1]


def prepare(folder: Path) -> tuple[str, list[str]]:
    """The demonstration's last quarter as pack tables in a folder; its name, and its customers."""
    quarter = run_quarter(load(ROOT / "data" / "demo"))
    tables = gather_pack_tables(quarter)
    write_told(tables, folder)
    return quarter.quarter, sorted(tables["groups"]["customer_id"])


def loop_over_command(folder: Path, to: Path, customers: Sequence[str], workers: int) -> float:
    """Seconds for papermill's command, one call a pack, so many at a time."""

    def call(customer: str) -> None:
        command = [sys.executable, "-m", "papermill", str(PACK), str(to / f"{customer}.ipynb"), "-p", "source", str(folder),
                   "-p", "group", customer, "-k", "python3", "--no-progress-bar", "--log-level", "ERROR"]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)

    return _time(call, customers, workers)


def fork_kernels(folder: Path, to: Path, customers: Sequence[str], workers: int, quarter: str) -> float:
    """Seconds for forked kernels, pages and the warm process's start included."""
    from pmo_analysis.present.page import PACK_SHEETS, make_page

    started = time.perf_counter()
    with start_zygote("packs") as zygote:
        zygote.warm(folder=str(folder), source=str(folder), quarter=quarter, settings={})

        def make(customer: str) -> None:
            given = {"source": str(folder), "quarter": quarter, "by": "customer", "group": customer, "settings": {}}
            executed = kernels.execute(PACK, to / f"{customer}.ipynb", given, folder=Path.cwd(), zygote=zygote)
            make_page(executed, to / f"{customer}.html", title=customer, sheets=PACK_SHEETS, code=False)

        _time(make, customers, workers)
        return time.perf_counter() - started


def _time(make: Callable[[str], None], customers: Sequence[str], workers: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(make, customers))
    return time.perf_counter() - started


def compare(packs: int, rounds: int, workers: int) -> list[tuple[float, float]]:
    """Seconds of the command and of forked kernels, round by round."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, to = Path(scratch) / "told", Path(scratch) / "made"
        to.mkdir()
        quarter, customers = prepare(folder)
        told = []
        for i in range(rounds):
            chosen = customers[i * packs : (i + 1) * packs]
            seconds = (
                loop_over_command(folder, to, chosen, workers),
                fork_kernels(folder, to, chosen, workers, quarter),
            )
            told.append(seconds)
            words = f"command {seconds[0]:.1f} s, forked {seconds[1]:.1f} s, {seconds[0] / seconds[1]:.1f} ×"
            print(f"{len(chosen)} packs: {words}", flush=True)
        return told


def main() -> None:
    """Measure and tell the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("packs", 12), ("rounds", 5), ("workers", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    told = compare(given.packs, given.rounds, given.workers)
    ratio = statistics.median(one / other for one, other in told)
    print(f"median of {len(told)}: {ratio:.1f} × the throughput of the command, {given.workers} at a time")


if __name__ == "__main__":
    main()
