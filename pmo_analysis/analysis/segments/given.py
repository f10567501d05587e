"""Segments that the organisation has given itself, told with the same evidence as those that are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.segments.columns import Columns, check_customers, order_rows, read_columns
from pmo_analysis.analysis.segments.describe import name_scheme
from pmo_analysis.analysis.segments.mixture import Points, fit_mixture, membership
from pmo_analysis.analysis.segments.partitions import score_labels
from pmo_analysis.analysis.segments.place import complete_points, specify_columns
from pmo_analysis.analysis.segments.profile import profile_segments, show_columns
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.rules import describe_segments
from pmo_analysis.analysis.segments.scheme import BETWEEN, encode, freeze_scheme
from pmo_analysis.analysis.segments.stability import measure_stability
from pmo_analysis.contract.errors import InputError

_SHUFFLES = 99


def describe_given(values: pd.DataFrame, given: pd.Series, *, seed: int = 0) -> Segmentation:
    """Whether segments that the organisation gave itself differ in need, and in what.

    values: as for `segment_customers`; given: customer_id → segment, missing allowed (such customers are not told).
    `found` says whether the segments explain more than the same sizes shuffled among customers (99 shuffles);
    `members` keeps the given segment, confidence being how well the customer's needs fit it; `stability` says how
    surely a search that knows needs alone comes upon each segment; `null` holds the shuffles (they have no valley).
    InputError where no customer has a segment, or one has two.
    """
    _check_given(given)
    kept = given.dropna().astype(str)
    customers = check_customers(values)
    checked = order_rows(customers.loc[customers.index.intersection(kept.index)])
    if checked.empty:
        raise InputError("None of these customers has a given segment. Fill customers.segment_given.")
    columns = read_columns(checked)
    names = sorted(kept.loc[checked.index].unique())
    labels = kept.loc[checked.index].map({name: i for i, name in enumerate(names)}).to_numpy()
    with threadpool_limits(1):
        return _describe(checked, columns, labels, names, seed)


def _check_given(given: object) -> None:
    if not isinstance(given, pd.Series):
        raise InputError(
            f"Given segments are a Series customer_id → segment, not {type(given).__name__}: "
            "customers.set_index('customer_id')['segment_given']."
        )
    repeated = given.index[given.index.duplicated()].unique()
    if len(repeated):
        raise InputError(
            f"{len(repeated)} customers are given a segment more than once (first: {repeated[0]!r}). "
            "Give one per customer."
        )


def _describe(values: pd.DataFrame, columns: Columns, labels: np.ndarray, names: list[str], seed: int) -> Segmentation:
    specs = specify_columns(columns, columns, labels)
    points = encode(values, specs)
    gains, one = _shuffled_gains(complete_points(points), labels, seed)
    found = bool(len(names) > 1 and gains[0] > gains[1:].max())
    segment = pd.Series(np.array(names, dtype=object)[labels], values.index, dtype="str")
    mixture = fit_mixture(points, labels, steps=0)
    rules = describe_segments(show_columns(columns, fill=True), segment)
    scheme = name_scheme(freeze_scheme(specs, mixture, names), rules.assign(name=rules["segment"]))
    stability = measure_stability(points, labels, names, seed=seed)
    return Segmentation(
        found=found,
        count=len(names),
        members=_members(segment, labels, membership(points, mixture), names).sort_index(),
        evidence=_evidence(len(names), one, gains),
        profile=profile_segments(columns, segment),
        stability=stability,
        null=_null(gains),
        rules=rules,
        left_out=columns.left_out,
        scheme=scheme | {"customers_count": len(values), "found": found},
        sentence=_tell(found, len(names), len(values)) + _tell_recovery(stability, len(names)),
    )


def _shuffled_gains(points: Points, labels: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """What the labels gain over one group, then what the same labels gain when shuffled; the criterion of one group."""
    rng = np.random.default_rng(seed)
    one = score_labels(points, np.zeros(len(labels), int))
    tried = [labels, *(rng.permutation(labels) for _ in range(_SHUFFLES))]
    return np.array([score_labels(points, each) - one for each in tried]), one


def _members(segment: pd.Series, labels: np.ndarray, share: np.ndarray, names: list[str]) -> pd.DataFrame:
    """The given segment, how well needs fit it, and the other segment that they fit best."""
    rows = np.arange(len(labels))
    others = share.copy()
    others[rows, labels] = -1.0
    second = others.argmax(axis=1)
    alone = len(names) == 1
    return pd.DataFrame(
        {
            "segment": segment,
            "confidence": share[rows, labels],
            "name": segment,
            "second": pd.NA if alone else np.array(names, dtype=object)[second],
            "second_confidence": np.nan if alone else others[rows, second],
            "between": False if alone else others[rows, second] >= BETWEEN,
        }
    ).astype({"second": "str"})


def _evidence(count: int, one: float, gains: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "count": [1, count],
            "criterion": [one, one + gains[0]],
            "gain": [0.0, gains[0]],
            "null_median": [np.nan, np.median(gains[1:])],
            "null_high": [np.nan, np.quantile(gains[1:], 0.95)],
            "chosen": [False, True],
        }
    )


def _null(gains: np.ndarray) -> pd.DataFrame:
    """The shuffles, as a table like that of the test; labels shuffled have no valley between them to measure."""
    spread = max(float(gains[1:].std(ddof=1)), 1e-9)
    return pd.DataFrame(
        {
            "draw": np.arange(len(gains)),
            "gain": gains,
            "valley": np.nan,
            "z": (gains - gains[1:].mean()) / spread,
        }
    )


def _tell(found: bool, count: int, n: int) -> str:
    if count == 1:
        return f"The organisation gave all {n} customers the same segment: there is nothing to compare."
    verdict = "differ in need more than chance explains" if found else "do not differ in need more than chance explains"
    return f"The {count} segments that the organisation gave to {n} customers {verdict}."


def _tell_recovery(stability: pd.DataFrame, count: int) -> str:
    """How many of the given segments a search among needs alone comes upon by itself."""
    if stability.empty:
        return ""
    met = int((stability["band"] != "not trustworthy").sum())
    told = "all" if met == count else "none" if met == 0 else str(met)
    return f" A search that knows only their needs comes upon {told} of the {count} by itself."
