"""Weights against published examples and their own arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.weights import RANDOM_INDEX, ahp_weights, rank_order_centroid, swing_weights
from pmo_analysis.contract.errors import InputError, SettingError

RESTAURANT = [[1, "1/3", "1/5"], [3, 1, "1/4"], [5, 4, 1]]  # Rich C. Lee, AHP example
HOUSE = [  # Saaty 1990, EJOR 48, 9–26
    [1, 5, 3, 7, 6, 6, "1/3", "1/4"],
    ["1/5", 1, "1/3", 5, 3, 3, "1/5", "1/7"],
    ["1/3", 3, 1, 6, 3, 4, 6, "1/5"],
    ["1/7", "1/5", "1/6", 1, "1/3", "1/4", "1/7", "1/8"],
    ["1/6", "1/3", "1/3", 3, 1, "1/2", "1/5", "1/6"],
    ["1/6", "1/3", "1/4", 4, 2, 1, "1/5", "1/6"],
    [3, 5, "1/6", 7, 5, 5, 1, "1/2"],
    [4, 7, 5, 8, 6, 6, 2, 1],
]
FRUITS = [[1, "1/3", 5], [3, 1, 7], ["1/5", "1/7", 1]]  # Teknomo 2006


def test_the_restaurant_example_gives_its_published_weights_and_consistency():
    told = ahp_weights(RESTAURANT, method="geometric_mean")
    assert told.weights.tolist() == pytest.approx([0.1007, 0.2255, 0.6738], abs=6e-5)
    assert told.lambda_max == pytest.approx(3.0858, abs=6e-5)
    assert told.consistency_index == pytest.approx(0.0429, abs=6e-5)
    assert told.consistency_ratio == pytest.approx(0.0739, abs=6e-5)


def test_saatys_drinks_are_weighed_as_published():
    # Saaty 2008, Decision making with the AHP, Int. J. Services Sciences 1, 83–98: which drink is consumed more in the US.
    drinks = [
        [1, 9, 5, 2, 1, 1, "1/2"],
        ["1/9", 1, "1/3", "1/9", "1/9", "1/9", "1/9"],
        ["1/5", 3, 1, "1/3", "1/4", "1/3", "1/9"],
        ["1/2", 9, 3, 1, "1/2", 1, "1/3"],
        [1, 9, 4, 2, 1, 2, "1/2"],
        [1, 9, 3, 1, "1/2", 1, "1/3"],
        [2, 9, 9, 3, 2, 3, 1],
    ]
    told = ahp_weights(drinks)
    assert told.weights.tolist() == pytest.approx([0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], abs=6e-4)
    assert told.consistency_ratio == pytest.approx(0.022, abs=6e-4)


def test_geometric_mean_and_eigenvector_agree_exactly_for_three():
    geometric, eigen = (ahp_weights(RESTAURANT, method=m).weights for m in ("geometric_mean", "eigenvector"))
    assert geometric.to_numpy() == pytest.approx(eigen.to_numpy(), abs=1e-12)


def test_saatys_house_is_weighed_as_published_and_said_to_contradict_itself():
    told = ahp_weights(HOUSE)
    assert told.weights.tolist() == pytest.approx([0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], abs=6e-4)
    assert told.lambda_max == pytest.approx(9.669, abs=6e-4)
    assert told.consistency_index == pytest.approx(0.238, abs=6e-4)
    assert told.consistency_ratio == pytest.approx(0.169, abs=6e-4)
    assert "contradict" in told.sentence


def test_the_fruits_differ_by_method_and_the_method_is_named():
    average, eigen = ahp_weights(FRUITS, method="column_average"), ahp_weights(FRUITS)
    assert average.weights.tolist() == pytest.approx([0.2828, 0.6434, 0.0738], abs=1e-4)
    assert average.lambda_max == pytest.approx(3.0967, abs=1e-4)
    assert average.consistency_index == pytest.approx(0.0484, abs=1e-4)
    assert average.consistency_ratio == pytest.approx(0.083, abs=5e-4)
    assert eigen.weights.tolist() == pytest.approx([0.27895, 0.64912, 0.07193], abs=1e-5)
    assert eigen.lambda_max == pytest.approx(3.064888, abs=1e-6)
    assert (average.method, eigen.method) == ("column_average", "eigenvector")


def test_a_consistent_matrix_gives_its_weights_back_by_every_method():
    weights = np.array([0.5, 0.3, 0.15, 0.05])
    matrix = pd.DataFrame(weights[:, None] / weights, index=list("abcd"), columns=list("abcd"))
    for method in ("eigenvector", "geometric_mean", "column_average"):
        told = ahp_weights(matrix, method=method)
        assert told.weights.to_numpy() == pytest.approx(weights)
        assert told.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert list(told.weights.index) == list("abcd")


def test_the_random_index_is_named_and_changes_the_ratio_only():
    saaty, donegan = ahp_weights(HOUSE), ahp_weights(HOUSE, random_index="donegan_dodd")
    assert saaty.consistency_ratio * RANDOM_INDEX["saaty"][7] == pytest.approx(
        donegan.consistency_ratio * RANDOM_INDEX["donegan_dodd"][7]
    )
    assert donegan.random_index in donegan.sentence
    assert saaty.weights.equals(donegan.weights)


def test_two_outcomes_cannot_contradict_each_other():
    told = ahp_weights([[1, 4], [0.25, 1]])
    assert told.weights.tolist() == pytest.approx([0.8, 0.2])
    assert told.consistency_ratio == 0


@pytest.mark.parametrize(
    "matrix",
    [[[1, 2], [2, 1]], [[1, 2, 3], [0.5, 1, 2]], [[1, "x"], [1, 1]], [[1, -2], [-0.5, 1]], [[1, "1/0"], [1, 1]]],
)
def test_a_matrix_that_is_no_comparison_is_refused(matrix):
    with pytest.raises(InputError):
        ahp_weights(matrix)


def test_an_unknown_method_is_refused():
    with pytest.raises(SettingError):
        ahp_weights(RESTAURANT, method="mean")
    with pytest.raises(SettingError):
        ahp_weights(RESTAURANT, random_index="mine")


def test_swings_become_shares():
    assert swing_weights({"benefit": 100, "execution": 60, "experience": 40}).to_dict() == pytest.approx(
        {"benefit": 0.5, "execution": 0.3, "experience": 0.2}
    )
    with pytest.raises(InputError):
        swing_weights({"benefit": 0})


def test_rank_order_centroids_are_the_published_ones():
    # Barron & Barrett 1996: n = 3 gives 11/18, 5/18, 2/18.
    assert rank_order_centroid(["a", "b", "c"]).to_dict() == pytest.approx({"a": 11 / 18, "b": 5 / 18, "c": 2 / 18})
    with pytest.raises(InputError):
        rank_order_centroid(["a", "a"])


def test_the_random_indices_are_the_published_ones():
    # Saaty 1980, The Analytic Hierarchy Process, table; Donegan & Dodd 1991, Math. Comput. Modelling 15(3), 135–137.
    saaty = "0 0 .58 .90 1.12 1.24 1.32 1.41 1.45 1.49 1.51 1.48 1.56 1.57 1.59"
    dodd = "0 0 .4887 .8045 1.0591 1.1797 1.2519 1.3171 1.3733 1.4055 1.4213 1.4497 1.4643 1.4822 1.4969"
    assert {name: list(index) for name, index in RANDOM_INDEX.items()} == {
        "saaty": [float(n) for n in saaty.split()],
        "donegan_dodd": [float(n) for n in dodd.split()],
    }


def test_fifteen_things_can_be_compared_and_sixteen_are_too_many():
    assert ahp_weights(np.ones((15, 15))).consistency_ratio == pytest.approx(0)
    with pytest.raises(InputError, match="16 things .* at most 15"):
        ahp_weights(np.ones((16, 16)))


def test_two_things_always_agree_and_a_mirror_may_be_rounded():
    assert ahp_weights([[1, 3], ["1/3", 1]]).consistency_ratio == 0
    with pytest.raises(InputError, match=r"Row 1, column 2 is 3 and its mirror 0.5.*2 cells"):
        ahp_weights([[1, 3], [0.5, 1]])
    assert ahp_weights([[1, 3], [0.337, 1]]).weights.iloc[0] > 0.7  # 1.01: rounded as people write it


def test_a_single_outcome_takes_the_whole_weight_and_none_is_refused():
    assert swing_weights({"a": 50}).to_dict() == {"a": 1.0} == rank_order_centroid(["a"]).to_dict()
    assert swing_weights({"a": 0, "b": 1}).to_dict() == {"a": 0.0, "b": 1.0}
    for points in ({}, {"a": 0}, {"a": -1, "b": 2}, {"a": np.nan}):
        with pytest.raises(InputError, match="Swing points"):
            swing_weights(points)
