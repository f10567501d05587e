"""What may be changed in a scenario, within which range, and for whom."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.contract.errors import SettingError, nearest

MOST_LIMITS = 9
# name: lowest, highest, keyed by, what it means
CHANGES: dict[str, tuple[float, float, str, str]] = {
    "volume": (0.0, 100.0, "service", "requests as a multiple of now (1.1 = a tenth more)"),
    "tier_limits": (0.0, 1e6, "service", "hours up to which each size goes, ascending"),
    "standard_share": (0.0, 1.0, "service", "share of the work that is standard, not bespoke"),
    "self_service_share": (0.0, 1.0, "service", "share of the work that is self-service"),
    "price": (0.0, 100.0, "service", "price as a multiple of now"),
    "fte": (0.0, 1e6, "role", "full-time equivalents: of each role named, or of all together"),
}


def checked_changes(changes: Mapping[str, Any], services: Iterable[str], roles: Iterable[str]) -> dict[str, Any]:
    """The changes as plain numbers, lists and mappings; a SettingError names what is unknown or out of range."""
    known = {"service": list(services), "role": list(roles)}
    return {name: _checked(name, value, known) for name, value in sorted(changes.items())}


def merge_changes(
    before: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Changes on top of changes: a number replaces what was there for all, a mapping only for those it names.

    `names`: the services and the roles, so that a number for all can be kept for those that a mapping leaves out.
    """
    merged = dict(before)
    for name, value in new.items():
        old = before.get(name)
        if isinstance(value, dict) and old is not None:
            kept = old if isinstance(old, dict) else dict.fromkeys(names[CHANGES[name][2]], old)
            value = dict(sorted({**kept, **value}.items()))
        merged[name] = value
    return merged


def _checked(name: str, value: Any, known: Mapping[str, list[str]]) -> Any:
    if name not in CHANGES:
        raise SettingError(f"A scenario has no change {name!r}. {nearest(name, CHANGES)}")
    if isinstance(value, pd.Series):
        value = value.to_dict()
    if isinstance(value, Mapping):
        by = CHANGES[name][2]
        unknown = [str(key) for key in value if str(key) not in known[by]]
        if unknown:
            hint = nearest(unknown[0], known[by])
            raise SettingError(f"{name} names the {by} {unknown[0]!r}, which is not in the scenario. {hint}")
        return {str(key): _value(name, value[key]) for key in sorted(value, key=str)}
    return _value(name, value)


def _value(name: str, value: Any) -> Any:
    return _limits(value) if name == "tier_limits" else _number(name, value)


def _number(name: str, value: Any) -> float:
    low, high, _by, meaning = CHANGES[name]
    if not _is_number(value):
        raise SettingError(f"{name} must be a number or a mapping to numbers ({meaning}), not {value!r}.")
    if not low <= value <= high:
        raise SettingError(f"{name} = {value!r} is outside {low:g} to {high:g} ({meaning}).")
    return float(value)


def _limits(value: Any) -> list[float]:
    limits = [value] if _is_number(value) else list(value) if isinstance(value, list | tuple | np.ndarray) else []
    highest = CHANGES["tier_limits"][1]
    if not limits or not all(_is_number(v) and 0 < v <= highest for v in limits):
        raise SettingError(
            f"tier_limits must be hours above zero and up to {highest:,.0f}, such as [8, 40], not {value!r}."
        )
    if any(a >= b for a, b in itertools.pairwise(limits)):
        raise SettingError(f"tier_limits must rise, each above the one before, not {value!r}.")
    if len(limits) > MOST_LIMITS:
        raise SettingError(
            f"tier_limits has {len(limits)} limits; more than {MOST_LIMITS} are no sizes anybody can choose from."
        )
    return [float(v) for v in limits]


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return known and math.isfinite(value)


def spread_over(value: Any, names: Sequence[str], default: float) -> npt.NDArray[np.float64]:
    """A change as one number per name: the same for all, or by mapping with the default for the rest."""
    if isinstance(value, Mapping):
        return np.array([float(value.get(n, default)) for n in names])
    return np.full(len(names), default if value is None else float(value))
