"""Tiers that cost least, as many as there are, and what was quoted against what it took."""

from __future__ import annotations

import itertools

import kmeans1d
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.sizes import many, review_sizes, size_tiers
from pmo_analysis.analysis.sizes import saving as saving_module
from pmo_analysis.analysis.sizes.groups import rounding_step
from pmo_analysis.analysis.sizes.programme import Costs, Runs, best_cuts
from pmo_analysis.analysis.sizes.saving import standardising_saving
from pmo_analysis.analysis.sizes.stability import move_limits
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset

EVEN = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize(
    ("hours", "published"),
    [
        (50 + 30 * EVEN, 58.57),
        (stats.norm.ppf(EVEN, 50, 20), 38.68),
        (50 * np.exp(0.2 * stats.norm.ppf(EVEN)), 44.65),
    ],
)
def test_one_tier_is_the_published_newsvendor(hours, published):
    # Wikipedia "Newsvendor model": price 7, cost 5, so a missing unit costs 2 and a spare one 5.
    one = size_tiers(hours[hours >= 0], tiers=1, under_cost=2, over_cost=5)
    exact = np.quantile(hours[hours >= 0], 2 / 7) if published == 38.68 else published
    assert one.table["standard_hours"].iloc[0] == pytest.approx(exact, abs=0.01)


def cheapest(hours, sizes, under, over):
    gap = np.subtract.outer(hours, np.asarray(sizes, dtype=float))
    return np.where(gap > 0, under * gap, -over * gap).min(axis=1).sum()


@pytest.mark.parametrize("step", [None, 1.0])
def test_no_choice_of_sizes_is_cheaper_than_the_programme(step):
    rng = np.random.default_rng(3)
    for _ in range(25):
        hours = np.round(rng.lognormal(2, 1, rng.integers(4, 12)), 1) + 1
        under, over, tiers = *rng.uniform(0.2, 4, 2), int(rng.integers(1, 4))
        found = size_tiers(hours, tiers=tiers, under_cost=under, over_cost=over, round_to=step)
        offered = np.unique(hours) if step is None else np.arange(1, np.ceil(hours.max()) + 1)
        count = len(found.table)
        best = min(cheapest(hours, s, under, over) for s in itertools.combinations(offered, count))
        assert found.loss == pytest.approx(best, abs=1e-9)
        assert cheapest(hours, found.table["standard_hours"], under, over) == pytest.approx(found.loss, abs=1e-9)


@pytest.mark.parametrize(("count", "tiers"), [(12, 3), (12, 5), (18, 2), (18, 4)])
def test_twelve_and_eighteen_hours_cost_what_the_best_of_all_choices_costs(count, tiers):
    for seed in range(5):
        rng = np.random.default_rng([seed, count, tiers])
        hours, (under, over) = rng.lognormal(2, 1, count), rng.uniform(0.2, 4, 2)
        best = min(cheapest(hours, s, under, over) for s in itertools.combinations(hours, tiers))
        found = size_tiers(hours, tiers=tiers, under_cost=under, over_cost=over)
        assert found.loss == pytest.approx(best, rel=1e-12)


def plain_programme(hours, tiers, under, over):
    """Every cut of the sorted hours by the textbook recurrence, each part's size its quantile: quadratic, no shortcuts."""
    hours = np.sort(hours)
    count, sums = len(hours), np.append(0.0, np.cumsum(np.sort(hours)))
    first, last = np.arange(count)[:, None], np.arange(1, count + 1)[None, :]
    middle = np.minimum(first + np.ceil((last - first) * under / (under + over) - 1e-12).astype(int) - 1, count - 1)
    middle = np.maximum(middle, first)
    size = hours[middle]
    spare = size * (middle + 1 - first) - (sums[middle + 1] - sums[first])
    missing = sums[last] - sums[np.minimum(middle + 1, count)] - size * (last - middle - 1)
    cost = np.where(last > first, over * spare + under * missing, np.inf)
    best = cost[0]
    for _ in range(tiers - 1):
        best = np.min(np.append(np.inf, best[:-1])[:, None] + cost, axis=0)
    return best[-1]


