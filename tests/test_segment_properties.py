"""What must not matter to segments does not: order, units, names, copies, seeds; and what is assigned stays assigned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from benchmarks import generators
from pmo_analysis.analysis.segments import Segmentation, assign_segments, segment_customers

# A cut takes a second or two, so few examples are drawn; assigning is quick.
QUICK = {"deadline": None, "derandomize": True, "phases": [Phase.explicit, Phase.generate]}
CUTS = settings(max_examples=2, **QUICK)
PLACES = settings(max_examples=20, **QUICK)
SEEDS = st.integers(0, 10_000)
UNITS = st.sampled_from([1e-6, 1 / 60, 0.37, 8.0, 100.0, 1e6])


@pytest.fixture(scope="module")
def values() -> pd.DataFrame:
    """Sixty customers in three groups: money, hours, days, a score, two texts; one cell in twenty missing."""
    rng = np.random.default_rng(3)
    group = np.repeat([0, 1, 2], [30, 18, 12])
    z = rng.normal(size=(60, 4)) + np.array([[0, 0, 0, 0], [4, 2, -2, 1], [0, 4, 3, -2]])[group]
    frame = pd.DataFrame(
        {
            "spend_cost": np.exp(8 + 0.8 * z[:, 0]),
            "planned_hours": np.exp(3 + 0.5 * z[:, 1]),
            "wait_days": (8 + z[:, 2]) ** 2,
            "balance_score": z[:, 3],
            "stage": np.where(rng.random(60) < 0.8, np.array(["plan", "run", "close"])[group], "build"),
            "channel": rng.choice(["mail", "desk"], 60),
        },
        index=pd.Index([f"c{i:02d}" for i in range(60)], name="customer_id"),
    )
    return frame.mask(rng.random(frame.shape) < 0.05)


@pytest.fixture(scope="module")
def cut(values) -> Segmentation:
    return segment_customers(values)


@pytest.fixture(scope="module")
def alike() -> pd.DataFrame:
    """Fifty customers of one population, with gaps."""
    return generators.UNGROUPED["mixed_one"](50, 5)[["spend_cost", "planned_hours", "wait_days", "stage"]]


@pytest.fixture(scope="module")
def one(alike) -> Segmentation:
    return segment_customers(alike)


def retell(values: pd.DataFrame, seed: int, unit: float) -> tuple[pd.DataFrame, dict[str, str]]:
    """The same customers in another order, under other names, in other units, columns in another order."""
    rng = np.random.default_rng(seed)
    names = dict(zip(values.index, rng.permutation([f"Kunde {i}" for i in range(len(values))]), strict=True))
    numbers = values.select_dtypes("number").columns
    other = values.assign(**{c: values[c] * unit ** rng.choice([-1, 0, 1]) for c in numbers})
    other = other.iloc[rng.permutation(len(other)), rng.permutation(other.shape[1])]
    return other.rename(index=names), names


def same_partition(a: pd.Series, b: pd.Series) -> bool:
    """Whether two labellings of the same customers differ at most in the labels' names."""
    return bool(adjusted_rand_score(a, b) == 1.0)


def test_the_customers_of_these_tests_do_fall_into_groups(cut, one):
    assert cut.found and cut.count >= 3
    assert not one.found


@CUTS
@given(seed=SEEDS, unit=UNITS)
def test_order_units_and_names_change_neither_the_partition_nor_whether_it_is_found(values, cut, seed, unit):
    other, names = retell(values, seed, unit)
    again = segment_customers(other)
    assert again.found and again.count == cut.count
    assert same_partition(again.members["segment"].loc[list(map(names.get, cut.members.index))], cut.members["segment"])
    assert np.allclose(again.null["z"], cut.null["z"], atol=1e-6)


@CUTS
@given(seed=SEEDS, unit=UNITS)
def test_one_group_stays_one_group_in_another_order_unit_and_under_other_names(alike, one, seed, unit):
    again = segment_customers(retell(alike, seed, unit)[0])
    assert not again.found
    assert np.allclose(again.null["z"], one.null["z"], atol=1e-6)


@CUTS
@given(seed=SEEDS, unit=UNITS)
def test_a_given_number_of_segments_is_cut_alike_whatever_order_unit_and_names(values, seed, unit):
    other, names = retell(values, seed, unit)
    first, again = (segment_customers(v, segments=3).members["segment"] for v in (values, other))
    assert same_partition(again.loc[list(map(names.get, first.index))], first)


