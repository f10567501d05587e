"""Cutting segments: is there more than one group, how many, who belongs, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.estimates import spread_rows
from pmo_analysis.analysis.segments.columns import (
    MINIMUM_CUSTOMERS,
    Columns,
    check_customers,
    order_rows,
    read_columns,
)
from pmo_analysis.analysis.segments.describe import describe_cut, gather_evidence, no_evidence
from pmo_analysis.analysis.segments.mixture import Mixture, Points, fit_mixture, membership
from pmo_analysis.analysis.segments.partitions import (
    SMALLEST_GROUP,
    Partition,
    agree,
    best_by_count,
    find_partitions,
    score_labels,
    tidy_labels,
)
from pmo_analysis.analysis.segments.place import complete_points, specify_columns
from pmo_analysis.analysis.segments.result import Segmentation
from pmo_analysis.analysis.segments.scheme import EVERYBODY, encode, freeze_scheme
from pmo_analysis.analysis.segments.structure import check_structure
from pmo_analysis.contract.errors import InputError

SEARCH_ROWS = 800
_FIT_ROWS = 20_000
_FIT_STEPS = 10
_TURNS = 2
_STARTS_SEED = 0
_MOST_CONFUSION = 0.08
_FEW_CUSTOMERS = 120


@dataclass(frozen=True, eq=False)
class _Search:
    """Transforms and levels per column, complete points of the searched rows, and the partitions found on them."""

    columns: list[dict[str, Any]]
    points: Points
    candidates: list[Partition]


def segment_customers(
    values: pd.DataFrame, *, segments: int | None = None, max_segments: int = 8, seed: int = 0
) -> Segmentation:
    """Which groups of customers with like needs are really there, if any, and who belongs to which.

    values: index customer_id, one row per customer; numbers, yes/no and text columns; missing cells allowed.
    segments: how many, if that is decided (skips the test and the choice). Row order, units and names do not matter.
    Mixture of Gaussians with a latent class for choices on within-group power scales; the number of groups by the
    integrated completed likelihood; "one group" by a test against one population (`structure.py`).
    InputError for repeated ids, infinite values, dates, or more segments than customers allow.
    """
    checked = order_rows(check_customers(values))
    _check_request(checked, segments, max_segments, seed)
    columns = read_columns(checked)
    if segments and segments > 1 and not len(columns.numbers.columns) + len(columns.choices.columns):
        raise InputError(f"segments={segments}: no column tells the customers apart, so they are one group.")
    with threadpool_limits(1):
        why_one = _why_one(checked, columns)
        if why_one and segments is None:
            return describe_cut(checked, columns, _one_group(columns), None, no_evidence(), why_one=why_one, seed=seed)
        return _cut(checked, columns, segments, max_segments, seed)


def _cut(values: pd.DataFrame, columns: Columns, segments: int | None, most: int, seed: int) -> Segmentation:
    rows = _known_rows(columns, SEARCH_ROWS)
    counts = range(2, max(segments or 2, min(most, len(rows) // SMALLEST_GROUP)) + 1)
    search = _search(columns, rows, range(segments, segments + 1) if segments and segments > 1 else counts)
    known = columns.take(rows).numbers.notna().to_numpy()
    test = None if segments else check_structure(search.points, seed=seed, known=known)
    evidence = gather_evidence(best_by_count(search.candidates), test)
    if segments == 1 or (test and not test.found):
        return describe_cut(values, columns, _one_group(columns), test, evidence, seed=seed)
    partition = _choose(search, segments, len(values))
    evidence["chosen"] = evidence["count"] == partition.count
    scheme = _fit_scheme(values, columns, rows, partition)
    return describe_cut(values, columns, scheme, test, evidence, seed=seed)


def _known_rows(columns: Columns, most: int) -> np.ndarray:
    """Evenly spaced customers of whom something is known: those of whom nothing is are alike, but no group."""
    known = np.flatnonzero(columns.numbers.notna().any(axis=1) | columns.choices.notna().any(axis=1))
    return known[spread_rows(len(known), most)]


def _search(columns: Columns, rows: np.ndarray, counts: range) -> _Search:
    """Search on powers that make the whole round, then on those that make the groups found round, until they stay."""
    taken = columns.take(rows)
    specs = specify_columns(columns, taken, np.zeros(len(rows), int))
    for turn in range(_TURNS):
        points = complete_points(encode(taken.numbers.join(taken.choices), specs))
        found = find_partitions(points, counts if turn else counts[:4], seed=_STARTS_SEED, thorough=turn > 0)
        again = specify_columns(columns, taken, max(found, key=lambda p: p.score).labels)
        if (turn and again == specs) or turn == _TURNS - 1:
            break
        specs = again
    return _Search(specs, points, found)


def _choose(search: _Search, segments: int | None, n: int) -> Partition:
    if segments:
        best = best_by_count(search.candidates)
        return best.get(segments) or best[max(best)]
    if n < _FEW_CUSTOMERS:
        return agree(search.candidates)
    grouped = [p for p in search.candidates if p.count > 1]
    return _merge_confused(search.points, max(grouped, key=lambda p: p.score))


def _merge_confused(points: Points, partition: Partition) -> Partition:
    """Merge pairs of groups that cannot be told apart: a split that misplaces one in twelve is no segment."""
    while partition.count > 2:
        share = membership(points, fit_mixture(points, partition.labels))
        confusion = _confusion(share)
        a, b = np.unravel_index(confusion.argmax(), confusion.shape)
        if confusion[a, b] <= _MOST_CONFUSION:
            break
        labels = tidy_labels(np.where(partition.labels == a, b, partition.labels))
        partition = Partition(labels, score_labels(points, labels))
    return partition


def _confusion(share: np.ndarray) -> np.ndarray:
    """Expected share of two groups' customers that would be placed in the other of the two."""
    k = share.shape[1]
    hard = np.eye(k)[share.argmax(axis=1)]
    moved = share.T @ hard
    pair = moved + moved.T
    size = share.sum(axis=0)
    np.fill_diagonal(pair, 0)
    return pair / (size[:, None] + size[None, :])


