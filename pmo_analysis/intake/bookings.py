"""Hours booked, summed where the rows lie: exact, in one order, each on a side."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import pandas as pd

from pmo_analysis.intake.dataset import Dataset


def sum_hours(data: Dataset, *keys: str, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Hours by the keys, role and side, sorted: keys, role, side (pmo or customer), worked_hours.

    Bookings from `first` to `last`, where given. A booking that names no side is on its role's, else the PMO's.
    Sums without a single readable hour are left out. Empty where nothing is booked.
    """
    columns = list(dict.fromkeys([*keys, "role", "side"]))
    if not data.has("effort"):
        return pd.DataFrame({c: pd.Series(dtype="str") for c in columns} | {"worked_hours": pd.Series(dtype="float64")})
    day, hours, rows = nw.col("worked_on"), nw.col("worked_hours"), data["effort"]
    rows = rows.filter(day >= first) if first else rows
    rows = rows.filter(day <= last) if last else rows
    sums = rows.group_by(*columns).agg(hours.sum(), hours.count().alias("bookings")).collect().to_pandas()
    sums = sums[sums["bookings"] > 0].sort_values(columns, ignore_index=True)  # sums of floats depend on their order
    sums = sums.astype(dict.fromkeys(columns, "str") | {"worked_hours": "float64"})
    sides = data.frame("roles", ["role", "side"]).dropna().drop_duplicates("role").set_index("role")["side"]
    side = sums["side"].fillna(sums["role"].map(sides).astype("str")).fillna("pmo")
    return sums.assign(side=side).drop(columns="bookings")
