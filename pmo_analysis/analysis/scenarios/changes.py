"""What may be changed in a scenario, within which range, and for whom."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import SettingError, nearest

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
        return {str(key): _number(name, value[key]) for key in sorted(value, key=str)}
    return _number(name, value)


def _number(name: str, value: Any) -> Any:
    low, high, _by, meaning = CHANGES[name]
    if name == "tier_limits":
        return _limits(value)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
        raise SettingError(f"{name} must be a number or a mapping to numbers ({meaning}), not {value!r}.")
    if not low <= value <= high:
        raise SettingError(f"{name} = {value!r} is outside {low:g} to {high:g} ({meaning}).")
    return float(value)


def _limits(value: Any) -> list[float]:
    limits = [float(v) for v in np.atleast_1d(np.asarray(value, dtype=float))]
    rising = all(a < b for a, b in zip([0.0, *limits], limits, strict=False))
    if not limits or not rising or not all(math.isfinite(v) for v in limits):
        raise SettingError(f"tier_limits must be hours above zero, each above the one before, not {value!r}.")
    return limits


def spread_over(value: Any, names: list[str], default: float) -> np.ndarray:
    """A change as one number per name: the same for all, or by mapping with the default for the rest."""
    if isinstance(value, Mapping):
        return np.array([float(value.get(n, default)) for n in names])
    return np.full(len(names), default if value is None else float(value))
