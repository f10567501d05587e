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
    quarter, quarters = pd.factorize(panel["quarter"], sort=True)
    inside, segments = pd.factorize(segment, sort=True)
    parts = [
        _split_one(cells.to_numpy(), quarter, inside, shape=(len(quarters), len(segments))).assign(
            quarter=quarters[1:], feature=name
        )
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


def _split_one(cells: np.ndarray, quarter: np.ndarray, segment: np.ndarray, *, shape: tuple[int, int]) -> pd.DataFrame:
    ok, group = np.isfinite(cells), quarter * shape[1] + segment
    known = np.bincount(group[ok], minlength=shape[0] * shape[1]).reshape(shape)
    total = np.bincount(group[ok], cells[ok], minlength=shape[0] * shape[1]).reshape(shape)
    count, mean = known.sum(axis=1), total / np.maximum(known, 1)
    share = known / np.maximum(count, 1)[:, None]
    # Where a segment is empty in one of the two quarters the other's mean stands in: nothing changed within it.
    now = np.where(known[1:] > 0, mean[1:], mean[:-1])
    before = np.where(known[:-1] > 0, mean[:-1], mean[1:])
    mix = ((share[1:] - share[:-1]) * (now + before) / 2).sum(axis=1)
    rate = ((share[1:] + share[:-1]) / 2 * (now - before)).sum(axis=1)
    told = pd.DataFrame({"change": mix + rate, "mix": mix, "rate": rate})
    told.loc[(count[1:] == 0) | (count[:-1] == 0)] = np.nan
    missing = np.bincount(quarter, minlength=shape[0]) - count
    return told.assign(known_count=count[1:], missing_count=missing[1:])
