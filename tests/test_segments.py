"""Segments that are really there, stay the same under renaming, and can be told in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from benchmarks import generators
from pmo_analysis.analysis.estimates import spread_rows
from pmo_analysis.analysis.segments import assign_segments, describe_given, segment_customers
from pmo_analysis.analysis.segments.columns import as_text, order_rows
from pmo_analysis.analysis.segments.mixture import Points, fit_mixture, membership
from pmo_analysis.analysis.segments.null import unimodal
from pmo_analysis.analysis.segments.partitions import Partition, agree, score_labels
from pmo_analysis.analysis.segments.rules import plain
from pmo_analysis.analysis.segments.transforms import apply_transform, fit_transform
from pmo_analysis.contract.errors import InputError


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """Ninety customers in two groups that nobody could mistake, with a yes/no, a text and gaps."""
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], [50, 40])
    frame = pd.DataFrame(
        {
            "spend_cost": np.exp(rng.normal(8 + 2.5 * group, 0.5)),
            "requests_count": rng.poisson(3 + 20 * group).astype(float),
            "wait_days": rng.normal(30 - 12 * group, 3),
            "strategic": pd.array(rng.random(90) < np.where(group, 0.9, 0.1), dtype="boolean"),
            "stage": np.where(rng.random(90) < 0.85, np.array(["plan", "run"])[group], "close"),
        },
        index=pd.Index([f"C{i:03d}" for i in range(90)], name="customer_id"),
    )
    return frame.mask(rng.random(frame.shape) < 0.05)


@pytest.fixture(scope="module")
def cut(customers):
    return segment_customers(customers)


def same(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    return bool((a["segment"].to_numpy() == b["segment"].to_numpy()).all())


def test_two_plain_groups_are_found_with_everyone_in_the_right_one(customers, cut):
    assert cut.found and cut.count == 2
    assert adjusted_rand_score(np.repeat([0, 1], [50, 40]), cut.members["segment"]) > 0.95
    assert list(cut.members.index) == sorted(customers.index)
    assert cut.members["confidence"].between(0.5, 1).all()
    assert cut.evidence.loc[cut.evidence["chosen"], "count"].tolist() == [2]


def test_segments_are_numbered_from_the_largest(cut):
    assert cut.members["segment"].value_counts().to_dict() == {"S1": 50, "S2": 40}


@pytest.mark.parametrize("family", ["gradient", "lognormal"])
def test_one_population_is_called_one_group(family):
    answer = segment_customers(generators.UNGROUPED[family](80, 3))
    assert not answer.found and answer.count == 1
    assert set(answer.members["segment"]) == {"all customers"}
    assert "one group" in answer.sentence


def test_planted_groups_are_found_in_mixed_columns_with_gaps():
    values, planted, oracle = generators.mixed(200, 3)
    answer = segment_customers(values)
    assert answer.found
    assert adjusted_rand_score(planted, answer.members["segment"].loc[planted.index]) > 0.8 * oracle


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.001, 1000.0, 60.0]))
def test_row_order_units_and_names_do_not_change_the_answer(customers, cut, seed, factor):
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(customers))
    other = customers.iloc[order].assign(spend_cost=customers["spend_cost"].iloc[order] * factor)
    names = dict(zip(customers.index, rng.permutation(len(customers)).astype(str), strict=True))
    again = segment_customers(other.rename(index=names)[list(rng.permutation(other.columns))])
    assert same(again.members.loc[[names[c] for c in cut.members.index]], cut.members)
    assert np.allclose(again.evidence["gain"], cut.evidence["gain"], atol=1e-6)


def test_another_seed_moves_at_most_one_customer_in_a_hundred(customers, cut):
    again = segment_customers(customers, seed=11)
    assert (again.members["segment"] != cut.members["segment"]).mean() <= 0.01


def test_the_frozen_scheme_gives_the_same_members_in_another_process(customers, cut, tmp_path):
    (tmp_path / "scheme.json").write_text(json.dumps(cut.scheme))
    customers.to_parquet(tmp_path / "values.parquet")
    code = (
        "import json, pandas as pd, pathlib, sys\n"
        "from pmo_analysis.analysis.segments import assign_segments\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "members = assign_segments(pd.read_parquet(here / 'values.parquet'), json.loads((here / 'scheme.json').read_text()))\n"
        "members.to_json(here / 'members.json', orient='split', double_precision=15)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    again = pd.DataFrame(**json.loads((tmp_path / "members.json").read_text())).sort_index()
    assert again["segment"].tolist() == cut.members["segment"].tolist()
    assert np.allclose(again["confidence"], cut.members["confidence"], atol=1e-12)


def test_a_customer_of_whom_nothing_is_known_is_placed_by_size_alone(customers, cut):
    unknown = customers.head(1).astype({"strategic": "object"}).mask(np.ones((1, 5), bool))
    placed = assign_segments(unknown, cut.scheme)
    assert placed["segment"].tolist() == ["S1"] and placed["confidence"].iloc[0] < 0.7


def test_a_scheme_of_other_columns_is_refused_by_name(customers, cut):
    with pytest.raises(InputError, match="spend_cost"):
        assign_segments(customers.drop(columns="spend_cost"), cut.scheme)
    with pytest.raises(InputError, match="holds text now"):
        assign_segments(customers.assign(wait_days="long"), cut.scheme)
    with pytest.raises(InputError, match="not a segment scheme"):
        assign_segments(customers, {"a": 1})


def test_each_segment_has_a_rule_of_at_most_three_conditions_and_a_name_of_its_own(cut):
    assert (cut.rules["rule"].str.count(" and ") <= 2 + cut.rules["rule"].str.count("between")).all()
    assert cut.rules["name"].is_unique
    assert (cut.rules["precision"] > 0.9).all() and (cut.rules["coverage"] > 0.8).all()
    assert cut.scheme["segments"][0]["name"] == cut.rules["name"].iloc[0]


def test_rules_say_what_their_figures_say(customers):
    values = pd.DataFrame(
        {"a_hours": np.r_[np.linspace(1, 2, 30), np.linspace(8, 9, 30)]}, index=[f"c{i}" for i in range(60)]
    )
    rules = segment_customers(values, segments=2).rules
    assert sorted(rules["rule"]) == ["a hours above 5", "a hours at most 5"]
    assert sorted(rules["name"]) == ["high a hours", "low a hours"]
    assert (rules[["precision", "coverage"]] == 1).all(axis=None)


def test_plain_names_lose_underscores_and_units():
    assert plain("delivery_requests_count") == "delivery requests"
    assert plain("bespoke_share") == "bespoke"
    assert plain("planned_hours") == "planned hours"


def test_too_few_constant_or_equal_customers_get_a_clear_answer(customers):
    few = segment_customers(customers.head(12))
    assert not few.found and "fewer than 20" in few.sentence
    alike = pd.DataFrame({"a": 1.0, "b": "x"}, index=[str(i) for i in range(30)])
    answer = segment_customers(alike)
    assert answer.count == 1 and "no column tells them apart" in answer.sentence
    assert answer.left_out["reason"].tolist() == ["the same for every customer"] * 2


def test_columns_that_say_nothing_are_left_out_with_a_reason(customers, cut):
    more = customers.assign(empty=np.nan, constant=3.0, note=[f"note {i}" for i in range(len(customers))])
    answer = segment_customers(more)
    assert dict(zip(answer.left_out["feature"], answer.left_out["reason"], strict=True)) == {
        "empty": "wholly missing",
        "constant": "the same for every customer",
        "note": "a different text for nearly every customer",
    }
    assert same(answer.members, cut.members)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: v.assign(wait_days=np.inf), "infinite"),
        (lambda v: pd.concat([v, v.head(1)]), "more than once"),
        (lambda v: v.assign(day=pd.Timestamp("2026-01-01")), "dates"),
        (lambda v: v.head(0), "no customers"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(customers, spoil, message):
    with pytest.raises(InputError, match=message):
        segment_customers(spoil(customers))


def test_more_segments_than_customers_allow_are_refused(customers):
    with pytest.raises(InputError, match="choose 1 to 30"):
        segment_customers(customers, segments=31)


@pytest.mark.parametrize(("load", "k"), [(load_iris, 3), (load_wine, 3), (load_breast_cancer, 2)])
def test_known_classes_are_met_about_as_well_as_by_the_best_of_scikit_learn(load, k):
    x, y = load(return_X_y=True)
    z = StandardScaler().fit_transform(x)
    ours = segment_customers(pd.DataFrame(z, index=[f"{i:04d}" for i in range(len(z))]), segments=k)
    others = [KMeans(k, n_init=10, random_state=0).fit_predict(z), GaussianMixture(k, random_state=0).fit_predict(z)]
    best = max(adjusted_rand_score(y, other) for other in others)
    assert adjusted_rand_score(y, ours.members["segment"]) >= best - 0.05


def test_segments_given_by_the_organisation_meet_the_same_evidence(customers):
    real = pd.Series(np.repeat(["north", "south"], [50, 40]), customers.index)
    assert describe_given(customers, real).found
    arbitrary = pd.Series(np.tile(["red", "blue"], 45), customers.index)
    told = describe_given(customers, arbitrary)
    assert not told.found and "do not differ" in told.sentence
    tried = told.evidence.set_index("count")
    assert tried.loc[1, "gain"] == 0 and tried.loc[2, "chosen"] and not tried.loc[1, "chosen"]
    assert tried.loc[2, "gain"] == pytest.approx(tried.loc[2, "criterion"] - tried.loc[1, "criterion"])
    with pytest.raises(InputError, match="segment_given"):
        describe_given(customers, pd.Series([None] * 90, customers.index))


def test_given_segments_that_are_no_series_or_name_a_customer_twice_are_refused(customers):
    with pytest.raises(InputError, match="Series customer_id → segment, not list"):
        describe_given(customers, ["north"] * 90)
    twice = pd.Series("north", [*customers.index, customers.index[0]])
    with pytest.raises(InputError, match="1 customers are given a segment more than once"):
        describe_given(customers, twice)


def test_a_power_is_chosen_that_makes_log_money_round():
    rng = np.random.default_rng(0)
    money = np.exp(rng.normal(8, 1, 500))
    spec = fit_transform(money, np.zeros(500, int))
    assert spec["power"] == 0.0
    assert np.allclose(
        apply_transform(money, spec), apply_transform(100 * money, fit_transform(100 * money, np.zeros(500, int)))
    )


def test_missing_cells_are_integrated_out_exactly():
    rng = np.random.default_rng(1)
    full = Points(rng.normal(size=(60, 2)) + np.repeat([[0, 0], [6, 6]], 30, axis=0), np.zeros((60, 0), int), ())
    mixture = fit_mixture(full, np.repeat([0, 1], 30))
    blank = full.numbers.copy()
    blank[:, 1] = np.nan
    variance = mixture.covariances[:, 0, 0]
    density = mixture.weights * np.exp(-0.5 * (blank[:, :1] - mixture.means[:, 0]) ** 2 / variance) / np.sqrt(variance)
    expected = density / density.sum(axis=1, keepdims=True)
    assert np.allclose(membership(Points(blank, full.codes, ()), mixture), expected)


def test_the_criterion_prefers_the_true_partition_to_a_split_or_a_merger():
    rng = np.random.default_rng(2)
    y = Points(rng.normal(size=(90, 3)) + 5 * np.repeat(np.eye(3), 30, axis=0), np.zeros((90, 0), int), ())
    true = np.repeat([0, 1, 2], 30)
    merged, split = np.minimum(true, 1), np.where(np.arange(90) < 15, 3, true)
    assert score_labels(y, true) > max(score_labels(y, merged), score_labels(y, split), 0)


def test_unimodal_heights_rise_then_fall_by_hand():
    assert np.allclose(unimodal(np.array([1.0, 3.0, 2.0, 4.0, 1.0])), [1.0, 2.5, 2.5, 4.0, 1.0])


def test_among_few_customers_the_partition_that_agrees_with_the_others_is_chosen():
    everybody, halves, thirds = np.zeros(12, int), np.repeat([0, 1], 6), np.repeat([0, 1, 2], 4)
    nearly = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    rival = np.tile([0, 1], 6)
    # The rival alone leads by half a point, but the halves have a neighbour nearly as likely as themselves.
    candidates = [Partition(everybody, 9.0), Partition(rival, 1.5), Partition(halves, 1.0), Partition(nearly, 0.5)]
    assert agree(candidates).labels.tolist() == halves.tolist()
    assert agree([*candidates, Partition(thirds, 60.0)]).labels.tolist() == thirds.tolist()


@pytest.mark.parametrize("family", ["overlapping", "mixed"])
def test_another_seed_moves_nobody_between_groups_of_few_customers(family):
    values = generators.GROUPED[family](60, 2)[0]
    first, second = (segment_customers(values, segments=3, seed=seed).members["segment"] for seed in (0, 7))
    assert first.equals(second)


def test_a_column_of_many_missing_or_equal_values_leaves_no_trace_of_row_order():
    values = pd.DataFrame(
        {
            "a": [1.0, np.nan, 1.0, 1.0, np.nan, 2.0, 3.0],
            "b": ["x", "y", "w", None, "x", "x", "x"],
            "c": [3.0, 2.0, 1.0, 5.0, 4.0, 9.0, 9.0],
        },
        index=list("pqrstuv"),
    )
    by_hand = ["r", "p", "s", "u", "v", "q", "t"]
    assert order_rows(values).index.tolist() == by_hand
    assert order_rows(values.sample(frac=1, random_state=3)).index.tolist() == by_hand


def test_a_sample_is_evenly_spaced_and_owes_nothing_to_chance():
    assert spread_rows(10, 4).tolist() == [0, 2, 5, 7]
    assert spread_rows(3, 4).tolist() == [0, 1, 2]


def test_numbers_and_truth_values_are_read_as_the_same_yes_and_no():
    column = pd.Series([1, 1.0, True, 0, "yes", None, 2.5], dtype=object)
    assert as_text(column).tolist()[:5] == ["yes", "yes", "yes", "no", "yes"]
    assert pd.isna(as_text(column).iloc[5]) and as_text(column).iloc[6] == "2.5"


def test_a_great_many_customers_are_placed_as_each_would_be_alone(customers, cut):
    many = pd.concat([customers.assign(copy=i) for i in range(600)], ignore_index=True).drop(columns="copy")
    placed = assign_segments(many, cut.scheme)["segment"].to_numpy().reshape(600, 90)
    assert (placed == cut.members.loc[customers.index, "segment"].to_numpy()).all()


def test_groups_of_choices_alone_are_found():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1, 2], 40)
    often = rng.integers(0, 4, size=(3, 7))
    codes = np.where(rng.random((120, 7)) < 0.85, often[group], rng.integers(0, 4, size=(120, 7)))
    values = pd.DataFrame(np.array(list("abcd"))[codes], columns=[f"q{j}" for j in range(7)])
    answer = segment_customers(values, segments=3)
    assert adjusted_rand_score(group, answer.members["segment"].loc[values.index]) > 0.85
