"""What lies on the desk while somebody sizes: the scenario now, what it was before, and those kept to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pmo_analysis.analysis.scenarios import Scenario

MOST_KEPT = 3
MOST_STEPS = 200


@dataclass(frozen=True, eq=False)
class Desk:
    """The scenario now; `past` and `future` for undo and redo; `kept` by name; `last` is the control moved last."""

    now: Scenario
    past: tuple[Scenario, ...] = ()
    future: tuple[Scenario, ...] = ()
    kept: Mapping[str, Scenario] = field(default_factory=dict)
    last: str = ""


def put(desk: Desk, scenario: Scenario, control: str) -> Desk:
    """Another scenario on the desk; moving one control further is one step of undo, however many values it passes."""
    past = desk.past if control and control == desk.last else (*desk.past, desk.now)[-MOST_STEPS:]
    return replace(desk, now=scenario, past=past, future=(), last=control)


def undo(desk: Desk) -> Desk:
    """The scenario before; the same desk where there is none."""
    if not desk.past:
        return desk
    return replace(desk, now=desk.past[-1], past=desk.past[:-1], future=(desk.now, *desk.future), last="")


def redo(desk: Desk) -> Desk:
    """The scenario that was undone last; the same desk where there is none."""
    if not desk.future:
        return desk
    return replace(desk, now=desk.future[0], past=(*desk.past, desk.now), future=desk.future[1:], last="")


def keep(desk: Desk, name: str) -> Desk:
    """The scenario now as a column beside; the oldest goes where there are too many."""
    kept = {n: s for n, s in desk.kept.items() if n != name}
    kept = dict(list(kept.items())[-(MOST_KEPT - 1) :])
    return replace(desk, kept={**kept, name: desk.now})
