"""Hours per request under another share of standard work or of self-service, sizes alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
# change: what it is a share of in words; in `kinds` its share now, and the mean hours if all or none were of the kind
KINDS = {"standard_share": "standard", "self_service_share": "self-service"}


def read_kinds(rows: pd.DataFrame, services: list[str]) -> pd.DataFrame:
    """Per service and change: <change>_now, _all, _none: its share now, and hours over now if all were of the kind, or none.

    Bespoke work is larger to begin with, so what becomes standard takes the mean of standard work of its own size (as
    quoted at intake), and likewise the other way. A size without one of the kinds takes the ratio between the kinds
    where both are known (a ratio of sums); without any it stays unknown.
    """
    self_service = (rows["tier"] == "self-service").astype("boolean").where(rows["tier"].notna())
    table = pd.DataFrame(index=services)
    by = rows["service_id"]
    present = rows["worked_hours"].groupby(by).sum()
    for change, is_kind in {"standard_share": ~rows["bespoke"], "self_service_share": self_service}.items():
        kind, other = is_kind.fillna(False).astype(bool), (~is_kind).fillna(False).astype(bool)
        table[f"{change}_now"] = is_kind.astype("Float64").astype(float).groupby(by).mean()
        for name, moved, like in (("all", other, kind), ("none", kind, other)):
            hours = rows["worked_hours"].where(~moved, _hours_of(rows, moved, like))
            table[f"{change}_{name}"] = hours.groupby(by).sum(skipna=False) / present.where(present > 0)
    return table


def _hours_of(rows: pd.DataFrame, moved: pd.Series, like: pd.Series) -> pd.Series:
    """What each row would take if it were of the kind `like`: the mean of that kind in its service and size."""
    hours = rows["worked_hours"]
    cells = [rows["service_id"], rows["size"].astype("str").fillna("")]
    new, old = (hours.where(which).groupby(cells).transform("mean") for which in (like, moved))
    both = moved & new.notna()
    ratio = new[both].sum() / old[both].sum() if old[both].sum() > 0 else np.nan
    return new.fillna(hours * ratio)


def mix_factors(kinds: pd.DataFrame, inputs: Mapping[str, Any]) -> tuple[Numbers, list[str]]:
    """By how much each service's hours per request change with its mix, and what is not known of which service."""
    factor, notes = np.ones(len(kinds)), []
    for change in sorted(KINDS.keys() & inputs.keys()):
        changed = _factor(kinds, change, inputs[change])
        unknown = list(kinds.index[np.isnan(changed)])
        factor = factor * np.where(np.isnan(changed), 1.0, changed)
        if unknown:
            some = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            notes.append(f"hours of {KINDS[change]} work are not known for {some}: left unchanged")
    return factor, notes


def _factor(kinds: pd.DataFrame, change: str, value: Any) -> Numbers:
    """Hours over those of now: from now to none, or to all, in proportion to the work that moves."""
    now, every, none = (kinds[f"{change}_{name}"].to_numpy(float) for name in ("now", "all", "none"))
    if isinstance(value, Mapping):
        share = np.array([float(value.get(s, p)) for s, p in zip(kinds.index, now, strict=True)])
        asked = np.array([s in value for s in kinds.index])
    else:
        share, asked = np.full(len(now), float(value)), np.ones(len(now), dtype=bool)
    more = share >= now
    moved = np.divide(np.abs(share - now), np.where(more, 1 - now, now), out=np.zeros(len(now)), where=share != now)
    factor = np.where(moved == 0, 1.0, 1 + moved * (np.where(more, every, none) - 1))
    return np.where(asked, np.where(np.isnan(now), np.nan, factor), 1.0)
