"""Steps towards what is asked next, each against a case small enough to work out, or an independent formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.targets import (
    demand,
    fit,
    holdout,
    leaving,
    market,
    quality,
    reasons,
    stops,
    trials,
)
from pmo_analysis.analysis.targets.forecast import buys_again, popular_shares, popularity
from pmo_analysis.analysis.targets.knowledge import know_customers
from pmo_analysis.analysis.targets.trials import Trials
from pmo_analysis.contract.settings import Settings

Z = stats.norm.ppf(0.975)


def trials_of(asked: Any, **told: Any) -> Trials:
    """Requests (customer × service × quarter) of customers who are there throughout, where nothing else is told."""
    a = np.array(asked, dtype=bool)
    n, m, q = a.shape
    no = np.zeros(n, dtype=bool)
    usual: dict[str, Any] = {"there": np.ones((n, q)), "offered": np.ones((m, q), bool)}
    usual |= {"gone": no, "older": no, "undated": no, "by_asking": no} | told
    names = [f"C{i}" for i in range(n)], [f"S{i}" for i in range(m)], [f"20{20 + i // 4}Q{1 + i % 4}" for i in range(q)]
    return Trials(*names, a, **usual)


def row_of(*quarters: int, count: int) -> list:
    """One service asked for in these quarters."""
    return [[t in quarters for t in range(count)]]


def test_quarters_since_the_last_request_fall_into_classes():
    t = trials_of([row_of(0, count=12), row_of(3, 4, count=12), row_of(count=12)], older=np.array([False, True, True]))
    gaps = t.gaps()[:, 0]
    assert gaps[0].tolist() == [0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 7]
    assert gaps[1].tolist() == [8, 8, 8, 8, 1, 1, 2, 3, 4, 5, 5, 6, 6]  # not known until a year is told
    assert gaps[2].tolist() == [8, 8, 8, 8, *[0] * 9]


def test_presence_that_tells_how_often_one_asks():
    flags = np.array([False, True, True])
    t = trials_of([row_of(1, count=4), row_of(1, 3, count=4), row_of(0, count=4)], by_asking=flags, undated=flags)
    assert t.counted().tolist() == [[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 1]]
    assert t.since_seen().tolist() == [[1, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]
    assert t.silent().tolist() == [2, 0, 3]
    there = np.array([[0.0, 1, 1], [1, 1, 1]])
    assert trials_of([row_of(count=3), row_of(2, count=3)], there=there).silent().tolist() == [2, 0]


def test_what_was_known_then_knows_no_later_quarter():
    there = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    asked = [row_of(0, count=3), row_of(2, count=3), row_of(1, count=3)]
    then = trials_of(asked, there=there, undated=np.array([False, True, True])).until(2)
    assert then.there.tolist() == [[1, 1], [0, 0], [0, 1]] and then.gone.tolist() == [True, False, False]
    assert then.quarters == ["2020Q1", "2020Q2"] and then.asked.shape == (3, 1, 2) and then.offered.shape == (1, 2)


@pytest.mark.parametrize(("same", "others", "by_asking"), [(10, 0, True), (9, 0, False), (98, 2, True), (97, 3, False)])
def test_who_became_a_customer_by_asking(same, others, by_asking):
    begun = np.array([2.0] * (same + others) + [-1.0, 8.0, np.nan])
    first = np.array([2.0] * same + [5.0] * others + [-1.0, 8.0, 2.0])
    told = trials._by_asking(begun, first, 8)
    assert told[:same].all() == by_asking == told.any() and not told[same:].any()


def test_days_are_placed_among_quarters_and_presence_lies_between_them():
    days = ["2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01", None]
    table = pd.DataFrame({"customer_id": list("abcde"), "active_from_on": pd.to_datetime(days)})
    quarters = ["2026Q1", "2026Q2"]
    told = trials._places(table, "customer_id", list("abcdex"), "active_from_on", quarters=quarters, month=12)
    assert told.tolist()[:4] == [-1, 0, 1, 2] and np.isnan(told[4:]).all()
    spans = trials._between(np.array([np.nan, 1.0, 0.0, -1.0]), np.array([1.0, np.nan, 0.0, -1.0]), 3)
    assert spans.tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0]]


def test_popular_is_what_was_asked_for_in_the_last_four_quarters_with_half_a_request_more():
    t = trials_of(
        [row_of(0, 1, 5, count=6), row_of(2, 3, count=6), row_of(count=6)],
        there=np.array([[1.0] * 6] * 2 + [[0.0] * 6]),
    )
    assert popular_shares(t).tolist() == [[pytest.approx(3.5 / 9)]]
    by_segment = popular_shares(t, np.array([0, 1, 1]))
    assert by_segment.ravel() == pytest.approx([(1 + 7 / 9) / 6, (2 + 7 / 9) / 6])
    assert popularity(t).shape == (3, 1)
    assert popularity(t, np.array([0, 1, 1])).ravel() == pytest.approx(by_segment.ravel()[[0, 1, 1]])


def test_buying_again_by_hand():
    t = trials_of([row_of(0, 1, count=3), row_of(2, count=3)])
    # After a request: asked again in one of two quarters; otherwise in two of four.
    assert buys_again(t).ravel() == pytest.approx([2.5 / 9, 1.5 / 7])


def test_silence_is_explained_by_every_quarter_in_which_one_may_have_left():
    t = trials_of([row_of(0, 1, count=4), row_of(3, count=4)])
    h, quiet = 0.1, np.array([[0.5, 0.5, 0.6, 0.7]] * 2)
    stayed, at_once, after_one = 0.9 * 0.6 * 0.9 * 0.7, 0.1, 0.9 * 0.6 * 0.1
    total = stayed + at_once + after_one
    told = leaving.explain_silence(t, quiet, h)
    assert told.alive == pytest.approx([stayed / total, 1])
    assert (
        told.there[0] == pytest.approx([1, 1, (stayed + after_one) / total, stayed / total])
        and (told.there[1] == 1).all()
    )
    assert leaving.fade(t, quiet, h) == pytest.approx(told.there)
    late = trials_of([row_of(2, 3, count=4)], undated=np.array([True]))
    assert leaving.fade_in(late, quiet[:1, ::-1], h)[0] == pytest.approx(told.there[0, ::-1])
    assert leaving.fade_in(trials_of([row_of(3, count=4)]), quiet[:1], h).tolist() == [[1, 1, 1, 1]]


def test_recorded_departures_per_quarter_and_the_fixed_point_of_silent_ones():
    t = trials_of([row_of(0, count=5)] * 3, gone=np.array([True, False, False]))
    assert leaving.recorded_hazard(t) == pytest.approx(1.02 / 17)
    t = trials_of([row_of(*range(20), count=20)] * 30 + [row_of(*range(k), count=20) for k in range(5, 15)])
    quiet = np.full((40, 20), 0.05)
    h = leaving.leaving_hazard(t, quiet)
    seen = leaving.explain_silence(t, quiet, h)
    left = (1 - seen.alive).sum()
    assert left == pytest.approx(10, abs=0.01)
    assert h == pytest.approx((left + 0.02) / (seen.there.sum() - 40 + left + 2), abs=2e-5)
    turned = trials_of(np.array(t.asked)[:, :, ::-1])
    assert leaving.arriving_hazard(turned, quiet) == pytest.approx(h)


def test_a_market_is_smoothed_as_a_gaussian_process_of_each_kind():
    kinds_of = market._movements(5)["own"]
    seen = np.array([[0.3, -0.5, 0.4, 1.2, 1.0], [0.1, 0.0, 0.4, 0.2, 0.9]])
    noise = np.array([[0.2, 0.1, 0.3, 0.2, 0.1], [0.5, 0.4, 0.2, 0.1, 0.6]])
    fits, paths, ahead, kept = [], [], [], []
    for k in kinds_of:
        seen_as = [k[:-1, :-1] + market.LEVEL_VARIANCE + np.diag(v) for v in noise]
        fits.append(sum(stats.multivariate_normal(None, c).logpdf(y) for y, c in zip(seen, seen_as, strict=True)))
        paths.append([k[:, :-1] @ np.linalg.solve(c, y) for y, c in zip(seen, seen_as, strict=True)])
        kept.append(sum(np.trace(np.linalg.solve(c, np.diag(v))) for c, v in zip(seen_as, noise, strict=True)))
        reach = k[-1, :-1] + market.LEVEL_VARIANCE
        ahead.append([k[-1, -1] + market.LEVEL_VARIANCE - reach @ np.linalg.solve(c, reach) for c in seen_as])
    weight = np.exp(np.array(fits)) * np.array([len(kinds_of) - 1] + [1] * (len(kinds_of) - 1))
    weight /= weight.sum()
    path, variance, taken = market._smooth(seen, noise, kinds_of)
    assert path == pytest.approx(np.einsum("k,krj->rj", weight, np.array(paths)))
    assert variance == pytest.approx(weight @ (np.array(ahead) - ahead[0]))
    assert taken == pytest.approx(weight @ (kept[0] - np.array(kept))) and 0 < taken < 8


def test_ways_of_moving_a_trend_a_walk_and_from_two_years_on_a_season():
    short, long = market._movements(7), market._movements(8)
    assert [len(short[n]) for n in ("shared", "own")] == [4, 3] and [len(long[n]) for n in ("shared", "own")] == [12, 9]
    assert not short["shared"][0].any() and not short["own"][0].any() and (np.diff(np.diag(short["own"][1])) > 0).all()
    season = long["own"][1]
    assert season[0, 4] == season[0, 0] == season[4, 8] > 0 == season[0, 1] == season[0, 5]
    trend = short["shared"][2]
    assert np.linalg.matrix_rank(trend) == 1 and trend.sum() == pytest.approx(0) and trend[0, 0] == trend[-1, -1] > 0


def test_effects_are_told_beside_the_next_quarter_and_last_on():
    told = market.Market(np.array([0.0, 1.0, 3.0]), np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]), np.array([0.1, 0.2]))
    assert told.effects().tolist() == [[-3.5, -2, 0], [-2, -2, 0]]
    longer = told.longer(4)
    assert longer.shared.tolist() == [0, 1, 3, 3, 3] and longer.own[0].tolist() == [0, 0.5, 0.5, 0.5, 0.5]
    still = market.still_market(2, 3)
    assert (still.shared.shape, still.own.shape, still.variance.tolist()) == ((4,), (2, 4), [0, 0])
    moved = market.follow_market(still, np.zeros((2, 3)), np.ones((2, 3)))
    assert not moved.shared.any() and not moved.own.any() and (moved.variance > 0).all()


@pytest.mark.parametrize("quarters", [1, 2])
def test_below_three_quarters_the_mean_is_told_with_the_doubt_of_what_was_counted(quarters):
    mean, relative, stray = demand.foretell_counts(np.array([[6.0] * quarters, [0.2] * quarters]))
    assert mean.tolist() == [6, pytest.approx(0.2)] and relative == pytest.approx(1 / (quarters * np.array([6, 0.5])))
    assert stray > 1
    none = demand.foretell_counts(np.zeros((2, 0)))
    assert none[0].tolist() == [0, 0]


def test_equal_counts_stray_no_more_than_chance_and_unequal_ones_do():
    mean, relative, stray = demand.foretell_counts(np.full((2, 6), 50.0))
    assert mean == pytest.approx([50, 50], rel=0.01) and stray == 1
    assert (relative >= 1 / 300.1).all() and (relative < 0.02).all()
    wild = stats.nbinom(25 / 3, 1 / 4).rvs((40, 7), random_state=1).astype(float)  # a variance of four means
    assert 1.3 < demand.foretell_counts(wild)[2] < 4.5  # a walk may take up some of it


def test_a_segments_share_is_that_of_the_last_year_and_half_a_request_of_the_whole():
    columns = [f"q{i}" for i in range(6)]
    own = pd.DataFrame([[4, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]], columns=columns)
    whole = pd.DataFrame([[10, 0, 2, 1, 1, 4], [0, 0, 0, 0, 0, 0]], columns=columns)
    assert demand._shares(own, whole) == pytest.approx([(2 + 0.5 * 6 / 18) / 8.5, 0])


def test_limits_are_negative_binomial_of_the_mean_and_variance_told():
    low, high = demand._limits(np.array([8.0, 5.0, 0.4]), np.array([24.0, 3.0, 0.9]), 0.9)
    wide = stats.nbinom(64 / 16, 8 / 24)
    assert (low[0], high[0]) == (wide.ppf(0.05), wide.ppf(0.95))
    assert (low[1], high[1]) == (stats.poisson(5).ppf(0.05), stats.poisson(5).ppf(0.95))  # never less than by chance
    assert high[2] == stats.nbinom(0.16 / 0.5, 0.4 / 0.9).ppf(0.95)


def test_a_roles_load_by_hand():
    whole = pd.DataFrame({"expected_count": [10.0, 4.0], "low": [6.0, 4.0], "high": [14.0, 4.0]}, index=["A", "B"])
    sums = pd.DataFrame({"worked_hours": [30.0], "square": [200.0]}, index=pd.MultiIndex.from_tuples([("lead", "A")]))
    told = demand._role_load("lead", sums, pd.Series([5, 0], ["A", "B"]), whole, 1.5, 0.95)
    reach = 1.5 * Z * np.sqrt((8 / (2 * Z)) ** 2 * 36 + 10 * (40 - 36))  # 6 hours each, spread by 4
    assert told == ("lead", pytest.approx(90), pytest.approx(90 - reach), pytest.approx(90 + reach))
    assert demand._role_load("other", sums, pd.Series([5, 0], ["A", "B"]), whole, 1.5, 0.95) == ("other", 0, 0, 0)


def test_scores_pool_towards_the_service_by_what_segments_differ():
    rows = pd.DataFrame(
        {"segment": ["a", "b"], "service_id": "S", "satisfaction_score": [80.0, 60.0], "engagement_count": 4}
    )
    told = quality.pool_qualities(rows, 0.95).set_index("segment")
    own = 99.75 / 100  # they lie apart by 10² less the noise of four, which is at least one
    reach = Z * np.sqrt(own / 4 + (1 - own) ** 2 / 8)
    assert told.loc["a", "satisfaction_score"] == pytest.approx(own * 80 + (1 - own) * 70)
    assert told.loc["b", "satisfaction_high"] == pytest.approx(own * 60 + (1 - own) * 70 + reach)
    assert told["satisfaction_whole"].tolist() == [70, 70] and told["value_score"].isna().all()
    assert quality.pool_qualities(rows).equals(told.reset_index()) and (told["unit_cost"].isna()).all()


def test_what_scatters_within_a_segment_is_noise():
    rows = pd.DataFrame({
        "segment": list("aabb"), "service_id": "S", "value_score": [90.0, 70, 50, 50], "unit_cost": [10.0, 30, 5, np.nan],
        "engagement_count": [1, np.nan, 3, 0],
    })  # fmt: skip
    told = quality.pool_qualities(rows).set_index("segment")
    noise = (100 + 100) / (1 + 2)
    apart = (2 * (18**2 - noise / 2) + 3 * (12**2 - noise / 3)) / 5  # means 80 and 50, in all 62
    own = apart / (apart + noise / 2)
    assert told.loc["a", "value_score"] == pytest.approx(own * 80 + (1 - own) * 62)
    assert told["unit_cost"].tolist() == [20, 5]


def test_uptake_is_pooled_by_moments():
    table = pd.DataFrame({"service_id": "S", "hits": [9, 1], "n": [10, 10]})
    whole = pd.Series([10.5 / 21] * 2)
    alike = (2 * (4**2 - 10 * 0.25)) / (2 * 90 * 0.25)
    strength = 1 / np.clip(alike, 0.01, 0.5) - 1
    assert fit._pooling(table, whole) == pytest.approx(strength)
    told = fit._pooled(table, 0.9)
    assert told["uptake"].tolist() == pytest.approx(
        [(9 + strength / 2) / (10 + strength), (1 + strength / 2) / (10 + strength)]
    )
    assert told["low"][0] == pytest.approx(stats.beta.ppf(0.05, 9 + strength / 2, 1 + strength / 2))
    assert told["high"][1] == pytest.approx(stats.beta.ppf(0.95, 1 + strength / 2, 9 + strength / 2))
    alone = pd.DataFrame({"service_id": "S", "hits": [1], "n": [1]})
    assert fit._pooling(alone, pd.Series([0.75])) == 1  # one customer tells nothing of how segments differ


@pytest.mark.parametrize(
    ("low", "high", "n", "whole", "better", "verdict"),
    [
        (0.33, 0.6, 5, 0.3, 1, "offer"), (0.33, 0.6, 4, 0.3, 1, "too few to say"), (0.31, 0.6, 5, 0.3, 1, "keep"),
        (0.33, 0.6, 5, 0.3, 0, "keep"), (0.01, 0.09, 5, 0.3, 1, "stop"), (0.01, 0.11, 5, 0.3, 1, "keep"),
        (0.01, 0.05, 5, 0.04, 1, "keep"), (0.01, 0.05, 5, 0.06, 1, "stop"),
    ],
)  # fmt: skip
def test_verdicts_on_both_sides_of_their_edges(low, high, n, whole, better, verdict):
    row = {
        "low": low,
        "high": high,
        "n": n,
        "whole_uptake": whole,
        "uptake": (low + high) / 2,
        "satisfaction_whole": 50,
    }
    row |= {"satisfaction_high": 49.5 + better, "value_high": 50.0, "value_whole": 50.0}
    assert fit._with_verdict(pd.DataFrame([row]))["verdict"].tolist() == [verdict]


def test_scores_of_a_quarter_held_out_by_hand():
    chance = np.array([[0.9, 0.1], [0.0, 0.5], [0.2, 0.4]])
    actual = np.array([[True, False], [False, False], [True, True]])
    told = holdout._scores(chance, actual, np.array([True, False]), 1)
    assert (told["ndcg"], told["recall"]) == (1, pytest.approx((1 + 0.5) / 2))
    assert told["calibration"] == pytest.approx(2.1 / 3)
    assert (told["calibration_recurring"], told["calibration_one_off"]) == (pytest.approx(1.1 / 2), pytest.approx(1.0))
    losses = [0.9, 0.9, 1 - 1e-6, 0.5, 0.2, 0.4]
    assert (
        told["log_loss"] == pytest.approx(-np.log(losses).mean())
        and told["customers_count"] == told["requests_count"] == 3
    )
    late = holdout.ranking_scores(np.array([[0.5, 0.4, 0.3]]), np.array([[False, True, True]]), 3)
    assert late["ndcg"] == pytest.approx((1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3))) and late["recall"] == 1
    assert np.isnan(holdout._over(chance, np.zeros((3, 2), bool)))


def test_needs_asked_by_the_end_of_the_calendar_year_are_known_then():
    t = trials_of([row_of(0, count=1)] * 2)
    needs = pd.DataFrame({
        "customer_id": ["C0", "C1", "C1"], "family": "f", "importance": [1.0, 3.0, 1.0],
        "asked_on": pd.to_datetime(["2020-03-31", "2020-03-31", "2020-04-01"]),
    })  # fmt: skip
    services = pd.DataFrame({"service_id": ["S0"], "family": ["f"]})
    assert know_customers(t, services=services, needs=needs).need.ravel().tolist() == [-1, 1]


def test_hours_above_the_warning_level_of_each_role_add_up():
    load = pd.DataFrame({"expected_hours": [90.0, 50.0, 200.0], "practical_hours": [100.0, 100.0, 100.0]})
    assert stops.hours_too_many(load, Settings({"utilisation_warning_share": 0.8})) == pytest.approx(10 + 120)
    assert [reasons._ago(g) for g in (1, 2, 5)] == ["last quarter", "2 quarters ago", "5–6 quarters ago"]


def test_scores_stay_between_nought_and_a_hundred_and_stages_have_lines_of_their_own():
    rows = pd.DataFrame({"segment": ["a", "b"], "service_id": "S", "stage": ["plan", None], "value_score": [0.5, 99.5]})
    told = quality.pool_qualities(rows)
    assert told[["segment", "stage"]].to_numpy().tolist() == [["a", "all"], ["a", "plan"], ["b", "all"]]
    assert told["value_low"][0] == 0 and told["value_high"][2] == 100
