"""The frozen scheme: everything needed to place a customer, as plain numbers and text that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import as_float, as_text, check_customers
from pmo_analysis.analysis.segments.mixture import Mixture, Points, membership
from pmo_analysis.analysis.segments.transforms import apply_transform
from pmo_analysis.contract.errors import InputError

EVERYBODY = "all customers"


def freeze_scheme(columns: list[dict[str, Any]], mixture: Mixture, segments: list[str]) -> dict[str, Any]:
    """A JSON-safe scheme of columns (with their transforms or levels), a mixture and the segments' ids."""
    return {
        "version": 1,
        "columns": columns,
        "segments": [{"segment": s, "name": s, "rule": ""} for s in segments],
        "weights": mixture.weights.tolist(),
        "means": mixture.means.tolist(),
        "covariances": mixture.covariances.tolist(),
        "chances": [c.tolist() for c in mixture.chances],
    }


def thaw_mixture(scheme: Mapping[str, Any]) -> Mixture:
    """The mixture that a scheme holds."""
    k = len(scheme["segments"])
    d = sum(c["kind"] == "number" for c in scheme["columns"])
    return Mixture(
        np.array(scheme["weights"]),
        np.array(scheme["means"]).reshape(k, d),
        np.array(scheme["covariances"]).reshape(k, d, d),
        tuple(np.array(c) for c in scheme["chances"]),
    )


def encode(values: pd.DataFrame, columns: list[dict[str, Any]]) -> Points:
    """Customers as points on the scheme's scales; a level that the scheme has never seen counts as missing."""
    numbers = [
        apply_transform(as_float(values[c["name"]]).to_numpy(), c["transform"])
        for c in columns
        if c["kind"] == "number"
    ]
    choices = [c for c in columns if c["kind"] == "choice"]
    codes = [_code(as_text(values[c["name"]]), c["levels"]) for c in choices]
    shape = (len(values), 0)
    return Points(
        np.column_stack(numbers) if numbers else np.zeros(shape),
        np.column_stack(codes) if codes else np.zeros(shape, int),
        tuple(len(c["levels"]) for c in choices),
    )


def assign_segments(values: pd.DataFrame, scheme: Mapping[str, Any]) -> pd.DataFrame:
    """Which segment of a frozen scheme each customer belongs to.

    values: index customer_id, with the scheme's columns (more are ignored; missing cells are integrated out).
    Returns index customer_id; segment, confidence (0–1), name, second (the next best segment).
    InputError where columns of the scheme are absent or of another kind.
    """
    checked = check_customers(values)
    _check_scheme(checked, scheme)
    names = [s["segment"] for s in scheme["segments"]]
    share = membership(encode(checked, scheme["columns"]), thaw_mixture(scheme))
    order = np.argsort(-share, axis=1, kind="stable")
    label = {s["segment"]: s["name"] for s in scheme["segments"]}
    segment = pd.Series(np.array(names, dtype=object)[order[:, 0]], checked.index)
    return pd.DataFrame(
        {
            "segment": segment,
            "confidence": share.max(axis=1),
            "name": segment.map(label),
            "second": np.array(names, dtype=object)[order[:, 1]] if len(names) > 1 else pd.NA,
        }
    ).astype({"segment": "str", "name": "str", "second": "str"})


def _code(text: pd.Series, levels: list[str]) -> np.ndarray:
    other = levels.index("other") if "other" in levels else -1
    places = {level: i for i, level in enumerate(levels)}
    return np.array([-1 if pd.isna(v) else places.get(v, other) for v in text], dtype=int)


def _check_scheme(values: pd.DataFrame, scheme: Mapping[str, Any]) -> None:
    if not {"columns", "segments", "weights", "means"} <= set(scheme):
        raise InputError("This is not a segment scheme. Pass the .scheme of a Segmentation.")
    absent = [c["name"] for c in scheme["columns"] if c["name"] not in values]
    if absent:
        raise InputError(
            f"The scheme was cut on {len(absent)} columns that these customers do not have: "
            f"{', '.join(absent[:5])}. Compute the same features, or cut a new scheme."
        )
    for c in scheme["columns"]:
        column = values[c["name"]]
        if c["kind"] == "number" and column.notna().any() and not pd.api.types.is_numeric_dtype(column):
            raise InputError(f"Column {c['name']!r} was a number when the scheme was cut and holds text now.")
