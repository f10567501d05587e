"""Standard hours of engagements, and hours without an engagement allocated by them.

Hours and money are whole ten-thousandths (of an hour, of the currency) while they are summed, as the contract
stores them: such sums are exact and do not depend on the order of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.intake.bookings import AMOUNTS, PER_UNIT
from pmo_analysis.intake.dataset import Dataset

__all__ = ["AMOUNTS", "PER_UNIT", "allocate_hours", "list_names", "standard_hours"]


def standard_hours(data: Dataset, engagements: pd.DataFrame) -> pd.Series:
    """The standard hours of each engagement's size, as valid on the day of its request (else its start).

    Where the size is not known: the median standard of the service's sizes. Index as `engagements`.
    """
    offered = data.frame("offerings", ["service_id", "size", "standard_hours", "valid_from_on"]).dropna(
        subset=["service_id", "standard_hours"]
    )
    asked = engagements["requested_on"].fillna(engagements["started_on"])
    wanted = pd.DataFrame({"service_id": engagements["service_id"], "size": engagements["size_quoted"], "asked": asked})
    # Few services, sizes and days: each is looked up once, however many engagements have it.
    groups = wanted.groupby(list(wanted), dropna=False, sort=False, observed=True)
    number, kinds = (
        groups.ngroup().to_numpy(),
        wanted[~wanted.duplicated()].astype({"service_id": "str", "size": "str"}),
    )
    return pd.Series(_look_up(kinds.reset_index(drop=True), offered)[number], index=engagements.index, dtype="float64")


def _look_up(wanted: pd.DataFrame, offered: pd.DataFrame) -> np.ndarray:
    """The standard hours of each service_id, size and day asked."""
    pairs = wanted.reset_index(names="row").merge(offered, on=["service_id", "size"])
    valid = pairs[(pairs["valid_from_on"] <= pairs["asked"]) | pairs["valid_from_on"].isna()]
    first = pairs.sort_values("valid_from_on").drop_duplicates("row")
    latest = valid.sort_values("valid_from_on", na_position="first").drop_duplicates("row", keep="last")
    exact = latest.set_index("row")["standard_hours"].combine_first(first.set_index("row")["standard_hours"])
    usual = wanted["service_id"].map(offered.groupby("service_id")["standard_hours"].median())
    return exact.reindex(wanted.index).astype("float64").fillna(usual).to_numpy("float64")


def allocate_hours(cells: pd.DataFrame, active: pd.DataFrame | None) -> pd.DataFrame:
    """Hours and money without an engagement, split over what the customer had active, by standard hours.

    `cells`: quarter, customer_id, service_id, size and AMOUNTS; `active`: customer_id, service_id, size,
    standard_hours of active engagements (None: nothing is split). Adds `allocated`. What cannot be split stays
    without a service. Every sum stays exact.
    """
    if active is None:
        return cells.assign(allocated=False)
    names = {c: pd.CategoricalDtype(list_names(cells[c], active[c])) for c in ("customer_id", "service_id", "size")}
    cells, active = cells.astype(names), active.astype(names)
    pairs = active[active["standard_hours"] > 0].groupby(["customer_id", "service_id", "size"], dropna=False)
    weights = pairs["standard_hours"].sum().reset_index()
    loose = cells["service_id"].isna() & cells["customer_id"].isin(weights["customer_id"].unique())
    bundles = cells[loose].groupby(["quarter", "customer_id"], as_index=False)[AMOUNTS].sum(min_count=1)
    parts = bundles.reset_index(names="bundle").merge(weights, on="customer_id")
    parts = _share_out(parts.sort_values(["bundle", "service_id", "size"], ignore_index=True))
    kept = cells[~loose].assign(allocated=False)
    parts = parts.assign(allocated=True)[kept.columns]
    return pd.concat([kept, parts], ignore_index=True) if len(parts) else kept


def list_names(*columns: pd.Series) -> list[str]:
    """All texts of some columns in their order, blank ones left out."""
    return sorted(set().union(*(_names_of(column) for column in columns)))


def _names_of(column: pd.Series) -> Any:
    categories = isinstance(column.dtype, pd.CategoricalDtype)
    return column.cat.categories if categories else column.dropna().unique()


def _share_out(parts: pd.DataFrame) -> pd.DataFrame:
    """Each bundle's whole amounts over its rows by standard hours: cumulative shares rounded, then differenced."""
    weight = parts["standard_hours"].groupby(parts["bundle"])
    share = (weight.cumsum() / weight.transform("sum")).to_numpy()
    first = ~parts["bundle"].duplicated().to_numpy()
    reached = np.rint(parts[AMOUNTS].to_numpy("float64") * share[:, None])
    before = np.vstack([np.zeros((1, len(AMOUNTS))), reached[:-1]]) if len(parts) else reached
    return parts.assign(**dict(zip(AMOUNTS, (reached - np.where(first[:, None], 0.0, before)).T, strict=True)))
