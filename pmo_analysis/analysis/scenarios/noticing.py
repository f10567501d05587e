"""Whom a scenario touches: customers whose service, size or price changes, or whose wait does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pmo_analysis.analysis.scenarios.changes import spread_over
from pmo_analysis.analysis.scenarios.mix import KINDS
from pmo_analysis.analysis.scenarios.work import Numbers, Work

NOTICED_DAYS = 0.5  # a wait that changes by less than half a working day is not felt


def count_noticing(
    work: Work, inputs: Mapping[str, Any], resized: npt.NDArray[np.bool_], waits: tuple[Numbers, Numbers]
) -> Numbers:
    """Customers who would notice: value, low, high.

    Low: whose service gets another share of standard or self-service work, another price, fewer of its requests
    served, or whose engagement another size. Value: everybody, where the mean wait moves by half a day; high: where
    its upper limit does.
    """
    changed = _services_changed(work, inputs)
    touched = resized | np.repeat(changed, np.diff(work.bounds))
    direct = float(np.count_nonzero(np.bincount(work.customer[touched])))
    value, high = (float(work.everybody_count) if _moved(waits, at) else direct for at in (0, 2))
    return np.array([value, direct, max(value, high)])


def _services_changed(work: Work, inputs: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Whether something other than more requests changes, by service."""
    changed = spread_over(inputs.get("volume"), work.services, 1.0) < 1
    changed |= spread_over(inputs.get("price"), work.services, 1.0) != 1
    for name in KINDS.keys() & inputs.keys():
        now = work.kinds[f"{name}_now"].to_numpy(float)
        wanted = spread_over(inputs[name], work.services, np.nan)
        changed |= np.isfinite(wanted) & (wanted != now)
    return changed


def _moved(waits: tuple[Numbers, Numbers], at: int) -> bool:
    before, after = waits[0][at], waits[1][at]
    return bool(before != after and abs(after - before) >= NOTICED_DAYS)
