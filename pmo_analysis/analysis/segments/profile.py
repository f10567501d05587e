"""What the customers of a segment are like, beside everybody."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import Columns

_COLUMNS = ["segment", "feature", "median", "overall_median", "shift", "p10", "p90", "known_share", "customers_count"]


def show_columns(columns: Columns, *, fill: bool) -> pd.DataFrame:
    """All features as numbers: each level of a choice is a 0/1 feature `column = level`; gaps at the median if asked."""
    parts = [columns.numbers]
    for name in columns.choices:
        text = columns.choices[name]
        known = text.notna()
        for level in sorted(text[known].unique()):
            parts.append((text == level).astype(float).where(known).rename(f"{name} = {level}"))
    shown = pd.concat(parts, axis=1)
    return shown.fillna(shown.median()) if fill else shown


def profile_segments(columns: Columns, segment: pd.Series) -> pd.DataFrame:
    """Median and P10–P90 of each feature per segment beside everybody's; columns as in `Segmentation.profile`."""
    shown = show_columns(columns, fill=False)
    levels = [c for c in shown if " = " in c]
    grouped = shown.groupby(segment)
    centre, overall = grouped.median(), shown.median()
    centre[levels], overall[levels] = grouped[levels].mean(), shown[levels].mean()
    tables = {
        "median": centre,
        "overall_median": centre * 0 + overall,
        "shift": (centre - overall) / _spread(shown),
        "p10": grouped.quantile(0.1),
        "p90": grouped.quantile(0.9),
        "known_share": shown.notna().groupby(segment).mean(),
    }
    long = pd.DataFrame({name: table.stack() for name, table in tables.items()})
    long = long.rename_axis(["segment", "feature"]).reset_index()
    long["customers_count"] = long["segment"].map(segment.value_counts())
    return long[_COLUMNS].sort_values(["segment", "feature"], ignore_index=True)


def _spread(shown: pd.DataFrame) -> pd.Series:
    middle = (shown.quantile(0.84) - shown.quantile(0.16)) / 2
    return middle.where(middle > 0, shown.std()).replace(0, np.nan)
