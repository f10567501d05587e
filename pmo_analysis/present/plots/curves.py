"""Curves: how the cost is concentrated."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from pmo_analysis.present.formats import tell
from pmo_analysis.present.plots.style import OTHER, OURS, RANGE, new_axes, tell_axis


def plot_concentration(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """What share of the cost the dearest customers take. `table`: customers_share, cost_share, low, high."""
    ax = ax or new_axes(3.6, 5.0)
    rows = table.sort_values("customers_share")
    ax.fill_between(rows["customers_share"], rows["low"], rows["high"], color=RANGE, alpha=0.6, linewidth=0)
    ax.plot(rows["customers_share"], rows["cost_share"], color=OURS, linewidth=2)
    ax.plot([0, 1], [0, 1], color=OTHER, linewidth=1, linestyle=(0, (5, 3)))
    ax.annotate("all alike", (0.34, 0.28), color=OTHER, fontsize=9, rotation=38, ha="center", va="center")
    _point_at(ax, rows, 0.2)
    ax.set_xlabel("customers, dearest first")
    ax.set_ylabel("share of the cost to serve")
    ax.grid()
    for axis in (ax.xaxis, ax.yaxis):
        tell_axis(axis, "_share")
    return ax


def _point_at(ax: Axes, rows: pd.DataFrame, share: float) -> None:
    """A dot and its words at the dearest so many."""
    upto = rows[rows["customers_share"] >= share]
    if upto.empty:
        return
    point = upto.iloc[0]
    ax.plot(point["customers_share"], point["cost_share"], "o", color=OURS, markersize=7)
    words = (
        f"{tell(point['customers_share'], '_share')} of customers:\n{tell(point['cost_share'], '_share')} of the cost"
    )
    ax.annotate(words, (point["customers_share"], point["cost_share"]), xytext=(12, -22), textcoords="offset points",
                fontsize=9.5)  # fmt: skip
