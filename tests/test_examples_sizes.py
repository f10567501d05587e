"""Steps of cutting sizes, each against a case small enough to work out, or all possible cuts."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.sizes import groups, many, programme, review, saving, stability, tiers
from pmo_analysis.analysis.sizes.programme import Costs, Runs
from pmo_analysis.analysis.sizes.tiers import size_tiers
from pmo_analysis.contract.errors import InputError

PLAIN = Costs(1.0, 1.0, None)


def cost_of(hours: np.ndarray, weights: np.ndarray, size: float, costs: Costs) -> float:
    """What the hours cost at one size, one after the other."""
    gap = hours - size
    return float((weights * np.where(gap > 0, costs.under * gap, -costs.over * gap)).sum())


def best_size(hours: np.ndarray, weights: np.ndarray, costs: Costs) -> float:
    """The least cost over all sizes that may be the best."""
    step = costs.step
    tried = hours if step is None else np.arange(1, np.ceil(hours.max() / step) + 1) * step
    return min(cost_of(hours, weights, s, costs) for s in tried)


def all_cuts(hours: np.ndarray, weights: np.ndarray, count: int, costs: Costs, least: float = 0.0) -> float:
    """The least cost of any cut of ascending distinct hours, by trying all of them."""
    n, found = len(hours), [np.inf]
    for inner in combinations(range(1, n), count - 1):
        parts = [slice(a, b) for a, b in pairwise([0, *inner, n])]
        if all(weights[p].sum() >= least for p in parts):
            found.append(sum(best_size(hours[p], weights[p], costs) for p in parts))
    return min(found)


@pytest.mark.parametrize("costs", [PLAIN, Costs(3.0, 1.0, None), Costs(1.0, 2.0, 4.0), Costs(2.0, 1.0, 0.5)])
@pytest.mark.parametrize("least", [0.0, 3.0])
def test_the_cheapest_cut_is_that_of_all_cuts(costs, least):
    rng = np.random.default_rng(int(costs.under * 10))
    values, weights = np.sort(rng.uniform(0.1, 30, 9)), rng.integers(1, 4, 9).astype(float)
    runs = Runs.of(values, weights, costs)
    found = programme.best_cuts(runs, 4, least)
    for count, bounds in enumerate(found, 1):
        assert bounds[0] == 0 and bounds[-1] == 9 and len(bounds) == count + 1
        assert runs.cut_cost(bounds) == pytest.approx(all_cuts(values, weights, count, costs, least))
    assert len(found) == 4


def test_no_more_tiers_than_hours_or_than_the_least_weight_allows():
    runs = Runs.of(np.array([1.0, 2, 2, 5, 5]), None, PLAIN)
    assert len(programme.best_cuts(runs, 7)) == 3 and len(programme.best_cuts(runs, 7, 2.0)) == 2
    assert runs.weight.tolist() == [0, 1, 3, 5] and runs.total.tolist() == [0, 1, 5, 15]
    weighted = Runs.of(np.array([2.0, 1, 2]), np.array([0.5, 2, 1]), PLAIN)
    assert weighted.values.tolist() == [1, 2] and weighted.weight.tolist() == [0, 2, 3.5]


def test_a_size_is_the_quantile_of_its_costs_and_at_least_one_step():
    values = np.arange(1.0, 11)
    start, stop = np.array([0]), np.array([10])
    for under, over, size in ((1.0, 1.0, 5.0), (4.0, 1.0, 8.0), (1.0, 4.0, 2.0), (9.0, 1.0, 9.0)):
        assert Runs.of(values, None, Costs(under, over, None)).size(start, stop) == size
    assert Runs.of(values, None, Costs(1.0, 1.0, 4.0)).size(start, stop) == 4  # beside it 8, which costs more
    assert Runs.of(values + 2, None, Costs(1.0, 1.0, 4.0)).size(start, stop) == 8
    assert Runs.of(np.array([0.1, 0.2]), None, Costs(1.0, 1.0, 4.0)).size(start, np.array([2])) == 4


def test_neighbouring_sizes_cost_the_same_at_their_limit():
    costs, size = Costs(3.0, 1.0, None), np.array([4.0, 10.0, 30.0])
    for limit, (low, high) in zip(programme.even_limits(size, costs), pairwise(size), strict=True):
        assert costs.under * (limit - low) == pytest.approx(costs.over * (high - limit))


def test_a_poor_cut_is_improved_and_never_made_worse():
    runs = Runs.of(np.r_[np.arange(10.0), 50 + np.arange(10.0), 90 + np.arange(10.0)], None, PLAIN)
    assert programme.improve_cut(runs, np.array([0, 6, 20, 30]), 0.0).tolist() == [0, 10, 20, 30]
    assert programme.improve_cut(runs, np.array([0, 6, 20, 30]), 15.0).tolist() == [0, 6, 20, 30]
    single = np.ones(30, bool)
    single[9] = False  # the value beside the limit is a mean of several
    assert programme.improve_cut(runs, np.array([0, 6, 20, 30]), 0.0, single).tolist() == [0, 6, 20, 30]
    assert programme._touched(runs, np.array([0, 10, 20, 30])).tolist() == [9, 19, 10, 20, 4, 14, 24]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sorted_values", [10, 10_000])
def test_very_many_hours_are_cut_within_their_bound_of_the_best(monkeypatch, weighted, sorted_values):
    rng = np.random.default_rng(3)
    hours = np.round(rng.lognormal(3, 1, 3000), 2)
    weights = rng.uniform(0.5, 2, 3000) if weighted else None
    exact = many.cheapest_cuts(hours, weights, 4, Costs(2.0, 1.0, None), min_share=0.0)
    assert exact.least_loss == pytest.approx([exact.runs.cut_cost(b) for b in exact.bounds])
    monkeypatch.setattr(many, "EXACT_VALUES", 300)
    monkeypatch.setattr(many, "SORTED_VALUES", sorted_values)
    monkeypatch.setattr(many, "TOLERANCE", 0.1)
    told = many.cheapest_cuts(hours, weights, 4, Costs(2.0, 1.0, None), min_share=0.0)
    loss = np.array([told.runs.cut_cost(b) for b in told.bounds])
    best = exact.least_loss
    assert (told.least_loss <= best * (1 + 1e-9)).all() and (told.least_loss > 0.95 * best).all()
    assert loss == pytest.approx(best, rel=1e-3)
    assert told.runs.total[-1] == pytest.approx(exact.runs.total[-1])
    least = many.cheapest_cuts(hours, weights, 3, PLAIN, min_share=0.3)
    assert (np.diff(least.runs.weight[least.bounds[2]]) >= 0.3 * least.runs.weight[-1] - 1e-9).all()
    assert np.isnan(least.least_loss).all()


def test_bins_keep_weights_and_totals_and_how_far_hours_deviate():
    runs = Runs.of(np.array([1.0, 2, 3, 10, 11, 40]), np.array([1.0, 2, 1, 1, 1, 1]), PLAIN)
    bins = many._merge(runs, runs.values, np.zeros(6), 3)
    assert bins.first[0] == 0 and bins.first[-1] == 6 and len(bins.first) <= 4
    for k, (a, b) in enumerate(pairwise(bins.first)):
        own, weight = runs.values[a:b], np.diff(runs.weight)[a:b]
        mean = np.average(own, weights=weight)
        assert bins.runs.values[k] == pytest.approx(mean)
        assert bins.deviation[k] == pytest.approx((weight * np.abs(own - mean)).sum())
    assert many._first_of_bins(runs, runs.values, 6).tolist() == [0, 1, 2, 3, 4, 5, 6]
    spread = many._spread(runs, np.array([1.0, 1, 3, 9, 11, 30]), np.array([1.0, 3, 4, 13, 12, 50]))
    assert spread == pytest.approx([0, 2 * 2 * 1 * 1 / 2, 0, 2 * 3 * 1 / 4, 0, 2 * 10 * 10 / 20])


def test_leading_digits_put_hours_into_bins_between_their_edges():
    hours = np.r_[5.0, 5 + np.random.default_rng(2).lognormal(0, 3, 4000)]
    weight, total = many._histogram(hours, None)
    assert weight.sum() == 4001 and total.sum() == pytest.approx(hours.sum())
    full = np.flatnonzero(weight)
    low, high = many._edges(hours, full)
    key = np.concatenate([k for _, k in many._keys(hours)])
    place = np.searchsorted(full, key)
    assert (hours >= low[place]).all() and (hours <= high[place]).all()
    assert (high - low)[1:-1].max() / hours.max() < 1e-3 and low[0] == hours.min()


@pytest.mark.parametrize(
    ("hours", "step"),
    [([8.0, 16, 24], 8.0), ([8.0, 12], 4.0), ([2.0, 6], 2.0), ([1.0, 2, 3], 1.0), ([0.5, 1], 0.5), ([0.25, 1], 0.25),
     ([0.1, 0.3], 0.1), ([0.05, 0.2], 0.05), ([0.01, 0.03], 0.01), ([0.012, 0.0333], 0.0),
     ([4.0] * 19 + [4.3], 4.0), ([4.0] * 18 + [4.3, 4.3], 0.1)],
)  # fmt: skip
def test_the_coarsest_step_that_nearly_all_hours_keep_to(hours, step):
    assert groups.rounding_step(np.array(hours)) == step


def test_no_hours_are_half_a_step_or_half_the_least():
    assert np.exp(groups._logs(np.array([0.0, 2, 4]), 2.0)) == pytest.approx([1, 2, 4])
    assert np.exp(groups._logs(np.array([0.0, 3, 4]), 0.0)) == pytest.approx([1.5, 3, 4])
    assert groups._logs(np.zeros(2), 0.0).tolist() == [0, 0]


def test_one_group_has_the_mean_and_spread_of_the_logs_and_their_likelihood():
    logs = np.random.default_rng(1).normal(2, 0.5, 400)
    grid = groups._grid(logs, 0.0)
    assert grid.at[0] == pytest.approx(logs.min() - logs.std() / 2) and len(grid.starts) == len(grid.at)
    cells = groups._histogram(logs[None], grid)
    assert cells.sum() == 400 and np.abs(cells[0] @ grid.at / 400 - logs.mean()) < 0.01
    one = groups._one_group(cells, grid)
    assert one.mean[0, 0] == pytest.approx(logs.mean(), abs=0.01) and one.spread[0, 0] == pytest.approx(
        logs.std(), abs=0.01
    )
    wanted = stats.norm.logpdf(logs, logs.mean(), logs.std()).sum() + 400 * 0.5 * np.log(2 * np.pi)
    assert one.likelihood[0] == pytest.approx(wanted, abs=1.5)


def test_densities_of_groups_are_normal():
    at = np.linspace(-3, 5, 40)
    part, top = groups._parts(at, np.array([[0.0, 2.0]]), np.array([[1.0, 0.5]]), np.array([[0.3, 0.7]]))
    told = part[0] * np.exp(top)[0] / np.sqrt(2 * np.pi)
    assert told[0] == pytest.approx(0.3 * stats.norm.pdf(at, 0, 1)) and told[1] == pytest.approx(
        0.7 * stats.norm.pdf(at, 2, 0.5)
    )
    shared, whole = groups._Grid(at[:4], np.array([0, 3])).share_out(
        np.array([[0.0, 6, 0, 5]]), np.array([[1.0, 2, 3, 9]])
    )
    assert shared[0] == pytest.approx([1, 2, 3, 5]) and whole[0] == pytest.approx([6, 6, 6, 9])


def test_a_split_keeps_share_and_middle():
    one = groups._Mixture(np.array([[1.0, 5.0]]), np.array([[2.0, 0.5]]), np.array([[0.6, 0.4]]), np.zeros(1))
    mean, spread, share = groups._split(one, 1)
    assert mean.tolist() == [[1, 4.5, 5.5]] and share.tolist() == [[0.6, 0.2, 0.2]]
    assert spread[0] == pytest.approx([2, 0.3, 0.3])


def test_a_valley_is_told_over_the_lower_of_its_peaks():
    apart = groups._Mixture(np.array([[6.0, 0.0]]), np.array([[1.0, 1.0]]), np.array([[0.5, 0.5]]), np.zeros(1))
    assert groups._valley(apart, 100) == pytest.approx(2 * np.exp(-4.5), rel=0.03)
    assert groups._valley(apart, 10) < 1 and groups._valley(apart, 9) == 1.0  # five customers or fewer
    three = groups._Mixture(np.array([[0.0, 6.0, 7.0]]), np.ones((1, 3)), np.full((1, 3), 1 / 3), np.zeros(1))
    assert groups._valley(three, 100) > 0.9


def test_groups_are_looked_for_from_twenty_values_on():
    two = np.r_[np.linspace(1, 1.5, 10), np.linspace(90, 120, 10)]
    assert groups.count_groups(two, most=3)["kept"].sum() == 2
    assert len(groups.count_groups(two[1:], most=3)) == 1 and len(groups.count_groups(np.full(40, 3.0), most=3)) == 1
    table = groups.count_groups(two, most=3)
    assert table["p_value"][1] == pytest.approx(0.02) and table["gain"][1] > table["null_gain"][1]


def test_limits_lie_at_round_numbers_that_move_nobody():
    table = size_tiers([1, 2, 3, 17.3, 18, 19.1], tiers=2).table
    assert table["to_hours"].tolist() == [10, 19.1] and table["standard_hours"].tolist() == [2, 18]
    assert table["from_hours"].tolist() == [0, 10] and table["tier"].tolist() == ["S", "L"]
    close = size_tiers([3.11, 3.12, 3.13, 3.152, 3.17, 3.18], tiers=2).table["to_hours"].iloc[0]
    assert close in (pytest.approx(3.14), pytest.approx(3.15))
    nearest = size_tiers([1.0, 1, 1, 23.4, 23.4], tiers=2).table["to_hours"].iloc[0]
    assert nearest == 10  # both cost the same at 12.2; 20 moves nobody either


@pytest.mark.parametrize(
    ("count", "first", "last"), [(1, "M", "M"), (3, "S", "L"), (4, "S", "XL"), (5, "XS", "XL"), (8, "T1", "T8")]
)
def test_sizes_have_names(count, first, last):
    table = size_tiers(np.arange(1.0, 30), tiers=count, max_tiers=9).table
    assert (table["tier"].iloc[0], table["tier"].iloc[-1]) == (first, last) and table["share"].sum() == pytest.approx(1)


def test_each_tier_more_costs_its_fixed_cost():
    hours = [1.0, 1, 10, 10, 12]
    told = size_tiers(hours, fixed_cost=2.5, max_tiers=3)
    assert told.evidence["loss"].tolist() == [20, 2, 0] and told.evidence["total_cost"].tolist() == [22.5, 7, 7.5]
    assert len(told.table) == 2 and told.chosen_by == "total cost" and told.loss == 2
    assert len(size_tiers(hours, fixed_cost=0.0).table) == 3  # a tier for nothing
    assert size_tiers([4.0, 4.0]).chosen_by == "one value"
    assert size_tiers(hours, tiers=2, under_cost=2, over_cost=1).table["standard_hours"].tolist() == [1, 10]
    assert size_tiers([0.0, 5.0], tiers=2, weights=[1, 0.5]).table["count"].tolist() == [1, 0.5]


def test_options_on_both_sides_of_what_is_allowed():
    size_tiers([1.0, 2.0], min_share=0.5, fixed_cost=0, round_to=0.5, under_cost=0.1, over_cost=0.1, max_tiers=1)
    wrong = (
        {"min_share": 1.1},
        {"min_share": -0.1},
        {"fixed_cost": -0.5},
        {"round_to": 0},
        {"under_cost": 0},
        {"over_cost": 0},
    )
    for option in (*wrong, {"tiers": 0}, {"max_tiers": 0}, {"max_tiers": None}, {"tiers": True}, {"under_cost": None}):
        with pytest.raises(InputError, match=next(iter(option))):
            size_tiers([1.0, 2.0], **option)


def test_what_cannot_be_cut_is_left_out_with_its_place():
    told = size_tiers([3.0, None, 4.0, 5.0], weights=[1, 1, 0, 1], tiers=2)
    assert told.left_out["position"].tolist() == [1, 2]
    assert told.left_out["reason"].tolist() == ["hours missing or not a number", "no weight"]
    for hours, weights in (
        ([-0.5, 1], None),
        ([1, 2], [1, -0.5]),
        ([1, 2], [1, np.inf]),
        ([1], [1, 1]),
        ([None], None),
        ([1], [0]),
    ):
        with pytest.raises(InputError):
            size_tiers(hours, weights=weights)
    assert size_tiers([0.0, 1.0], tiers=2).left_out.empty


def test_points_are_even_parts_and_a_redraw_is_cut_as_exactly():
    values = np.sort(np.random.default_rng(5).lognormal(2, 1, 250))
    points, counts = stability._points(values)
    assert (
        len(points) == 100
        and counts.sum() == 250
        and set(counts) == {2, 3}
        and points @ counts == pytest.approx(values.sum())
    )
    few, own = stability._points(np.array([1.0, 1, 4]))
    assert (few.tolist(), own.tolist()) == ([1, 4], [2, 1])
    drawn = np.random.default_rng(6).integers(0, 4, 100).astype(float)
    seen = drawn > 0
    runs = Runs.of(points[seen], drawn[seen], Costs(2.0, 1.0, None))
    bounds = programme.best_cuts(runs, 3)[2]
    assert stability._cut(points, drawn, 3, Costs(2.0, 1.0, None)) == pytest.approx(runs.size(bounds[:-1], bounds[1:]))
    assert stability._cut(np.array([1.0, 2, 3]), np.array([0.0, 2, 0]), 3, PLAIN).tolist() == [2, 2, 2]


def test_limits_far_from_any_hours_hardly_change_a_size():
    hours = np.r_[np.linspace(1, 2, 40), np.linspace(20, 24, 40)]
    table = size_tiers(hours, tiers=2).table
    told = stability.move_limits(hours, table).iloc[0]
    assert (told["tier"], told["limit_hours"], told["n"], told["changed_share"]) == ("S", 10, 80, 0)
    assert 9 < told["low"] <= 10 <= told["high"] < 13.5
    assert stability.move_limits(hours, table[:1]).empty and stability.move_limits([3.0, 3.0], table).empty
    wide = stability.move_limits(hours, table, level=0.99).iloc[0]
    assert wide["low"] <= told["low"] and wide["high"] >= told["high"]
    assert stability.move_limits(hours, table, under_cost=3.0)["low"][0] < told["low"] - 1


@pytest.mark.parametrize(
    ("usual", "step"), [(0.5, 0.25), (3.9, 0.25), (4.0, 0.5), (8.0, 1), (15.9, 1), (16.0, 2), (40.0, 5), (900.0, 100)]
)
def test_a_usable_step_is_about_an_eighth_of_the_usual(usual, step):
    assert review.usable_step(pd.Series([usual, usual, 1e6])) == step


def test_saving_is_the_difference_of_means_times_the_bespoke_ones():
    work = pd.DataFrame({
        "service_id": list("AAAAABBB"), "size_quoted": "M", "bespoke": [True, True, False, False, False, True, False, False],
        "worked_hours": [10.0, 14, 6, 7, 8, 99, 1, 1],
    })  # fmt: skip
    services, whole = saving.standardising_saving(work, hourly_cost=50)
    row = services.iloc[0]
    assert (row["service_id"], row["saving_hours"], row["saving_cost"], row["n"], len(services)) == ("A", 10, 500, 2, 1)
    assert 2 * (10 - 8) <= row["low"] < 10 < row["high"] <= 2 * (14 - 6) and whole["saving_hours"][0] == 10
    narrow = saving.standardising_saving(work, hourly_cost=50, level=0.5)[0].iloc[0]
    assert narrow["low"] > row["low"] and narrow["high"] < row["high"]
    assert [review._beside(h) for h in (-0.4, -0.6, 0.0, 12.3)] == [
        "0 hours more",
        "1 hours less",
        "0 hours more",
        "12 hours more",
    ]


def test_means_of_very_many_are_redrawn_by_the_normal_law(monkeypatch):
    monkeypatch.setattr(saving, "MANY", 50)
    hours = np.r_[np.zeros(30), np.full(30, 8.0)]
    drawn = saving._redrawn_means(hours, 4000, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(4, abs=0.05) and drawn.std() == pytest.approx(4 / np.sqrt(60), rel=0.05)
    few = saving._redrawn_means(hours[:49], 4000, np.random.default_rng(1))
    assert few.std() == pytest.approx(hours[:49].std() / 7, rel=0.05)
    assert tiers._some_hours(Runs.of(np.array([1.0, 3]), np.array([2.0, 1]), PLAIN), 0).tolist() == [1, 1, 3]
