"""Damaged files for every reader: `python -m benchmarks.fuzz --count 100000`.

A reader may take a damaged file or refuse it with a PmoError; anything else (another exception, a signal, more than
a minute, more than 1.5 GB; 3 GB end the process) is a finding, told with the reader and the seed that make it again:
`python -m benchmarks.fuzz --readers csv --seeds 417:418`. Readers of text, which take milliseconds, get twelve times as
many of `--count` as those that start an engine. The count is as of `--first`, so that a run can be continued.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from benchmarks.damage import damage
from pmo_analysis.contract.errors import PmoError
from pmo_analysis.contract.settings import read_settings
from pmo_analysis.intake.check import check
from pmo_analysis.intake.load import load
from pmo_analysis.intake.mapping import import_tables
from pmo_analysis.intake.previous import read_previous
from pmo_analysis.intake.schemes import read_schemes
from pmo_analysis.run.manifest import read_manifest
from pmo_analysis.run.parameters import read_parameters

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "tests" / "samples"
PRESETS = ROOT / "pmo_analysis" / "intake" / "presets"
SECONDS, MEGABYTES, BATCH = 60, 1500, 2000
HARD_BYTES = 3_000_000_000
EXPORTS = {
    "jira_csv": "jira_issues.csv", "tempo": "tempo_worklogs.csv", "servicenow_time_cards": "u_time_card.csv",
    "servicenow_incidents": "incident.csv", "msproject_xml": "plan.xml", "openproject_xls": "cost_report.xls",
    "redmine_csv": "timelog_de.csv",
}  # fmt: skip
TABLES = {
    "customers": "customer_id,name,category\nC1,Works,IT\nC2,Sales,Trade\n",
    "services": "service_id,name,process\nS1,Coaching,no\n",
    "engagements": "engagement_id,customer_id,service_id,requested_on,delivered_on,planned_hours\n"
    "E1,C1,S1,2026-01-05,2026-02-01,12.5\nE2,C2,S1,2026-03-01,,8\n",
    "effort": "worked_on,worked_hours,role,engagement_id\n2026-01-06,3.25,lead,E1\n2026-03-02,8,lead,E2\n",
}

Feed = Callable[[random.Random, Path], object]


@dataclass(frozen=True)
class OneFile:
    """A reader of one file of text, which takes milliseconds: the file's name, a good one, and what reads its folder."""

    name: str
    good: Callable[[], bytes]
    read: Callable[[Path], object]

    def feed(self, data: bytes, folder: Path) -> object:
        """Read these bytes."""
        (folder / self.name).write_bytes(data)
        return self.read(folder)

    def damaged(self, chance: random.Random, folder: Path) -> object:
        """Read a good file that was damaged."""
        return self.feed(damage(self.good(), chance), folder)


