"""Microsoft Project's XML (MSPDI) as rows: tasks, resources, assignments and their hours day by day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from pmo_analysis.contract.errors import InputError

_SPACE = "{http://schemas.microsoft.com/project}"
_ELEMENTS = {
    "tasks": ("Tasks", "Task"),
    "resources": ("Resources", "Resource"),
    "assignments": ("Assignments", "Assignment"),
    "timephased": ("Assignments", "Assignment"),
}
_NESTED = {"Baseline", "TimephasedData", "ExtendedAttribute", "PredecessorLink"}


def read_project(path: Path, part: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and rows (place in the file, cells) of one part of a Project file; InputError when it is not one.

    Each row has the element's own fields, those of Baseline 0 as `Baseline_Start` and so on, and the project's
    `Project_Name` (title), `Project_File`, `Project_UID`, `Project_SavedOn` and `Project_Start`. `timephased` is one row per
    TimephasedData of an assignment. Entity declarations are refused (defusedxml).
    """
    root = _root(path)
    project = {
        f"Project_{name}": _field(root, tag)
        for name, tag in (
            ("Name", "Title"),
            ("File", "Name"),
            ("UID", "GUID"),
            ("SavedOn", "LastSaved"),
            ("Start", "StartDate"),
        )
    }
    outer, inner = _ELEMENTS[part]
    elements = root.findall(f"{_SPACE}{outer}/{_SPACE}{inner}")
    rows = [row | project for element in elements for row in _rows(element, part)]
    header = sorted({name for row in rows for name in row} | set(project))
    return header, [(place, [row.get(name, "") for name in header]) for place, row in enumerate(rows, 1)]


def _root(path: Path) -> Element:
    try:
        root = parse(path).getroot()
    except DefusedXmlException as error:
        raise InputError(
            f"{path.name} declares entities, which a Project export never does ({type(error).__name__}); "
            "it was not read. Export it again from Microsoft Project."
        ) from error
    except (ParseError, LookupError, ValueError) as error:  # an encoding that nobody knows is not a ParseError
        raise InputError(
            f"{path.name} is not well-formed XML: {error}. Export it again from Microsoft Project."
        ) from error
    if root is None or root.tag != f"{_SPACE}Project":
        raise InputError(f"{path.name} is not a Microsoft Project XML file. Use Save As, XML format, in Project.")
    return root


def _rows(element: Element, part: str) -> Iterator[dict[str, str]]:
    own = _fields(element)
    for baseline in element.findall(f"{_SPACE}Baseline"):
        if _field(baseline, "Number") in ("", "0"):
            own |= {f"Baseline_{name}": value for name, value in _fields(baseline).items()}
    if part != "timephased":
        yield own
        return
    for slice_ in element.findall(f"{_SPACE}TimephasedData"):
        yield own | {f"Time_{name}": value for name, value in _fields(slice_).items()}


def _fields(element: Element) -> dict[str, str]:
    names = ((child.tag.removeprefix(_SPACE), child) for child in element)
    return {name: (child.text or "").strip() for name, child in names if name not in _NESTED}


def _field(element: Element, tag: str) -> str:
    return (element.findtext(f"{_SPACE}{tag}") or "").strip()
