"""Pictures of the app as SVG from a template: a move is drawn in milliseconds."""

from __future__ import annotations

import itertools
import math
from typing import Any

from pmo_analysis.analysis.scenarios import HoursSpread, ScenarioComparison
from pmo_analysis.present.answers.scenario import FIGURES, WITHOUT_END, tell_figure
from pmo_analysis.present.formats import is_number, tell, tell_limits
from pmo_analysis.present.sizing.controls import tell_hours
from pmo_analysis.present.templating import render

SPAN, STEP = 240.0, 13.0  # width of a range picture, and the height of one scenario in it
WIDTH, HEIGHT = 480.0, 150.0  # of the hours' picture
LETTERS = {2: ("S", "L"), 3: ("S", "M", "L"), 4: ("S", "M", "L", "XL")}


def show_comparison(told: ScenarioComparison, currency: str, *, quarter: str, problem: str = "") -> str:
    """The figures of each scenario with their ranges, in words and as a small picture each."""
    names = list(told.scenarios)
    alone = len(names) == 1
    by: dict[str, dict[str, Any]] = {name: {} for name in names}
    for part in told.table.to_dict("records"):
        by[part["scenario"]][part["figure"]] = part
    rows = [
        _row(title, unit, [by[name][figure] for name in names], names, currency)
        for figure, (title, unit) in FIGURES.items()
        if not (alone and figure == "customers_affected") and _known([by[name][figure] for name in names])
    ]
    *_, last = told.scenarios.values()
    heads = [{"name": n[:1].upper() + n[1:], "kind": kind} for n, kind in zip(names, _kinds(names), strict=True)]
    notes = [*(f"{note[:1].upper()}{note[1:]}." for note in last.notes), f"Waits: {last.traffic.reason}"]
    return render(
        "sizing_result.html.j2", heads=heads, rows=rows, sentence=last.sentence, notes=notes, quarter=quarter,
        problem=problem, span=SPAN,
    )  # fmt: skip


def _known(parts: list[dict[str, Any]]) -> bool:
    """Whether there is anything to tell of a figure."""
    return any(not math.isnan(part["value"]) for part in parts)


def _kinds(names: list[str]) -> list[str]:
    """The first is as it was, the last is the one being made, those between were kept."""
    return ["was", *[f"kept{i}" for i in range(1, len(names) - 1)], "then"][: len(names)]


def _row(title: str, unit: str, parts: list[dict[str, Any]], names: list[str], currency: str) -> dict[str, Any]:
    ends = [v for part in parts for v in (part["value"], part["low"], part["high"]) if is_number(v)]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    room = (high - low) * 0.04 or max(abs(high), 1.0) * 0.5
    scale = (low - room, high + room)
    marks = [_mark(part, scale, kind, at) for at, (part, kind) in enumerate(zip(parts, _kinds(names), strict=True))]
    cells = [_cell(part, unit, currency, first=at == 0) for at, part in enumerate(parts)]
    said = "; ".join(f"{n}: {tell_figure(p, unit, currency)}" for n, p in zip(names, parts, strict=True))
    return {"title": title, "cells": cells, "marks": marks, "said": f"{title}. {said}", "height": STEP * len(parts) + 3}


def _cell(part: dict[str, Any], unit: str, currency: str, *, first: bool) -> dict[str, str]:
    value, low, high = part["value"], part["low"], part["high"]
    if value == math.inf:
        return {"figure": WITHOUT_END, "range": "", "change": ""}
    limits = (
        f"{tell(low, unit, currency)} or more" if high == math.inf
        else "" if low == high and is_number(low)
        else tell_limits(low, high, unit, currency) if is_number(low) and is_number(high) else "range not estimable"
    )  # fmt: skip
    return {"figure": tell(value, unit, currency), "range": limits if is_number(value) else "",
            "change": "" if first else _change(part["change"], unit, currency)}  # fmt: skip


