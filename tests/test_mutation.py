"""The harness that puts mistakes into the analysis: which mistakes, which tests look for them, what is told."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import soak
from benchmarks.mutation import selection, telling
from benchmarks.mutation.__main__ import draw
from benchmarks.mutation.operators import find_mutants

ROOT = Path(__file__).resolve().parents[1]


def mistakes(text: str) -> set[tuple[str, str]]:
    """Operator and the text that each mistake puts in."""
    return {(m.operator, m.text) for m in find_mutants("a.py", text.encode())}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = a < b", {("comparison", "(a <= b)")}),
        ("x = a <= b < c", {("comparison", "(a < b < c)"), ("comparison", "(a <= b <= c)")}),
        ("x = a / b", {("arithmetic", "(a * b)")}),
        ("x = mask & ~other", {("arithmetic", "(mask | ~other)"), ("sign", "(other)")}),
        ("x = a and b", {("boolean", "(a or b)")}),
        ("x = 7", {("constant", "8"), ("constant", "(6)")}),
        ("x = .5", {("constant", "1.5"), ("constant", "(-0.5)")}),
        ("x = True", {("constant", "False")}),
        ("if a:\n    f()", {("condition", "(not (a))"), ("removed", "pass")}),
        ("x = [a for a in b if a]", {("condition", "(not (a))")}),
        ("x = a[:n]", {("slice", ":n + 1")}),
        ("x = f(a, b)", {("swapped", "f(b, a)")}),
        ("def f(a, *, n=3): return n", {("constant", "4"), ("constant", "(2)")}),
        ("x += y", {("removed", "pass")}),
    ],
)
def test_a_line_can_be_mistaken_in_these_ways(text, wanted):
    assert mistakes(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring of 3 words."""',
        "x: dict[str, list[int | None]]",
        "@dataclass(frozen=True)\nclass A: pass",
        "zip(a, strict=True)",
        "x = np.minimum(a, b)",
        'f"{a + 1} of {n}"',
        "if TYPE_CHECKING:\n    import a",
        'x = "text"',
    ],
)
def test_what_no_test_of_behaviour_could_notice_is_left_alone(text):
    assert mistakes(text) <= {("removed", "pass")}


def test_a_mistake_changes_its_own_place_and_no_other_even_behind_letters_of_two_bytes():
    source = "# Größe – x\ndef f(a):\n    é = 'ü'; return a + 1  # ≥\n"
    changed = {m.apply(source.encode()).decode() for m in find_mutants("a.py", source.encode())}
    assert changed == {source.replace("a + 1", "(a - 1)"), source.replace("+ 1", "+ 2"), source.replace("+ 1", "+ (0)")}


def test_a_larger_sample_holds_the_smaller_one_and_another_seed_draws_others():
    mutants = find_mutants("a.py", b"x = [1, 2, 3, 4, 5, 6, 7, 8, 9]")
    assert draw(mutants, 5, 1) == draw(mutants, 9, 1)[:5] != draw(mutants, 5, 2)


PLACED = """\
LIMIT = 5


class A:
    n: int = 3

    def f(self, k=2):
        if self.n > (
            LIMIT
        ):
            return 1
        return 0
"""


@pytest.mark.parametrize(
    ("line", "inside", "names"),
    [(1, [], ["LIMIT"]), (5, [], ["A", "n"]), (9, [8, 9, 10], []), (11, [11], []), (7, [8, 9, 10, 11, 12], [])],
)
def test_a_place_belongs_to_a_statement_to_a_whole_function_or_to_a_name(line, inside, names):
    assert selection._around(ast.parse(PLACED), line, line) == (inside, names)


def test_tests_are_chosen_from_the_cheapest_until_the_budget_is_spent(monkeypatch):
    def found(seconds: dict[str, float], fixture: float) -> dict[str, object]:
        tests = {name: {"seconds": s, "passed": name != "red", "fixtures": ["big"]} for name, s in seconds.items()}
        return {"tests": tests, "fixtures": {"big": fixture}}

    told = {"test_dear": found({"a": 1.0, "b": 40.0}, 5.0), "test_cheap": found({"d": 2.0, "c": 1.0, "red": 0.1}, 0.0)}
    monkeypatch.setattr(selection, "findings", lambda: told)
    monkeypatch.setattr(selection, "BUDGET_SECONDS", 30.0)
    chosen, seconds = selection._within_budget({"test_dear": {0, 1}, "test_cheap": {0, 1, 2}})
    assert list(chosen.items()) == [("tests/test_cheap.py", ["c", "d"]), ("tests/test_dear.py", ["a"])]
    told["test_whole"] = found({f"x::{selection.WHOLE}": 50.0, "other": 51.0}, 0.0)
    more, _ = selection._within_budget({"test_dear": {0}, "test_cheap": {0, 1, 2}, "test_whole": {0, 1}})
    assert more == chosen | {"tests/test_whole.py": [f"x::{selection.WHOLE}"]}
    assert seconds == 3.0 + 6.0  # the shared fixture is paid for once; what failed when traced is not asked


def test_the_interval_is_wilsons_as_published():
    # Newcombe 1998, Statistics in Medicine 17, 857–872, table I, method 3: 81 of 263 gives .2553 to .3662.
    assert telling.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_a_sample_tells_the_share_killed_and_who_lived(monkeypatch):
    row = {
        "file": "pmo_analysis/analysis/a.py",
        "line": 3,
        "operator": "sign",
        "by": "",
        "seconds": 1.0,
        "before": "x|",
        "after": "y",
    }
    rows = [row | {"name": str(n), "verdict": "killed" if n < 8 else "survived"} for n in range(10)]
    monkeypatch.setattr(telling, "equivalents", lambda: {"9": "x is y"})
    monkeypatch.setattr(telling, "findings", dict)
    text = telling.tell_sample(rows, 1)
    assert "Of 9 mutants" in text and "killed 8: **88.9%**" in text
    assert "| a.py:3 | sign | `x∣` → `y` | survived |" in text and "| a.py:3 | `x∣` → `y` | x is y |" in text


@pytest.mark.slow
def test_a_sample_of_mistakes_is_found_by_the_tests_of_their_module(tmp_path):
    command = "-m benchmarks.mutation --seed 1 --count 6 --within weights.py --tests tests/test_weights.py"
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, env=os.environ | {"PMO_MUTATION": str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    killed = re.search(r"Of (\d+) mutants .* the tests killed (\d+)", done.stdout)
    assert killed and int(killed[1]) >= 5 and int(killed[2]) >= int(killed[1]) - 1


def test_a_part_of_the_soak_takes_the_place_of_its_forerunner():
    page = soak.put(soak.put("", "## A\n\none\n"), "## B\n\ntwo\n")
    assert page == f"{soak.HEAD}\n## A\n\none\n\n## B\n\ntwo\n"
    again = soak.put(page, "## A\n\nthree\n")
    assert "one" not in again and again.index("three") < again.index("two") and again.startswith("# What only")


def test_a_section_tells_the_command_and_the_day_but_not_the_machines_folders():
    text = soak.section(soak.PARTS["kills"], "8 passed", 120.0)
    assert "`PMO_KILLS=10 python -m pytest tests/test_faults.py" in text and "2 minutes" in text
    assert str(ROOT) not in text and str(Path.home()) not in text
