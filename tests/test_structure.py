"""Whether there is more than one group at all is answered rightly for bends, tails, choices and gaps."""

from __future__ import annotations

import numpy as np
import pytest

from pmo_analysis.analysis.segments.bend import turn_to_bend, weigh_tails
from pmo_analysis.analysis.segments.continuum import fit_continua
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.null import normal_scores, one_population, unimodal
from pmo_analysis.analysis.segments.partitions import Partition
from pmo_analysis.analysis.segments.structure import check_structure, threshold, valley


def numbers_only(values: np.ndarray) -> Points:
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    return Points(np.clip(values, -4, 4), np.zeros((len(values), 0), int), ())


def two_heaps(n: int, apart: float, seed: int = 0) -> tuple[Points, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = np.repeat([0, 1], n // 2)
    return numbers_only(rng.normal(size=(n, 4)) + apart * group[:, None] * [1, 1, 0, 0]), group


def arch(n: int, seed: int) -> Points:
    rng = np.random.default_rng(seed)
    t = rng.normal(size=n)
    shape = np.column_stack([t, -t, t**2, np.abs(t), 0.5 * t**2])
    return numbers_only(shape + 0.5 * rng.normal(size=shape.shape))


def choices(latent: np.ndarray) -> Points:
    return Points(np.zeros((len(latent), 0)), np.digitize(latent, [-0.6, 0.6]), (3,) * latent.shape[1])


def test_two_heaps_far_apart_are_more_than_one_group():
    test = check_structure(two_heaps(80, 5.0)[0], seed=0)
    assert test.found and test.z > threshold(80) + 3


@pytest.mark.parametrize("seed", [1, 2])
def test_one_heap_is_one_group(seed):
    assert not check_structure(two_heaps(60, 0.0, seed)[0], seed=0).found


@pytest.mark.parametrize("seed", [1, 2])
def test_an_arch_is_one_group(seed):
    assert not check_structure(arch(80, seed), seed=0).found


def test_heavy_tails_are_one_group():
    rng = np.random.default_rng(4)
    shared = np.sqrt(rng.chisquare(3, size=(100, 1)) / 3)
    assert not check_structure(numbers_only(rng.normal(size=(100, 5)) / shared), seed=0).found


def test_choices_along_one_continuum_are_one_group():
    rng = np.random.default_rng(5)
    trait = rng.normal(size=(100, 1))
    assert not check_structure(choices(0.7 * trait + 0.7 * rng.normal(size=(100, 5))), seed=0).found


def test_groups_that_show_in_choices_alone_are_found():
    rng = np.random.default_rng(6)
    wanted = rng.integers(3, size=100)[:, None] * np.ones((1, 6), int)
    shown = np.where(rng.random(wanted.shape) < 0.85, (wanted + np.arange(6)) % 3, rng.integers(3, size=wanted.shape))
    assert check_structure(Points(np.zeros((100, 0)), shown, (3,) * 6), seed=0).found


def test_the_null_draws_are_told_with_the_data_first():
    test = check_structure(two_heaps(60, 5.0)[0], seed=0)
    assert list(test.null.columns) == ["draw", "gain", "valley", "z"]
    assert test.null["draw"].tolist() == list(range(len(test.null)))
    assert test.null["z"].iloc[0] == test.z
    assert abs(test.null["z"].iloc[1:].mean()) < 1e-9
    assert len(test.null_gain[2]) == len(test.null) - 1


def test_the_same_seed_gives_the_same_answer():
    points = arch(40, 9)
    assert check_structure(points, seed=3).null.equals(check_structure(points, seed=3).null)


def test_overlapping_heaps_are_found_by_the_valley_between_them():
    test = check_structure(two_heaps(80, 3.2)[0], seed=0)
    assert test.found
    assert test.null["valley"].iloc[0] > test.null["valley"].iloc[1:].quantile(0.9)


@pytest.mark.filterwarnings("error")
def test_columns_that_do_not_vary_are_borne_in_silence():
    rng = np.random.default_rng(10)
    numbers = np.column_stack([rng.normal(size=40), np.zeros(40), np.full(40, 0.3)])
    codes = np.column_stack([rng.integers(3, size=40), np.full(40, 2), np.full(40, -1)])
    assert not check_structure(Points(numbers, codes, (3, 3, 2)), seed=0).found


def test_the_null_hides_and_fills_what_the_data_miss():
    points, _ = two_heaps(60, 0.0)
    known = np.ones(points.numbers.shape, bool)
    known[::3, 1] = False
    drawn = one_population(points, known)(np.random.default_rng(0))
    assert np.isfinite(drawn.numbers).all()
    # What is filled lies at its expectation, so it varies far less than what is seen.
    assert drawn.numbers[~known[:, 1], 1].std() < 0.6 * drawn.numbers[known[:, 1], 1].std()


def test_the_null_bends_where_the_data_bend():
    points = arch(300, 2)
    drawn = one_population(points)(np.random.default_rng(1)).numbers
    bent = np.corrcoef(points.numbers[:, 0] ** 2, points.numbers[:, 2])[0, 1]
    assert bent > 0.6
    assert np.corrcoef(drawn[:, 0] ** 2, drawn[:, 2])[0, 1] > 0.6 * bent


def test_a_bend_shared_by_columns_is_turned_to_the_front():
    scores = normal_scores(arch(400, 3).numbers)
    turned, back = turn_to_bend(scores)
    assert np.allclose(turned @ back, scores - scores.mean(axis=0))
    assert abs(np.corrcoef(turned[:, 0] ** 2, turned[:, 1])[0, 1]) > 0.6


def test_tails_are_weighed_by_their_degrees_of_freedom():
    rng = np.random.default_rng(7)
    normal = rng.normal(size=(500, 4))
    degrees, gain = weigh_tails(normal / np.sqrt(rng.chisquare(5, size=(500, 1)) / 5))
    assert degrees in (3.0, 5.0, 8.0) and gain > 10
    assert weigh_tails(normal) == (np.inf, 0.0)


def test_continua_have_the_correlation_behind_yes_and_no():
    rng = np.random.default_rng(8)
    trait = rng.normal(size=(4000, 2)) @ np.linalg.cholesky([[1, 0.5], [0.5, 1]]).T
    points = Points(np.zeros((4000, 0)), (trait > 0.3).astype(int), (2, 2))
    continua = fit_continua(points, points.numbers)
    assert (continua.root @ continua.root.T)[0, 1] == pytest.approx(0.5, abs=0.06)


def test_a_valley_is_deep_between_heaps_and_shallow_within_one():
    apart, group = two_heaps(200, 5.0)
    one, _ = two_heaps(200, 0.0)
    halves = (one.numbers[:, 0] > 0).astype(int)
    assert valley(apart, Partition(group, 0.0)) > 0.7
    assert valley(one, Partition(halves, 0.0)) < 0.2


def test_the_nearest_unimodal_heights_rise_then_fall():
    assert unimodal(np.array([1.0, 3.0, 2.0, 4.0, 1.0])) == pytest.approx([1.0, 2.5, 2.5, 4.0, 1.0])
