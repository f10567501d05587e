"""Which tests could notice a mutant: those that reach its lines, the cheap ones first, within a budget of seconds.

Comparisons of whole tables with those last looked at are run in any case: they notice what nobody asked about.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from benchmarks.mutation.operators import Mutant
from benchmarks.mutation.reached import KEPT, MUTATED, ROOT, Findings

BUDGET_SECONDS = 30.0
WHOLE = "figures_are_those_that_were_last_looked_at"

Chosen = dict[str, list[str]]  # of each test file its tests, in the order to run them


@cache
def findings() -> dict[str, Findings]:
    """What every traced test file reached."""
    kept = sorted((KEPT / "reached").glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in kept}


def choose(mutant: Mutant) -> tuple[Chosen, float]:
    """Tests to run against a mutant and the seconds they took when they were traced."""
    reaching = defaultdict(list)
    for file, text in set(_places(mutant)):
        for name, found in findings().items():
            reaching[name] += found["lines"].get(file, {}).get(text, [])
    for given in _around(_parsed(ROOT / mutant.file)[0], mutant.line, mutant.last_line)[1]:
        for name, numbers in _naming(given).items():
            reaching[name] += numbers
    return _within_budget({name: set(numbers) for name, numbers in reaching.items() if numbers})


@cache
def _naming(given: str) -> dict[str, list[int]]:
    """Tests in whose text a name stands: reading a constant reaches no line of its module."""
    told = {}
    for name, found in findings().items():
        tree = _parsed(ROOT / "tests" / f"{name}.py")[0]
        tests = {d.name for d in tree.body if isinstance(d, ast.FunctionDef) and given in {n.id for n in _names_in(d)}}
        told[name] = [n for n, test in enumerate(found["tests"]) if re.split(r"::|\[", test)[1] in tests]
    return told


def _names_in(node: ast.AST) -> list[ast.Name]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Name)]


def _within_budget(reaching: dict[str, set[int]]) -> tuple[Chosen, float]:
    """The cheapest files first, in each the cheapest tests, as long as the budget lasts, and WHOLE; at least one test."""
    costs = sorted((_cost(name, numbers), name) for name, numbers in reaching.items())
    chosen: Chosen = {}
    spent = 0.0
    for _, name in costs:
        paid: set[str] = set()
        for test, own, fixtures in _cheapest(name, reaching[name]):
            price = own + sum(findings()[name]["fixtures"][f] for f in fixtures - paid)
            if spent + price > BUDGET_SECONDS and chosen and WHOLE not in test:
                continue
            spent, paid = spent + price, paid | fixtures
            chosen.setdefault(f"tests/{name}.py", []).append(test)
    return chosen, spent


def _cost(name: str, numbers: set[int]) -> float:
    told = _cheapest(name, numbers)
    shared = set().union(*(fixtures for _, _, fixtures in told)) if told else set()
    return sum(own for _, own, _ in told) + sum(findings()[name]["fixtures"][f] for f in shared)


def _cheapest(name: str, numbers: set[int]) -> list[tuple[str, float, set[str]]]:
    """Tests by what they cost: id, own seconds and the shared fixtures they need."""
    found = findings()[name]
    tests = list(found["tests"].items())
    told = []
    for number in sorted(numbers):
        test, facts = tests[number]
        if facts["passed"]:
            told.append((test, facts["seconds"], set(facts["fixtures"]) & set(found["fixtures"])))
    return sorted(told, key=lambda t: (t[1] + sum(found["fixtures"][f] for f in t[2]), t[0]))


def _places(mutant: Mutant) -> Iterator[tuple[str, str]]:
    """File and text of the lines that a test must reach: the statement's own, or where its name is used."""
    yield from _used(mutant.file, mutant.line, mutant.last_line, frozenset())


def _used(file: str, line: int, last: int, seen: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    tree, texts = _parsed(ROOT / file)
    inner, names = _around(tree, line, last)
    yield from ((file, texts[n - 1].strip()) for n in inner)
    for name in names:
        if (file, name) in seen or len(seen) > 4:
            continue
        for other, number in _mentions(name):
            if not (other == file and line <= number <= last):
                yield from _used(other, number, number, seen | {(file, name)})


@cache
def _parsed(path: Path) -> tuple[ast.Module, list[str]]:
    text = path.read_text("utf-8")
    return ast.parse(text), text.splitlines()


@cache
def _mentions(name: str) -> list[tuple[str, int]]:
    """Every line of the analysis in which a name stands."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    found = []
    for path in sorted(MUTATED.rglob("*.py")):
        texts = _parsed(path)[1]
        found += [(str(path.relative_to(ROOT)), n) for n, text in enumerate(texts, 1) if word.search(text)]
    return found


def _around(tree: ast.Module, line: int, last: int) -> tuple[list[int], list[str]]:
    """The lines inside a function that a place belongs to; or, outside of any, the names that the place gives."""
    body, names = tree.body, []
    while True:
        holder = next((s for s in body if _first_line(s) <= line and last <= (s.end_lineno or 0)), None)
        if holder is None:
            return [], names
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
            return _lines_in(holder, line), []
        if isinstance(holder, ast.ClassDef):
            names, body = [holder.name], holder.body
            continue
        targets = [n.id for n in ast.walk(holder) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        return [], [*names, *targets] if not isinstance(holder, ast.Import | ast.ImportFrom) else []


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _lines_in(function: ast.FunctionDef | ast.AsyncFunctionDef, line: int) -> list[int]:
    """The statement around a line in a function; all lines of the function for its head (defaults)."""
    inside = [s for s in ast.walk(function) if isinstance(s, ast.stmt) and s is not function]
    around = [s for s in inside if s.lineno <= line <= (s.end_lineno or 0)]
    if not around:
        return list(range(function.body[0].lineno, (function.end_lineno or 0) + 1))
    nearest = min(around, key=lambda s: (s.end_lineno or 0) - s.lineno)
    below = getattr(nearest, "body", None)
    stop = below[0].lineno - 1 if below else (nearest.end_lineno or 0)
    return list(range(nearest.lineno, max(stop, nearest.lineno) + 1))
