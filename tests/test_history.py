"""Movers told from noise, and drift told from movers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.generators import shopping
from pmo_analysis.analysis.history import compare_schemes, segment_history
from pmo_analysis.analysis.history.paths import Paths, flag_moves, list_paths
from pmo_analysis.analysis.history.split import split_changes
from pmo_analysis.analysis.segments import segment_customers
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


def test_change_is_split_into_mix_and_rate_by_hand():
    panel = pd.DataFrame(
        {
            "quarter": ["2026Q1"] * 4 + ["2026Q2"] * 4,
            "hours": [10.0, 10, 20, 20, 12, 20, 20, 20],
            "stage": ["plan", "plan", "run", None, "plan", "run", "run", "run"],
        }
    )
    segment = pd.Series(["S1", "S1", "S2", "S2", "S1", "S2", "S2", "S2"])
    columns = [{"name": "hours", "kind": "number"}, {"name": "stage", "kind": "choice", "levels": ["plan", "run"]}]
    told = split_changes(panel, segment, columns).set_index("feature")
    # Means 15 and 18; S1 falls from a half to a quarter (means 10, 12), S2 rises to three quarters (20, 20).
    assert told.loc["hours", ["change", "mix", "rate"]].tolist() == pytest.approx([3.0, -0.25 * 11 + 0.25 * 20, 0.75])
    assert told.loc["stage = run", "change"] == pytest.approx(3 / 4 - 1 / 3)
    assert told.loc["stage = run", ["known_count", "missing_count"]].tolist() == [4, 0]


def test_the_split_adds_up_in_every_quarter_with_gaps_and_empty_segments(panel, history):
    values = panel[0].copy()
    values.loc[values.index % 7 == 0, "a_cost"] = np.nan
    values.loc[values["quarter"] == "2020Q3", "b_hours"] = np.nan
    told = segment_history(values, scheme=history.scheme).split
    mean = values.groupby("quarter")[["a_cost", "b_hours", "c_count", "d_days"]].mean().diff().iloc[1:]
    wide = told.pivot(index="quarter", columns="feature", values="change")
    pd.testing.assert_frame_equal(wide, mean, check_names=False)
    assert (told["mix"] + told["rate"] - told["change"]).abs().max() < 1e-9
    assert told.query("feature == 'b_hours' and quarter == '2020Q4'")["change"].isna().all()


def _customers(count=60):
    side = np.arange(count) % 2
    rng = np.random.default_rng(0)
    columns = {c: np.exp(2.5 * side + 0.3 * rng.normal(size=count)) for c in ("a_cost", "b_hours", "c_count")}
    return pd.DataFrame(columns, index=pd.Index([f"c{i:02d}" for i in range(count)], name="customer_id"))


def test_a_scheme_compared_with_itself_moves_nobody():
    values = _customers()
    scheme = segment_customers(values, segments=2).scheme
    told = compare_schemes(values, scheme, scheme)
    assert told.agreement == 1 and told.moved.empty and told.matched["jaccard"].tolist() == [1, 1]
    assert list(told.counts) == ["old_segment", "new_segment", "customers_count"]


def test_segments_with_other_ids_are_still_counterparts_and_a_split_one_is_told():
    values = _customers()
    old = segment_customers(values, segments=2).scheme
    renamed = {**old, "segments": [{**s, "segment": "T" + s["segment"]} for s in old["segments"]][::-1]}
    renamed |= {k: old[k][::-1] for k in ("weights", "means", "covariances")}
    assert compare_schemes(values, old, renamed).moved.empty
    split = segment_customers(values, segments=3).scheme
    told = compare_schemes(values, old, split)
    assert told.matched["old_segment"].isna().sum() == 1 and "1 segments are new" in told.sentence
    assert (
        len(told.moved)
        == told.counts["customers_count"].sum()
        - told.counts.merge(told.matched, on=["old_segment", "new_segment"])["customers_count"].sum()
    )


def test_schemes_of_other_columns_are_refused():
    values = _customers()
    scheme = segment_customers(values, segments=2).scheme
    with pytest.raises(InputError, match="c_count"):
        compare_schemes(values.drop(columns="c_count"), scheme, scheme)
