"""Movers told from noise, and drift told from movers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.generators import shopping
from pmo_analysis.analysis.history import compare_schemes, segment_history
from pmo_analysis.analysis.history import paths as paths_module
from pmo_analysis.analysis.history import telling as telling_module
from pmo_analysis.analysis.history.drift import tell_drift
from pmo_analysis.analysis.history.moves import Paths, find_likely, flag_moves, list_paths
from pmo_analysis.analysis.history.noise import estimate_noise, fading_correlation, look_back_windows
from pmo_analysis.analysis.history.paths import Panel, follow_paths
from pmo_analysis.analysis.history.recut import _emptied, _what_changed
from pmo_analysis.analysis.history.split import split_changes
from pmo_analysis.analysis.segments import segment_customers
from pmo_analysis.analysis.segments.partitions import Partition
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


def test_many_customers_are_followed_by_what_some_of_them_show_and_it_is_said(panel, history, monkeypatch):
    monkeypatch.setattr(paths_module, "LEARNED_FROM", 75)
    monkeypatch.setattr(paths_module, "_AT_A_TIME", 40)
    monkeypatch.setattr(telling_module, "LEARNED_FROM", 75)
    few = segment_history(panel[0], scheme=history.scheme)
    all_of_them = segment_history(panel[0].sample(frac=1, random_state=1), scheme=history.scheme)
    both = few.members.merge(history.members, on=["customer_id", "quarter"])
    assert (both["segment_x"] == both["segment_y"]).mean() > 0.97
    assert "learned from 75 of them" in few.sentence and "learned from" not in history.sentence
    pd.testing.assert_frame_equal(few.movers, all_of_them.movers)


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
    with pytest.raises(InputError, match="no customer_id"):
        segment_history(panel[0].assign(customer_id=panel[0]["customer_id"].where(panel[0].index > 3)))
    with pytest.raises(InputError, match="Write it like 2026Q3"):
        segment_history(panel[0].assign(quarter=panel[0]["quarter"].str.lower()))
    with pytest.raises(InputError, match="no rows"):
        segment_history(panel[0].head(0))


def test_a_scheme_of_other_columns_is_refused(panel, history):
    others = panel[0].rename(columns={"a_cost": "x", "b_hours": "y", "c_count": "z"})
    with pytest.raises(InputError, match="3 of which these quarters do not have"):
        segment_history(others, scheme=history.scheme)


def test_too_few_quarters_tell_no_moves_and_say_so(panel, history):
    quarters = sorted(panel[0]["quarter"].unique())
    for count in (1, 2, 3):
        answer = segment_history(panel[0][panel[0]["quarter"].isin(quarters[:count])], scheme=history.scheme)
        assert answer.movers.empty and "fewer than 4" in answer.sentence
        assert len(answer.members) == 150 * count and len(answer.split) == 4 * (count - 1)


def test_a_move_seen_in_the_last_quarter_only_is_possible_and_not_told(panel, history):
    values = panel[0].copy()
    stayed = sorted(set(values["customer_id"]) - set(panel[1]["customer_id"]))
    home = history.members.groupby("customer_id")["segment"].first()
    one, other = stayed[0], next(c for c in stayed if home[c] != home[stayed[0]])
    columns = ["a_cost", "b_hours", "c_count", "d_days"]
    last = values["quarter"] == values["quarter"].max()
    swap = values.loc[last & (values["customer_id"] == other), columns].to_numpy()
    values.loc[last & (values["customer_id"] == one), columns] = swap
    answer = segment_history(values, scheme=history.scheme)
    assert one not in set(answer.movers["customer_id"])
    assert answer.possible.set_index("customer_id").loc[one, "to_segment"] == home[other]


def test_drift_is_clear_where_everybody_changed_and_seldom_where_nobody_did(panel):
    rng = np.random.default_rng(5)
    ids = np.repeat([f"c{i:03d}" for i in range(200)], 6)
    quarter = np.tile([f"2025Q{q}" for q in (1, 2, 3, 4)] + ["2026Q1", "2026Q2"], 200)
    scores = pd.DataFrame(rng.normal(size=(1200, 4)), columns=list("abcd"))
    keys = pd.DataFrame({"customer_id": ids, "quarter": quarter})
    assert tell_drift(keys, scores)["clear"].sum() == 0
    scores.loc[quarter == "2026Q2", "c"] += 1
    told = tell_drift(keys, scores)
    assert told.query("clear")[["feature", "quarter"]].to_numpy().tolist() == [["c", "2026Q2"]]
    row = told.query("clear").iloc[0]
    assert row["low"] < 1 < row["high"] and row["n"] == 200


def test_one_customer_in_five_that_moves_is_no_drift():
    scores = pd.DataFrame({"a": np.r_[np.zeros(50), np.zeros(40), np.full(10, 9.0)]})
    keys = pd.DataFrame({"customer_id": np.tile(np.arange(50), 2), "quarter": np.repeat(["2025Q1", "2025Q2"], 50)})
    told = tell_drift(keys, scores).iloc[1]
    assert told["shift"] == 0 and not told["clear"]


def test_paths_stay_or_move_once_and_rows_that_look_back_show_a_ramp():
    paths = list_paths(2, 4)
    assert list(zip(paths.before, paths.after, paths.at, strict=True)) == [
        (0, 0, 4),
        (1, 1, 4),
        (0, 1, 1),
        (0, 1, 2),
        (0, 1, 3),
        (1, 0, 1),
        (1, 0, 2),
        (1, 0, 3),
    ]
    assert paths.shares(2, look_back_windows(4, 1))[3, :, 1].tolist() == [0, 0, 1, 1]
    one = Paths(np.array([0]), np.array([1]), np.array([1]))
    assert one.shares(2, look_back_windows(4, 4, 3))[0, :, 1].tolist() == [0, 0.25, 0.5, 0.75]
    assert one.shares(2, look_back_windows(4, 4, 0))[0, :, 1].tolist() == [0, 0.5, pytest.approx(2 / 3), 0.75]


def test_noise_of_rows_that_look_back_is_a_moving_average():
    assert fading_correlation(look_back_windows(5, 1), 0.5)[0].tolist() == [1, 0.5, 0.25, 0.125, 0.0625]
    assert fading_correlation(look_back_windows(6, 4, 3), 0.0)[0].tolist() == [1, 0.75, 0.5, 0.25, 0, 0]
    assert fading_correlation(look_back_windows(6, 4, 0), 0.0)[0, 0] == 4


def test_lasting_and_fading_noise_are_told_apart():
    rng = np.random.default_rng(0)
    own, fading = rng.normal(size=(4000, 1, 1)), rng.normal(size=(4000, 11, 1))
    rows = np.stack([fading[:, q : q + 4].mean(axis=1) for q in range(8)], axis=1)
    noise = estimate_noise(own + rows, look_back_windows(8, 4, 3))
    assert noise.own[0, 0] == pytest.approx(1, abs=0.08)
    assert noise.fading[0, 0] == pytest.approx(0.25, abs=0.05)


def test_two_quarters_in_a_row_are_two_blips_where_blips_are_common_and_a_move_where_they_are_not():
    rng = np.random.default_rng(0)
    calm = 0.3 * rng.normal(size=(200, 8, 1)) + np.where(np.arange(200) < 100, 0.0, 4.0)[:, None, None]
    calm[100:110, 4:] -= 4
    restless = calm.copy()
    restless[rng.random((200, 8)) < 0.15] = 4.0
    for numbers in (calm, restless):
        numbers[0] = np.array([0.0, 0, 0, 0, 0, 0, 4, 4])[:, None]
        numbers[1] = np.array([0.0, 0, 0, 4, 0, 0, 0, 0])[:, None]
    chances = []
    for numbers in (calm, restless):
        panel = Panel(numbers, np.zeros((200, 8, 2)), look_back_windows(8, 1))
        chances.append(follow_paths(panel, np.array([[0.0], [4.0]]), np.array([0.5, 0.5]))[1].moved)
    assert chances[0][0] > 0.99 and chances[1][0] < 0.8
    assert chances[0][1] < 0.05 and chances[1][1] < 0.05
    assert (chances[0][100:110] > 0.99).all() and (chances[0][2:100] < 0.05).all()


def test_who_seems_to_have_moved_under_common_blips_did_as_often_as_is_told():
    expected, found, planted = 0.0, 0, 0
    for seed in (0, 1, 2):
        values, truth = shopping(150, seed, blips=0.08)
        movers = segment_history(values).movers
        expected += movers["probability"].sum()
        found += movers["customer_id"].isin(truth["customer_id"]).sum()
        planted += len(truth)
    assert found >= expected - 3 and found >= 0.6 * planted


def test_false_moves_stay_below_the_level_by_hand():
    paths = Paths(np.array([0, 0]), np.array([0, 1]), np.array([4, 2]))
    chance = np.array([[0.01, 0.99], [0.10, 0.90], [0.40, 0.60], [0.6, 0.4]])
    likely = find_likely(paths, chance)
    told, possible = flag_moves(paths, likely, level=0.10)
    assert [i for i, _, _ in told] == [0, 1] and [i for i, _, _ in possible] == [2]
    assert [i for i, _, _ in flag_moves(paths, likely, level=0.20)[0]] == [0, 1, 2]


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
    assert told.matched["old_segment"].isna().sum() == 1 and "1 segment is new" in told.sentence
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


def test_what_became_of_old_segments_is_said():
    def fresh(labels: list[int]) -> Partition:
        return Partition(np.array(labels), 0.0)

    old = np.array(["S1"] * 4 + ["S2"] * 4)
    assert _what_changed(old, fresh([0, 0, 1, 1, 2, 2, 2, 2])) == "S1 has come apart"
    assert _what_changed(old, fresh([0] * 8)) == "S1 and S2 have grown together"
    # A quarter of S1 in a group that is mostly S2's is no part of it; three groups across two are said to be that.
    assert _what_changed(old, fresh([0, 0, 0, 1, 1, 1, 1, 1])) == "it finds 2 groups that lie across the old 2"


def test_a_segment_is_emptied_where_five_were_expected_and_hardly_any_is_left():
    scheme = {"segments": [{"segment": "S1"}, {"segment": "S2"}], "weights": [0.05, 0.95]}
    assert _emptied(np.array(["S2"] * 100), scheme) == ["S1"]
    assert _emptied(np.array(["S2"] * 99), scheme) == []  # 4.95 expected
    assert _emptied(np.array(["S1"] * 2 + ["S2"] * 98), scheme) == []  # two fifths of what there was
