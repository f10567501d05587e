"""Why the mean of a feature changed: other customers in the segments (mix), or other values within them (rate)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import as_float, as_text

COLUMNS = ["feature", "quarter", "change", "mix", "rate", "known_count", "missing_count"]


def split_changes(panel: pd.DataFrame, segment: pd.Series, columns: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Change of each feature's mean against the quarter before, exactly as mix + rate.

    With w the share of a segment among customers whose cell is known and m its mean, over segments s:
    mix = Σ (w_s,now − w_s,before) · (m_s,now + m_s,before) / 2, rate = Σ (w_s,now + w_s,before) / 2 · (m_s,now − m_s,before).
    A segment nobody is in has the mean of the other quarter, so that coming and going is mix. A level of a choice
    counts as 1 where a customer has it and 0 where another: its mean is its share.
    panel: quarter and the features, one row per customer and quarter; segment: one per row.
    """
    parts = [
        _split_one(name, panel["quarter"], cells, segment)
        for column in columns
        for name, cells in _read_cells(panel, column)
    ]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _read_cells(panel: pd.DataFrame, column: Mapping[str, Any]) -> Iterator[tuple[str, pd.Series]]:
    if column["kind"] == "number":
        yield column["name"], as_float(panel[column["name"]])
        return
    text = as_text(panel[column["name"]])
    if "other" in column["levels"]:
        text = text.where(text.isna() | text.isin(column["levels"]), "other")
    for level in column["levels"]:
        yield f"{column['name']} = {level}", text.eq(level).astype(float).where(text.notna())


def _split_one(feature: str, quarter: pd.Series, cells: pd.Series, segment: pd.Series) -> pd.DataFrame:
    groups = cells.groupby([quarter.to_numpy(), segment.to_numpy()])
    known, mean = groups.count().unstack(fill_value=0), groups.mean().unstack()
    share = known.div(known.sum(axis=1).replace(0, np.nan), axis=0)
    before, share_before = mean.shift(), share.shift()
    # Where a segment is empty in one of the two quarters the other's mean stands in: nothing changed within it.
    now, before = mean.fillna(before), before.fillna(mean)
    mix = ((share - share_before) * (now + before) / 2).sum(axis=1, min_count=1)
    rate = ((share + share_before) / 2 * (now - before)).sum(axis=1, min_count=1)
    told = pd.DataFrame({"change": mix + rate, "mix": mix, "rate": rate, "known_count": known.sum(axis=1)})
    told["missing_count"] = cells.isna().groupby(quarter.to_numpy()).sum()
    return told.iloc[1:].rename_axis("quarter").reset_index().assign(feature=feature)
