"""Steps of cutting segments, each against a case small enough to work out, or an independent library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats
from sklearn.metrics import adjusted_rand_score

from pmo_analysis.analysis.segments import partitions
from pmo_analysis.analysis.segments.columns import as_text, read_columns
from pmo_analysis.analysis.segments.cut import _check_request, _confusion, _content_order, _merge_confused
from pmo_analysis.analysis.segments.mixture import (
    Mixture,
    Points,
    _calm,
    _chances,
    _maximise,
    _pool,
    fill_missing,
    fit_mixture,
    log_density,
    membership,
)
from pmo_analysis.analysis.segments.partitions import Partition
from pmo_analysis.analysis.segments.transforms import _base, apply_transform, fit_transform
from pmo_analysis.contract.errors import InputError


def points_of(numbers: list, codes: list | None = None, levels: tuple[int, ...] = ()) -> Points:
    """Customers as points, without choices where none are given."""
    x = np.array(numbers, dtype=float)
    return Points(x, np.zeros((len(x), 0), int) if codes is None else np.array(codes), levels)


def test_the_density_is_that_of_scipy_with_the_weight_and_the_chances_of_what_is_known():
    spread = np.array([[2.0, 0.6], [0.6, 1.0]])
    mixture = Mixture(
        np.array([0.3, 0.7]), np.array([[0.0, 1.0], [2.0, -1.0]]), np.stack([spread, np.eye(2)]),
        (np.array([[0.9, 0.1], [0.4, 0.6]]),),
    )  # fmt: skip
    told = log_density(points_of([[1.0, 2.0], [np.nan, 0.5], [np.nan, np.nan]], [[1], [0], [-1]], (2,)), mixture)
    own = [stats.multivariate_normal([0, 1], spread), stats.multivariate_normal([2, -1], np.eye(2))]
    assert told[0] == pytest.approx(np.log([0.3 * 0.1, 0.7 * 0.6]) + [o.logpdf([1, 2]) for o in own])
    assert told[1] == pytest.approx(np.log([0.3 * 0.9, 0.7 * 0.4]) + stats.norm.logpdf(0.5, [1, -1], 1))
    assert told[2] == pytest.approx(np.log([0.3, 0.7]))


def test_chances_of_levels_are_drawn_to_everybodys_by_two_customers():
    # Of four known answers three are the first: (3.5, 1.5) of 5 for everybody.
    told = _chances(np.array([[3.0, 1.0], [0.0, 0.0]]))
    assert told == pytest.approx(np.array([[4.4 / 6, 1.6 / 6], [0.7, 0.3]]))


def test_means_that_chance_would_put_apart_are_drawn_together():
    means, sizes = np.array([[0.0, 0.0, 5.0], [2.0, 2.0, 5.0]]), np.array([10.0, 10.0])
    # Apart by 20 in squares; chance puts two groups apart by one variance.
    told = _calm(means, sizes, np.array([1.0, 40.0, 1.0]))
    assert told == pytest.approx(np.array([[0.05, 1.0, 5.0], [1.95, 1.0, 5.0]]))
    three = _calm(np.array([[0.0], [1.0], [2.0]]), np.full(3, 8.0), np.array([2.0]))  # apart by 16, chance by 4
    assert three.ravel() == pytest.approx([0.25, 1.0, 1.75])


def test_few_customers_tell_little_of_how_columns_go_together():
    few, many = (_pool(n * np.array([[1.0, 0.5], [0.5, 1.0]]), n) for n in (30, 3e6))
    assert few == pytest.approx(np.array([[1.02, 0.25], [0.25, 1.02]]))  # half way to no correlation
    assert many == pytest.approx(np.array([[1.02, 0.5], [0.5, 1.02]]), abs=1e-4)
    flat = _pool(np.zeros((1, 1)), 10.0)
    assert 0 < flat[0, 0] < 0.1  # a column that does not vary still has a spread to divide by


def test_weights_count_one_customer_more_in_each_group():
    told = fit_mixture(points_of([[0.0], [0.1], [-0.1], [9.0]]), np.array([0, 0, 0, 1]), steps=0)
    assert told.weights == pytest.approx([4 / 6, 2 / 6])


def test_a_fit_goes_on_from_the_labels_and_settles():
    x = np.concatenate([np.linspace(-1, 1, 30), np.linspace(7, 9, 30)])[:, None]
    labels = np.repeat([0, 1], 30)
    labels[:4] = 1
    start, usual, long = (fit_mixture(points_of(x), labels, **how) for how in ({"steps": 0}, {}, {"steps": 200}))
    assert start.means[1, 0] < 7.5 and usual.means[1, 0] > 7.8
    assert usual.means == pytest.approx(long.means, abs=1e-3)
    assert membership(points_of(x), usual).argmax(axis=1).tolist() == [0] * 30 + [1] * 30


def test_a_maximising_step_counts_a_missing_cell_by_what_the_other_tells():
    spread = np.array([[[1.0, 0.8], [0.8, 1.0]]])
    now = Mixture(np.ones(1), np.array([[1.0, 2.0]]), spread, ())
    told = _maximise(points_of([[2.0, np.nan], [0.0, 2.0]]), np.ones((2, 1)), now)
    assert told.means[0] == pytest.approx([1.0, 2.4])  # the missing one is expected at 2 + .8 · (2 − 1)


def test_a_gap_is_filled_by_both_groups_as_the_customer_may_be_of_either():
    covariances = np.stack([np.array([[1.0, 0.5], [0.5, 1.0]]), np.eye(2)])
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[-1.0, 0.0], [1.0, 8.0]]), covariances, ())
    filled = fill_missing(points_of([[0.0, np.nan], [3.0, 4.0]]), mixture)
    assert filled == pytest.approx(np.array([[0.0, 0.5 * 0.5 + 0.5 * 8.0], [3.0, 4.0]]))


@pytest.mark.parametrize(("n", "least"), [(20, 3), (71, 3), (72, 4), (89, 4), (90, 5), (5000, 5)])
def test_a_group_has_three_customers_and_five_from_ninety_on(n, least):
    assert partitions.smallest_group(n) == least


def test_groups_too_small_give_their_customers_to_the_next_best():
    share = np.array([[0.9, 0.1, 0.0]] * 3 + [[0.1, 0.7, 0.2]] * 3 + [[0.0, 0.45, 0.55]] * 2)
    told = partitions._drop_small(points_of(np.zeros((8, 1))), share)
    assert told.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    told = partitions._drop_small(points_of(np.zeros((9, 1))), np.vstack([share, share[-1:]]))
    assert told.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_labels_are_tidied_in_the_order_of_first_appearance():
    assert partitions.tidy_labels(np.array([7, 7, 2, 9, 2, 7])).tolist() == [0, 0, 1, 2, 1, 0]


def test_the_adjusted_rand_index_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    for k, m in ((2, 3), (4, 2), (3, 3)):
        a, b = rng.integers(0, k, 40), rng.integers(0, m, 40)
        assert partitions._rand(np.eye(k)[a], np.eye(m)[b]) == pytest.approx(adjusted_rand_score(a, b))


def test_sizes_and_choices_are_weighed_as_a_dirichlet_multinomial_without_its_orders():
    counts, prior = np.array([[4, 0, 3], [1, 2, 0]]), np.array([0.5, 0.5, 0.5])
    orders = (special.gammaln(counts.sum(axis=1) + 1) - special.gammaln(counts + 1).sum(axis=1)).sum()
    told = sum(stats.dirichlet_multinomial.logpmf(c, prior, c.sum()) for c in counts) - orders
    assert partitions._dirichlet(counts, prior) == pytest.approx(told)


@pytest.mark.parametrize(("d", "sizes"), [(1, [1]), (2, [2]), (3, [2, 3]), (4, [2, 3, 4]), (20, [7, 10, 15, 20])])
def test_sets_of_telling_columns_are_nested_and_never_a_single_one_of_several(d, sizes):
    assert partitions._set_sizes(d) == sizes


def test_the_best_of_each_count_is_the_first_of_equals_in_the_order_of_counts():
    two, same, better = (Partition(np.array([0, 0, 1]), score) for score in (1.0, 1.0, 1.5))
    one = Partition(np.zeros(3, int), 0.0)
    assert list(partitions.best_by_count([two, same, one]).items()) == [(1, one), (2, two)]
    assert partitions.best_by_count([two, better, same])[2] is better


def test_a_choice_spreads_as_much_as_one_number_and_far_numbers_are_drawn_in():
    codes = [[0], [0], [1], [2]]
    plane = partitions._plane(points_of([[9.0], [-9.0], [0.5], [-0.5]], codes, (3,)))
    assert plane[:, 1:].var(axis=0).sum() == pytest.approx(1.0) and plane[:, 1:].mean(axis=0) == pytest.approx(0)
    assert plane[2:, 0].tolist() == [0.5, -0.5] and 1.5 < plane[0, 0] == -plane[1, 0] < 4


def test_the_partition_that_most_others_resemble_is_chosen_among_equals():
    labels = [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1]]
    candidates = [Partition(np.array(own), 0.0) for own in labels]
    assert partitions.agree(candidates) is candidates[0]
    sure = [*candidates[:3], Partition(np.array(labels[3]), 30.0)]
    assert partitions.agree(sure) is sure[3]  # far surer of itself than the others
    one = Partition(np.zeros(6, int), 99.0)
    assert partitions.agree([one, *candidates[:2]]).count == 2


def test_confusion_is_the_share_of_two_groups_placed_in_the_other():
    share = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.0, 1.0]])
    # Expected of the first, placed in the second: .3; of the second, placed in the first: .3; of four customers.
    assert _confusion(share) == pytest.approx(np.array([[0, 0.15], [0.15, 0]]))


def test_two_halves_of_one_heap_are_merged_and_heaps_are_not():
    x = np.concatenate([np.linspace(-1, 1, 40), np.linspace(9, 11, 40)])[:, None]
    halves = Partition(np.repeat([0, 1, 2], [20, 20, 40]), 0.0)
    merged = _merge_confused(points_of(x), halves)
    assert merged.labels.tolist() == [0] * 40 + [1] * 40
    assert merged.score == partitions.score_labels(points_of(x), merged.labels)
    three = np.concatenate([x, np.linspace(19, 21, 40)[:, None]])
    assert _merge_confused(points_of(three), Partition(np.repeat([0, 1, 2], 40), 0.0)).count == 3


def test_groups_are_ordered_by_size_and_equals_by_their_centres():
    means = np.array([[1.0, 5.0], [3.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    assert _content_order(np.array([0.2, 0.4, 0.2, 0.2]), means).tolist() == [1, 3, 2, 0]


def test_how_many_segments_may_be_asked_for():
    values = pd.DataFrame({"a": range(30)})
    for segments, most, seed in ((None, 2, 0), (1, 8, 0), (10, 8, 5)):
        _check_request(values, segments, most, seed)
    for request in ((0, 8, 0), (11, 8, 0), (None, 1, 0), (None, 8, -1), (True, 8, 0), (None, 8, 1.0)):
        with pytest.raises(InputError, match="segments=|seed="):
            _check_request(values, *request)


def test_levels_of_two_customers_or_of_less_than_two_in_a_hundred_are_lumped():
    def lumped(n: int, often: int) -> set:
        text = ["rare"] * often + ["a", "b"] * ((n - often) // 2) + ["a"] * ((n - often) % 2)
        return set(read_columns(pd.DataFrame({"c": text})).choices["c"])

    assert lumped(40, 3) == {"rare", "a", "b"} and lumped(40, 2) == {"other", "a", "b"}
    assert lumped(250, 5) == {"rare", "a", "b"} and lumped(250, 4) == {"other", "a", "b"}


def test_numbers_used_as_choices_are_spelled_plainly():
    assert as_text(pd.Series([0, 2.0, 1.0, 2.5])).tolist() == ["no", "2", "yes", "2.5"]


def test_the_offset_of_a_column_with_noughts_is_half_the_least_above():
    assert _base(np.array([0.0, 0.4, 2.0, 6.0])) == {"kind": "power", "centre": 2.0, "offset": 0.2}
    assert _base(np.array([0.5, 2.0, 6.0]))["offset"] == 0.0
    signed = _base(np.array([-3.0, 0.0, 1.0, 2.0, 9.0]))
    assert (signed["centre"], signed["offset"]) == (1.0, pytest.approx(1.4826))
    heap = np.array([-1.0, 0, 0, 0, 0, 3.0])  # most are alike, so the deviation is the spread
    assert _base(heap)["offset"] == pytest.approx(heap.std())


def test_a_bent_column_has_mean_nought_and_deviation_one_and_is_clipped_far_out():
    x = np.random.default_rng(3).lognormal(2, 1, 300)
    spec = fit_transform(x, np.zeros(300, int))
    told = apply_transform(x, spec)
    inner = np.abs(told) < 3.9
    assert spec["power"] == 0 and np.log(x[inner]) == pytest.approx(
        np.log(spec["centre"]) + spec["location"] + spec["spread"] * told[inner]
    )
    assert (spec["lowest"], spec["highest"], spec["median"]) == (x.min(), x.max(), np.median(x))
    assert apply_transform(np.array([1e-30, 1e30]), spec).tolist() == [-4.0, 4.0]
    assert fit_transform(np.full(9, 7.0), np.zeros(9, int))["spread"] == 1.0
