"""The controls of what-if sizing: their values from a scenario, and a moved one as its change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets

from pmo_analysis.analysis.scenarios import HoursSpread, Scenario
from pmo_analysis.contract.showing import without_formulas

ALL = ""  # a selection widget shows nothing chosen where the value is None
GRID = (
    0.1,
    0.25,
    0.5,
    1,
    1.5,
    2,
    3,
    4,
    6,
    8,
    12,
    16,
    24,
    32,
    40,
    60,
    80,
    120,
    160,
    240,
    320,
    480,
    640,
    960,
    1280,
    2560,
)
SHARES = {"standard_share": "Standard share, %", "self_service_share": "Self-service share, %"}
MULTIPLES = {"volume": "Requests, × now", "price": "Price, × now"}
_STYLE = {"description_width": "40%"}
_WIDE = "100%"


def build_sliders() -> dict[str, ipywidgets.Widget]:
    """One slider per change of a service's work, in the order in which they stand."""
    sliders: dict[str, ipywidgets.Widget] = {
        name: ipywidgets.FloatSlider(1.0, min=0.0, max=3.0, step=0.05, description=title, **_wide())
        for name, title in MULTIPLES.items()
    }
    sliders |= {
        name: ipywidgets.IntSlider(0, min=0, max=100, step=1, description=title, **_wide())
        for name, title in SHARES.items()
    }
    return {name: sliders[name] for name in ("volume", *SHARES, "price")}


def build_staff(fte: Mapping[str, float]) -> dict[str, ipywidgets.FloatSlider]:
    """One slider per role, up to twice the people there are."""
    return {
        role: ipywidgets.FloatSlider(
            value,
            min=0.0,
            max=math.ceil(2 * value + 1),
            step=0.1,
            description=without_formulas(role),
            readout_format=".1f",
            **_wide(),
        )
        for role, value in fte.items()
    }


def build_limits(grid: list[float], limits: tuple[float, float]) -> ipywidgets.SelectionRangeSlider:
    """The limits of three sizes, under the picture of the hours and as wide as it.

    A new one for each service: a slider whose steps are changed sends its old place back as if somebody had moved it.
    """
    slider = ipywidgets.SelectionRangeSlider(
        options=[(tell_hours(g), g) for g in grid], value=limits, readout=False,
        layout=ipywidgets.Layout(width="100%", margin="0"),
    )  # fmt: skip
    slider.add_class("pmo-sizing-limits")
    return slider


def build_chooser(title: str, options: Iterable[tuple[str, str]]) -> ipywidgets.Dropdown:
    """A list to choose one from."""
    style = {"description_width": "auto"}
    return ipywidgets.Dropdown(
        options=list(options), description=title, style=style, layout=ipywidgets.Layout(width="auto", max_width="27em")
    )


def _wide() -> dict[str, Any]:
    return {"style": _STYLE, "layout": ipywidgets.Layout(width=_WIDE)}


def value_of(scenario: Scenario, name: str, service: str) -> float | None:
    """Where a slider stands: what the scenario changes for a service (or all), None where that is nothing or differs."""
    change = scenario.inputs.get(name)
    if isinstance(change, Mapping):
        change = change.get(service)
    return change if isinstance(change, float) else None


def read_move(name: str, value: Any, service: str) -> dict[str, Any]:
    """A moved slider as a change of `pmo.what_if`, for all services or the one chosen."""
    told = value / 100 if name in SHARES else _limits(value) if name == "tier_limits" else float(value)
    return {name: told if service == ALL else {service: told}}


def _limits(value: tuple[float, float]) -> list[float]:
    return sorted({float(v) for v in value if v > 0})


def span_grid(spread: HoursSpread) -> list[float]:
    """Round numbers of hours from below the shortest work to above the longest: the steps of the limits."""
    rows = spread.bins[spread.bins["count"] > 0]
    low, high = float(rows["from_hours"].min()), float(rows["to_hours"].max())
    high = max([high, *spread.limits]) if math.isfinite(high) else GRID[-1]
    low = min([low, *spread.limits])
    inside = [0.0, *(float(g) for g in GRID)]
    first = max(i for i, g in enumerate(inside) if g <= low)
    last = min((i for i, g in enumerate(inside) if g >= high), default=len(inside) - 1)
    return inside[first : max(last, first + 3) + 1]


def place_limits(limits: tuple[float, ...], grid: list[float]) -> tuple[float, float]:
    """Where the two handles stand for limits that need not be on the grid: at the nearest steps."""
    wanted = (limits[0], limits[-1]) if limits else (grid[len(grid) // 3], grid[2 * len(grid) // 3])
    low, high = (min(grid, key=lambda g: abs(math.log(g + 0.05) - math.log(w + 0.05))) for w in wanted)
    return low, high


def tell_hours(hours: float) -> str:
    """A step of the grid in words."""
    return f"{hours:.3g} h"
