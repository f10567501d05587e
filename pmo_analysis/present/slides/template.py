"""The template that slides are made on: what it must hold, and where things stand on it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.exc import PackageNotFoundError

from pmo_analysis.contract.errors import SettingError

HOUSE = Path(__file__).resolve().parents[1] / "templates" / "slides.pptx"
# Each layout by its name and the names that its placeholders begin with. Footer and slide number may be there too.
OPENING, MESSAGE = "PMO opening", "PMO message"
NEEDED = {OPENING: ("Title", "Subtitle"), MESSAGE: ("Title", "Content", "Note")}


@dataclass(frozen=True)
class Place:
    """Where something stands on a slide, in EMU."""

    left: int
    top: int
    width: int
    height: int


def require_template(path: str | Path) -> Any:
    """The opened template; a SettingError names every layout and placeholder that it lacks."""
    deck = _open(Path(path))
    layouts = {str(layout.name): layout for layout in deck.slide_layouts}
    lacking = []
    for name, parts in NEEDED.items():
        if name not in layouts:
            lacking.append(f"the layout “{name}” with placeholders named {', '.join(parts)}")
            continue
        absent = [part for part in parts if find_placeholder(layouts[name], part) is None]
        lacking += [f"in the layout “{name}” the placeholder “{part}”" for part in absent]
    if lacking:
        found = ", ".join(layouts) or "none"
        raise SettingError(
            f"The slide template {path} lacks {'; '.join(lacking)}. Its layouts: {found}. "
            "Rename or add them in the slide master, or start from the house's template."
        )
    return deck


def find_placeholder(of: Any, name: str) -> Any:
    """The first placeholder of a slide or layout whose name begins so, or None."""
    return next((p for p in of.placeholders if str(p.name).lower().startswith(name.lower())), None)


def placeholder_on(slide: Any, name: str) -> Any:
    """A slide's own placeholder for the one of that name in its layout; None once it is gone."""
    index = find_placeholder(slide.slide_layout, name).placeholder_format.idx
    return next((p for p in slide.placeholders if p.placeholder_format.idx == index), None)


def place_of(shape: Any) -> Place:
    """Where a placeholder stands, its own or its layout's."""
    return Place(int(shape.left), int(shape.top), int(shape.width), int(shape.height))


def clear_slides(deck: Any) -> None:
    """Leave out the slides that a template brings with it."""
    listed = deck.slides._sldIdLst
    for entry in list(listed):
        deck.part.drop_rel(entry.rId)
        listed.remove(entry)


def _open(path: Path) -> Any:
    if not path.is_file():
        raise SettingError(f"There is no slide template {path}. Give a .pptx file (setting slides_template).")
    try:
        return Presentation(str(path))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise SettingError(
            f"{path} is not a PowerPoint presentation ({type(error).__name__}). Save the template as .pptx."
        ) from error
