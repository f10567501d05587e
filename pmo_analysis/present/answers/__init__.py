"""What the cells of the quarterly report show: one call a cell."""

from pmo_analysis.present.answers.report import answer, definitions, figures, page_one, picture, title

__all__ = ["answer", "definitions", "figures", "page_one", "picture", "title"]
