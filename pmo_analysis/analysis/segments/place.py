"""From columns to points: the scales on which customers are compared, and how gaps are filled for the search."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmo_analysis.analysis.segments.columns import Columns
from pmo_analysis.analysis.segments.mixture import Points, fill_missing, fit_mixture
from pmo_analysis.analysis.segments.transforms import fit_transform


def specify_columns(columns: Columns, taken: Columns, labels: np.ndarray) -> list[dict[str, Any]]:
    """Per column its transform, round within the groups of `taken`, or its levels: the first half of a scheme."""
    numbers = [
        {"name": c, "kind": "number", "transform": fit_transform(taken.numbers[c].to_numpy(), labels)}
        for c in taken.numbers
    ]
    choices = [
        {"name": c, "kind": "choice", "levels": sorted(columns.choices[c].dropna().unique())} for c in taken.choices
    ]
    return numbers + choices


def complete_points(points: Points) -> Points:
    """Points with missing cells at what one population would expect of them."""
    if np.isfinite(points.numbers).all():
        return points
    everybody = fit_mixture(points, np.zeros(len(points), int))
    return Points(fill_missing(points, everybody), points.codes, points.levels)
