"""Segments: are they really there, how many, and who went from one to another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pmo_analysis.present.formats import tell
from pmo_analysis.present.plots.style import FAINT, LIMIT, OTHER, OURS, RANGE, SOFT, label, new_axes, tell_axis

_BINS = 28
_LANE = -1.9
_GAP = 0.035
_HAIR = 0.008
_SLOT = 0.08
_WHERE = np.linspace(0.24, 0.84, 18)
_TALL = 2.2


def plot_null(
    table: pd.DataFrame, ax: Axes | None = None, *, limit: float, title: str = "", draws: str = "customer bases\nof one group"
) -> Axes:  # fmt: skip
    """How clearly the customers fall apart beside what chance alone makes of the same shape.

    `table`: draw (0 = the customers themselves), z. `limit`: from where on chance no longer explains it; `draws`:
    what was drawn by chance.
    """
    ax = ax or new_axes(2.9, 5.0)
    known = table[table["z"].notna()]
    chance, own = known.loc[known["draw"] > 0, "z"].to_numpy(float), known.loc[known["draw"] == 0, "z"]
    across, up = _stack(chance, [*own, limit])
    ax.plot(across, up, "o", color=OTHER, markersize=5.5, markeredgecolor="white", markeredgewidth=0.5)
    ax.axvline(limit, color=LIMIT, linewidth=1.4, linestyle=(0, (5, 3)))
    ax.axhline(-0.9, color=FAINT, linewidth=0.8)
    ax.plot(own, np.full(len(own), _LANE), "D", color=OURS, markersize=10, clip_on=False)
    top = max(up.max(initial=0.0) + 1, 6.0)
    _write_null(ax, chance, own, limit, top, draws)
    ax.set_ylim(2 * _LANE + 0.7, 1.55 * top)
    ax.set_title(label(title, 60))
    ax.margins(x=0.14)
    ax.set_yticks([])
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    tell_axis(ax.xaxis, "_count")
    ax.set_xlabel("how clearly they fall apart, in deviations of chance")
    return ax


def _write_null(ax: Axes, chance: np.ndarray, own: pd.Series, limit: float, top: float, draws: str) -> None:
    if len(chance):
        words = f"{len(chance)} made-up\n{draws}"
        ax.annotate(words, (0, 1), xycoords="axes fraction", ha="left", va="top", color=SOFT, fontsize=9)
    ax.annotate("chance does not\nreach this far", (limit, 1.5 * top), xytext=(5, 0), textcoords="offset points",
                color=LIMIT, fontsize=9, va="top")  # fmt: skip
    for value in own:
        ends = [*chance, value, limit]
        right = value < (min(ends) + max(ends)) / 2
        ax.annotate("our customers", (value, _LANE), xytext=(10 if right else -10, 0), textcoords="offset points",
                    ha="left" if right else "right", va="center", color=OURS, fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})  # fmt: skip


def _stack(values: np.ndarray, others: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Dots heaped over the middle of their bins, so that each draw is seen."""
    if not len(values):
        return values, values
    ends = np.concatenate([values, others])
    edges = np.linspace(ends.min(), ends.max() + 1e-9, _BINS)
    place = np.digitize(values, edges) - 1
    order = np.argsort(place, kind="stable")
    first = np.searchsorted(place[order], place[order], side="left")
    middle = (edges[:-1] + edges[1:]) / 2
    return middle[np.minimum(place[order], _BINS - 2)], np.arange(len(values)) - first.astype(float)


