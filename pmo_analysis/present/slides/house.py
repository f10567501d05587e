"""The house's template, made anew: `python -m pmo_analysis.present.slides.house`."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR
from pptx.opc.oxml import serialize_part_xml
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.oxml.xmlchemy import OxmlElement
from pptx.util import Emu, Inches, Pt

from pmo_analysis.present.plots.style import FAINT, INK, LIMIT, OTHER, OURS, RANGE, SOFT
from pmo_analysis.present.slides.fixed import save_fixed
from pmo_analysis.present.slides.template import HOUSE, MESSAGE, OPENING, find_placeholder

_COLOURS = {"dk1": INK, "lt1": "#ffffff", "dk2": SOFT, "lt2": FAINT, "accent1": OURS, "accent2": OTHER,
            "accent3": LIMIT, "accent4": RANGE, "accent5": SOFT, "accent6": FAINT}  # fmt: skip
_FONT = "Segoe UI"
_EDGE, _WIDE = Inches(0.6), Inches(12.13)


def make_template(path: Path = HOUSE) -> Path:
    """Write the house's template: two layouts in the colours of the page, 16:9, the same bytes every time."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    _keep_layouts(deck, {"Title Slide": OPENING, "Title and Content": MESSAGE})
    _colour(deck)
    _lay_opening(deck.slide_layouts.get_by_name(OPENING))
    _lay_message(deck.slide_layouts.get_by_name(MESSAGE))
    _lay_master(deck.slide_master)
    return save_fixed(deck, path, title="Slide template")


def _keep_layouts(deck: Any, names: dict[str, str]) -> None:
    for layout in list(deck.slide_layouts):
        if layout.name in names:
            layout._element.cSld.set("name", names[layout.name])
        else:
            deck.slide_layouts.remove(layout)


def _colour(deck: Any) -> None:
    """The theme's colours and fonts, on which everything else rests."""
    part = next(rel.target_part for rel in deck.slide_master.part.rels.values() if rel.reltype.endswith("/theme"))
    theme = parse_xml(part.blob)
    for name, colour in _COLOURS.items():
        entry = theme.find(f".//{qn('a:' + name)}")
        for child in list(entry):
            entry.remove(child)
        _add(entry, "a:srgbClr", val=colour.removeprefix("#"))
    for latin in theme.iterfind(f".//{qn('a:fontScheme')}//{qn('a:latin')}"):
        latin.set("typeface", _FONT)
    part._blob = serialize_part_xml(theme)


def _lay_opening(layout: Any) -> None:
    _put(find_placeholder(layout, "Title"), (_EDGE, Inches(2.3), _WIDE, Inches(1.2)), 40, bold=True, name="Title")
    subtitle = find_placeholder(layout, "Subtitle")
    _put(subtitle, (_EDGE, Inches(3.65), _WIDE, Inches(1.6)), 22, colour=SOFT, name="Subtitle", top=True)
    _drop_small(layout)
    bar = deepcopy(subtitle._element)
    layout.shapes._spTree.append(bar)
    _make_bar(bar)


def _make_bar(shape: Any) -> None:
    """A stripe in the accent's colour, at the left edge."""
    shape.nvSpPr.cNvPr.set("id", "30")
    shape.nvSpPr.cNvPr.set("name", "Stripe")
    shape.nvSpPr.nvPr.remove(shape.ph)
    shape.x, shape.y, shape.cx, shape.cy = 0, 0, Inches(0.25), Inches(7.5)
    _add(_add(shape.spPr, "a:prstGeom", prst="rect"), "a:avLst")
    _add(_add(shape.spPr, "a:solidFill"), "a:schemeClr", val="accent1")
    shape.remove(shape.txBody)


def _lay_message(layout: Any) -> None:
    content = find_placeholder(layout, "Content")
    note = deepcopy(content._element)
    content._element.addnext(note)
    note.nvSpPr.cNvPr.set("id", "20")
    note.nvSpPr.cNvPr.set("name", "Note")
    note.ph.set("idx", "13")
    note.ph.set("type", "body")
    _put(
        find_placeholder(layout, "Title"),
        (_EDGE, Inches(0.4), _WIDE, Inches(1.15)),
        27,
        bold=True,
        name="Title",
        top=True,
    )
    _put(content, (_EDGE, Inches(1.7), _WIDE, Inches(4.75)), 18, name="Content", top=True)
    _put(find_placeholder(layout, "Note"), (_EDGE, Inches(6.55), _WIDE, Inches(0.42)), 12, colour=SOFT, name="Note")
    _put(
        find_placeholder(layout, "Footer"),
        (_EDGE, Inches(7.02), Inches(9), Inches(0.3)),
        10,
        colour=SOFT,
        name="Footer",
    )
    number = find_placeholder(layout, "Slide Number")
    _put(number, (Inches(11.73), Inches(7.02), Inches(1), Inches(0.3)), 10, colour=SOFT, name="Slide Number")
    _remove(find_placeholder(layout, "Date"))


def _lay_master(master: Any) -> None:
    """The master's own places, which a new layout begins with."""
    for shape in master.placeholders:
        shape.left, shape.width = _EDGE, _WIDE
    bullets = master._element.findall(f".//{qn('p:titleStyle')}/{qn('a:lvl1pPr')}")
    for style in bullets:
        style.set("algn", "l")


def _put(shape: Any, at: tuple[int, int, int, int], points: int, *, name: str, colour: str = INK, bold: bool = False,
         top: bool = False) -> None:  # fmt: skip
    shape.left, shape.top, shape.width, shape.height = (Emu(int(v)) for v in at)
    shape._element.nvSpPr.cNvPr.set("name", name)
    frame = shape.text_frame
    frame.vertical_anchor = MSO_ANCHOR.TOP if top else MSO_ANCHOR.MIDDLE
    for side in ("margin_left", "margin_right", "margin_top", "margin_bottom"):
        setattr(frame, side, 0)
    _set_list_style(shape, points, colour, bold=bold)


def _set_list_style(shape: Any, points: int, colour: str, *, bold: bool) -> None:
    """Size and colour of what is written there later: a placeholder's text takes them from its list style."""
    body = shape._element.txBody
    style = body.find(qn("a:lstStyle"))
    for child in list(style):
        style.remove(child)
    level = _add(style, "a:lvl1pPr", marL="0", indent="0", algn="r" if shape.name == "Slide Number" else "l")
    _add(level, "a:buNone")
    run = _add(level, "a:defRPr", sz=str(int(Pt(points).pt * 100)), b="1" if bold else "0")
    _add(_add(run, "a:solidFill"), "a:srgbClr", val=colour.removeprefix("#").upper())


def _add(parent: Any, tag: str, **attributes: str) -> Any:
    child = OxmlElement(tag)
    for name, value in attributes.items():
        child.set(name, value)
    parent.append(child)
    return child


def _drop_small(layout: Any) -> None:
    for name in ("Date", "Footer", "Slide Number"):
        _remove(find_placeholder(layout, name))


def _remove(shape: Any) -> None:
    shape._element.getparent().remove(shape._element)


if __name__ == "__main__":
    make_template()
