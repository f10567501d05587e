"""The house's drawing, enforced: imports point down, and nothing grows too big to read."""

from __future__ import annotations

import ast
import json
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pmo_analysis"

# From the ground up. The package's own `__init__` (the public face) and `__main__` stand on the roof.
FLOORS = ("contract", "intake", "analysis", "quarter", "present", "run", "cli", "__init__", "__main__")

# Siblings in analysis/ take each other's results as tables. These alone may import each other.
SIBLINGS_ALLOWED = {("history", "segments"), ("value", "weights"), ("scenarios", "queues")}
COMMON_GROUND = "estimates"

# Only these floors know these libraries.
HOME_OF = {
    "papermill": "run",
    "duckdb": "intake",
    "sqlalchemy": "intake",
    "python_calamine": "intake",
    "defusedxml": "intake",
}

LONGEST_BODY, LONGEST_MODULE, MOST_POSITIONAL, LONGEST_CELL = 40, 350, 6, 10


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by dotted name below it; `__init__` of a folder is the folder."""
    names = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return names


@cache
def imports(path: Path) -> list[tuple[int, str]]:
    """Line and dotted name of everything a module imports, wherever in the file it does."""
    known, found = modules(), []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                full = f"{source}.{alias.name}"
                is_module = full.removeprefix("pmo_analysis.") in known
                found.append((node.lineno, full if is_module else source))
    return found


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def inside(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name below `pmo_analysis` of what a module imports from the project."""
    for line, name in imports(path):
        if name == "pmo_analysis":
            yield line, "__init__"
        elif name.startswith("pmo_analysis."):
            yield line, name.removeprefix("pmo_analysis.")


def functions(folder: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_every_module_stands_on_a_floor_of_the_drawing():
    strangers = {name.split(".")[0] for name in modules()} - set(FLOORS)
    assert strangers == set(), f"ARCHITECTURE.md draws no floor for {sorted(strangers)}"


def test_imports_point_down():
    breaches = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for name, path in modules().items()
        for line, target in inside(path)
        if FLOORS.index(target.split(".")[0]) > FLOORS.index(name.split(".")[0])
    ]
    assert breaches == []


def test_siblings_in_analysis_do_not_import_each_other():
    breaches = []
    for name, path in modules().items():
        if not name.startswith("analysis."):
            continue
        mine = name.split(".")[1]
        for line, target in inside(path):
            other = target.split(".")[1] if target.startswith("analysis.") else mine
            allowed = (other in (mine, COMMON_GROUND) and mine != COMMON_GROUND) or (mine, other) in SIBLINGS_ALLOWED
            if other != mine and not allowed:
                breaches.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
    assert breaches == []


def test_nothing_is_imported_by_a_relative_name():
    breaches = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules().values()
        for line, target in imports(path)
        if target.startswith(".")
    ]
    assert breaches == []


def test_engines_and_file_formats_stay_in_intake_and_papermill_in_run():
    breaches = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for name, path in modules().items()
        for line, target in imports(path)
        if HOME_OF.get(target.split(".")[0], name.split(".")[0]) != name.split(".")[0]
    ]
    assert breaches == []


def test_nothing_is_written_to_a_page_unescaped():
    breaches = [
        f"{path.relative_to(ROOT)}:{node.value.lineno}"
        for path in modules().values()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.keyword) and node.arg in ("escape", "autoescape")
        if isinstance(node.value, ast.Constant) and node.value.value is False
    ]
    assert breaches == []


def test_no_function_body_is_longer_than_forty_lines():
    long = [f"{where}: {n} lines" for where, f in functions(PACKAGE) if (n := body_lines(f)) > LONGEST_BODY]
    assert long == []


def test_nine_functions_in_ten_are_under_twenty_five_lines():
    lengths = [body_lines(f) for _, f in functions(PACKAGE)]
    assert statistics.quantiles(lengths, n=10)[-1] < 25


def test_no_function_takes_more_than_six_positional_arguments():
    breaches = [
        where
        for where, f in functions(PACKAGE)
        if len([a for a in (*f.args.posonlyargs, *f.args.args) if a.arg not in ("self", "cls")]) > MOST_POSITIONAL
    ]
    assert breaches == []


def test_no_module_is_longer_than_350_lines():
    long = [
        f"{path.relative_to(ROOT)}: {n} lines"
        for path in modules().values()
        if (n := len(path.read_text("utf-8").splitlines())) > LONGEST_MODULE
    ]
    assert long == []


def cells() -> Iterator[tuple[str, dict]]:
    """Every code cell of every notebook, with where it stands."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
            if cell["cell_type"] == "code":
                yield f"{path.name} cell {number}", cell


def source_of(cell: dict) -> str:
    return "".join(cell["source"])


def test_notebooks_are_stored_without_outputs():
    assert [where for where, cell in cells() if cell["outputs"] or cell["execution_count"]] == []


def test_notebook_cells_are_at_most_ten_lines():
    assert [where for where, cell in cells() if len(source_of(cell).splitlines()) > LONGEST_CELL] == []


def test_notebooks_hold_no_definition_loop_or_try():
    banned = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.Lambda)
    breaches = [
        f"{where}: {type(node).__name__}"
        for where, cell in cells()
        for node in ast.walk(ast.parse(source_of(cell)))
        if isinstance(node, banned)
    ]
    assert breaches == []
