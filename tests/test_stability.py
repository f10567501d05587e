"""Segments that would come back among other customers are told from those that would not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from benchmarks import generators
from pmo_analysis.analysis.segments import describe_given, segment_customers
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.partitions import search_partitions
from pmo_analysis.analysis.segments.stability import best_jaccard, bootstrap_jaccard, measure_stability, name_band


def points(numbers: np.ndarray) -> Points:
    return Points((numbers - numbers.mean(axis=0)) / numbers.std(axis=0), np.zeros((len(numbers), 0), int), ())


def table_of(numbers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(numbers, index=[f"c{i:03d}" for i in range(len(numbers))]).add_prefix("x")


def test_likeness_to_the_nearest_group_by_hand():
    # {0,1,2} against {0,1} and {2,3,4}: 2/3 and 1/5; {3,4} against them: 0 and 2/3; nobody drawn of the third.
    likeness = best_jaccard(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 3)
    assert likeness[:2] == pytest.approx([2 / 3, 2 / 3])
    assert np.isnan(likeness[2])


def test_likeness_is_that_of_sets():
    rng = np.random.default_rng(4)
    labels, found = rng.integers(0, 4, 60), rng.integers(0, 5, 60)

    def members(of: np.ndarray, group: int) -> set[int]:
        return {i for i, g in enumerate(of) if g == group}

    def jaccard(a: set[int], b: set[int]) -> float:
        return len(a & b) / len(a | b)

    expected = [max(jaccard(members(labels, g), members(found, h)) for h in range(5)) for g in range(4)]
    assert best_jaccard(labels, found, 4) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("jaccard", "band"),
    [(0.85, "very stable"), (0.849, "stable"), (0.75, "stable"), (0.6, "a pattern"), (0.59, "not trustworthy")],
)
def test_bands_are_those_of_hennig(jaccard, band):
    assert name_band(jaccard) == band
    assert name_band(float("nan")) == "not trustworthy"


@pytest.mark.parametrize(
    ("k", "published", "tolerance"),
    [(2, [0.874, 0.887], 0.05), (3, [0.953, 0.969, 0.978], 0.02)],
)
def test_the_wines_of_the_published_example_are_as_stable_as_it_says(k, published, tolerance):
    # R package fpc, clusterboot(scale(wine), B=100, kmeansCBI): kkulma.github.io, "Cluster validation", May 2017.
    z = StandardScaler().fit_transform(load_wine().data)

    def refit(drawn: np.ndarray) -> np.ndarray:
        return KMeans(k, n_init=5, random_state=int(drawn.sum())).fit(z[drawn]).labels_

    labels = KMeans(k, n_init=10, random_state=0).fit(z).labels_
    found = bootstrap_jaccard(labels, refit, draws=100, rng=np.random.default_rng(20))
    assert np.sort(np.nanmean(found, axis=0)) == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize("family", ["clear", "unequal"])
def test_planted_groups_are_very_stable(family):
    values, planted, _ = getattr(generators, family)(300, 1)
    told = describe_given(values, planted).stability
    assert (told["jaccard"] >= 0.85).all() and set(told["band"]) == {"very stable"}
    assert told["customers_count"].tolist() == planted.astype(str).value_counts().sort_index().tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_halves_of_one_population_are_not_stable(seed):
    whole = points(np.random.default_rng(seed).normal(size=(300, 5)))
    best_split = search_partitions(whole, range(2, 3), seed=0)[2].labels
    by_a_column = (whole.numbers[:, 0] > 0).astype(int)
    for labels in (best_split, by_a_column):
        assert (measure_stability(whole, labels, ["a", "b"], seed=0)["jaccard"] < 0.75).all()


def test_a_real_group_stays_stable_beside_an_arbitrary_cut_through_another():
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=(200, 4)) + 6 * np.repeat([0, 1], [80, 120])[:, None]
    cut = np.where(np.arange(200) < 80, 0, 1 + rng.integers(0, 2, 200))
    told = measure_stability(points(numbers), cut, ["real", "half", "other half"], seed=0).set_index("segment")
    assert told.loc["real", "jaccard"] >= 0.75
    assert (told.loc[["half", "other half"], "jaccard"] < 0.75).all()


def test_groups_that_are_not_stable_are_named_in_the_sentence():
    values = table_of(np.random.default_rng(2).normal(size=(120, 4)))
    answer = segment_customers(values, segments=2)
    weak = answer.stability.loc[answer.stability["band"] == "not trustworthy", "segment"]
    assert len(weak) and "would often not come back" in answer.sentence
    assert all(segment in answer.sentence for segment in weak)


def test_one_group_has_no_stability_to_tell():
    told = segment_customers(table_of(np.random.default_rng(2).normal(size=(30, 3))), segments=1).stability
    assert told.empty
    assert list(told) == ["segment", "jaccard", "low", "high", "band", "draws", "customers_count"]


def test_the_same_seed_gives_the_same_stability_and_many_customers_are_drawn_from():
    numbers = np.random.default_rng(0).normal(size=(2000, 2)) + 5 * np.repeat([0, 1], 1000)[:, None]
    labels = np.repeat([0, 1], 1000)
    first, again = (measure_stability(points(numbers), labels, ["a", "b"], seed=7) for _ in range(2))
    assert first.equals(again)
    assert first["customers_count"].tolist() == [1000, 1000]
    assert ((first["low"] <= first["jaccard"]) & (first["jaccard"] <= first["high"])).all()


def test_given_segments_are_told_with_shuffles_beside_them_and_who_sits_between():
    rng = np.random.default_rng(6)
    group = np.repeat(["a", "b"], 40)
    values = table_of(rng.normal(size=(80, 3)) + 1.2 * (group == "b")[:, None])
    told = describe_given(values, pd.Series(group, values.index))
    assert told.null["draw"].tolist() == list(range(100))
    assert told.null["z"].iloc[1:].mean() == pytest.approx(0) and told.null["z"].iloc[0] > 3
    assert told.null["valley"].isna().all()
    members = told.members
    assert (members["second"] != members["segment"]).all()
    assert (members["between"] == (members["second_confidence"] >= 0.25)).all() and members["between"].any()
    assert (members["confidence"] + members["second_confidence"]).to_numpy() == pytest.approx(1)
