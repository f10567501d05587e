"""What a cell shows: a piece of HTML, or a picture with its text alternative."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pmo_analysis.contract.showing import PLAIN

DOTS_PER_INCH = 130
PACKED = 4  # of 9: twice as fast as the usual 6, and hardly larger


@dataclass(frozen=True, eq=False)
class Html:
    """A piece of HTML that was built by escaping; JupyterLab is told that dollars in it are no formulas."""

    html: str

    def _repr_html_(self) -> str:
        return f'<div class="{PLAIN}">{self.html}</div>'


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn figure: its PNG and the sentence that says the same in words."""

    png: bytes
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"image/png": base64.b64encode(self.png).decode("ascii"), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}


def draw(axes: Axes, alt: str) -> Picture:
    """The figure to which a plot belongs, as a picture; the same plot gives the same bytes."""
    buffer = io.BytesIO()
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes always stand in a figure
    figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    if layout := figure.get_layout_engine():
        layout.execute(figure)  # here, because savefig draws all once for nothing before it lays out
        figure.set_layout_engine("none")
    canvas.print_png(buffer, metadata={"Software": None}, pil_kwargs={"compress_level": PACKED})
    return Picture(buffer.getvalue(), alt)
