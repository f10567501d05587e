"""The deck of a quarter: an opening, then one slide per message, in a template that may be the organisation's own."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pptx.enum.text import MSO_AUTO_SIZE

from pmo_analysis.contract.quarters import quarter_end
from pmo_analysis.present.answers.section import tell_period
from pmo_analysis.present.slides.bodies import Message
from pmo_analysis.present.slides.draw import draw, say
from pmo_analysis.present.slides.fixed import save_fixed
from pmo_analysis.present.slides.messages import list_messages
from pmo_analysis.present.slides.template import (
    HOUSE,
    MESSAGE,
    OPENING,
    clear_slides,
    find_placeholder,
    place_of,
    placeholder_on,
    require_template,
)

if TYPE_CHECKING:
    from pmo_analysis.quarter import Quarter

MOST_TITLE = 150


def write_slides(quarter: Quarter, path: Path, template: str | Path = "") -> Path:
    """Write a quarter's slides for a board; the same quarter and template give the same bytes.

    `template`: a .pptx with the layouts that `require_template` asks for; empty = the house's. SettingError otherwise.
    """
    deck = require_template(template or HOUSE)
    clear_slides(deck)
    _open_deck(deck, quarter)
    footer = f"{quarter.organisation} · {quarter.quarter}"
    for message in list_messages(quarter):
        _add(deck, message, footer)
    day = quarter_end(quarter.quarter, quarter.settings["fiscal_year_end_month"])
    return save_fixed(deck, path, title=say(footer), made_on=datetime.combine(day, time()))


def _open_deck(deck: Any, quarter: Quarter) -> None:
    slide = deck.slides.add_slide(deck.slide_layouts.get_by_name(OPENING))
    _fill(slide, "Title", quarter.organisation, 90)
    told = f"What the project management office did for its customers in {tell_period(quarter)}. {quarter.headline.sentence}"
    _fill(slide, "Subtitle", told, 300)
    _drop_empty(slide)


def _add(deck: Any, message: Message, footer: str) -> None:
    layout = deck.slide_layouts.get_by_name(MESSAGE)
    slide = deck.slides.add_slide(layout)
    _fill(slide, "Title", message.title, MOST_TITLE)
    _fill(slide, "Note", message.note, 260)
    content = placeholder_on(slide, "Content")
    place = place_of(content)
    content._element.getparent().remove(content._element)
    _copy_small(slide, layout, footer)
    draw(slide, message.body, place)
    _drop_empty(slide)


def _fill(slide: Any, name: str, text: str, most: int) -> None:
    """Text into a placeholder; a long title is made smaller rather than run over its place."""
    frame = placeholder_on(slide, name).text_frame
    frame.text = say(text, most)
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE if len(text) > MOST_TITLE // 2 else MSO_AUTO_SIZE.NONE


def _copy_small(slide: Any, layout: Any, footer: str) -> None:
    """Footer and slide number, which a new slide does not take from its layout by itself."""
    for name in ("Footer", "Slide Number"):
        found = find_placeholder(layout, name)
        if found is None:
            continue
        slide.shapes._spTree.append(deepcopy(found._element))
        if name == "Footer":
            find_placeholder(slide, name).text_frame.text = say(footer, 120)


def _drop_empty(slide: Any) -> None:
    """No “Click to add text” left behind."""
    for shape in list(slide.placeholders):
        if (
            shape.has_text_frame
            and not shape.text_frame.text.strip()
            and not str(shape.name).startswith("Slide Number")
        ):
            shape._element.getparent().remove(shape._element)
