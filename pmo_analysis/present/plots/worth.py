"""Value against cost, and a figure beside what others say of theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmo_analysis.present.formats import tell
from pmo_analysis.present.plots.style import FAINT, OTHER, OURS, RANGE, SOFT, label, list_rows, new_axes, tell_axis

_CORNERS = (
    (0.01, 0.985, "left", "top", "cheap, gets much"),
    (0.99, 0.985, "right", "top", "dear, gets much"),
    (0.01, 0.015, "left", "bottom", "cheap, gets little"),
    (0.99, 0.015, "right", "bottom", "dear, gets little"),
)
_ALIKE = "each bar reaches every other: no customer clearly gets more than another"
_MIDDLE = (0.5, 0.985, "center", "top", _ALIKE)


def plot_worth(table: pd.DataFrame, ax: Axes | None = None, *, title: str, currency: str = "") -> Axes:
    """What each customer gets against what it costs to serve, one dot a customer, nobody named.

    `table`: cost (above nought; the axis grows by multiples), value, low, high (0 to 100).
    """
    ax = ax or new_axes(4.2)
    ax.vlines(table["cost"], table["low"], table["high"], color=RANGE, linewidth=1.6, alpha=0.55)
    ax.plot(table["cost"], table["value"], "o", color=OURS, markersize=5, markeredgecolor="white", markeredgewidth=0.5)
    ax.set_xscale("log")
    tell_axis(ax.xaxis, "_cost", currency)
    tell_axis(ax.yaxis, "_score")
    ax.set_xlabel("cost to serve in the quarter; each step of the axis is ten times the one before")
    ax.set_ylabel(label(title, 60))
    ax.margins(y=0.14)
    ax.grid()
    for across, up, flush, level, words in [_MIDDLE] if _overlap(table) else _CORNERS:
        ax.annotate(words, (across, up), xycoords="axes fraction", ha=flush, va=level, color=SOFT, fontsize=9)
    return ax


def plot_beside(
    table: pd.DataFrame, others: pd.DataFrame, ax: Axes | None = None, *, title: str, here: str, there: str
) -> Axes:
    """Our own shares with their ranges, and below them in grey what others say of theirs.

    `table`: label, value, low, high, note; `others`: label, low, high, note: a point where both are the same.
    """
    ax = ax or new_axes(0.36 * (len(table) + len(others)) + 1.2)
    rows, below = np.arange(len(table)), np.arange(len(others)) + len(table)
    ax.hlines(rows, table["low"], table["high"], color=RANGE, linewidth=6, capstyle="round")
    ax.plot(table["value"], rows, "o", color=OURS, markersize=6.5)
    ax.hlines(below, others["low"], others["high"], color=FAINT, linewidth=6, capstyle="round")
    ax.plot(others["low"], below, "|", others["high"], below, "|", color=OTHER, markersize=11, markeredgewidth=2)
    both = pd.concat([table[["label", "note"]], others[["label", "note"]]])
    list_rows(ax, list(both["label"]), most=40)
    for place, note in enumerate(both["note"]):
        ax.annotate(label(note, 40), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)
    ax.axhline(len(table) - 0.5, color=OTHER, linewidth=0.8)
    for edge, words, level in ((-0.5, here, "bottom"), (len(table) - 0.5, there, "top")):
        ax.annotate(words, (0.995, edge), xycoords=("axes fraction", "data"), ha="right", va=level, color=SOFT, fontsize=9,
                    xytext=(0, 0 if level == "bottom" else -3), textcoords="offset points")  # fmt: skip
    ax.set_xlim(-0.008, 1.04 * float(np.nanmax([*table["high"], *table["value"], *others["high"]])))
    tell_axis(ax.xaxis, "_share")
    ax.set_xlabel(label(title, 90))
    return ax


def say_worth(table: pd.DataFrame, title: str, *, currency: str = "") -> str:
    """The same as `plot_worth` in words: how far both reach, and whether the bars keep any two customers apart."""
    cost = f"{tell(table['cost'].min(), '_cost', currency)} to {tell(table['cost'].max(), '_cost', currency)}"
    value = f"{tell(table['value'].min(), '_score')} to {tell(table['value'].max(), '_score')}"
    apart = _ALIKE if _overlap(table) else "some bars lie wholly above others"
    return f"{title} of {len(table):,} customers, {value}, against what serving them costs, {cost}; {apart}."


def _overlap(table: pd.DataFrame) -> bool:
    """Whether every range reaches every other."""
    return bool(table["low"].max() <= table["high"].min())
