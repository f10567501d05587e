"""Movers told from noise, and drift told from movers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.generators import shopping
from pmo_analysis.analysis.history import segment_history
from pmo_analysis.analysis.history.paths import Paths, flag_moves, list_paths
from pmo_analysis.contract.errors import InputError


@pytest.fixture(scope="module")
def panel():
    return shopping(150, 3)


@pytest.fixture(scope="module")
def history(panel):
    return segment_history(panel[0])


def test_planted_movers_are_found_and_nobody_else(panel, history):
    planted, found = set(panel[1]["customer_id"]), set(history.movers["customer_id"])
    assert len(planted) >= 5
    assert len(found & planted) >= 0.85 * len(planted)
    assert len(found - planted) <= 1


def test_members_change_segment_only_where_a_move_is_told(history):
    changes = history.members.groupby("customer_id")["segment"].nunique()
    assert set(changes[changes > 1].index) == set(history.movers["customer_id"])
    first = history.movers.iloc[0]
    after = history.members.query("customer_id == @first.customer_id and quarter >= @first.quarter")["segment"]
    assert set(after) == {first["to_segment"]}


def test_nobody_moves_where_nobody_moved():
    values, _ = shopping(100, 4, movers=0.0)
    assert len(segment_history(values).movers) <= 1


def test_what_changes_for_everybody_is_drift_and_moves_nobody(panel, history):
    values = panel[0].copy()
    values.loc[values["quarter"] == "2021Q4", "a_cost"] *= 3
    shifted = segment_history(values, scheme=history.scheme)
    shift = shifted.drift.query("feature == 'a_cost' and quarter == '2021Q4'")["shift"].iloc[0]
    before = history.drift.query("feature == 'a_cost' and quarter == '2021Q4'")["shift"].iloc[0]
    assert shift - before > 0.5
    assert set(shifted.movers["customer_id"]) == set(history.movers["customer_id"])


def test_migration_counts_every_customer_once(panel, history):
    assert history.migration["customers_count"].sum() == panel[0]["customer_id"].nunique()
    moved = history.migration.query("from_segment != to_segment")["customers_count"].sum()
    assert moved == len(history.movers)


def test_row_order_changes_nothing(panel, history):
    again = segment_history(panel[0].sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(again.members, history.members)
    pd.testing.assert_frame_equal(again.movers, history.movers)


def test_an_old_scheme_that_still_holds_is_kept_and_one_that_does_not_is_recut(panel, history):
    assert not segment_history(panel[0], scheme=history.scheme).recut_advised
    rng = np.random.default_rng(0)
    customers = sorted(panel[0]["customer_id"].unique())
    group = dict(zip(customers, rng.integers(2, size=len(customers)), strict=True))
    values = panel[0].copy()
    side = np.where(values["customer_id"].map(group) == 1, 0.45, -0.45)
    for column, way in {"a_cost": 1, "b_hours": -1, "c_count": 1, "d_days": -1}.items():
        values[column] = np.exp(np.log(values[column]).mean() + way * side + 0.1 * rng.normal(size=len(values)))
    answer = segment_history(values, scheme=history.scheme)
    assert answer.recut_advised and "A recut is advised" in answer.sentence


def test_absent_quarters_and_cells_are_missing_not_moves(panel, history):
    values = panel[0].copy()
    values.loc[values.index % 17 == 0, "b_hours"] = np.nan
    answer = segment_history(values[values.index % 13 != 0], scheme=history.scheme)
    assert len(set(answer.movers["customer_id"]) - set(panel[1]["customer_id"])) <= 1
    assert answer.members["segment"].isin(["S1", "S2", "S3", "S4"]).all()


def test_a_feature_that_is_no_longer_there_counts_as_missing(panel, history):
    answer = segment_history(panel[0].drop(columns="d_days"), scheme=history.scheme)
    assert len(answer.members) == len(panel[0])


def test_missing_keys_and_repeated_rows_are_refused(panel):
    with pytest.raises(InputError, match="quarter"):
        segment_history(panel[0].drop(columns="quarter"))
    with pytest.raises(InputError, match="repeat a customer and quarter"):
        segment_history(pd.concat([panel[0], panel[0].head(2)]))


def test_paths_stay_or_move_once_with_two_quarters_either_side():
    paths = list_paths(2, 5)
    assert list(zip(paths.before, paths.after, paths.at, strict=True)) == [
        (0, 0, -1),
        (1, 1, -1),
        (0, 1, 2),
        (0, 1, 3),
        (1, 0, 2),
        (1, 0, 3),
    ]
    assert paths.segments(5)[2].tolist() == [0, 0, 1, 1, 1]


def test_false_moves_stay_below_the_level_by_hand():
    paths = Paths(np.array([0, 0]), np.array([0, 1]), np.array([-1, 2]))
    chance = np.array([[0.01, 0.99], [0.10, 0.90], [0.40, 0.60]])
    assert [i for i, _, _ in flag_moves(paths, chance, level=0.10)] == [0, 1]
    assert [i for i, _, _ in flag_moves(paths, chance, level=0.20)] == [0, 1, 2]
