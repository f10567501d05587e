"""Segments that the organisation has given itself, told with the same evidence as those that are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.segments.columns import Columns, check_customers, order_rows, read_columns
from pmo_analysis.analysis.segments.mixture import fit_mixture, membership
from pmo_analysis.analysis.segments.partitions import score_labels
from pmo_analysis.analysis.segments.place import complete_points, specify_columns
from pmo_analysis.analysis.segments.profile import profile_segments, show_columns
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.rules import describe_segments
from pmo_analysis.analysis.segments.scheme import encode, freeze_scheme
from pmo_analysis.contract.errors import InputError

_SHUFFLES = 99


def describe_given(values: pd.DataFrame, given: pd.Series, *, seed: int = 0) -> Segmentation:
    """Whether segments that the organisation gave itself differ in need, and in what.

    values: as for `segment_customers`; given: customer_id → segment, missing allowed (such customers are not told).
    `found` says whether the segments explain more than the same sizes shuffled among customers (99 shuffles);
    `members` keeps the given segment, confidence being how well the customer's needs fit it.
    InputError where no customer has a segment.
    """
    kept = given.dropna().astype(str)
    checked = order_rows(check_customers(values.loc[values.index.intersection(kept.index)]))
    if checked.empty:
        raise InputError("None of these customers has a given segment. Fill customers.segment_given.")
    columns = read_columns(checked)
    names = sorted(kept.loc[checked.index].unique())
    labels = kept.loc[checked.index].map({name: i for i, name in enumerate(names)}).to_numpy()
    with threadpool_limits(1):
        return _describe(checked, columns, labels, names, seed)


def _describe(values: pd.DataFrame, columns: Columns, labels: np.ndarray, names: list[str], seed: int) -> Segmentation:
    specs = specify_columns(columns, columns, labels)
    points = encode(values, specs)
    complete = complete_points(points)
    one = score_labels(complete, np.zeros(len(labels), int))
    gain = score_labels(complete, labels) - one
    rng = np.random.default_rng(seed)
    null = np.array([score_labels(complete, rng.permutation(labels)) - one for _ in range(_SHUFFLES)])
    found = bool(len(names) > 1 and gain > null.max())
    scheme = freeze_scheme(specs, fit_mixture(points, labels, steps=0), names)
    segment = pd.Series(np.array(names, dtype=object)[labels], values.index, dtype="str")
    fit = membership(points, fit_mixture(points, labels, steps=0))[np.arange(len(labels)), labels]
    rules = describe_segments(show_columns(columns, fill=True), segment)
    members = pd.DataFrame({"segment": segment, "confidence": fit, "name": segment}).sort_index()
    evidence = pd.DataFrame(
        {
            "count": [1, len(names)],
            "criterion": [one, one + gain],
            "gain": [0.0, gain],
            "null_median": [np.nan, np.median(null)],
            "null_high": [np.nan, np.quantile(null, 0.95)],
            "chosen": [False, True],
        }
    )
    return Segmentation(
        found,
        len(names),
        members,
        evidence,
        profile_segments(columns, segment),
        rules,
        columns.left_out,
        scheme,
        _tell(found, len(names), len(values)),
    )


def _tell(found: bool, count: int, n: int) -> str:
    verdict = "differ in need more than chance explains" if found else "do not differ in need more than chance explains"
    return f"The {count} segments that the organisation gave to {n} customers {verdict}."
