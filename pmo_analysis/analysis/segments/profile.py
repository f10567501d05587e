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
    spread = _spread(shown)
    rows = []
    for name, inside in shown.groupby(segment):
        for feature in shown:
            rows.append(_row(str(name), feature, inside[feature], shown[feature], spread[feature]))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _spread(shown: pd.DataFrame) -> pd.Series:
    middle = (shown.quantile(0.84) - shown.quantile(0.16)) / 2
    return middle.where(middle > 0, shown.std()).replace(0, np.nan)


def _row(segment: str, feature: str, inside: pd.Series, everybody: pd.Series, spread: float) -> tuple:
    level = " = " in feature
    centre, overall = (inside.mean(), everybody.mean()) if level else (inside.median(), everybody.median())
    return (segment, feature, centre, overall, (centre - overall) / spread, inside.quantile(0.1), inside.quantile(0.9),
            inside.notna().mean(), len(inside))
