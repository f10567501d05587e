"""Engagements whose names are numbers into short sorted lists: a million texts are slow to compare, group and join."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.dataset import Dataset

_FEW = ("customer_id", "service_id", "project_id", "size_quoted", "state")
# What costs and measures ask of an engagement; of a long table nothing else is read and kept.
_COLUMNS = (
    "engagement_id", *_FEW, "requested_on", "started_on", "promised_on", "delivered_on", "charged_cost", "reworked",
    "approval_count", "document_count", "touchpoint_count",
)  # fmt: skip


def number_engagements(data: Dataset) -> pd.DataFrame:
    """The engagements with _COLUMNS as `data.frame` tells them; customer, service, project, size and state are categories.

    Categories are in the order of their names. Made once and kept.
    """
    return data.once("engagements as numbers", _number)


def _number(data: Dataset) -> pd.DataFrame:
    return data.frame("engagements", _COLUMNS).astype(dict.fromkeys(_FEW, "category"))


def single_engagements(data: Dataset) -> pd.DataFrame:
    """The same with one row per engagement_id, the first, where one is there twice; index from nought."""
    return data.once("single engagements", _drop_again)


def _drop_again(data: Dataset) -> pd.DataFrame:
    rows = number_engagements(data)
    again = _is_again(rows["engagement_id"])
    return rows[~again].reset_index(drop=True) if again.any() else rows


def _is_again(names: pd.Series) -> np.ndarray:
    """Where a name was there before; `data.frame` sorts by it, so that only neighbours need be compared."""
    again, blank = np.zeros(len(names), "bool"), names.isna().to_numpy()
    if len(names) > 1:
        same = names.iloc[1:].array == names.iloc[:-1].array
        again[1:] = np.asarray(same, "bool") | (blank[1:] & blank[:-1])
    return again


def recode(names: pd.Series, dtype: pd.CategoricalDtype) -> pd.Series:
    """Texts or categories as categories of a type, each different name looked up once; those not in it are missing."""
    if names.dtype == dtype:
        return names
    if isinstance(names.dtype, pd.CategoricalDtype):
        codes, found = names.cat.codes.to_numpy(), names.cat.categories
    else:
        codes, found = pd.factorize(names)
    place = np.append(dtype.categories.get_indexer(pd.Index(found).astype("str")), -1)
    return pd.Series(pd.Categorical.from_codes(place[codes], dtype=dtype), index=names.index)
