"""The people of a scenario: their hours and their cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.scenarios.work import Numbers
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings


@dataclass(frozen=True)
class Team:
    """Full-time equivalents, the practical hours they have in the quarter, and what these are paid."""

    fte: float
    hours: float
    paid_cost: float
    notes: tuple[str, ...] = ()


def read_staff(capacity: pd.DataFrame, rates: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """role, fte, practical_hours, capacity_cost, used_hours of each role.

    Blank practical hours are a share of the theoretical ones (setting practical_share), a blank cost is rate × hours.
    """
    missing = [c for c in ("role", "fte") if c not in capacity]
    if missing:
        raise InputError(f"The capacity table has no column {missing[0]}.")
    numbers = ["fte", "practical_hours", "theoretical_hours", "capacity_cost", "used_hours"]
    table = capacity.reindex(columns=["role", *numbers]).astype({**dict.fromkeys(numbers, float), "role": "str"})
    hours = table["practical_hours"].fillna(table["theoretical_hours"] * settings["practical_share"])
    hourly = table["role"].map(rates.drop_duplicates("role").set_index("role")["hourly_cost"]).astype(float)
    table = table.assign(practical_hours=hours, capacity_cost=table["capacity_cost"].fillna(hourly * hours))
    return table.drop(columns="theoretical_hours").reset_index(drop=True)


def share_out(staff: pd.DataFrame, change: Any) -> dict[str, float]:
    """Full-time equivalents by role under a change; a total is shared out as now."""
    now = dict(zip(staff["role"], staff["fte"].fillna(0.0), strict=True))
    if isinstance(change, dict):
        return {**now, **change}
    total = sum(now.values())
    if change is None:
        return now
    return {role: fte * change / total if total > 0 else change / len(now) for role, fte in now.items()}


def build_team(staff: pd.DataFrame, change: Any) -> Team:
    """The team under a change of its full-time equivalents; a role without people now works the others' hours."""
    fte = np.array(list(share_out(staff, change).values()))
    now, hours, cost = (staff[c].to_numpy(float) for c in ("fte", "practical_hours", "capacity_cost"))
    each_hours = _each(hours, now)
    each_cost = _each(cost, hours) * each_hours
    told = [r for r, f, h in zip(staff["role"], fte, each_hours, strict=True) if f > 0 and not np.isfinite(h)]
    notes = (f"no practical hours are stated for {', '.join(told)}: not counted as capacity",) if told else ()
    counted = (fte > 0) & np.isfinite(each_hours)
    supplied = float((fte * each_hours)[counted].sum()) if counted.any() or not fte.any() else float("nan")
    return Team(float(fte[counted].sum()), supplied, float((fte * each_cost)[counted].sum()), notes)


def _each(sums: Numbers, by: Numbers) -> Numbers:
    """The ratio of each role; that of all together where a role has nobody."""
    known = np.isfinite(sums) & (by > 0)
    usual = sums[known].sum() / by[known].sum() if known.any() else np.nan
    return np.divide(sums, by, out=np.full(len(sums), usual), where=by > 0)
