"""One population that looks like the data, and the test against it, in cases small enough to work out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.segments import bend, continuum, null, stability, structure
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.partitions import Partition


def points_of(codes: list, levels: tuple[int, ...], numbers: np.ndarray | None = None) -> Points:
    """Customers as points of choices, without numbers where none are given."""
    x = np.array(codes)
    return Points(np.zeros((len(x), 0)) if numbers is None else numbers, x, levels)


@pytest.mark.parametrize("d", [1, 2, 4, 7])
def test_turned_scores_are_uncorrelated_of_unit_size_and_turn_back(d):
    rng = np.random.default_rng(d)
    scores = rng.normal(size=(200, d)) @ rng.normal(size=(d, d)) + 3
    turned, back = bend.turn_to_bend(scores)
    assert turned.T @ turned / 200 == pytest.approx(np.eye(d), abs=1e-9)
    assert turned @ back == pytest.approx(scores - scores.mean(axis=0))


def test_a_bend_hidden_in_a_turn_comes_first_and_what_it_tells_second():
    rng = np.random.default_rng(5)
    u, noise = rng.normal(size=(2, 2000))
    bent = np.column_stack([u, u**2 + 0.3 * noise, rng.normal(size=2000), rng.normal(size=2000)])
    turned, _ = bend.turn_to_bend(bent @ np.linalg.qr(rng.normal(size=(4, 4)))[0])
    assert abs(np.corrcoef(turned[:, 0], u)[0, 1]) > 0.98
    assert abs(np.corrcoef(turned[:, 1], bent[:, 1])[0, 1]) > 0.98


def test_starts_are_the_axes_and_the_middles_between_them_both_ways():
    told = np.array(bend._start_directions(3))
    assert len(told) == 9 and np.linalg.norm(told, axis=1) == pytest.approx(1)
    cosines = np.abs(told @ told.T)[~np.eye(9, dtype=bool)]
    assert cosines.max() < 0.8 and len({tuple(np.round(t, 6)) for t in told}) == 9


def test_the_strength_of_a_bend_by_hand():
    white = np.array([[1.0, 1.0], [-1.0, 1.0], [0.0, -2.0]])
    strength, towards = bend._bend_of(white, np.array([1.0, 0.0]))
    assert strength == pytest.approx(2 / 3) and towards == pytest.approx([0, 1])


def test_a_t_without_rounds_is_that_of_scipy(monkeypatch):
    monkeypatch.setattr(bend, "_T_ROUNDS", 0)
    y, spread = np.random.default_rng(2).normal(size=(9, 2)), np.array([[2.0, 0.5], [0.5, 1.0]])
    for nu in (3.0, 8.0):
        told = stats.multivariate_t(None, spread, nu).logpdf(y).sum()
        assert bend._t_likelihood(y, spread, nu) == pytest.approx(told)


@pytest.mark.parametrize("nu", [3.0, 5.0, 8.0])
def test_tails_have_the_degrees_that_suit_them_and_gain_what_scipys_fit_gains(nu):
    x = 100 * stats.t(nu).ppf((np.arange(3000) + 0.5) / 3000)
    degrees, gain = bend.weigh_tails(x[:, None] + 7)
    best = stats.t.logpdf(x, *stats.t.fit(x, fdf=nu, floc=0)).sum() - stats.norm.logpdf(x, 0, x.std()).sum()
    assert degrees == nu
    assert gain == pytest.approx(best - 0.5 * np.log(3000), rel=0.02)


def test_tails_lighter_than_a_bell_have_no_degrees():
    assert bend.weigh_tails(np.linspace(-1, 1, 100)[:, None]) == (np.inf, 0.0)
    assert bend.weigh_tails(np.zeros((50, 0))) == (np.inf, 0.0)
    bell = stats.norm.ppf((np.arange(50) + 0.5) / 50)[:, None]
    assert bend.weigh_tails(bell) == (np.inf, 0.0)


def test_normal_scores_and_ranks_by_hand():
    told = null.normal_scores(np.array([[3.0, 1.0], [1.0, 1.0], [2.0, 5.0], [9.0, 7.0]]))
    assert stats.norm.cdf(told) == pytest.approx(np.array([[5, 2], [1, 2], [3, 5], [7, 7]]) / 8)
    assert null._ranks(np.array([[3.0], [1.0], [9.0], [2.0]])).ravel() == pytest.approx([5 / 8, 1 / 8, 7 / 8, 3 / 8])


def test_a_ridge_lets_the_level_free_and_holds_slopes_by_one_customer():
    x = np.column_stack([np.ones(4), [-1.0, 1.0, -1.0, 1.0]])
    assert null._ridge(x, np.array([8.0, 12.0, 8.0, 12.0])) == pytest.approx([10.0, 2 * 4 / 5])


def test_bends_and_terms_by_hand():
    z = np.array([[-2.0, 0.5], [0.0, -1.0]])
    told = null._terms(z, [(0, "square"), (1, "size"), (0, "log")])
    wanted = [[1, -2, 0.5, 4, 0.5, np.log(2.1)], [1, 0, -1, 0, 1, np.log(0.1)]]
    assert told == pytest.approx(np.array(wanted))


def test_a_bend_enters_where_an_f_of_eight_asks_for_it_and_no_more_than_four():
    z = np.linspace(-2, 2, 41)
    bent, odd = z**2 - (z**2).mean(), np.tile([1.0, -1.0], 21)[:41]
    assert null._next_bend(z[:, None], [], bent) == (0, "square")
    assert null._next_bend(z[:, None], [], odd) is None
    assert null._next_bend(z[:, None], [(0, s) for s in ("square", "size", "log")], bent) is None
    two = np.column_stack([odd, z])
    four = [(0, "square"), (0, "size"), (0, "log"), (1, "log")]
    assert null._next_bend(two, four[:3], bent) == (1, "square") and null._next_bend(two, four, bent) is None
    unbent = odd - odd.mean() - bent * (odd @ bent) / (bent @ bent)
    unbent *= np.sqrt((bent @ bent) / (unbent @ unbent))
    for f, enters in ((8.6, True), (7.4, False)):  # 41 − 1 − 2 degrees are left
        share = f / (f + 38)
        mixed = np.sqrt(share) * bent + np.sqrt(1 - share) * unbent
        seen = null._next_bend(z[:, None], [], mixed)
        assert (seen is not None) == enters


def test_a_step_keeps_residuals_in_the_order_of_what_was_fitted():
    rng = np.random.default_rng(8)
    z = rng.normal(size=300)
    turned = np.column_stack([z, z**2 + 0.1 * rng.normal(size=300)])
    step = null._fit_step(turned, 1)
    assert (0, "square") in step.bends and (np.diff(step.fitted) >= 0).all()
    fitted = null._terms(turned[:, :1], step.bends) @ step.coefficients
    order = np.argsort(fitted, kind="stable")
    assert step.residuals == pytest.approx((turned[:, 1] - fitted)[order])
    drawn = null._draw_coordinate(step, turned[:, :1], rng)
    assert drawn.std() == pytest.approx(1) and np.corrcoef(drawn, z**2)[0, 1] > 0.98


def test_a_step_without_a_bend_spreads_as_its_residuals():
    step = null._Step([], np.array([0.0, 2.0]), np.zeros(4), np.array([-1.0, 1.0, -1.0, 1.0]))
    z = np.random.default_rng(1).normal(size=20_000)
    drawn = null._draw_coordinate(step, z[:, None], np.random.default_rng(2))
    assert np.corrcoef(drawn, z)[0, 1] == pytest.approx(2 / np.sqrt(5), abs=0.01)


def test_few_values_keep_their_shares_and_a_heap_stays_a_heap():
    few = null.unimodal_quantiles(np.repeat([1.0, 2.0, 5.0], [2, 5, 3]))
    assert few(np.array([0.0, 0.19, 0.21, 0.69, 0.71, 1.0])).tolist() == [1, 1, 2, 2, 5, 5]
    heaped = null.unimodal_quantiles(np.concatenate([np.zeros(40), np.linspace(1, 2, 50), np.full(10, 3.0)]))
    told = heaped(np.array([0.05, 0.39, 0.41, 0.65, 0.89, 0.92, 0.99]))
    assert told[[0, 1]].tolist() == [0, 0] and told[[5, 6]].tolist() == [3, 3]
    assert told[2] == pytest.approx(1.02, abs=0.03) and told[3] == pytest.approx(1.5, abs=0.05)
    assert told[4] == pytest.approx(1.98, abs=0.03)


def test_two_heaps_become_one_and_heights_add_to_one_customer_each():
    both = np.concatenate([np.linspace(0, 1, 50), np.linspace(3, 4, 50)])
    drawn = null.unimodal_quantiles(both)(np.linspace(0.005, 0.995, 100))
    assert (np.diff(drawn) >= 0).all() and drawn.min() >= 0 and drawn.max() <= 4
    inside = ((drawn > 1.2) & (drawn < 2.8)).mean()
    assert inside > 0.15  # nobody was between the heaps


def test_middles_of_levels_are_means_of_a_cut_normal():
    shares = np.array([0.2, 0.5, 0.3])
    edges = stats.norm.ppf([0, 0.2, 0.7, 1])
    told = [stats.truncnorm.mean(a, b) for a, b in pairwise(edges)]
    assert continuum._middles(shares) == pytest.approx(told)


@pytest.mark.parametrize("rho", [-0.6, 0.3, 0.7])
def test_levels_of_two_continua_go_together_as_the_series_says(rho):
    one, two = np.array([0.3, 0.7]), np.array([0.4, 0.6])
    middles = [continuum._middles(s) for s in (one, two)]
    both = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([stats.norm.ppf(0.3), stats.norm.ppf(0.4)])
    joint = np.array([[both, 0.3 - both], [0.4 - both, 0.3 + both]])
    series = continuum._hermite(one, middles[0]) * continuum._hermite(two, middles[1])
    told = (rho ** np.arange(1, len(series) + 1)) @ series
    assert told == pytest.approx(middles[0] @ joint @ middles[1], abs=0.01)


def test_shares_follow_the_order_of_levels_and_what_is_missing_shows_nothing():
    codes, order = np.array([2, 2, 2, 0, -1, 1, 1, 1, 1, 1, 1]), np.array([2, 0, 1])
    assert continuum._shares(codes, order) == pytest.approx([0.3, 0.1, 0.6], abs=1e-3)
    told = continuum._show(np.array([2, 0, -1, 1]), order, np.array([-1.2, 0.1, 0.7]))
    assert told.tolist() == [-1.2, 0.1, 0.0, 0.7]


def test_correlations_lose_what_chance_adds_and_stay_below_what_would_heap():
    told = continuum._calm(np.array([0.5, -0.5, 0.1, 0.0]), 100)
    assert told == pytest.approx([0.5 * (1 - 2 / 25), -0.5 * (1 - 2 / 25), 0.0, 0.0])
    strong = continuum._calm(np.array([0.95, -0.95]), 10_000)
    assert strong[0] == -strong[1] and 0.6 < strong[0] < 0.9


def test_a_root_times_itself_is_the_covariance():
    covariance = np.array([[2.0, 0.7], [0.7, 1.0]])
    root = continuum._root(covariance)
    assert root @ root.T == pytest.approx(covariance)


def test_levels_along_the_numbers_are_ordered_by_them_and_drawn_again_with_them():
    rng = np.random.default_rng(4)
    x = rng.normal(size=3000)
    scores = null.normal_scores(x[:, None])
    hidden = 0.6 * x + 0.8 * rng.normal(size=3000)
    place = np.searchsorted(np.quantile(hidden, [0.2, 0.6]), hidden)
    codes = np.array([1, 2, 0])[place][:, None]
    codes[:100] = -1
    points = points_of(codes, (3,), x[:, None])
    fitted = continuum.fit_continua(points, scores)
    assert fitted.orders[0].tolist() in ([1, 2, 0], [0, 2, 1])
    assert abs(fitted.slopes[0, 0]) == pytest.approx(0.6, abs=0.05)
    drawn = continuum.draw_codes(points, fitted, scores, rng)
    assert (drawn[:100] == -1).all() and (drawn[100:] >= 0).all()
    assert np.bincount(drawn[100:, 0]) / 2900 == pytest.approx([0.4, 0.2, 0.4], abs=0.02)
    means = [scores[100:, 0][codes[100:, 0] == level].mean() for level in range(3)]
    again = [scores[100:, 0][drawn[100:, 0] == level].mean() for level in range(3)]
    assert again == pytest.approx(means, abs=0.1)


def test_the_threshold_rises_from_sixty_to_four_hundred_customers_only():
    told = [structure.threshold(n) for n in (20, 60, 61, 399, 400, 9000)]
    assert told[0] == told[1] < told[2] < told[3] < told[4] == told[5]
    assert told[4] - told[1] == pytest.approx(0.35 * np.log(400 / 60))


def test_a_statistic_is_told_in_deviations_of_the_draws_alone():
    told = structure._beyond(pd.Series([10.0, 1.0, 3.0, 5.0]), 0.5)
    assert told.tolist() == [3.5, -1, 0, 1]
    assert structure._beyond(pd.Series([10.0, 3.0, 3.0]), 0.5).tolist() == [14, 0, 0]


def test_gain_and_valley_add_up_with_the_valley_counted_twice():
    seen = [structure._Seen({}, g, v) for g, v in ((30.0, 0.9), (0.0, 0.1), (10.0, 0.3), (20.0, 0.5))]
    told = structure._standardise(seen)
    gain, deep = (np.array([30.0, 0, 10, 20]) - 10) / 10, (np.array([0.9, 0.1, 0.3, 0.5]) - 0.3) / 0.2
    both = gain + 2 * deep
    assert told["draw"].tolist() == [0, 1, 2, 3] and told["gain"].tolist() == [30, 0, 10, 20]
    assert told["z"].to_numpy() == pytest.approx((both - both[1:].mean()) / both[1:].std(ddof=1))


def test_a_dip_is_the_fall_of_root_density_against_a_kernel_estimate_of_scipy():
    rng = np.random.default_rng(7)
    lower, upper = rng.normal(0, 1, 80), rng.normal(5, 1, 120)
    spread = np.sqrt((80 * lower.var() + 120 * upper.var()) / 200)
    both = np.concatenate([lower, upper])
    kernel = stats.gaussian_kde(both, spread * 200**-0.2 / both.std(ddof=1))
    height = np.sqrt(kernel(np.linspace(np.median(lower), np.median(upper), 500)))
    at = height.argmin()
    told = (min(height[:at].max(), height[at:].max()) - height[at]) / height.max()
    assert structure._dip(lower, upper) == pytest.approx(told, abs=0.01)
    assert structure._dip(lower, lower + 0.1) == pytest.approx(0, abs=0.01)


def test_the_valley_of_three_heaps_is_the_mean_of_the_two_that_join_them():
    x = np.concatenate([np.linspace(-1, 1, 40) + c for c in (0, 8, 11.0)])
    labels = np.repeat([0, 1, 2], 40)
    points = points_of(np.zeros((120, 0), int), (), x[:, None])
    near = structure._dip(-x[labels == 2], -x[labels == 1])
    far = structure._dip(-x[labels == 1], -x[labels == 0])
    told = structure.valley(points, Partition(labels, 0.0))
    assert told == pytest.approx((near + far) / 2, abs=0.05) and 0.3 < told < 1
    assert structure.valley(points, Partition(np.zeros(120, int), 0.0)) == 0.0


def test_customers_who_differ_in_anything_are_counted_and_many_are_drawn_from():
    x = np.array([[1.0], [1.0], [2.0], [1.0]])
    assert stability._count_distinct(points_of([[0], [0], [0], [1]], (2,), x)) == 3
    assert stability._count_distinct(points_of(np.zeros((4, 0), int), ())) == 1
    few, many = stability._choose_rows(300, 1), stability._choose_rows(5000, 1)
    assert few.tolist() == list(range(300))
    assert len(set(many)) == len(many) < 5000 and (np.diff(many) > 0).all() and many.max() > 4000


def test_every_draw_looks_at_about_two_thirds_of_the_customers():
    seen = []

    def refit(drawn: np.ndarray) -> np.ndarray:
        seen.append(drawn)
        return np.zeros(len(drawn), int)

    labels = np.repeat([0, 1], [60, 40])
    told = stability.bootstrap_jaccard(labels, refit, draws=50, rng=np.random.default_rng(3))
    assert told.shape == (50, 2) and all((np.diff(d) > 0).all() for d in seen)
    assert (
        np.mean([len(d) for d in seen]) == pytest.approx(63.4, abs=1.5) and np.unique(np.concatenate(seen)).size == 100
    )
    shares = np.array([[np.mean(labels[d] == g) for g in (0, 1)] for d in seen])
    assert told == pytest.approx(shares)
    more = stability.bootstrap_jaccard(labels, refit, draws=1, rng=np.random.default_rng(3), count=3)
    assert np.isnan(more[0, 2]) and not np.isnan(more[0, :2]).any()
    table = stability._tell_stability(np.array([[0.5, 0.9], [0.7, np.nan]]), ["S1", "S2"])
    assert table["jaccard"].tolist() == [0.6, 0.9] and table["draws"].tolist() == [2, 1]
    assert (table["low"][0], table["high"][0]) == pytest.approx((0.51, 0.69))
