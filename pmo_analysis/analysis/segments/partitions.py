"""Partitions to choose from, and the one criterion that compares them: the exact integrated completed likelihood.

ICL with group means and the common covariance integrated out in closed form (Bayesian MANOVA), Dirichlet–multinomial
for sizes and choices. It pays for every group in every column, so it does not split for the sake of more data.
Biernacki, Celeux & Govaert (2000, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.special import gammaln
from sklearn.cluster import KMeans

from pmo_analysis.analysis.segments.mixture import Points, fit_mixture, membership

SMALLEST_GROUP = 3
_PRIOR_SPREADS = (0.05, 0.2, 0.8)
_TELLING_SHARES = (0.75, 0.5, 0.35)
_START_CLIP = 2.5
_MOST_COMPARED = 60
_TEMPER = 3.0


@dataclass(frozen=True, eq=False)
class Partition:
    """Labels 0…count−1 per customer and their criterion (log of the integrated completed likelihood)."""

    labels: np.ndarray
    score: float

    @property
    def count(self) -> int:
        """How many groups."""
        return int(self.labels.max()) + 1


def score_labels(points: Points, labels: np.ndarray) -> float:
    """The integrated completed likelihood of a partition, less that of one group's numbers (complete numbers only)."""
    sizes = np.bincount(labels)
    score = _gain_in_numbers(points.numbers, labels, sizes)
    score += _dirichlet(sizes[None, :], 0.5 * np.ones(len(sizes)))
    counts = np.eye(len(sizes))[labels].T @ points.shown
    for own in np.split(counts, np.cumsum(points.levels)[:-1], axis=1) if points.levels else []:
        score += _dirichlet(own, np.full(own.shape[1], 0.5))
    return float(score)


