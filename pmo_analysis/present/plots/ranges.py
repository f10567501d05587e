"""Dots with their ranges: one row per group, the figure written beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmo_analysis.present.formats import tell, tell_range
from pmo_analysis.present.plots.style import LIMIT, OTHER, OURS, RANGE, label, list_rows, new_axes, tell_axis


def plot_ranges(
    table: pd.DataFrame, ax: Axes | None = None, *, unit: str, title: str, currency: str = "",
    limit: float | None = None, limit_name: str = "", zero: bool = True,
) -> Axes:  # fmt: skip
    """Dots with ranges. `table`: label, value, low, high (blank = not estimable), and perhaps note.

    A missing value leaves its row empty and says so; `limit` is a line with a name.
    """
    ax = ax or new_axes(0.42 * len(table) + 1.1)
    rows = np.arange(len(table))
    ax.hlines(rows, table["low"], table["high"], color=RANGE, linewidth=6, capstyle="round")
    ax.plot(table["value"], rows, "o", color=OURS, markersize=6.5)
    list_rows(ax, list(table["label"]))
    _write_beside(ax, [_beside(r, unit, currency) for r in table.to_dict("records")])
    if limit is not None:
        _draw_limit(ax, limit, limit_name)
    _frame(ax, table, unit, currency, zero, limit)
    ax.set_xlabel(title)
    return ax


def _beside(row: dict[str, object], unit: str, currency: str) -> str:
    note = f" · {row['note']}" if row.get("note") else ""
    return (tell(row["value"], unit, currency) if pd.notna(row["value"]) else "not estimable") + note


def _write_beside(ax: Axes, texts: list[str]) -> None:
    for place, text in enumerate(texts):
        ax.annotate(label(text, 60), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)


def _draw_limit(ax: Axes, limit: float, name: str) -> None:
    ax.axvline(limit, color=LIMIT, linestyle=(0, (5, 3)), linewidth=1.4)
    ax.annotate(label(name, 60), (limit, 1.0), xycoords=("data", "axes fraction"), xytext=(3, 2),
                textcoords="offset points", color=LIMIT, fontsize=9)  # fmt: skip


def _frame(ax: Axes, table: pd.DataFrame, unit: str, currency: str, zero: bool, limit: float | None) -> None:
    """The axis from nought where that is meaningful, a little wider than the widest range."""
    ends = table[["value", "low", "high"]].to_numpy(float).ravel()
    ends = np.append(ends[np.isfinite(ends)], [] if limit is None else [limit])
    if zero:
        ends = np.append(ends, 0.0)
    if len(ends):
        room = 0.04 * (ends.max() - ends.min() or 1.0)
        ax.set_xlim(ends.min() - (room if ends.min() < 0 or not zero else 0.3 * room), ends.max() + room)
    tell_axis(ax.xaxis, unit, currency)


def say_ranges(table: pd.DataFrame, title: str, *, unit: str, currency: str = "", most: int = 12) -> str:
    """The same as `plot_ranges` in words."""
    rows = table.head(most).to_dict("records")
    said = [f"{r['label']} {_in_words(r, unit, currency)}" for r in rows]
    return f"{title}: " + "; ".join(said) + ("; and others." if len(table) > most else ".")


def _in_words(row: dict[str, object], unit: str, currency: str) -> str:
    if not pd.notna(row["value"]):
        return "not estimable"
    return tell_range(row["value"], row["low"], row["high"], unit, currency)


def plot_quoted(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Hours that a size stands for against the hours it took.

    `table`: label, standard_hours, median_hours, p10_hours, p90_hours (blank where too few).
    """
    ax = ax or new_axes(0.36 * len(table) + 1.2)
    rows = np.arange(len(table))
    ax.hlines(rows, table["p10_hours"], table["p90_hours"], color=RANGE, linewidth=6, capstyle="round",
              label="eight in ten deliveries")  # fmt: skip
    ax.plot(table["median_hours"], rows, "o", color=OURS, markersize=6.5, label="took, the middle delivery")
    ax.plot(table["standard_hours"], rows, "|", color=OTHER, markersize=15, markeredgewidth=2.5, label="quoted")
    list_rows(ax, list(table["label"]))
    ax.set_xscale("log", base=2)
    tell_axis(ax.xaxis, "")
    ax.set_xlabel("hours of the PMO per delivery (each line doubles)")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
    return ax
