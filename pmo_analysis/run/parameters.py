"""A notebook's parameter cell, read and checked before anything runs.

papermill only logs an unknown parameter, accepts any type, and injects names as code. Here the
parameter cell is the declaration: `name = default  # help [limits]`, where limits are `[a | b]` or
`[1 to 40]`; anything that does not fit it is refused.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from pmo_analysis.contract.errors import SettingError, nearest


@dataclass(frozen=True)
class Parameter:
    """One parameter as its notebook declares it."""

    name: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook from disk; absent, unreadable or foreign files are a SettingError."""
    if not path.is_file():
        raise SettingError(f"There is no notebook {path}. Give the path of an .ipynb file.")
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{path} is not a Jupyter notebook: it is not JSON ({error}).") from error
    cells = content.get("cells") if isinstance(content, dict) and content.get("nbformat") == 4 else None
    if not (isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells)):
        raise SettingError(f"{path} is not a Jupyter notebook of format 4.")
    try:
        nbformat.validate(content)
    except nbformat.ValidationError as error:
        raise SettingError(f"{path} is not a valid Jupyter notebook: {error.message}") from error
    return nbformat.reads(json.dumps(content), as_version=4)


def read_parameters(path: Path) -> dict[str, Parameter]:
    """The parameters that a notebook declares, by name; none or two parameter cells are an error."""
    cells = [c for c in read_notebook(path).cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(cells) != 1:
        raise SettingError(
            f"{path} has {len(cells)} cells tagged 'parameters'; it needs one, with a line "
            "'name = default  # help' for each parameter."
        )
    return {p.name: p for p in _declarations(cells[0].source, path)}


def check_parameters(declared: Mapping[str, Parameter], given: Mapping[str, Any], notebook: Path) -> dict[str, Any]:
    """The given values once each fits its declaration; all misfits are told in one SettingError."""
    problems = [message for name, value in given.items() if (message := _misfit(declared, name, value))]
    if problems:
        raise SettingError(f"{notebook.name} cannot run with these parameters:\n  " + "\n  ".join(problems))
    return dict(given)


def _declarations(source: str, path: Path) -> list[Parameter]:
    lines = source.splitlines()
    found = []
    for node in _statements(source, path):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            raise SettingError(
                f"{path}: the parameter cell may hold only 'name = value' lines, not line {node.lineno}."
            )
        comment = lines[(node.end_lineno or 1) - 1][node.end_col_offset :].strip().lstrip("#").strip()
        found.append(_declare(node.targets[0].id, _value(node, path), comment))
    return found


def _statements(source: str, path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SettingError(f"{path}: the parameter cell is not Python ({error}). Mend it in JupyterLab.") from error


def _value(node: ast.Assign, path: Path) -> Any:
    try:
        return ast.literal_eval(node.value)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise SettingError(
            f"{path}: line {node.lineno} of the parameter cell gives no plain value (text, number, yes/no, list or "
            "mapping). Write the value itself."
        ) from error


def _declare(name: str, default: Any, comment: str) -> Parameter:
    match = re.search(r"\[([^\]]+)\]\s*$", comment)
    inside = match[1] if match else ""
    if span := re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s+to\s+(-?\d+(?:\.\d+)?)\s*", inside):
        return Parameter(name, default, comment, limits=(float(span[1]), float(span[2])))
    choices = tuple(c.strip() for c in inside.split("|")) if "|" in inside else ()
    return Parameter(name, default, comment, choices=choices)


def _misfit(declared: Mapping[str, Parameter], name: str, value: Any) -> str | None:
    if name not in declared:
        return f"{name}: no such parameter. {nearest(name, declared)}"
    parameter = declared[name]
    wanted = type(parameter.default)
    fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
    if not fits or (isinstance(value, bool) and wanted is not bool):
        return f"{name}: {value!r} is {type(value).__name__}, but {wanted.__name__} is needed ({parameter.help})."
    if parameter.choices and value not in parameter.choices:
        return f"{name}: {value!r} is not one of {', '.join(parameter.choices)}."
    if parameter.limits and not parameter.limits[0] <= value <= parameter.limits[1]:
        return f"{name}: {value!r} is outside {parameter.limits[0]:g} to {parameter.limits[1]:g}."
    return None
