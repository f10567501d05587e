"""Do the tests notice mistakes? `python -m benchmarks.mutation --seed 7000 --count 400`.

First every test file without markers is traced once, which tells which test reaches which line; then mutants of
`pmo_analysis/analysis/` are drawn at random, and against each run the tests that reach it. Findings and verdicts are
kept in `.cache/mutation/`: a run that was stopped goes on where it was. `--soak` writes benchmarks/SOAK.md.
Learn on seeds below 5000, tell a seed that nobody has looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.mutation import reached, selection, server, telling
from benchmarks.mutation.operators import Mutant, find_mutants

Row = dict[str, Any]


def all_mutants() -> list[Mutant]:
    """Every mistake that can be made in the analysis."""
    files = sorted(reached.MUTATED.rglob("*.py"))
    return [m for path in files for m in find_mutants(str(path.relative_to(reached.ROOT)), path.read_bytes())]


def draw(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """The first `count` of a shuffled list, so that a larger sample holds the smaller one."""
    return random.Random(seed).sample(mutants, len(mutants))[:count]


def judge_all(drawn: list[Mutant], kept: Path, *, again: bool) -> Iterator[Row]:
    """The verdict on each mutant, taken from the file where it stands there; `again` tries survivors anew."""
    known = _read(kept)
    ready = False
    for mutant in drawn:
        key = _key(mutant)
        row = known.get(key)
        if row is None or (again and row["verdict"] != "killed"):
            if not ready:
                server.warm_up()
                ready = True
            chosen, seconds = selection.choose(mutant)
            told = server.judge(mutant, chosen, seconds)
            row = {"key": key, "name": mutant.name, **asdict(mutant), **asdict(told), "budget": round(seconds, 1)}
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        yield row


def _key(mutant: Mutant) -> str:
    changed = mutant.apply((reached.ROOT / mutant.file).read_bytes())
    return hashlib.sha256(mutant.file.encode() + b"\0" + changed).hexdigest()[:20]


def _read(kept: Path) -> dict[str, Row]:
    lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
    return {row["key"]: row for row in map(json.loads, lines)}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7000, help="of the sample (7000)")
    parser.add_argument("--count", type=int, default=400, help="mutants (400)")
    parser.add_argument("--tests", nargs="+", metavar="FILE", help="test files to trace (all)")
    parser.add_argument("--within", default="", help="only mutants of files whose path this pattern finds")
    parser.add_argument("--again", action="store_true", help="try the survivors anew")
    parser.add_argument(
        "--as-traced", action="store_true", help="trace only test files that are newer than their findings"
    )
    parser.add_argument("--trace", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--branches", action="store_true", help="only tell branch coverage")
    return parser.parse_args()


def main() -> int:
    """Trace, draw, judge, tell."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # a process with threads must not fork
    asked = _parse()
    tests = asked.tests or sorted(str(p.relative_to(reached.ROOT)) for p in (reached.ROOT / "tests").glob("test_*.py"))
    if asked.trace:
        reached.measure(tests, anew=not asked.as_traced)
        return 0
    own = [sys.executable, "-m", "benchmarks.mutation", "--trace", *(["--as-traced"] if asked.as_traced else [])]
    subprocess.run([*own, "--tests", *tests], cwd=reached.ROOT, check=True, stdout=sys.stderr)
    if asked.branches:
        print(telling.tell_branches())
        return 0
    drawn = draw([m for m in all_mutants() if re.search(asked.within, m.file)], asked.count, asked.seed)
    rows = []
    for row in judge_all(drawn, reached.KEPT / f"seed-{asked.seed}.jsonl", again=asked.again):
        rows.append(row)
        killed = sum(r["verdict"] == "killed" for r in rows)
        print(
            f"{len(rows)}/{len(drawn)} {killed} killed; {row['verdict']}: {row['name'][:150]}",
            file=sys.stderr,
            flush=True,
        )
    print(telling.tell_sample(rows, asked.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
