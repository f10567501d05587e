"""The frozen scheme: everything needed to place a customer, as plain numbers and text that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import as_float, as_text, check_customers
from pmo_analysis.analysis.segments.mixture import Mixture, Points, membership
from pmo_analysis.analysis.segments.soundness import VERSION, check_kinds, check_scheme
from pmo_analysis.analysis.segments.transforms import apply_transform

EVERYBODY = "all customers"
BETWEEN = 0.25


def freeze_scheme(columns: list[dict[str, Any]], mixture: Mixture, segments: list[str]) -> dict[str, Any]:
    """A JSON-safe scheme: columns (with transform and range, or levels), segments, mixture, and every id ever used."""
    return {
        "version": VERSION,
        "columns": [_with_range(c) for c in columns],
        "segments": [
            {"segment": s, "name": s, "rule": "", "precision": None, "coverage": None, "customers_count": 0}
            for s in segments
        ],
        "ids_used": list(segments),
        "weights": mixture.weights.tolist(),
        "means": mixture.means.tolist(),
        "covariances": mixture.covariances.tolist(),
        "chances": [c.tolist() for c in mixture.chances],
    }


def _with_range(column: Mapping[str, Any]) -> dict[str, Any]:
    """A number's lowest and highest value at the cut, beside its transform."""
    limits = {k: column["transform"][k] for k in ("lowest", "highest")} if column["kind"] == "number" else {}
    return {**column, **limits}


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
    Returns index customer_id; segment, confidence (0–1), name, second (the next best segment), second_confidence (its
    chance), between (whether that is a quarter or more). InputError where the scheme is none, is damaged or of another
    version, or where its columns are absent or of another kind.
    """
    check_scheme(scheme)
    checked = check_customers(values)
    check_kinds(checked, scheme)
    ids = np.array([s["segment"] for s in scheme["segments"]], dtype=object)
    share = membership(encode(checked, scheme["columns"]), thaw_mixture(scheme))
    order = np.argsort(-share, axis=1, kind="stable")
    label = {s["segment"]: s["name"] for s in scheme["segments"]}
    segment = pd.Series(ids[order[:, 0]], checked.index)
    next_share = np.sort(share, axis=1)[:, -2] if len(ids) > 1 else np.full(len(checked), np.nan)
    return pd.DataFrame(
        {
            "segment": segment,
            "confidence": share.max(axis=1),
            "name": segment.map(label),
            "second": ids[order[:, 1]] if len(ids) > 1 else pd.NA,
            "second_confidence": next_share,
            "between": next_share >= BETWEEN,
        }
    ).astype({"segment": "str", "name": "str", "second": "str"})


def _code(text: pd.Series, levels: list[str]) -> np.ndarray:
    other = levels.index("other") if "other" in levels else -1
    places = {level: i for i, level in enumerate(levels)}
    return np.array([-1 if pd.isna(v) else places.get(v, other) for v in text], dtype=int)