def _good(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def _export(preset: str, file: str) -> Feed:
    def feed(chance: random.Random, folder: Path) -> object:
        (folder / file).write_bytes(damage(_good(file), chance))
        return import_tables(preset, [folder / file], to=folder / "to")

    return feed


def _mapping(chance: random.Random, folder: Path) -> object:
    preset = chance.choice(list(EXPORTS))
    (folder / "mapping.toml").write_bytes(damage((PRESETS / f"{preset}.toml").read_bytes(), chance))
    return import_tables(folder / "mapping.toml", [SAMPLES / EXPORTS[preset]], to=folder / "to")


def _tables(folder: Path) -> None:
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")


def _csv(chance: random.Random, folder: Path) -> object:
    _tables(folder)
    path = folder / f"{chance.choice(list(TABLES))}.csv"
    path.write_bytes(damage(path.read_bytes(), chance))
    return check(load(folder))


def _parquet(chance: random.Random, folder: Path) -> object:
    _tables(folder)
    path = folder / "effort.parquet"
    pd.read_csv(folder / "effort.csv").to_parquet(path)
    (folder / "effort.csv").unlink()
    path.write_bytes(damage(path.read_bytes(), chance))
    return check(load(folder))


def _duckdb(chance: random.Random, folder: Path) -> object:
    path = folder / "store.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, text in TABLES.items():
            (folder / "rows.csv").write_text(text, "utf-8")
            connection.execute(f"CREATE TABLE {name} AS FROM read_csv('{folder / 'rows.csv'}', all_varchar = true)")
    path.write_bytes(damage(path.read_bytes(), chance))
    return check(load(path))


def _good_manifest() -> bytes:
    good = {"organisation": "Works", "quarter": "2026Q3", "files": [{"path": "report.html", "sha256": "00", "bytes": 1}],
            "inputs": [{"table": "effort", "rows": 5, "sha256": "00"}], "settings": {"values": {}},
            "definitions": {}, "code": {}, "parameters": {}}  # fmt: skip
    return json.dumps(good, indent=1).encode()


_SETTINGS = b'currency = "EUR"\norganisation = "Works"\nfiscal_year_end_month = 3\n[weight]\nexecution = 0.4\n'
_SCHEMES, _NOTEBOOK = ROOT / "data" / "demo" / "segment_schemes.json", ROOT / "notebooks" / "what_if_sizing.ipynb"
QUICK = {
    "msproject_xml": OneFile(
        "plan.xml", lambda: _good("plan.xml"), lambda f: import_tables("msproject_xml", [f / "plan.xml"], to=f / "to")
    ),
    "settings": OneFile("settings.toml", lambda: _SETTINGS, read_settings),
    "schemes": OneFile(_SCHEMES.name, _SCHEMES.read_bytes, lambda f: read_schemes(f / _SCHEMES.name)),
    "manifest": OneFile("manifest.json", _good_manifest, lambda f: (read_previous(f), read_manifest(f).sentence)),
    "notebook": OneFile("report.ipynb", _NOTEBOOK.read_bytes, lambda f: read_parameters(f / "report.ipynb")),
}
READERS: dict[str, Feed] = {
    **{preset: _export(preset, file) for preset, file in EXPORTS.items()},
    "openproject_xlsx": _export("openproject_xls", "cost_report_de.xlsx"),
    "mapping": _mapping, "csv": _csv, "parquet": _parquet, "duckdb": _duckdb,
    **{name: file.damaged for name, file in QUICK.items()},
}  # fmt: skip


def feed_one(reader: str, seed: int) -> str:
    """What one damaged file came to: `taken`, `refused`, or the exception that should not be."""
    folder = Path(tempfile.mkdtemp(prefix="pmo-fuzz-"))
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        READERS[reader](random.Random(f"{reader} {seed}"), folder)
        return "taken"
    except PmoError:
        return "refused"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        place = ([f for f in frames if "pmo_analysis" in f.filename] or frames)[-1]
        return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {str(error)[:160]}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        shutil.rmtree(folder, ignore_errors=True)


def plan(readers: list[str], count: int, first: int = 0) -> dict[str, range]:
    """The seeds of each reader so that there are at least `count` inputs in all."""
    shares = {reader: 12 if reader in QUICK else 1 for reader in readers}
    whole = sum(shares.values())
    return {reader: range(first, first + -(-count * share // whole)) for reader, share in shares.items()}


def run(seeds: dict[str, range]) -> Iterator[tuple[str, int, str]]:
    """Reader, seed and outcome of every input, a batch per process so that a crash is one finding."""
    order = [(at / len(own), reader, seed) for reader, own in seeds.items() for at, seed in enumerate(own)]
    jobs = [(reader, seed) for _, reader, seed in sorted(order)]
    for at in range(0, len(jobs), BATCH):
        left = jobs[at : at + BATCH]
        while left:
            done = list(_batch(left))
            yield from done
            left = left[len(done) :]


def _batch(jobs: list[tuple[str, int]]) -> Iterator[tuple[str, int, str]]:
    receive, send = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.get_context("spawn").Process(target=_work, args=(jobs, send))
    worker.start()
    send.close()
    for reader, seed in jobs:
        try:
            if not receive.poll(3 * SECONDS):  # compiled code does not look at the alarm
                worker.kill()
            yield reader, seed, receive.recv()
        except EOFError:
            worker.join()
            yield reader, seed, f"the process died: exit code {worker.exitcode}"
            return
    worker.join()


def _work(jobs: list[tuple[str, int]], send: Any) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (HARD_BYTES, HARD_BYTES))
    before = 0.0
    for reader, seed in jobs:
        outcome = feed_one(reader, seed)
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        grew, before = now > MEGABYTES >= before, now
        send.send(f"{now:.0f} MB, {outcome}" if grew else outcome)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"longer than {SECONDS} s")


def main(arguments: list[str] | None = None) -> int:
    """Feed, with progress on stderr; prints the findings and a count per reader; 1 where there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", nargs="+", default=list(READERS), choices=list(READERS))
    parser.add_argument("--count", type=int, default=1600, help="inputs in all")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seeds", default="", help="from:to for every reader, instead of a count")
    asked = parser.parse_args(arguments)
    first, last = (int(s) for s in asked.seeds.split(":")) if asked.seeds else (0, 0)
    seeds = dict.fromkeys(asked.readers, range(first, last)) if last else plan(asked.readers, asked.count, asked.first)
    whole = sum(map(len, seeds.values()))
    counts, findings = pd.DataFrame(0, index=asked.readers, columns=["taken", "refused", "findings"]), 0
    for number, (reader, seed, outcome) in enumerate(run(seeds), start=1):
        kind = outcome if outcome in ("taken", "refused") else "findings"
        counts.loc[reader, kind] += 1
        if kind == "findings":
            findings += 1
            print(f"{reader} --seeds {seed}:{seed + 1}  {outcome}", flush=True)
        if number % 1000 == 0:
            print(f"{number:,} of {whole:,}, {findings} findings", file=sys.stderr)
    print(counts.to_string())
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
