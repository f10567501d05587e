"""Run charts: eight quarters of one figure with its band."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pmo_analysis.present.formats import tell, tell_range
from pmo_analysis.present.plots.style import LIMIT, OURS, RANGE, label, new_axes, tell_axis


def plot_run(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    unit: str,
    title: str,
    currency: str = "",
    target: float | None = None,
) -> Axes:
    """A figure quarter by quarter, the last one written at its point. `table`: quarter, value, low, high, n."""
    ax = ax or new_axes(2.6)
    rows = table.reset_index(drop=True)
    ax.fill_between(rows.index, rows["low"], rows["high"], color=RANGE, alpha=0.55, linewidth=0)
    ax.plot(rows.index, rows["value"], color=OURS, linewidth=1.6, marker="o", markersize=3.5)
    last = rows["value"].last_valid_index()
    if last is not None:
        ax.plot(last, rows.loc[last, "value"], "o", color=OURS, markersize=7)
        ax.annotate(tell(rows.loc[last, "value"], unit, currency).replace("$", r"\$"), (last, rows.loc[last, "value"]),
                    xytext=(8, 0), textcoords="offset points", va="center", fontweight="bold")  # fmt: skip
    if target is not None:
        ax.axhline(target, color=LIMIT, linestyle=(0, (5, 3)), linewidth=1.2)
    _frame(ax, rows, unit, currency)
    ax.set_title(label(title, 27, lines=3))
    return ax


def _frame(ax: Axes, rows: pd.DataFrame, unit: str, currency: str) -> None:
    ax.set_xlim(-0.3, len(rows) - 1 + 1.6)
    shown = sorted({0, (len(rows) - 1) // 2, len(rows) - 1}) if len(rows) else []
    ax.set_xticks(shown, [str(rows.loc[i, "quarter"]) for i in shown])
    top = rows[["value", "high"]].max().max()
    bottom = rows[["value", "low"]].min().min()
    if pd.notna(top):
        ax.set_ylim(min(0.0, bottom) * 1.08, top * 1.08 if top > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.tick_params(axis="x", pad=9)
    ax.grid(axis="y")
    tell_axis(ax.yaxis, unit, currency)


def say_run(table: pd.DataFrame, title: str, *, unit: str, currency: str = "") -> str:
    """The first and the last quarter of a run chart in words."""
    known = table[table["value"].notna()]
    if known.empty:
        return f"{title}: not measured."
    first, last = known.iloc[0], known.iloc[-1]
    then = tell_range(first["value"], first["low"], first["high"], unit, currency)
    now = tell_range(last["value"], last["low"], last["high"], unit, currency)
    return f"{title}: {then} in {first['quarter']}, {now} in {last['quarter']}."
