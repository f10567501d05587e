"""What a sample of mutants came to: the share killed with its interval, and a table of those that lived."""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from coverage import Coverage
from coverage.data import CoverageData

from benchmarks.mutation.reached import KEPT, ROOT
from benchmarks.mutation.selection import BUDGET_SECONDS, findings

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
Row = dict[str, Any]


def equivalents() -> dict[str, str]:
    """Of each mutant that a person found to change nothing, the reason."""
    kept = tomllib.loads(EQUIVALENT.read_text("utf-8")).get("mutant", [])
    return {one["name"]: one["reason"] for one in kept}


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score."""
    centre, spread = successes + z * z / 2, z * math.sqrt(successes * (n - successes) / n + z * z / 4)
    return (centre - spread) / (n + z * z), (centre + spread) / (n + z * z)


def tell_sample(rows: list[Row], seed: int) -> str:
    """The sample in sentences and tables of Markdown."""
    known = equivalents()
    counted = [row for row in rows if row["name"] not in known or row["verdict"] == "killed"]
    left_out = [row for row in rows if row["name"] in known and row["verdict"] != "killed"]
    killed = sum(row["verdict"] == "killed" for row in counted)
    low, high = wilson(killed, len(counted))
    seconds = sum(row["seconds"] for row in rows) / len(rows)
    pinned = sum("figures_are_those" in row["by"] for row in counted)
    sentence = (
        f"Of {len(counted)} mutants of `pmo_analysis/analysis/` drawn at random (seed {seed}), the tests killed {killed}: "
        f"**{killed / len(counted):.1%}** (95 % interval {low:.1%} to {high:.1%}, Wilson). {pinned} of these passed every "
        "cheaper test and were noticed when whole tables were compared with those last looked at "
        f"(`tests/same_figures.py`). {len(left_out)} more drawn change "
        f"nothing that can be seen; they are told below and left out. A mutant took {seconds:.1f} s on average, with the "
        f"tests of {len(findings())} test files that reach its lines, the cheapest first, for at most {BUDGET_SECONDS:.0f} s "
        "of their time, and with the whole tables.\n\n"
    )
    return sentence + _by_operator(counted) + _survivors(counted) + _changing_nothing(left_out, known)


def _by_operator(rows: list[Row]) -> str:
    drawn, killed = (
        Counter(r["operator"] for r in rows),
        Counter(r["operator"] for r in rows if r["verdict"] == "killed"),
    )
    lines = [f"| {name} | {n} | {killed[name]} | {killed[name] / n:.0%} |" for name, n in drawn.most_common()]
    return "\n".join(["| operator | mutants | killed | share |", "|---|---|---|---|", *lines]) + "\n\n"


def _survivors(rows: list[Row]) -> str:
    lived = sorted((r for r in rows if r["verdict"] != "killed"), key=lambda r: (r["file"], r["line"]))
    lines = [f"| {_short(r['file'])}:{r['line']} | {r['operator']} | {_code(r)} | {r['verdict']} |" for r in lived]
    return "\n".join(["| where | operator | mistake | verdict |", "|---|---|---|---|", *lines]) + "\n"


def _changing_nothing(rows: list[Row], known: dict[str, str]) -> str:
    if not rows:
        return ""
    lines = [f"| {_short(r['file'])}:{r['line']} | {_code(r)} | {known[r['name']]} |" for r in rows]
    return "\n" + "\n".join(["| changes nothing | mistake | why |", "|---|---|---|", *lines]) + "\n"


def _short(file: str) -> str:
    return file.removeprefix("pmo_analysis/analysis/")


def _code(row: Row) -> str:
    """The piece of the line that differs, with a little around it."""
    before, after = row["before"], row["after"]
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, same - 24)
    return " → ".join(f"`{text[start : same + 36].replace('|', '∣')}`" for text in (before, after))


def tell_branches() -> str:
    """Branch coverage of the package by its parts, as far as the traced tests go."""
    tracer = Coverage(data_file=None, branch=True, source=[str(ROOT / "pmo_analysis")], config_file=False)
    _fill(tracer.get_data())
    sums: dict[str, Counter[str]] = {}
    for path in sorted((ROOT / "pmo_analysis").rglob("*.py")):
        numbers = tracer._analyze(str(path)).numbers
        part = ".".join(path.relative_to(ROOT / "pmo_analysis").parts[:-1][:2]) or "the public face"
        of_part = {"lines": numbers.n_statements, "lines reached": numbers.n_executed}
        of_part |= {"branches": numbers.n_branches, "branches reached": numbers.n_executed_branches}
        for name in (part, "all", *(["analysis, all"] if part.startswith("analysis") else [])):
            sums.setdefault(name, Counter()).update(of_part)
    lines = [
        f"| {name} | {_share(told, 'lines')} | {_share(told, 'branches')} |" for name, told in sorted(sums.items())
    ]
    return "\n".join(["| part | lines reached | branches reached |", "|---|---|---|", *lines]) + "\n"


def _share(told: Counter[str], what: str) -> str:
    return f"{told[what + ' reached']} of {told[what]} ({told[what + ' reached'] / max(told[what], 1):.1%})"


def _fill(data: CoverageData) -> None:
    """The paths through every module, of the imports and of all traced test files together."""
    imported = json.loads((KEPT / "imports.json").read_text("utf-8"))
    for found in (imported, *findings().values()):
        data.add_arcs({str(ROOT / name): [tuple(arc) for arc in arcs] for name, arcs in found["arcs"].items()})
