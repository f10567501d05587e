"""Slides for a board: one message each, with native charts and tables, on a template that can be replaced."""

from pmo_analysis.present.slides.deck import write_slides
from pmo_analysis.present.slides.template import HOUSE, require_template

__all__ = ["HOUSE", "require_template", "write_slides"]
