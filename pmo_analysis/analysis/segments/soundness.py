"""Whether a scheme is whole: it may have been kept for years, edited by hand, or be none at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import as_text, is_number
from pmo_analysis.contract.errors import InputError

VERSION = 2
_PARTS = ("version", "columns", "segments", "weights", "means", "covariances", "chances")
_REMEDY = "Take an unchanged copy of the scheme, or cut and freeze a new one."
# Weights written by hand may be rounded to four places.
_ROUNDING = 1e-3
_TRANSFORM = ("power", "centre", "offset", "location", "spread")


def check_scheme(scheme: Mapping[str, Any]) -> None:
    """InputError that says what is wrong with a scheme: not one, of another version, or damaged."""
    if not isinstance(scheme, Mapping) or not set(_PARTS) <= set(scheme):
        raise InputError("This is not a segment scheme. Pass the .scheme of a Segmentation.")
    if scheme["version"] != VERSION:
        raise InputError(
            f"The scheme is of version {scheme['version']!r}; this program reads version {VERSION}. Cut a new scheme."
        )
    _check_columns(scheme["columns"])
    _check_segments(scheme["segments"])
    _check_mixture(scheme)


def check_kinds(values: pd.DataFrame, scheme: Mapping[str, Any]) -> None:
    """InputError where customers lack columns of the scheme, or hold text where it has numbers."""
    absent = [c["name"] for c in scheme["columns"] if c["name"] not in values]
    if absent:
        raise InputError(
            f"The scheme was cut on {len(absent)} columns that these customers do not have: "
            f"{', '.join(absent[:5])}. Compute the same features, or cut a new scheme."
        )
    for c in scheme["columns"]:
        column = values[c["name"]]
        number = pd.api.types.is_numeric_dtype(column) or not column.notna().any()
        if c["kind"] == "number" and not number:
            raise InputError(f"Column {c['name']!r} was a number when the scheme was cut and holds text now.")
        if c["kind"] == "choice" and is_number(column) and not as_text(column).dropna().isin(c["levels"]).any():
            raise InputError(f"Column {c['name']!r} was a choice when the scheme was cut and holds quantities now.")


def _check_columns(columns: Any) -> None:
    whole = isinstance(columns, list) and all(
        isinstance(c, Mapping) and isinstance(c.get("name"), str) for c in columns
    )
    if not whole:
        raise InputError(f"The scheme is damaged: its columns are not a list of named columns. {_REMEDY}")
    for c in columns:
        if c.get("kind") == "number":
            _check_transform(c)
        elif c.get("kind") != "choice" or not c.get("levels") or not all(isinstance(v, str) for v in c["levels"]):
            raise InputError(f"The scheme is damaged: column {c['name']!r} has no kind or no levels. {_REMEDY}")


def _check_transform(column: Mapping[str, Any]) -> None:
    transform = column.get("transform")
    transform = transform if isinstance(transform, Mapping) else {}
    known = transform.get("kind") in ("power", "signed") and _finite([transform.get(k) for k in _TRANSFORM])
    if not known or transform["spread"] <= 0:
        raise InputError(f"The scheme is damaged: column {column['name']!r} has no usable transform. {_REMEDY}")


def _check_segments(segments: Any) -> None:
    if not isinstance(segments, list) or not segments:
        raise InputError(f"The scheme is damaged: it lists no segments. {_REMEDY}")
    if not all(isinstance(s, Mapping) and {"segment", "name"} <= set(s) for s in segments):
        raise InputError(f"The scheme is damaged: a segment lacks its id or its name. {_REMEDY}")
    ids = [s["segment"] for s in segments]
    if not all(isinstance(i, str) and i for i in ids):
        raise InputError(f"The scheme is damaged: the id of a segment is not a text such as 'S1'. {_REMEDY}")
    if len(set(ids)) < len(ids):
        raise InputError(f"The scheme is damaged: two segments have the same id. {_REMEDY}")


def _check_mixture(scheme: Mapping[str, Any]) -> None:
    k, kinds = len(scheme["segments"]), [c["kind"] for c in scheme["columns"]]
    d, choices = kinds.count("number"), [c for c in scheme["columns"] if c["kind"] == "choice"]
    if not kinds and k > 1:
        raise InputError(f"The scheme is damaged: {k} segments, and no column that tells them apart. {_REMEDY}")
    _check_weights(scheme["weights"], k)
    _check_part("means", scheme["means"], (k, d))
    _check_part("covariances", scheme["covariances"], (k, d, d))
    if not isinstance(scheme["chances"], list) or len(scheme["chances"]) != len(choices):
        raise InputError(f"The scheme is damaged: chances for {len(choices)} choices are wanted. {_REMEDY}")
    for column, chances in zip(choices, scheme["chances"], strict=True):
        _check_part(f"chances of {column['name']}", chances, (k, len(column["levels"])))
        if np.min(chances) <= 0:
            raise InputError(f"The scheme is damaged: a chance of {column['name']!r} is not above zero. {_REMEDY}")
    if not _round(scheme["covariances"], (k, d, d)):
        raise InputError(f"The scheme is damaged: its covariances cannot be those of groups. {_REMEDY}")


def _check_weights(weights: Any, count: int) -> None:
    _check_part("weights", weights, (count,))
    if np.min(weights) <= 0 or abs(np.sum(weights) - 1) > _ROUNDING:
        raise InputError(f"The scheme is damaged: its weights are not shares above zero that sum to 1. {_REMEDY}")


def _check_part(part: str, numbers: Any, shape: tuple[int, ...]) -> None:
    """Nested lists of finite numbers of one shape; without number columns nothing is expected in them."""
    if not _finite(numbers):
        raise InputError(f"The scheme is damaged: its {part} hold something other than finite numbers. {_REMEDY}")
    found = np.shape(numbers)
    if int(np.prod(shape)) == 0 and np.size(numbers) == 0:
        return
    if found != shape:
        raise InputError(f"The scheme is damaged: its {part} are {found}, not {shape}. {_REMEDY}")


def _finite(numbers: Any) -> bool:
    if isinstance(numbers, (list, tuple)):
        lengths = {len(n) if isinstance(n, (list, tuple)) else -1 for n in numbers}
        return len(lengths) < 2 and all(_finite(n) for n in numbers)
    return isinstance(numbers, (int, float)) and not isinstance(numbers, bool) and bool(np.isfinite(numbers))


def _round(covariances: Any, shape: tuple[int, ...]) -> bool:
    """Whether every covariance is symmetric and positive, as that of a group must be."""
    each = np.array(covariances, dtype=float).reshape(shape)
    symmetric = np.allclose(each, each.swapaxes(1, 2), atol=1e-8)
    return symmetric and bool((np.linalg.eigvalsh(each) > 0).all()) if each.size else True