def test_two_thousand_hours_cost_what_an_independent_exact_programme_costs():
    hours = np.random.default_rng(12).lognormal(2, 0.9, 2000)
    for tiers, under, over in ((3, 1.0, 1.0), (5, 3.0, 0.7)):
        found = size_tiers(hours, tiers=tiers, under_cost=under, over_cost=over)
        assert found.loss == pytest.approx(plain_programme(hours, tiers, under, over), rel=1e-9)


def test_three_sizes_worked_by_hand():
    found = size_tiers([1, 1, 2, 8, 9, 30], tiers=3)
    assert found.table["standard_hours"].tolist() == [1, 8, 30]
    assert found.table["count"].tolist() == [3, 2, 1]
    assert found.loss == 2  # 2 is one hour over S, 9 one hour over M
    assert found.chosen_by == "given"


def test_limits_agree_with_counts_and_are_told_once():
    table = size_tiers(np.random.default_rng(0).lognormal(2, 1, 500), tiers=4).table
    hours = np.random.default_rng(0).lognormal(2, 1, 500)
    inside = [
        ((hours > low) & (hours <= high)).sum()
        for low, high in zip(table["from_hours"], table["to_hours"], strict=True)
    ]
    assert inside == table["count"].tolist()
    assert table["from_hours"].tolist()[1:] == table["to_hours"].tolist()[:-1]


def test_dear_missing_hours_make_sizes_bigger():
    hours = np.arange(1, 101.0)
    assert size_tiers(hours, tiers=1, under_cost=3).table["standard_hours"].iloc[0] == 75
    assert size_tiers(hours, tiers=1, over_cost=3).table["standard_hours"].iloc[0] == 25


def test_weights_count_like_repeated_rows():
    hours, weights = np.array([1.0, 2, 4, 9, 20]), np.array([3, 1, 2, 5, 1])
    repeated = size_tiers(np.repeat(hours, weights), tiers=2)
    weighted = size_tiers(hours, tiers=2, weights=weights)
    pd.testing.assert_frame_equal(repeated.table, weighted.table)
    assert repeated.loss == weighted.loss


def test_every_tier_holds_its_minimum_share():
    hours = np.r_[np.ones(97), 1000, 1001, 1002.0]
    assert size_tiers(hours, tiers=2).table["count"].min() == 3
    kept = size_tiers(np.r_[np.linspace(1, 2, 97), 1000, 1001, 1002.0], tiers=2, min_share=0.2)
    assert kept.table["share"].min() >= 0.2


def test_total_cost_decides_where_a_tier_has_a_cost():
    hours = np.repeat([1.0, 10, 100], 10)
    assert len(size_tiers(hours, fixed_cost=1).table) == 3
    assert len(size_tiers(hours, fixed_cost=200).table) == 2  # the third saves 90 hours, the second 900
    assert len(size_tiers(hours, fixed_cost=1e6).table) == 1
    assert size_tiers(hours, fixed_cost=1).chosen_by == "total cost"


@pytest.mark.parametrize("step", [0.0, 0.25, 1.0])
def test_one_group_of_effort_is_one_tier_however_it_is_rounded(step):
    counts = []
    for seed in range(12):
        hours = np.random.default_rng(seed).lognormal(1.5, 0.6, 300)
        counts.append(len(size_tiers(np.round(hours / step) * step if step else hours, seed=seed).table))
    assert counts.count(1) >= 11


@pytest.mark.parametrize("tiers", [2, 3, 4])
def test_groups_that_are_there_are_found(tiers):
    counts = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        logs = 1 + rng.integers(0, tiers, 300) * np.log(2.6) + 0.13 * rng.standard_normal(300)
        counts.append(len(size_tiers(np.round(np.exp(logs) * 4) / 4, seed=seed).table))
    assert counts.count(tiers) >= 7


def test_skewed_effort_is_not_two_sizes():
    counts = [len(size_tiers(np.random.default_rng(s).gamma(2, 3, 300)).table) for s in range(8)]
    assert counts.count(1) >= 7


def test_the_datas_rounding_is_recognised():
    hours = np.random.default_rng(0).lognormal(2, 0.5, 200)
    assert rounding_step(hours) == 0
    assert rounding_step(np.round(hours * 4) / 4) == 0.25
    assert rounding_step(np.round(hours)) == 1


