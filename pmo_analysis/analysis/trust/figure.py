"""One line of the trust page."""

from __future__ import annotations

from typing import Any

import numpy as np

COLUMNS = ["figure", "title", "value", "low", "high", "n", "unit", "sentence"]
Figure = dict[str, Any]


def make_figure(figure: str, title: str, value: float, n: float, sentence: str, **limits: float) -> Figure:
    """A figure with its sentence; its unit follows from its name."""
    unit = "_share" if figure.endswith("_share") else "_count"
    return {
        "figure": figure,
        "title": title,
        "value": float(value),
        "low": np.nan,
        "high": np.nan,
        "n": int(n),
        "unit": unit,
        "sentence": sentence,
        **limits,
    }
