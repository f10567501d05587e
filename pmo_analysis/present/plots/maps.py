"""Heat maps with a mark in every cell that says something, so that grey print loses nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from pmo_analysis.present.plots.style import FAINT, INK, LIMIT, OURS, label, new_axes

_SHADES = LinearSegmentedColormap.from_list("amount", ["#ffffff", OURS])
_SIDES = LinearSegmentedColormap.from_list("more or less", [LIMIT, "#ffffff", OURS])


def plot_map(
    table: pd.DataFrame, ax: Axes | None = None, *, rows: list[str], columns: list[str], title: str,
    signed: bool = False, most: int = 30,
) -> Axes:  # fmt: skip
    """Rows by columns shaded by `value`, with `mark` written in the cell.

    `table`: row, column, value (0 to 1, or around 0 when `signed`), mark (text). Cells without a value stay blank.
    """
    ax = ax or new_axes(0.3 * len(rows) + 1.9)
    values = table.pivot_table("value", "row", "column", aggfunc="first").reindex(index=rows, columns=columns)
    marks = table.pivot_table("mark", "row", "column", aggfunc="first").reindex(index=rows, columns=columns)
    limit = max(float(np.nanmax(np.abs(values.to_numpy(float)), initial=0.0)), 1e-9)
    sns.heatmap(values.astype(float), ax=ax, cmap=_SIDES if signed else _SHADES, vmin=-limit if signed else 0.0,
                vmax=limit, annot=marks.fillna("").to_numpy(str), fmt="", annot_kws={"fontsize": 9}, linewidths=1.0,
                linecolor=FAINT, cbar=False)  # fmt: skip
    _ink(ax)
    ax.set_yticks(np.arange(len(rows)) + 0.5, [label(r, 44, lines=1) for r in rows], rotation=0)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [label(c, most, lines=4) for c in columns], rotation=0, fontsize=8.5)
    ax.xaxis.tick_top()
    ax.set_ylabel("")
    ax.set_xlabel(title)
    return ax


def _ink(ax: Axes) -> None:
    """Each mark in black or white, whichever stands out more from its cell (relative luminance, WCAG 2)."""
    shades = np.asarray(ax.collections[0].get_facecolor())[:, :3]
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    for mark, light in zip(ax.texts, linear @ [0.2126, 0.7152, 0.0722], strict=False):
        mark.set_color("white" if light < 0.18 else INK)