def _gain_in_numbers(y: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> float:
    """Gain over one group, best over prior spreads of the means and over nested sets of telling columns.

    Columns outside the set depend on the group only through those inside (Raftery & Dean 2006): given the latter
    their likelihood is the same with and without groups, so that columns which tell nothing cost nothing.
    """
    n, d = y.shape
    if d == 0 or len(sizes) == 1:
        return 0.0
    sums = np.zeros((len(sizes), d))
    np.add.at(sums, labels, y)
    square, total = y.T @ y, y.sum(axis=0)
    telling = np.argsort(-_between(sums, sizes, np.diag(square)), kind="stable")
    kappas = np.array(_PRIOR_SPREADS)[:, None]
    scaled = sums / (sizes + kappas)[:, :, None]
    apart = square - scaled.swapaxes(1, 2) @ sums
    one = square - np.outer(total, total) / (n + kappas[:, :, None])
    charge = np.log(kappas / (kappas + sizes)).sum(axis=1) - np.log(kappas / (kappas + n))[:, 0]
    return float(max(_gain(apart, one, telling[:m], charge, n).max() for m in _set_sizes(d)))


def _gain(apart: np.ndarray, one: np.ndarray, columns: np.ndarray, charge: np.ndarray, n: int) -> np.ndarray:
    """Per prior spread, the gain in the set of columns."""
    m = len(columns)
    inside = (slice(None), columns[:, None], columns)
    prior = 0.3 * (m + 2) * np.eye(m)
    shrink = np.linalg.slogdet(prior + one[inside])[1] - np.linalg.slogdet(prior + apart[inside])[1]
    return 0.5 * m * charge + 0.5 * (m + 2 + n) * shrink


def _between(sums: np.ndarray, sizes: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Share of each column's variation that lies between the groups."""
    return (sums**2 / np.maximum(sizes, 1)[:, None]).sum(axis=0) / np.maximum(square, 1e-12)


def _set_sizes(d: int) -> list[int]:
    return sorted({d, *(int(np.ceil(d * share)) for share in _TELLING_SHARES)} - {1} or {d})


def _dirichlet(counts: np.ndarray, prior: np.ndarray) -> float:
    total = gammaln(prior.sum()) - gammaln(counts.sum(axis=1) + prior.sum())
    return float(total.sum() + (gammaln(counts + prior) - gammaln(prior)).sum())


def tidy_labels(labels: np.ndarray) -> np.ndarray:
    """Labels 0…k−1 in the order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def search_partitions(points: Points, counts: range, *, seed: int, thorough: bool = True) -> dict[int, Partition]:
    """The best partition found per number of groups; one group is always among them."""
    return best_by_count(find_partitions(points, counts, seed=seed, thorough=thorough))


def find_partitions(points: Points, counts: range, *, seed: int, thorough: bool = True) -> list[Partition]:
    """Different partitions worth comparing: k-means and Ward starts refined by EM, then merged and split again."""
    plane = _plane(points)
    tree = linkage(plane, "ward") if len(plane) <= 2000 else None
    found: dict[bytes, Partition] = {}
    _note(found, Partition(everybody := np.zeros(len(points), int), score_labels(points, everybody)))
    for k in counts:
        for labels in _starts(plane, tree, k, seed, thorough):
            _note(found, _refine(points, labels, steps=10 if thorough else 3))
    if thorough:
        best = best_by_count(list(found.values()))
        leading = max(best.values(), key=lambda p: p.score).count
        for k in sorted({leading, leading + 1, leading + 2, max(best)} & set(best), reverse=True):
            _merge_down(points, found, best[k])
        _split_up(points, plane, found, seed)
    return [p for p in found.values() if p.count <= max(counts)]


def best_by_count(candidates: list[Partition]) -> dict[int, Partition]:
    """The candidate of the highest criterion per number of groups."""
    best: dict[int, Partition] = {}
    for p in candidates:
        if p.count not in best or p.score > best[p.count].score + 1e-9:
            best[p.count] = p
    return dict(sorted(best.items()))


def agree(candidates: list[Partition]) -> Partition:
    """The candidate most like the others, each weighed by its criterion: among few customers no single one is sure.

    Likeness is the adjusted Rand index (Hubert & Arabie 1985), so that the choice maximises what is expected of it.
    The weights are exp(criterion / 3): the criterion takes customers for surer of their group than they are.
    """
    leading = sorted((p for p in candidates if p.count > 1), key=lambda p: -p.score)[:_MOST_COMPARED]
    weights = np.exp((np.array([p.score for p in leading]) - leading[0].score) / _TEMPER)
    shown = [np.eye(p.count)[p.labels] for p in leading]
    expected = [sum(w * _rand(a, b) for w, b in zip(weights, shown, strict=True)) for a in shown]
    return leading[int(np.argmax(np.round(expected, 9)))]


def _rand(a: np.ndarray, b: np.ndarray) -> float:
    """The adjusted Rand index of two partitions given as indicators (n × groups)."""
    pairs, first, second = ((m * (m - 1) / 2).sum() for m in (a.T @ b, a.sum(axis=0), b.sum(axis=0)))
    chance = first * second / (len(a) * (len(a) - 1) / 2)
    return float((pairs - chance) / max((first + second) / 2 - chance, 1e-12))


def _plane(points: Points) -> np.ndarray:
    """Numbers and choices on one scale for the starts: each choice spreads as much as one number."""
    parts = [np.clip(points.numbers, -_START_CLIP, _START_CLIP)]
    for j, levels in enumerate(points.levels):
        shown = np.eye(levels + 1)[points.codes[:, j]][:, :levels]
        parts.append((shown - shown.mean(axis=0)) / np.sqrt(max(shown.var(axis=0).sum(), 1e-9)))
    return np.hstack(parts)


def _starts(plane: np.ndarray, tree: np.ndarray | None, k: int, seed: int, thorough: bool) -> list[np.ndarray]:
    different = len(np.unique(plane, axis=0))
    starts = [_kmeans(plane, min(k, different), seed + i) for i in range(3 if thorough else 1)]
    if tree is not None:
        starts.append(fcluster(tree, k, "maxclust") - 1)
    if thorough and len(plane) >= 12 * k and different > k:
        fine = KMeans(min(4 * k, different), n_init=1, random_state=seed).fit(plane)
        for method in ("ward", "average"):
            coarse = fcluster(linkage(fine.cluster_centers_, method), k, "maxclust") - 1
            starts.append(coarse[fine.labels_])
    return starts


def _kmeans(plane: np.ndarray, k: int, seed: int) -> np.ndarray:
    return KMeans(k, n_init=1, max_iter=100, random_state=seed).fit(plane).labels_


def _refine(points: Points, labels: np.ndarray, *, steps: int) -> Partition:
    labels = tidy_labels(labels)
    mixture = fit_mixture(points, labels, steps=steps)
    labels = _drop_small(points, membership(points, mixture))
    return Partition(labels, score_labels(points, labels))


def smallest_group(n: int) -> int:
    """Fewest customers that may be a group of their own: three, and five from 90 customers on (disclosure)."""
    return max(SMALLEST_GROUP, min(5, n // 18))


def _drop_small(points: Points, share: np.ndarray) -> np.ndarray:
    """Hard labels; groups that are too small give their customers to the next best group."""
    labels = share.argmax(axis=1)
    small = np.bincount(labels, minlength=share.shape[1]) < smallest_group(len(points))
    if small.any() and not small.all():
        labels = np.where(small, -1.0, share).argmax(axis=1)
    return tidy_labels(labels)


def _note(found: dict[bytes, Partition], partition: Partition) -> None:
    found.setdefault(partition.labels.tobytes(), partition)


def _merge_down(points: Points, found: dict[bytes, Partition], start: Partition) -> None:
    """Merge greedily the pair whose union scores best, refit, and note what comes of it."""
    now = start
    while now.count > 2:
        pairs = [(a, b) for a in range(now.count) for b in range(a)]
        merged = [tidy_labels(np.where(now.labels == a, b, now.labels)) for a, b in pairs]
        now = _refine(points, merged[int(np.argmax([score_labels(points, m) for m in merged]))], steps=4)
        _note(found, now)


def _split_up(points: Points, plane: np.ndarray, found: dict[bytes, Partition], seed: int) -> None:
    """Split each group of the best few partitions in two, refit, and note what comes of it."""
    for now in sorted(best_by_count(list(found.values())).values(), key=lambda p: -p.score)[:3]:
        for group in range(now.count):
            inside = np.flatnonzero(now.labels == group)
            if len(inside) >= 2 * smallest_group(len(points)) and np.ptp(plane[inside], axis=0).any():
                labels = now.labels.copy()
                labels[inside] = np.where(_kmeans(plane[inside], 2, seed) == 1, now.count, group)
                _note(found, _refine(points, labels, steps=5))