@CUTS
@given(scale=st.sampled_from([0.01, 3.0, 1e4]), shift=st.sampled_from([-7.0, 0.5, 20.0]))
def test_a_scale_without_a_nought_of_its_own_may_be_shifted_and_stretched(scale, shift):
    rng = np.random.default_rng(8)
    scores = pd.DataFrame(rng.normal(size=(60, 3)) + 5 * np.repeat(np.eye(3), 20, axis=0) - 1.5, columns=[*"abc"])
    moved = scores.assign(a=scores["a"] * scale + scale * shift * (scores["a"].min() + shift * scale < 0))
    first, again = (segment_customers(v, segments=3).members["segment"] for v in (scores, moved))
    assert same_partition(first, again)


def test_a_column_told_twice_in_another_unit_makes_no_other_groups(values, cut):
    twice = values.assign(spend_again_cost=100 * values["spend_cost"], stage_again=values["stage"])
    again = segment_customers(twice)
    assert again.found
    assert adjusted_rand_score(again.members["segment"], cut.members["segment"]) > 0.8


def test_one_population_told_twice_is_still_one_group(alike):
    twice = alike.join(alike.select_dtypes("number").mul(7).add_suffix("_again"))
    assert not segment_customers(twice).found


def test_columns_that_say_nothing_change_nothing(values, cut):
    again = segment_customers(values.assign(constant=1.0, empty=np.nan, note=[f"n{i}" for i in range(len(values))]))
    assert again.members["segment"].equals(cut.members["segment"])


def test_another_seed_moves_one_in_a_hundred_at_most_of_groups_called_stable(values, cut):
    again = segment_customers(values, seed=7)
    stable = cut.stability.loc[cut.stability["jaccard"] >= 0.75, "segment"]
    kept = cut.members["segment"].isin(stable)
    pairs = pd.crosstab(cut.members["segment"][kept], again.members["segment"][kept])
    assert pairs.max(axis=1).sum() >= 0.99 * kept.sum()


@PLACES
@given(seed=SEEDS)
def test_who_else_is_asked_about_and_in_which_order_does_not_change_where_a_customer_belongs(values, cut, seed):
    rng = np.random.default_rng(seed)
    some = values.iloc[rng.permutation(len(values))[: rng.integers(1, len(values))]]
    placed = assign_segments(some[list(rng.permutation(some.columns))].assign(extra=1), cut.scheme)
    assert placed.index.equals(some.index)
    pd.testing.assert_frame_equal(placed, assign_segments(values, cut.scheme).loc[some.index])


@PLACES
@given(seed=SEEDS, share=st.floats(0, 1))
def test_any_cell_may_be_missing(values, cut, seed, share):
    holes = values.mask(np.random.default_rng(seed).random(values.shape) < share)
    placed = assign_segments(holes, cut.scheme)
    assert set(placed["segment"]) <= set(cut.members["segment"])
    assert placed["confidence"].between(1 / cut.count - 1e-9, 1 + 1e-9).all()
    assert (placed["confidence"] + placed["second_confidence"] <= 1 + 1e-9).all()
    assert (placed["confidence"] >= placed["second_confidence"]).all()
    assert (placed["segment"] != placed["second"]).all()


@PLACES
@given(row=st.integers(0, 59), column=st.integers(0, 2), factor=st.sampled_from([0.0, 1e-9, 1e3, 1e9, 1e20]))
def test_a_value_far_outside_the_schemes_range_still_finds_a_segment(values, cut, row, column, factor):
    strange = values.iloc[[row]].copy()
    strange.iloc[0, column] = 5.0 * factor
    placed = assign_segments(strange, cut.scheme)
    assert placed["confidence"].between(0.2, 1).all()


def test_a_level_never_seen_before_counts_as_missing_or_other(values, cut):
    new, blank = values.copy(), values.copy()
    new.loc[new.index[0], "stage"] = "a stage invented since"
    blank.loc[blank.index[0], "stage"] = np.nan
    first, second = (assign_segments(v, cut.scheme).iloc[0]["confidence"] for v in (new, blank))
    assert first == pytest.approx(second)


def test_the_members_told_are_those_the_scheme_assigns(values, cut, alike, one):
    for told, customers in ((cut, values), (one, alike)):
        placed = assign_segments(customers, told.scheme).loc[told.members.index]
        assert placed["segment"].equals(told.members["segment"])
        assert placed["confidence"].to_numpy() == pytest.approx(told.members["confidence"].to_numpy())


def test_the_same_call_gives_the_same_bytes(values, cut):
    again = segment_customers(values)
    assert again.scheme == cut.scheme
    for table in ("members", "evidence", "profile", "stability", "null", "rules", "left_out"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(cut, table), check_exact=True)
