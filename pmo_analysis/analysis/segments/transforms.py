"""Each quantity on the scale on which groups are round: a power, chosen within groups, free of units.

Box–Cox (1964) for columns that are never negative, Yeo–Johnson (2000) otherwise. Powers are compared by the
within-group variance after division by the geometric mean of the derivative, so that likelihoods of different
powers are comparable and units drop out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

CLIP = 4.0
_POWERS = {-0.5: 1.0, 0.0: 0.0, 0.5: 1.0, 1.0: 0.0, 2.0: 0.5, 3.0: 1.0}
_SMALLEST = 1e-9


def fit_transform(column: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """The transform of one column (JSON-safe), with the power that makes it roundest within the groups."""
    known = np.isfinite(column)
    x, labels = column[known], groups[known]
    base = _base(x)
    # With zeros or both signs a negative or high power would tear the column apart at zero.
    powers = [p for p in _POWERS if (base["kind"] == "power" and not base["offset"]) or 0 <= p <= 2]
    costs = [_cost(x, labels, base, p) for p in powers]
    spec = {**base, "power": float(powers[int(np.argmin(costs))])}
    z = _bend(x, spec)
    return {
        **spec,
        "location": float(z.mean()),
        "spread": float(z.std()) or 1.0,
        "lowest": float(x.min()),
        "highest": float(x.max()),
        "median": float(np.median(x)),
    }


def apply_transform(column: np.ndarray, spec: Mapping[str, Any]) -> np.ndarray:
    """A column in standard deviations of the cut; beyond four it counts as four, so that one cell decides nothing."""
    return np.clip((_bend(column, spec) - spec["location"]) / spec["spread"], -CLIP, CLIP)


def _base(x: np.ndarray) -> dict[str, Any]:
    if x.min() >= 0:
        positive = x[x > 0]
        offset = float(positive.min() / 2) if (x == 0).any() else 0.0
        return {"kind": "power", "centre": float(np.median(positive)), "offset": offset}
    centre = float(np.median(x))
    spread = 1.4826 * float(np.median(np.abs(x - centre))) or float(x.std()) or 1.0
    return {"kind": "signed", "centre": centre, "offset": spread}


def _bend(x: np.ndarray, spec: Mapping[str, Any]) -> np.ndarray:
    power = spec["power"]
    if spec["kind"] == "power":
        u = np.maximum((x + spec["offset"]) / spec["centre"], _SMALLEST)
        return np.log(u) if power == 0 else (u**power - 1) / power
    u = (x - spec["centre"]) / spec["offset"]
    up, down = np.maximum(u, 0), np.maximum(-u, 0)
    right = np.log1p(up) if power == 0 else ((1 + up) ** power - 1) / power
    left = np.log1p(down) if power == 2 else ((1 + down) ** (2 - power) - 1) / (2 - power)
    return right - left + 0 * u


def _log_slope(x: np.ndarray, spec: Mapping[str, Any]) -> np.ndarray:
    if spec["kind"] == "power":
        return (spec["power"] - 1) * np.log((x + spec["offset"]) / spec["centre"])
    u = (x - spec["centre"]) / spec["offset"]
    return np.sign(u) * (spec["power"] - 1) * np.log1p(np.abs(u))


def _cost(x: np.ndarray, labels: np.ndarray, base: Mapping[str, Any], power: float) -> float:
    spec = {**base, "power": power}
    z = _bend(x, spec) / np.exp(_log_slope(x, spec).mean())
    count = np.bincount(labels)
    means = np.bincount(labels, z) / np.maximum(count, 1)
    within = ((z - means[labels]) ** 2).mean()
    return 0.5 * len(x) * np.log(max(within, _SMALLEST**2)) + _POWERS[power]
