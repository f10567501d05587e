"""What all pictures share: colours with one meaning each, plain axes, and labels that cannot be misread."""

from __future__ import annotations

import textwrap
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from pmo_analysis.present.formats import tell

OURS = "#1f5c8b"  # what was measured this quarter
RANGE = "#a9c3d9"  # how sure that is
OTHER = "#7d8796"  # what it is compared with: before, expected, quoted, the whole
LIMIT = "#c2500f"  # a limit, a target, a warning
FAINT = "#dfe4ea"  # grid lines and what was not used
INK, SOFT = "#1c2430", "#566173"
WIDTH = 9.0
_RULES = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.0,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.5,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a name with dollars is a name, not a formula
}


def house_style() -> AbstractContextManager[Any]:
    """The style in which pictures are drawn and saved, whatever the notebook has set."""
    return matplotlib.style.context(["default", _RULES])


def new_axes(height: float, width: float = WIDTH) -> Axes:
    """Axes in a figure of their own, known to nobody else: nothing to close, nothing that leaks."""
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def panels(rows: int, columns: int, height: float) -> list[Axes]:
    """Several axes in one figure, row by row."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return list(figure.subplots(rows, columns, squeeze=False).flat)


def head(axes: Axes, title: str) -> None:
    """A title over the whole picture, flush left, names of rows included."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes always stand in a figure
    figure.suptitle(label(title, 90), x=0.008, ha="left", fontsize=10.5, fontweight="bold")


@cache
def _known_glyphs() -> frozenset[int]:
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    return frozenset(font.get_charmap())


def label(text: object, most: int = 34, lines: int = 1) -> str:
    """A name as it stands in a picture: shortened, without what the font lacks, never read as a formula."""
    plain = "".join(c if ord(c) in _known_glyphs() else "·" for c in " ".join(str(text).split()))
    wrapped = textwrap.wrap(plain, most, max_lines=lines, placeholder=" …", break_long_words=True) or [""]
    return "\n".join(wrapped).replace("$", r"\$")


def tell_axis(axis: Any, unit: str, currency: str = "") -> None:
    """Ticks in the unit of what is drawn."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: tell(v, unit, currency).replace("$", r"\$")))


def list_rows(axes: Axes, names: list[str], most: int = 34) -> None:
    """Names down the left side, the first on top."""
    axes.set_yticks(range(len(names)), [label(n, most, lines=2) for n in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x")