def plot_counts(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """What speaks for each number of groups, against one. `table`: count, gain, chosen."""
    ax = ax or new_axes(2.9, 5.0)
    rows = table.sort_values("count")
    ax.axhline(0, color=OTHER, linewidth=1)
    ax.plot(rows["count"], rows["gain"], color=OURS, linewidth=1.6, marker="o", markersize=4.5)
    for row in rows[rows["chosen"]].to_dict("records"):
        ax.plot(row["count"], row["gain"], "D", color=OURS, markersize=10)
        ax.annotate(f"{row['count']:.0f} group{'s' * (row['count'] > 1)}", (row["count"], row["gain"]), xytext=(0, 11),
                    color=OURS, textcoords="offset points", ha="center", fontweight="bold")  # fmt: skip
    ax.set_xticks(rows["count"])
    ax.set_yticks([0], ["as good as\none group"])
    ax.margins(x=0.08, y=0.2)
    ax.set_title("How many groups?")
    ax.set_xlabel("number of groups; higher = more speaks for it")
    return ax


def plot_flows(table: pd.DataFrame, ax: Axes | None = None, *, order: list[str], first: str, last: str) -> Axes:
    """From which group to which the customers went: a band per pair, as thick as there are customers in it.

    `table`: from_group, to_group, customers_count. Who stayed is pale; who moved is dark, with the number.
    `order`: the groups from top to bottom; `first` and `last`: the headings of the two sides.
    """
    rows = table[table["customers_count"] > 0]
    ax = ax or new_axes(0.62 * len(order) + 1.3)
    total = float(rows["customers_count"].sum())
    left, right = (_place(rows, column, order, total) for column in ("from_group", "to_group"))
    paths = [_draw_band(ax, row, left, right, total) for row in _staying_first(rows, order)]
    _write_moves(ax, [path for path in paths if path is not None])
    for side, places, column, heading in ((0, left, "from_group", first), (1, right, "to_group", last)):
        _draw_side(ax, side, places, rows.groupby(column)["customers_count"].sum(), heading)
    ax.set_xlim(-0.62, 1.62)
    ax.set_ylim(_bottom(rows, order, total), -0.03)
    ax.set_axis_off()
    return ax


def _place(rows: pd.DataFrame, column: str, order: list[str], total: float) -> dict[str, float]:
    """Where each group begins, from the top; groups are parted by a gap."""
    sizes = rows.groupby(column)["customers_count"].sum().reindex(order).fillna(0).to_numpy(float) / total
    slots = np.maximum(sizes, _SLOT)
    return dict(zip(order, np.cumsum(slots) - slots + _GAP * np.arange(len(order)) + (slots - sizes) / 2, strict=True))


def _bottom(rows: pd.DataFrame, order: list[str], total: float) -> float:
    """How far down the longer side reaches."""
    ends = [_place(rows, column, order, total)[order[-1]] for column in ("from_group", "to_group")]
    sizes = [
        rows.loc[rows[column] == order[-1], "customers_count"].sum() / total for column in ("from_group", "to_group")
    ]
    return max(end + max(size, _SLOT) for end, size in zip(ends, sizes, strict=True)) + 0.02


def _staying_first(rows: pd.DataFrame, order: list[str]) -> list[dict[str, object]]:
    """Bands in the order in which they are laid: who stayed below, then movers from top to bottom."""
    rank = {name: i for i, name in enumerate(order)}
    keyed = rows.assign(
        moved=rows["from_group"] != rows["to_group"], a=rows["from_group"].map(rank), b=rows["to_group"].map(rank)
    )
    return keyed.sort_values(["moved", "a", "b"]).to_dict("records")


def _draw_band(
    ax: Axes, row: dict, left: dict[str, float], right: dict[str, float], total: float
) -> tuple[float, float, float] | None:
    """A band from where its group was filled up to on either side; for movers where it starts and ends, and how many."""
    thick = row["customers_count"] / total
    start, end = left[row["from_group"]], right[row["to_group"]]
    left[row["from_group"]], right[row["to_group"]] = start + thick, end + thick
    across = np.linspace(0, 1, 60)
    middle = _bend(start + thick / 2, end + thick / 2, across)
    half = max(thick, _HAIR if row["moved"] else 0) / 2
    ax.fill_between(across, middle - half, middle + half, color=OURS if row["moved"] else RANGE,
                    alpha=0.9 if row["moved"] else 0.45, linewidth=0)  # fmt: skip
    if row["moved"]:
        return start + thick / 2, end + thick / 2, row["customers_count"]
    ax.annotate(
        f"{tell(row['customers_count'], '_count')} stayed", (0.03, middle[2]), va="center", fontsize=9, color=SOFT
    )
    return None


def _bend(start: float, end: float, across: np.ndarray) -> np.ndarray:
    """A smooth way from one height to another."""
    return start + (end - start) * (3 * across**2 - 2 * across**3)


def _write_moves(ax: Axes, paths: list[tuple[float, float, float]]) -> None:
    """The number on each band of movers, where it is farthest from the numbers already written."""
    written: list[tuple[float, float]] = []
    for start, end, count in paths:
        places = list(zip(_WHERE, _bend(start, end, _WHERE), strict=True))
        if not written:
            at = places[len(places) // 3]
        else:
            at = max(places, key=lambda p: min(np.hypot(p[0] - x, _TALL * (p[1] - y)) for x, y in written))
        written.append(at)
        ax.annotate(tell(count, "_count"), at, ha="center", va="center", fontsize=9, fontweight="bold", color=OURS,
                    bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": OURS, "linewidth": 0.8})  # fmt: skip


def _draw_side(ax: Axes, side: int, places: dict[str, float], sizes: pd.Series, heading: str) -> None:
    """A bar per group with its name and number; `places` hold where each group ends, once its bands are laid."""
    total, out = float(sizes.sum()), 8 if side else -8
    flush = "left" if side else "right"
    for name, end in places.items():
        size = float(sizes.get(name, 0))
        ax.fill_between([side - 0.008, side + 0.008], end - size / total, end, color=OURS)
        ax.annotate(f"{label(name, 27, lines=2)} ({tell(size, '_count')})", (side, end - size / total / 2), xytext=(out, 0),
                    textcoords="offset points", ha=flush, va="center", multialignment=flush, fontsize=9.5)  # fmt: skip
    ax.annotate(label(heading), (side, 0), xytext=(out, 9), textcoords="offset points", color=SOFT, fontsize=9,
                ha=flush, va="bottom")  # fmt: skip
