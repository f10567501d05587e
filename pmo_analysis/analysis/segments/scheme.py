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
    quantities = [c for c in columns if c["kind"] == "number"]
    choices = [c for c in columns if c["kind"] == "choice"]
    numbers, codes = np.zeros((len(values), len(quantities))), np.zeros((len(values), len(choices)), int)
    for j, c in enumerate(quantities):
        numbers[:, j] = apply_transform(as_float(values[c["name"]]).to_numpy(), c["transform"])
    for j, c in enumerate(choices):
        codes[:, j] = _code(as_text(values[c["name"]]), c["levels"])
    return Points(numbers, codes, tuple(len(c["levels"]) for c in choices))


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
    ids, names = (pd.array([s[part] for s in scheme["segments"]], dtype="str") for part in ("segment", "name"))
    share = membership(encode(checked, scheme["columns"]), thaw_mixture(scheme))
    order = np.argsort(-share, axis=1, kind="stable")
    second = order[:, 1] if len(ids) > 1 else np.full(len(checked), -1)
    second_share = np.where(second >= 0, share[np.arange(len(share)), second], np.nan)
    return pd.DataFrame(
        {
            "segment": ids.take(order[:, 0]),
            "confidence": share.max(axis=1),
            "name": names.take(order[:, 0]),
            "second": ids.take(second, allow_fill=True),
            "second_confidence": second_share,
            "between": second_share >= BETWEEN,
        },
        index=checked.index,
    )


def _code(text: pd.Series, levels: list[str]) -> np.ndarray:
    other = levels.index("other") if "other" in levels else -1
    places = {level: i for i, level in enumerate(levels)}
    codes, different = pd.factorize(text)
    return np.array([*(places.get(level, other) for level in different), -1])[codes]
