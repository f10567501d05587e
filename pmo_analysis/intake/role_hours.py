"""The PMO's hours by role: on each of some engagements, told by numbers instead of names, and in all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pmo_analysis.intake.booked import PER_UNIT, Booked, read_booked
from pmo_analysis.intake.dataset import Dataset

# Sums kept at once: of more engagements and roles, some roles are summed after others.
_MOST_SUMS = 50_000_000


def number_booked(data: Dataset, engagement_ids: pd.Series) -> np.ndarray:
    """The number of each engagement among all that have bookings or are known; −1 for a blank.

    Names that are alike have the same number; numbers are short to keep and quick to join.
    """
    if not data.has("effort"):
        return pd.factorize(engagement_ids)[0]
    names = read_booked(data).names["engagement_id"]
    if pd.Index(engagement_ids, dtype="str").equals(names):
        return np.arange(len(names), dtype="int32")
    found = pc.index_in(pa.array(engagement_ids, pa.large_string()), value_set=pa.array(names, pa.large_string()))
    return found.fill_null(-1).to_numpy()


def sum_role_hours(data: Dataset, engagements: np.ndarray) -> pd.DataFrame:
    """The PMO's hours on some engagements, whenever worked: engagement_id (`number_booked`), role (category), worked_hours.

    Sorted; without a row where no hour can be read. A booking that names no side is on its role's, else the PMO's.
    """
    wanted = np.unique(engagements[engagements >= 0])
    if not data.has("effort"):
        return pd.DataFrame({"engagement_id": wanted[:0], "role": pd.Categorical([]), "worked_hours": np.zeros(0)})
    booked = read_booked(data)
    place = np.full(len(booked.names["engagement_id"]) + 1, -1, "int32")
    place[wanted] = np.arange(len(wanted))
    count, step = len(booked.names["role"]) + 1, max(_MOST_SUMS // max(len(wanted), 1), 1)
    parts = [_sum_roles(data, place, len(wanted), range(i, min(i + step, count))) for i in range(0, count, step)]
    row, role, units = (np.concatenate(part) for part in zip(*parts, strict=True))
    if len(parts) > 1:
        order = np.lexsort([role, row])
        row, role, units = row[order], role[order], units[order]
    names = pd.Categorical.from_codes(role - 1, booked.names["role"])
    return pd.DataFrame({"engagement_id": wanted[row], "role": names, "worked_hours": units / PER_UNIT})


def _sum_roles(data: Dataset, place: np.ndarray, count: int, roles: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of some roles (0 the blank one, then one more than the number) what was worked: engagement's place, role, units."""
    booked = read_booked(data)
    slot = booked.kinds["role"].to_numpy() + 1 - roles.start
    ours = find_ours(data, booked) & (slot >= 0) & (slot < len(roles))
    sums, known = np.zeros(count * len(roles)), np.zeros(count * len(roles), "bool")
    for month in booked.months.values():
        for chunk in month.chunks():
            kind, own = month.kind[chunk], place[month.engagement[chunk]]
            some = np.flatnonzero((own >= 0) & ours[kind])
            at = own[some].astype("int64") * len(roles) + slot[kind[some]]
            np.add.at(sums, at, month.units[chunk][some].astype("float64"))
            known[at] = True
    found = np.flatnonzero(known)
    row, role = np.divmod(found, len(roles))
    return row.astype("int32"), (role + roles.start).astype("int16"), sums[found]


def total_role_hours(data: Dataset) -> pd.DataFrame:
    """The PMO's hours by role, whenever and on whatever worked, and those on an engagement: role, worked_hours, linked_hours."""
    if not data.has("effort"):
        return pd.DataFrame({"role": pd.Series(dtype="str"), "worked_hours": np.zeros(0), "linked_hours": np.zeros(0)})
    booked = read_booked(data)
    kinds, ours = booked.kinds, find_ours(data, booked)
    sums = np.zeros((3, len(kinds)))
    for month in booked.months.values():
        for chunk in month.chunks():
            kind, units = month.kind[chunk], month.units[chunk]
            linked = month.engagement[chunk] >= 0
            sums[0] += np.bincount(kind, units, len(kinds))
            sums[1] += np.bincount(kind[linked], units[linked], len(kinds))
            sums[2] += np.bincount(kind, minlength=len(kinds))
    table = pd.DataFrame({"worked_hours": sums[0] / PER_UNIT, "linked_hours": sums[1] / PER_UNIT})
    told = table[ours & (kinds["role"] >= 0) & (sums[2] > 0)].groupby(kinds["role"]).sum()
    role = pd.Series(booked.names["role"][told.index], dtype="str")
    return told.reset_index(drop=True).assign(role=role)[["role", "worked_hours", "linked_hours"]]


def find_ours(data: Dataset, booked: Booked) -> np.ndarray:
    """Which kinds of bookings (`Booked.kinds`) are the PMO's hours and can be read; without a side, by their role's, else so."""
    roles, kinds = data.frame("roles", ["role", "side"]).dropna().drop_duplicates("role"), booked.kinds
    customers = np.append(booked.names["role"].isin(roles.loc[roles["side"] == "customer", "role"]), False)
    side = kinds["side"].to_numpy()
    return np.where(side == "untold", ~customers[kinds["role"]], side == "pmo") & kinds["readable"].to_numpy()