def test_order_of_rows_does_not_matter_and_unit_scales():
    hours = np.random.default_rng(1).lognormal(2, 1, 200)
    one, other = size_tiers(hours, tiers=3), size_tiers(hours[::-1], tiers=3)
    pd.testing.assert_frame_equal(one.table, other.table)
    assert size_tiers(hours * 8, tiers=3).loss == pytest.approx(8 * one.loss)


def test_absolute_loss_is_never_above_what_squared_loss_cuts_cost():
    hours = np.random.default_rng(2).lognormal(2, 1.2, 400)
    clusters, _ = kmeans1d.cluster(hours, 3)
    squared = [np.median(hours[np.array(clusters) == c]) for c in range(3)]
    ours = size_tiers(hours, tiers=3)
    assert ours.loss < cheapest(hours, squared, 1, 1)
    assert ours.loss == pytest.approx(cheapest(hours, ours.table["standard_hours"], 1, 1))


def test_many_values_are_cut_within_a_hair_of_the_optimum():
    # Cuts tried at 10,000 places and then moved: compare with the same sizes improved by exhaustive small steps.
    hours = np.random.default_rng(4).lognormal(2, 1, 30_000)
    found = size_tiers(hours, tiers=3)
    sizes = found.table["standard_hours"].to_numpy()
    for at, factor in itertools.product(range(3), (0.99, 0.999, 1.001, 1.01)):
        moved = sizes.copy()
        moved[at] *= factor
        assert cheapest(hours, moved, 1, 1) >= found.loss * (1 - 1e-9)


def test_missing_hours_are_told_not_lost():
    found = size_tiers([1, 2, None, 4], tiers=1)
    assert found.table["count"].sum() == 3
    assert found.left_out["position"].tolist() == [2]


def test_alike_hours_are_one_size():
    found = size_tiers([3.0] * 50)
    assert found.table["standard_hours"].tolist() == [3.0] and found.loss == 0 and found.chosen_by == "one value"
    assert "Only 1 of the 3" in size_tiers([3.0] * 50, tiers=3).sentence


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"hours": []}, "No hours"),
        ({"hours": [1, -2]}, "1 negative"),
        ({"hours": [1, 2], "under_cost": -1}, "under_cost"),
        ({"hours": [1, 2], "tiers": 0}, "tiers"),
        ({"hours": [1, 2], "round_to": 0}, "round_to"),
        ({"hours": [1, 2], "weights": [1]}, "one weight"),
        ({"hours": [1, 2], "min_share": 2}, "min_share"),
        ({"hours": [1, 2], "fixed_cost": float("nan")}, "fixed_cost"),
    ],
)
def test_impossible_questions_are_answered_clearly(arguments, told):
    with pytest.raises(InputError, match=told):
        size_tiers(**arguments)


def known(engagements, **tables):
    customers = pd.DataFrame({"customer_id": ["A", "B"], "name": ["A", "B"], "category": ["x", "y"]})
    services = pd.DataFrame({"service_id": ["S"], "name": ["Service"]})
    frames = {"customers": customers, "services": services, "engagements": engagements, **tables}
    return Dataset.from_frames(frames).as_of("2026Q3")