def _fit_scheme(values: pd.DataFrame, columns: Columns, rows: np.ndarray, partition: Partition) -> dict[str, Any]:
    """The scheme reached from the chosen partition alone: powers within its groups, then EM on all customers."""
    specs = specify_columns(columns, columns.take(rows), partition.labels)
    labels, points = partition.labels, encode(values.iloc[rows], specs)
    if len(values) > len(rows):
        start = fit_mixture(points, labels)
        points = encode(values.iloc[_known_rows(columns, _FIT_ROWS)], specs)
        labels = membership(points, start).argmax(axis=1)
    mixture = fit_mixture(points, labels, steps=_FIT_STEPS)
    order = _content_order(mixture.weights, mixture.means)
    mixture = Mixture(
        mixture.weights[order],
        mixture.means[order],
        mixture.covariances[order],
        tuple(c[order] for c in mixture.chances),
    )
    return freeze_scheme(specs, mixture, [f"S{i + 1}" for i in range(len(order))])


def _content_order(weights: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Largest first; the centres decide between equals."""
    keys = np.round(np.column_stack([-weights, means]), 6)
    return np.lexsort(keys.T[::-1])


def _one_group(columns: Columns) -> dict[str, Any]:
    taken = columns.take(spread_rows(len(columns.numbers), _FIT_ROWS))
    specs = specify_columns(columns, taken, np.zeros(len(taken.numbers), int))
    points = encode(taken.numbers.join(taken.choices), specs)
    return freeze_scheme(specs, fit_mixture(points, np.zeros(len(points), int)), [EVERYBODY])


def _why_one(values: pd.DataFrame, columns: Columns) -> str:
    if len(values) < MINIMUM_CUSTOMERS:
        return f"fewer than {MINIMUM_CUSTOMERS} customers are too few to tell groups"
    if columns.numbers.empty and columns.choices.empty:
        return "no column tells them apart"
    if columns.numbers.shape[1] + columns.choices.shape[1] > len(values):
        return "more columns than customers fit any grouping of them"
    if len(_known_rows(columns, MINIMUM_CUSTOMERS)) < MINIMUM_CUSTOMERS:
        return f"anything is known of fewer than {MINIMUM_CUSTOMERS} of them, too few to tell groups"
    return ""


def _check_request(values: pd.DataFrame, segments: int | None, most: int, seed: int) -> None:
    if values.empty:
        raise InputError("There are no customers to segment: the table has no rows or no columns.")
    for name, given in (("segments", segments), ("max_segments", most), ("seed", seed)):
        if given is not None and (isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 0):
            raise InputError(f"{name}={given!r}: give a whole number, not below nought.")
    if segments is not None and not 1 <= segments <= len(values) // SMALLEST_GROUP:
        raise InputError(
            f"segments={segments}: choose 1 to {max(1, len(values) // SMALLEST_GROUP)} for {len(values)} customers."
        )
    if most < 2:
        raise InputError(f"max_segments={most}: it takes at least 2 to look for groups.")
