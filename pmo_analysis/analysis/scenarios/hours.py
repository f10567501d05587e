"""How the hours of a service's work are spread, and which of them each size holds: what limits are drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pmo_analysis.analysis.scenarios.arithmetic import Scenario
from pmo_analysis.analysis.scenarios.reserves import cut_sizes
from pmo_analysis.contract.errors import SettingError, nearest
from pmo_analysis.contract.showing import show_result

USUAL_EDGES = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, eq=False)
class HoursSpread:
    """Hours of the engagements of one service, or of all.

    bins: from_hours, to_hours, count; the first begins at nought, the last has no end · sizes: size, from_hours, to_hours,
    standard_hours (blank for all services together), count, share; of the scenario's limits, else of the present sizes
    limits: hours between sizes · changed: whether they are the scenario's · count: engagements · enough: to say anything
    """

    bins: pd.DataFrame
    sizes: pd.DataFrame
    limits: tuple[float, ...]
    changed: bool
    count: int
    enough: bool
    sentence: str = field(default="")

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.sizes)


def spread_hours(
    scenario: Scenario, service: str | None = None, *, edges: Sequence[float] = USUAL_EDGES
) -> HoursSpread:
    """The hours of a service's engagements in a scenario, counted between edges, with the limits of its sizes.

    None = all services together. SettingError where the scenario has no such service.
    """
    work = scenario.work
    if service is not None and service not in work.services:
        raise SettingError(f"The scenario has no service {service!r}. {nearest(service, work.services)}")
    part = slice(0, len(work.rows)) if service is None else work.rows_of(service)
    hours, standard = work.hours[part], work.standard[part]
    own = scenario.inputs.get("tier_limits")
    own = own.get(service or "") if isinstance(own, dict) else own
    limits = tuple(own) if own else _limits_now(standard) if service is not None else ()
    count, least = len(hours), work.settings["minimum_estimate"]
    sizes = _tell_sizes(scenario, service, list(limits), changed=own is not None)
    told = f"{count} {'engagement' if count == 1 else 'engagements'}"
    few = f"Too few to say how the hours are spread: {told}, and {least} are needed."
    return HoursSpread(
        _count(hours, edges), sizes, limits, own is not None, count, count >= least,
        f"{told} of {np.median(hours):.2g} hours in the middle." if count >= least else few,
    )  # fmt: skip


def _limits_now(standard: np.ndarray) -> tuple[float, ...]:
    """Half way between the standard hours that are offered: nearer work is better held by the one than by the other."""
    offered = np.unique(standard[np.isfinite(standard)])
    return tuple(float(v) for v in (offered[1:] + offered[:-1]) / 2)


def _count(hours: np.ndarray, edges: Sequence[float]) -> pd.DataFrame:
    """A job of exactly an edge's hours belongs below it, as it does to the size that the edge limits."""
    at = np.searchsorted(np.asarray(edges, float), hours, side="left")
    counts = np.bincount(at, minlength=len(edges) + 1)
    return pd.DataFrame({"from_hours": [0.0, *edges], "to_hours": [*edges, np.inf], "count": counts})


def _tell_sizes(scenario: Scenario, service: str | None, limits: list[float], *, changed: bool) -> pd.DataFrame:
    work = scenario.work
    part = slice(0, len(work.rows)) if service is None else work.rows_of(service)
    hours, standard = work.hours[part], work.standard[part]
    rows = _count(hours, limits).assign(standard_hours=np.nan, size=None)
    rows["share"] = rows["count"] / max(len(hours), 1)
    if service is not None and changed:
        cut = {
            int(np.searchsorted(limits, s.standard_hours)): s.standard_hours for s in cut_sizes(work, service, limits)
        }
        rows["standard_hours"] = [cut.get(tier, np.nan) for tier in range(len(rows))]
    elif service is not None:
        offered = np.unique(standard[np.isfinite(standard)])
        rows["standard_hours"] = offered if len(offered) == len(rows) else np.nan
        names = work.rows[part].drop_duplicates("standard_hours").set_index("standard_hours")["size"]
        rows["size"] = rows["standard_hours"].map(names)
    return rows[["size", "from_hours", "to_hours", "standard_hours", "count", "share"]]
