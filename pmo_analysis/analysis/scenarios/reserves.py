"""What a set of size limits reserves in vain, and what it promises too little, of the work as it was."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmo_analysis.analysis.scenarios.work import Numbers, Work


@dataclass(frozen=True)
class Size:
    """One size: rows from `start` to before `stop` fall in it, `standard_hours` is what it reserves."""

    start: int
    stop: int
    enough: int
    standard_hours: float


@dataclass(frozen=True, eq=False)
class Reserves:
    """Per service the spare and the missing hours of its sizes, with squares, and the customers whose size changes."""

    sums: dict[str, Numbers]
    squares: dict[str, Numbers]
    resized: Any
    notes: list[str]


def cut_sizes(work: Work, service: str, limits: list[float]) -> list[Size]:
    """The sizes that limits make of a service's work: each reserves the newsvendor's quantile of what falls in it.

    A spare hour costs `over_cost`, a missing one `under_cost` (settings); sizes that nothing falls in are left out.
    """
    part = work.rows_of(service)
    under, over = work.settings["under_cost"], work.settings["over_cost"]
    within = np.searchsorted(work.hours[part], limits, side="right") + part.start
    cuts = [part.start, *(int(c) for c in within), part.stop]
    sizes = []
    for start, stop in itertools.pairwise(cuts):
        if stop > start:
            enough = start + max(int(np.ceil(under / (under + over) * (stop - start) - 1e-9)), 1)
            sizes.append(Size(start, stop, enough, float(work.hours[enough - 1])))
    return sizes


def reserve_hours(work: Work, limits: Any) -> Reserves:
    """Spare and missing hours by service, by new limits where there are any and by the present sizes elsewhere."""
    names = ("spare_hours", "missing_hours")
    sums, squares = ({n: table[n].copy() for n in names} for table in (work.sums, work.squares))
    resized, few = np.zeros(len(work.rows), dtype=bool), []
    for at, service in enumerate(work.services):
        own = limits.get(service) if isinstance(limits, dict) else limits
        if own is None:
            continue
        if work.count[at] < work.settings["minimum_estimate"] or not np.isfinite(work.sums["worked_hours"][at]):
            few.append(service)
            continue
        sizes = cut_sizes(work, service, own)
        told = np.sum([_of_size(work, size) for size in sizes], axis=0)
        for name, total, square in zip(names, told[:2], told[2:], strict=True):
            sums[name][at], squares[name][at] = total, square
        _mark_resized(work, sizes, resized)
    return Reserves(sums, squares, resized, _note(few))


def _of_size(work: Work, size: Size) -> Numbers:
    """Spare and missing hours of one size, and the sums of their squares, from running sums."""
    hours, squares = work.running
    standard = size.standard_hours
    told = []
    for first, last, sign in ((size.start, size.enough, 1.0), (size.enough, size.stop, -1.0)):
        count, total = last - first, hours[last] - hours[first]
        square = squares[last] - squares[first]
        told.append((sign * (standard * count - total), standard**2 * count - 2 * standard * total + square))
    return np.maximum([told[0][0], told[1][0], told[0][1], told[1][1]], 0.0)


def _mark_resized(work: Work, sizes: list[Size], resized: Any) -> None:
    for size in sizes:
        part = slice(size.start, size.stop)
        resized[part] = work.standard[part] != size.standard_hours


def _note(few: list[str]) -> list[str]:
    if not few:
        return []
    some = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
    return [f"too few engagements to say what sizes would reserve for {some}: left unchanged"]