def deliveries(hours, **columns):
    count = len(hours)
    rows = pd.DataFrame(
        {
            "engagement_id": [f"E{i:02}" for i in range(count)],
            "customer_id": ["A", "B"] * (count // 2),
            "service_id": "S",
            "requested_on": "2026-07-01",
            "delivered_on": "2026-08-01",
            **columns,
        }
    )
    effort = pd.DataFrame(
        {"worked_on": "2026-07-15", "worked_hours": hours, "role": "analyst", "engagement_id": rows["engagement_id"]}
    )
    return rows, effort


def test_quoted_against_actual_is_counted_by_hand():
    offered = pd.DataFrame(
        {"service_id": "S", "size": ["S", "L"], "standard_hours": [2, 10], "valid_from_on": "2026-01-01"}
    )
    rows, effort = deliveries([2, 3, 9, 2, 3, 10], size_quoted=["S", "S", "S", "S", "S", "L"])
    review = review_sizes(known(rows, effort=effort, offerings=offered), "2026Q3")
    small = review.quoted.set_index("size").loc["S"]
    assert (small["n"], small["median_hours"], small["misquoted_share"]) == (5, 3.0, 0.2)  # only 9 h was an L
    assert small["low"] < 0.2 < small["high"]
    assert np.isnan(review.quoted.set_index("size").loc["L", "low"])  # one delivery is too few for an interval


def test_standardising_compares_only_the_same_size_quoted():
    bespoke = [True, True, False, False] * 2
    rows, effort = deliveries([6, 8, 4, 4, 60, 80, 40, 40], size_quoted=["S"] * 4 + ["L"] * 4, bespoke=bespoke)
    review = review_sizes(known(rows, effort=effort), "2026Q3")
    saved = review.saving.iloc[0]
    assert (saved["saving_hours"], saved["n"]) == (66.0, 4)  # 2 × (7 − 4) + 2 × (70 − 40)
    assert saved["low"] <= 66 <= saved["high"]


def test_customer_hours_are_not_the_pmos():
    rows, effort = deliveries([5, 5], size_quoted=["S", "S"])
    theirs = effort.assign(worked_hours=100, side="customer")
    review = review_sizes(known(rows, effort=pd.concat([effort, theirs])), "2026Q3")
    assert review.quoted["median_hours"].tolist() == [5.0]


def test_a_stand_in_for_effort_keeps_its_name():
    rows, _ = deliveries([1] * 40, effort_proxy_count=list(range(1, 41)))
    review = review_sizes(known(rows), "2026Q3")
    assert review.tiers.empty and "standard_effort_proxy_count" in review.proxy_tiers.columns
    assert len(review.proxy_tiers) >= 1 and "not hours" in review.sentence


def test_without_hours_the_review_says_which_table_is_missing():
    rows, _ = deliveries([1, 1])
    review = review_sizes(known(rows), "2026Q3")
    assert review.quoted.empty and review.saving.empty and "effort.engagement_id" in review.sentence


def test_a_cut_of_very_many_hours_is_what_sorting_them_all_gives():
    # By bins of leading digits without sorting, against the sorted programme; the bound lies below both.
    rng = np.random.default_rng(5)
    for hours in (
        rng.lognormal(2, 1, 60_000),
        np.round(rng.gamma(2, 4, 60_000) * 4) / 4,
        500 + rng.normal(0, 3, 60_000),
    ):
        costs = Costs(2.0, 1.0, None)
        binned = many._cut_histogram(hours, None, 3, costs)
        plain = many.cheapest_cuts(hours, None, 3, costs, min_share=0.0)
        for at in range(3):
            loss = binned.runs.cut_cost(binned.bounds[at])
            assert loss == pytest.approx(plain.runs.cut_cost(plain.bounds[at]), rel=1e-6)
            assert binned.least_loss[at] <= loss * (1 + 1e-12) <= binned.least_loss[at] * (1 + 1e-4) + 1e-9


def test_sizes_of_many_hours_cost_what_is_told_and_hold_what_is_counted(monkeypatch):
    monkeypatch.setattr(many, "SORTED_VALUES", 10_000)
    hours = np.random.default_rng(6).lognormal(2, 1, 40_000)
    weights = np.random.default_rng(7).integers(0, 3, 40_000)
    for weight in (None, weights):
        found = size_tiers(hours, tiers=4, under_cost=3, weights=weight)
        counted = np.ones(len(hours)) if weight is None else weight
        sizes = found.table["standard_hours"].to_numpy()
        gap = np.subtract.outer(hours, sizes)
        assert (np.where(gap > 0, 3 * gap, -gap).min(axis=1) * counted).sum() == pytest.approx(found.loss)
        tier = np.searchsorted(found.table["to_hours"], hours)
        assert np.bincount(np.minimum(tier, 3), counted).tolist() == found.table["count"].tolist()


def test_no_cut_is_cheaper_than_the_bound_however_few_the_bins():
    hours = np.sort(np.random.default_rng(8).lognormal(2, 1, 400))
    runs = Runs.of(hours, None, Costs(1.0, 2.0, None))
    exact = [runs.cut_cost(b) for b in best_cuts(runs, 5)]
    for bins_count in (10, 30, 100):
        bins = many._merge(runs, runs.values, np.zeros(len(runs.values)), bins_count)
        assert (many._bound(bins, best_cuts(bins.runs, 5)) <= np.array(exact) * (1 + 1e-9)).all()


def test_limits_between_sizes_far_apart_are_firm_and_others_are_not():
    apart = np.r_[np.full(30, 2.0), np.full(30, 20.0)]
    firm = move_limits(apart, size_tiers(apart, tiers=2).table).iloc[0]
    assert firm["changed_share"] == 0 and (firm["limit_hours"], firm["low"], firm["high"]) == (10, 10, 11)
    smooth = np.random.default_rng(1).lognormal(2, 0.8, 60)
    loose = move_limits(smooth, size_tiers(smooth, tiers=3).table)
    assert (loose["changed_share"] > 0.01).all() and (loose["low"] < loose["limit_hours"]).all()
    more = np.random.default_rng(1).lognormal(2, 0.8, 2000)
    told = move_limits(more, size_tiers(more, tiers=3).table)
    assert (told["high"] - told["low"]).sum() < (loose["high"] - loose["low"]).sum()
    assert move_limits(apart, size_tiers(apart, tiers=1).table).empty


def test_the_saving_from_standardising_covers_what_was_planted():
    # Bespoke work takes 3 hours more than standard work of the same size quoted; large ones are more often bespoke.
    covered = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        large = rng.random(200) < 0.4
        bespoke = rng.random(200) < np.where(large, 0.5, 0.2)
        hours = rng.gamma(4, np.where(large, 5.0, 1.5)) + 3.0 * bespoke
        work = pd.DataFrame(
            {"service_id": "S", "size_quoted": np.where(large, "L", "S"), "bespoke": bespoke, "worked_hours": hours}
        )
        total = standardising_saving(work, hourly_cost=1.0, draws=300, seed=seed)[1].iloc[0]
        covered.append(total["low"] <= 3.0 * bespoke.sum() <= total["high"])
    assert 0.9 <= np.mean(covered) <= 0.99


def test_a_minimum_share_rounding_and_weights_worked_by_hand():
    # Five at 1 h, one at 9 h: alone the last is 1/6 < 1/3, so the second tier takes a neighbour at its cost.
    kept = size_tiers([1, 1, 1, 1, 1, 9], tiers=2, min_share=1 / 3)
    assert kept.table["count"].tolist() == [6] and "Only 1 of the 2" in kept.sentence
    # Median 3.3; at steps of 2 a size of 4 costs .7 + 2 + .5 = 3.2, a size of 2 costs 1.3 + .0 + 2.5 = 3.8.
    rounded = size_tiers([2, 3.3, 4.5], tiers=1, round_to=2)
    assert rounded.table["standard_hours"].tolist() == [4] and rounded.loss == pytest.approx(3.2)
    # Three at 1 h and weight 1 each against one at 5 h and weight 4: the middle weight lies at 5 h; 3 × 4 spare hours.
    weighed = size_tiers([1, 1, 1, 5], tiers=1, weights=[1, 1, 1, 4])
    assert weighed.table["standard_hours"].tolist() == [5] and weighed.loss == 12


def test_the_saving_of_very_many_deliveries_varies_as_redraws_of_them_do(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    work = pd.DataFrame({"service_id": "A", "size_quoted": "S", "bespoke": np.arange(1200) % 4 == 0})
    work["worked_hours"] = np.where(work["bespoke"], 12.0, 9.0) * rng.lognormal(0, 0.6, 1200)
    redrawn = standardising_saving(work, hourly_cost=1.0)[1].iloc[0]
    monkeypatch.setattr(saving_module, "MANY", 100)
    told = standardising_saving(work, hourly_cost=1.0)[1].iloc[0]
    width = redrawn["high"] - redrawn["low"]
    assert told["saving_hours"] == redrawn["saving_hours"]
    assert abs(told["low"] - redrawn["low"]) < 0.08 * width and abs(told["high"] - redrawn["high"]) < 0.08 * width


@pytest.mark.parametrize("groups", [2, 3])
def test_groups_are_told_apart_though_their_hours_are_rounded_to_whole_ones(groups):
    for seed in range(3):
        rng = np.random.default_rng([seed, groups])
        hours = np.round(np.exp(1 + rng.integers(0, groups, 300) * np.log(2.6) + 0.13 * rng.standard_normal(300)))
        assert len(size_tiers(hours, seed=seed).table) == groups