def _change(change: Any, unit: str, currency: str) -> str:
    if not is_number(change):
        return ""
    size = f"{tell(100 * abs(change), 'points')} points" if unit == "_share" else tell(abs(change), unit, currency)
    if size.split()[-1] == "0" or size.split()[0] == "0":
        return ""
    return f"{'+' if change > 0 else '−'}{size}"


def _mark(part: dict[str, Any], scale: tuple[float, float], kind: str, at: int) -> dict[str, Any]:
    """Where a scenario's range and value stand in the row's picture; what has no end leaves it on the right."""

    def place(value: Any) -> float | None:
        if value == math.inf:
            return SPAN
        return round((value - scale[0]) / (scale[1] - scale[0]) * SPAN, 1) if is_number(value) else None

    return {
        "y": round(STEP * (at + 0.5) + 1.5, 1), "kind": kind, "value": place(part["value"]), "low": place(part["low"]),
        "high": place(part["high"]), "endless": math.inf in (part["value"], part["high"]),
    }  # fmt: skip


def show_hours(spread: HoursSpread, grid: list[float], *, service: str, every: bool = False) -> str:
    """The hours of the engagements as bars between the steps of the limits, with the limits and sizes drawn in."""
    if not spread.enough:
        return render("sizing_hours.html.j2", problem=spread.sentence, service=service)
    step, inside = WIDTH / (len(grid) - 1), spread.bins.set_index("from_hours")["count"]
    counts = [int(inside.get(g, 0)) for g in grid[:-1]]
    most = max([*counts, 1])
    bars = [
        {"x": round(i * step + 1, 1), "width": round(step - 2, 1), "height": round(count / most * (HEIGHT - 46), 1),
         "tier": sum(limit < (a + b) / 2 for limit in spread.limits) % 4, "said": f"{tell_hours(a)} to {tell_hours(b)}: {count}"}
        for i, (count, a, b) in enumerate(zip(counts, grid[:-1], grid[1:], strict=True))
    ]  # fmt: skip
    thin = 1 if len(grid) <= 14 else 2
    ticks = [{"x": round(i * step, 1), "text": f"{g:g}"} for i, g in enumerate(grid) if i % thin == 0]
    limits = [round(_along(limit, grid) * step, 1) for limit in spread.limits]
    return render(
        "sizing_hours.html.j2", problem="", service=service, bars=bars, ticks=ticks, limits=limits,
        sizes=_sizes(spread, limits), width=WIDTH, height=HEIGHT, changed=spread.changed, said=_say_sizes(spread),
        sentence=spread.sentence, every=every,
    )  # fmt: skip


def _along(hours: float, grid: list[float]) -> float:
    """Where hours stand on the axis whose steps are the grid, in steps."""
    for i, (a, b) in enumerate(itertools.pairwise(grid)):
        if hours <= b:
            return i + max(hours - a, 0.0) / (b - a)
    return float(len(grid) - 1)


def _sizes(spread: HoursSpread, limits: list[float]) -> list[dict[str, Any]]:
    """Name, share and standard hours of each size, in the middle of its part of the picture."""
    if not limits:
        return []
    edges = [0.0, *limits, WIDTH]
    letters = LETTERS.get(len(limits) + 1, tuple(str(i + 1) for i in range(len(limits) + 1)))
    parts = zip(itertools.pairwise(edges), letters, spread.sizes.to_dict("records"), strict=False)
    return [
        {
            "x": round((a + b) / 2, 1),
            "name": row["size"] if isinstance(row["size"], str) else letter,
            "share": tell(row["share"], "_share"),
            "narrow": b - a < 46,
            "standard": f"{tell(row['standard_hours'])} h" if is_number(row["standard_hours"]) else "",
        }
        for (a, b), letter, row in parts
    ]


def _say_sizes(spread: HoursSpread) -> str:
    said = []
    for row in spread.sizes.to_dict("records"):
        upto = f"up to {row['to_hours']:g} hours" if math.isfinite(row["to_hours"]) else "above"
        said.append(f"{upto}: {row['count']} engagements")
    return f"{spread.sentence} {'; '.join(said)}."
