"""Bars: hours used and unused, a scenario beside its baseline, effects expected and seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmo_analysis.present.formats import tell
from pmo_analysis.present.plots.style import (
    FAINT,
    LIMIT,
    OTHER,
    OURS,
    RANGE,
    SOFT,
    label,
    list_rows,
    new_axes,
    tell_axis,
)


def plot_used(table: pd.DataFrame, ax: Axes | None = None, *, warning: float) -> Axes:
    """Hours used of the hours there are, per role, with the mark above which waits grow.

    `table`: label, used_hours, supplied_hours, utilisation_share.
    """
    ax = ax or new_axes(0.44 * len(table) + 1.2)
    rows = np.arange(len(table))
    ax.barh(rows, table["supplied_hours"], color=FAINT, height=0.62, label="practical hours")
    ax.barh(rows, table["used_hours"], color=OURS, height=0.62, label="used")
    marks = warning * table["supplied_hours"]
    ax.vlines(
        marks, rows - 0.4, rows + 0.4, color=LIMIT, linewidth=2, label=f"{tell(warning, '_share')}: waits grow above"
    )
    list_rows(ax, list(table["label"]))
    for place, row in zip(rows, table.to_dict("records"), strict=True):
        ends = [v for v in (row["supplied_hours"], row["used_hours"]) if np.isfinite(v)]
        ax.annotate(tell(row["utilisation_share"], "_share"), (max(ends, default=0.0), place), xytext=(6, 0),
                    textcoords="offset points", va="center")  # fmt: skip
    ax.set_xlabel("hours in the quarter")
    tell_axis(ax.xaxis, "")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
    return ax


def plot_parts(table: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Cost per service, the process that no law requires apart from the rest. `table`: label, cost, process_cost."""
    ax = ax or new_axes(0.36 * len(table) + 1.3)
    rows = np.arange(len(table))
    ax.barh(rows, table["cost"], color=RANGE, height=0.62, label="all")
    if table["process_cost"].notna().any():
        ax.barh(rows, table["process_cost"], color=OURS, height=0.62, label="process that no law requires")
    list_rows(ax, list(table["label"]), most=26)
    ax.set_xlabel("cost to serve in the quarter")
    tell_axis(ax.xaxis, "_cost", currency)
    ax.locator_params(axis="x", nbins=4)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    return ax


def plot_scenario(table: pd.DataFrame, ax: Axes | None = None, *, title: str, unit: str, currency: str = "") -> Axes:
    """One figure now and in the scenario, each with its range. `table`: label, value, low, high; the first is now."""
    ax = ax or new_axes(1.7)
    rows = np.arange(len(table))
    ax.barh(rows, table["value"], color=[OTHER, *[OURS] * (len(table) - 1)], height=0.5)
    ranged = table["low"].notna() & table["high"].notna() & (table["low"] < table["high"])
    ax.hlines(rows[ranged], table.loc[ranged, "low"], table.loc[ranged, "high"], color="black", linewidth=1.4)
    for place, row in zip(rows, table.to_dict("records"), strict=True):
        end = max((v for v in (row["value"], row["high"]) if np.isfinite(v)), default=0.0)
        ax.annotate(label(tell(row["value"], unit, currency)), (end, place), xytext=(6, 0), textcoords="offset points",
                    va="center")  # fmt: skip
    list_rows(ax, list(table["label"]))
    ax.margins(x=0.25)
    ax.set_title(label(title, 46))
    tell_axis(ax.xaxis, unit, currency)
    ax.locator_params(axis="x", nbins=4)
    return ax


def plot_effects(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Effects seen as a share of those expected: 1 = as expected, 0 = nothing, below 0 = the opposite.

    `table`: label, reached, low, high (blank where no range), verdict.
    """
    ax = ax or new_axes(0.42 * len(table) + 1.3)
    rows = np.arange(len(table))
    inside = table[["reached", "low", "high"]].clip(-1.5, 2.5)
    ax.axvline(0, color=OTHER, linewidth=1)
    ax.axvline(1, color=LIMIT, linewidth=1.4, linestyle=(0, (5, 3)))
    ax.hlines(rows, inside["low"], inside["high"], color=RANGE, linewidth=6, capstyle="round")
    ax.plot(inside["reached"], rows, "o", color=OURS, markersize=6.5)
    list_rows(ax, list(table["label"]), most=46)
    for place, verdict in zip(rows, table["verdict"], strict=True):
        ax.annotate(label(verdict), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)
    ax.set_xlim(-1.6, 2.6)
    ax.set_xticks([-1, 0, 1, 2], ["the opposite", "nothing", "as expected", "twice that"])
    ax.set_xlabel("effect seen, measured by the effect expected (ranges that go further are cut at the edge)")
    return ax


def plot_pulls(table: pd.DataFrame, ax: Axes | None = None, *, here: str, there: str) -> Axes:
    """What holds a customer in its group (to the right) and what draws it to another (to the left).

    `table`: label, pull, note (written beside the row).
    """
    ax = ax or new_axes(0.4 * len(table) + 1.3)
    rows = np.arange(len(table))
    ax.barh(rows, table["pull"], color=np.where(table["pull"] > 0, OURS, OTHER), height=0.6)
    ax.axvline(0, color=SOFT, linewidth=1)
    list_rows(ax, list(table["label"]), most=44)
    for place, note in zip(rows, table["note"], strict=True):
        ax.annotate(label(note, 60), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)
    reach = 1.08 * float(table["pull"].abs().max() or 1.0)
    ax.set_xlim(min(-0.35 * reach, 1.08 * float(table["pull"].min())), reach)
    ax.set_xticks([])
    for at, flush, words in ((0.0, "left", f"← {there}"), (1.0, "right", f"{here} →")):
        ax.annotate(label(words, 27, lines=3), (at, 1.0), xycoords="axes fraction", xytext=(0, 4), fontsize=9,
                    textcoords="offset points", ha=flush, va="bottom", color=OURS if at else SOFT)  # fmt: skip
    return ax
