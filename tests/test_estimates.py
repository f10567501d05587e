"""Intervals, quantiles, differences and false discovery."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.stats import false_discovery_control

from pmo_analysis.analysis.estimates import (
    benjamini_hochberg,
    censored_quantile,
    difference_interval,
    difference_of_means,
    difference_p_value,
    mean_interval,
    mean_table,
    median_interval,
    net_promoter_score,
    promoter_limits,
    quantile_interval,
    ratio_interval,
    ratio_table,
    share_bounds,
    share_estimate,
    share_interval,
    summarise_quantiles,
    tell_direction,
    too_few,
)
from pmo_analysis.contract.errors import InputError


def test_wilson_intervals_are_newcombes():
    # Newcombe 1998, Statistics in Medicine 17, 857–872.
    told = share_interval([81, 15, 0, 1], [263, 148, 20, 29])
    assert told["low"].tolist() == pytest.approx([0.2553, 0.0624, 0.0, 0.0061], abs=6e-5)
    assert told["high"].tolist() == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=6e-5)


def test_kidney_stone_shares_are_the_published_percentages():
    # Charig et al. 1986, BMJ 292, 879; 289/350 = 82.57 % prints as 83.
    told = share_interval([81, 192, 273, 234, 55, 289], [87, 263, 350, 270, 80, 350])
    assert (100 * told["value"]).round().tolist() == [93, 73, 78, 87, 69, 83]


def test_a_share_of_nothing_is_blank_and_impossible_counts_are_refused():
    assert share_interval(0, 0).iloc[0][["value", "low", "high"]].isna().all()
    with pytest.raises(InputError):
        share_interval([5], [4])


def test_too_few_observations_keep_the_value_without_limits():
    told = share_estimate(2, 4)
    assert told["value"] == 0.5
    assert np.isnan(told["low"])
    assert too_few(4, 5) == "too few to say (n = 4)"
    assert too_few(5, 5) == ""
    assert np.isnan(mean_interval(pd.Series([1.0, 2.0]))["low"])


def test_the_unmeasured_bound_a_share_from_both_sides():
    assert share_bounds(3, 5, 10) == (0.3, 0.8)


def test_wilson_covers_what_it_promises():
    rng = np.random.default_rng(0)
    for n in (3, 5, 10, 20, 50, 100, 500):
        p = rng.uniform(0.05, 0.95, 20_000)
        told = share_interval(rng.binomial(n, p), np.full(20_000, n))
        assert 0.93 <= ((told["low"] <= p) & (p <= told["high"])).mean() <= 0.97


def test_promoters_cover_what_they_promise():
    # Promoters and detractors drawn evenly among all splits with at least a twentieth of each.
    rng = np.random.default_rng(1)
    for n in (5, 10, 30, 100, 500):
        shares = 0.05 + 0.85 * rng.dirichlet(np.ones(3), 4000)
        counts = np.array([rng.multinomial(n, share) for share in shares])
        truth = 100 * (shares[:, 0] - shares[:, 1])
        limits = np.array([promoter_limits(int(up), int(down), n, None)[:2] for up, down, _ in counts])
        share = ((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean()
        assert share >= 0.93
        assert share <= 0.97 or n < 10


def test_a_mean_has_students_interval():
    values = pd.Series([2.0, 4, 4, 5, 7, 9])
    low, high = stats.t.interval(0.95, 5, values.mean(), values.sem())
    assert mean_interval(values) == pytest.approx({"value": values.mean(), "low": low, "high": high, "n": 6})


def test_five_equal_answers_are_not_certainty():
    told = mean_interval(pd.Series([4.0] * 5))
    assert told["value"] == 4
    assert np.isnan(told["low"])
    assert np.isnan(ratio_interval(pd.DataFrame({"a": [2.0] * 6, "b": [4.0] * 6}), "a", "b")["low"])


def test_answers_of_one_customer_count_as_belonging_together():
    values = pd.Series([1.0, 1, 1, 5, 5, 5, 3, 3, 3])
    cluster = pd.Series(list("aaabbbccc"))
    alone, together = mean_interval(values), mean_interval(values, cluster=cluster)
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])
    # By hand: the three means 1, 5, 3 have sd 2, so the half width is t(2) · 2/√3.
    assert together["high"] - 3 == pytest.approx(stats.t.ppf(0.975, 2) * 2 / 3**0.5)


def hours(seed: int, n: int) -> pd.DataFrame:
    """Standard hours, and fat-tailed hours worked on them."""
    rng = np.random.default_rng(seed)
    standard = rng.choice([8.0, 20.0, 60.0], n)
    return pd.DataFrame(
        {"standard": standard, "worked": standard * rng.lognormal(-0.32, 0.8, n), "customer": rng.integers(0, 12, n)}
    )


def test_two_customers_are_enough_for_a_range_and_one_is_not():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 6.0, 5.0], "b": 2.0, "customer": ["x"] * 3 + ["y"] * 3})
    two = ratio_interval(frame, "a", "b", cluster="customer")
    assert two["low"] < two["value"] < two["high"]
    assert np.isnan(ratio_interval(frame.assign(customer="x"), "a", "b", cluster="customer")["low"])


def test_a_ratio_is_of_sums_and_ignores_incomplete_rows():
    frame = pd.DataFrame({"a": [1.0, 9.0, 100.0], "b": [1.0, 1.0, np.nan]})
    told = ratio_interval(frame, "a", "b")
    assert (told["value"], told["n"]) == (5.0, 2)
    assert np.isnan(told["low"])


def test_a_ratio_does_not_depend_on_order_or_names_and_scales_with_its_unit():
    frame = hours(1, 50)
    told = ratio_interval(frame, "worked", "standard", cluster="customer")
    shuffled = ratio_interval(frame.sample(frac=1, random_state=2), "worked", "standard", cluster="customer")
    renamed = ratio_interval(frame.assign(customer=-frame["customer"]), "worked", "standard", cluster="customer")
    assert told == shuffled == renamed
    dearer = ratio_interval(frame.assign(worked=2 * frame["worked"]), "worked", "standard", cluster="customer")
    assert [dearer[c] for c in ("value", "low", "high")] == pytest.approx(
        [2 * told[c] for c in ("value", "low", "high")]
    )


def covered(truth: float, frames: list[pd.DataFrame], draws: int) -> float:
    told = [ratio_interval(frame, "worked", "standard", draws=draws) for frame in frames]
    return float(np.mean([t["low"] <= truth <= t["high"] for t in told]))


def test_a_ratio_of_fat_tailed_hours_covers_what_it_promises():
    assert 0.92 <= covered(1.0, [hours(seed, 30) for seed in range(250)], 300) <= 0.98


@pytest.mark.soak
@pytest.mark.parametrize(("sigma", "n"), [(0.8, 30), (1.0, 30), (0.8, 100), (1.0, 100), (1.0, 300)])
@pytest.mark.parametrize("sized", [True, False])
def test_ratios_of_fat_tailed_hours_cover_as_promised_over_many_draws(sigma, n, sized, record_property):
    rng = np.random.default_rng([int(10 * sigma), n, sized])
    frames = []
    for _ in range(1500):
        standard = rng.choice([8.0, 20.0, 60.0], n) if sized else np.ones(n)
        worked = standard * rng.lognormal(-(sigma**2) / 2, sigma, n)
        frames.append(pd.DataFrame({"standard": standard, "worked": worked}))
    share = covered(1.0, frames, 500)
    record_property("covered", share)
    assert 0.93 <= share <= 0.97


def test_the_longest_hours_not_yet_seen_widen_a_ratio_upwards():
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"worked": rng.lognormal(3, 1, 30), "standard": 20.0})
    told = ratio_interval(frame, "worked", "standard")
    assert told["high"] - told["value"] > 1.5 * (told["value"] - told["low"])
    # A part of a whole has no tail: the share of process in all hours never exceeds 1.
    parts = pd.DataFrame({"worked": rng.uniform(0, 20, 30), "standard": 20.0})
    share = ratio_interval(parts, "worked", "standard")
    assert 0 < share["low"] < share["value"] < share["high"] < 1


def test_many_ratios_at_once_agree_with_one_at_a_time():
    frame = pd.concat([hours(seed, 80).assign(group=f"g{seed}") for seed in range(3)])
    table = ratio_table(frame, ["group"], numerator="worked", denominator="standard", cluster="customer").set_index(
        "group"
    )
    for group, rows in frame.groupby("group"):
        one = ratio_interval(rows, "worked", "standard", cluster="customer")
        assert table.loc[group, "value"] == pytest.approx(one["value"])
        assert table.loc[group, "n"] == one["n"] == 80
        assert (table.loc[group, "high"] - table.loc[group, "low"]) == pytest.approx(one["high"] - one["low"], rel=0.5)


def test_many_ratios_of_fat_tailed_hours_cover_nearly_what_they_promise():
    frame = pd.concat([hours(seed, 30).assign(group=seed) for seed in range(600)])
    table = ratio_table(frame, ["group"], numerator="worked", denominator="standard")
    assert 0.88 <= ((table["low"] <= 1) & (table["high"] >= 1)).mean() <= 0.97


def test_a_ratio_of_what_cannot_be_negative_has_no_negative_limit():
    frame = pd.DataFrame({"numerator": [0.0, 0, 0, 0, 0, 10], "denominator": [1.0] * 6, "group": "g"})
    assert ratio_table(frame, ["group"]).loc[0, "low"] >= 0


def test_a_median_lies_between_order_statistics():
    values = pd.Series(np.arange(1.0, 26.0))
    told = median_interval(values)
    # Binomial(25, ½): the 8th and 18th values cover 95.7 %; interpolation goes slightly inside.
    assert told["value"] == 13
    assert 8 <= told["low"] <= 9
    assert 17 <= told["high"] <= 18


def test_medians_of_fat_tailed_hours_cover_what_they_promise():
    rng = np.random.default_rng(3)
    for n in (30, 101):
        told = [median_interval(row) for row in rng.lognormal(0, 1.2, (1500, n))]
        assert 0.93 <= np.mean([t["low"] <= 1 <= t["high"] for t in told]) <= 0.97


def test_a_far_quantile_of_few_values_has_no_upper_limit():
    told = quantile_interval(pd.Series(np.arange(10.0)), 0.9)
    assert np.isnan(told["high"])
    assert told["low"] < told["value"]


def test_quantiles_are_told_from_ten_values_up():
    assert summarise_quantiles(pd.Series(np.arange(1.0, 12.0))) == {
        "p10": 2.0,
        "p50": 6.0,
        "p85": 9.5,
        "p90": 10.0,
        "n": 11,
    }
    few = summarise_quantiles(pd.Series([1.0, 2, 3]))
    assert few["p50"] == 2
    assert np.isnan(few["p90"])


def test_open_requests_lengthen_the_median_wait():
    days, ended = [1, 2, 3, 4, 5, 6, 7, 8], [True] * 8
    assert censored_quantile(days, ended)["value"] == 4
    # Kaplan–Meier by hand, 3 and 4 still open: 7/8, 6/8, then at 5: ·3/4 = .5625, at 6: ·2/3 = .375.
    assert censored_quantile(days, [True, True, False, False, True, True, True, True])["value"] == 6


def test_a_wait_that_hardly_anybody_has_ended_is_not_known():
    told = censored_quantile([5, 6, 7, 8, 9], [True, False, False, False, False])
    assert np.isnan(told["value"])
    assert told["n"] == 5


def test_the_wait_without_open_ones_is_the_plain_quantile():
    rng = np.random.default_rng(4)
    days = rng.integers(1, 40, 60)
    assert censored_quantile(days, np.ones(60, bool), 0.85)["value"] == np.sort(days)[50]


def test_differences_of_shares_are_newcombes_hybrid_interval():
    # Newcombe 1998 (Statistics in Medicine 17, 873–890), table II, example (a): 56/70 − 48/80, method 10: 0.0524 to 0.3339.
    told = difference_interval(share_estimate(56, 70), share_estimate(48, 80))
    assert [told["value"], told["low"], told["high"]] == pytest.approx([0.2, 0.0524, 0.3339], abs=1e-4)
    assert told["n"] == 70


def test_differences_of_means_are_welchs():
    one, two = pd.Series([3.0, 4, 7, 8, 9, 11]), pd.Series([1.0, 2, 2, 3, 5])
    frame = pd.DataFrame({"value": [*one, *two], "group": ["a"] * 6 + ["b"] * 5})
    table = mean_table(frame, ["group"], errors=True)
    told = difference_of_means(table.iloc[[0]].reset_index(drop=True), table.iloc[[1]].reset_index(drop=True)).iloc[0]
    welch = stats.ttest_ind(one, two, equal_var=False)
    limits = welch.confidence_interval()
    assert told[["low", "high"]].tolist() == pytest.approx([limits.low, limits.high])
    assert told["p_value"] == pytest.approx(welch.pvalue)
    assert told["n"] == 5


def test_what_makes_two_ratios_lopsided_cancels_in_their_difference():
    frame = pd.concat([hours(seed, 30).assign(group=seed) for seed in range(600)])
    table = ratio_table(frame, ["group"], numerator="worked", denominator="standard", errors=True)
    halves = [table.iloc[i::2].reset_index(drop=True) for i in (0, 1)]
    direct, combined = difference_of_means(*halves), pd.DataFrame(difference_interval(*halves))
    covers = [((t["low"] <= 0) & (t["high"] >= 0)).mean() for t in (direct, combined)]
    assert 0.93 <= covers[0] <= 0.98
    assert covers[0] >= covers[1] - 0.02
    assert (direct["high"] - direct["low"]).median() < (combined["high"] - combined["low"]).median()


def test_p_falls_below_five_percent_exactly_where_the_interval_excludes_zero():
    told = {
        "value": np.array([2.0, 2.0, -2.0]),
        "low": np.array([0.01, -0.01, -5.0]),
        "high": np.array([5.0, 5.0, -0.5]),
    }
    assert (difference_p_value(told) < 0.05).tolist() == [True, False, True]
    assert np.isnan(difference_p_value({"value": 1.0, "low": np.nan, "high": np.nan}))


def test_direction_is_told_only_where_zero_is_excluded():
    low, high = pd.Series([0.1, -0.1, -2.0, np.nan, 0.1]), pd.Series([1.0, 1.0, -1.0, np.nan, 1.0])
    better = pd.Series(["lower", "higher", "lower", "higher", "none"])
    assert tell_direction(low, high, better).tolist() == [
        "worse",
        "no clear change",
        "better",
        "not estimable",
        "higher",
    ]


def test_false_discovery_control_agrees_with_scipy_and_leaves_blanks():
    p = np.random.default_rng(5).random(40) ** 2
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))
    assert benjamini_hochberg([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


def test_false_alarms_stay_below_their_rate_and_planted_differences_are_found():
    rng = np.random.default_rng(6)
    alarms, found = [], []
    for _ in range(200):
        shift = np.where(np.arange(60) < 15, 4.0, 0.0)
        flagged = benjamini_hochberg(2 * stats.norm.sf(np.abs(rng.normal(shift, 1)))) <= 0.10
        alarms.append(flagged[15:].sum() / max(flagged.sum(), 1))
        found.append(flagged[:15].mean())
    assert np.mean(alarms) <= 0.10
    assert np.mean(found) >= 0.8


def test_overruns_have_a_median_and_a_severe_share_where_their_mean_does_not_settle():
    # Flyvbjerg & Gardner 2023: 18 % of IT projects overrun by more than half, those by 447 % on average; a
    # Pareto(1.5, 1.378) tail reproduces both: mean of actual/planned in the tail = 1.5 · 1.378 / .378.
    assert pytest.approx(4.47, abs=0.01) == 1.5 * 1.3778 / 0.3778 - 1
    rng = np.random.default_rng(7)
    tail = rng.random((40, 5000)) < 0.18
    ratio = np.where(tail, 1.5 * (1 + rng.pareto(1.3778, (40, 5000))), rng.uniform(0.8, 1.4, (40, 5000)))
    spread = [np.std(f(ratio)) / np.mean(f(ratio)) for f in (lambda r: r.mean(axis=1), lambda r: np.median(r, axis=1))]
    assert spread[0] > 5 * spread[1]
    assert (
        share_estimate((ratio[0] > 1.5).sum(), 5000)["low"]
        < 0.18
        < share_estimate((ratio[0] > 1.5).sum(), 5000)["high"]
    )


@pytest.mark.parametrize("skewed", [True, False])
def test_rows_added_up_within_a_cluster_tell_the_same_as_single_rows(skewed):
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"cell": rng.integers(0, 3, 400), "customer": rng.integers(0, 30, 400), "count": 1})
    rows = rows.assign(numerator=rng.gamma(2, 3, 400), denominator=rng.integers(1, 5, 400).astype("float64"))
    sums = rows.groupby(["cell", "customer"], as_index=False)[["numerator", "denominator", "count"]].sum()
    options = {"cluster": "customer", "count": "count", "errors": True}
    if skewed:
        told = [ratio_table(table, ["cell"], **options) for table in (rows, sums)]
    else:
        told = [mean_table(table, ["cell"], value="numerator", **options) for table in (rows, sums)]
    assert told[0]["n"].sum() == 400 and told[0]["low"].notna().all()
    pd.testing.assert_frame_equal(told[0], told[1], check_dtype=False, rtol=1e-12)


def four_and_five(estimate):
    """The lower limits that four and five observations give."""
    values = pd.Series([3.0, 4.0, 4.0, 5.0, 9.0])
    return estimate(values[:4]), estimate(values)


@pytest.mark.parametrize(
    "estimate",
    [
        lambda v: mean_interval(v)["low"],
        lambda v: median_interval(v, level=0.5)["low"],
        lambda v: ratio_interval(pd.DataFrame({"a": v, "b": 1.0}), "a", "b", draws=200)["low"],
        lambda v: ratio_table(pd.DataFrame({"g": "x", "numerator": v, "denominator": 1.0}), ["g"])["low"].iloc[0],
        lambda v: mean_table(pd.DataFrame({"g": "x", "value": v}), ["g"])["low"].iloc[0],
        lambda v: share_estimate(2, len(v))["low"],
    ],
    ids=["mean", "median", "ratio", "ratios", "means", "share"],
)
def test_five_observations_have_limits_and_four_have_none(estimate):
    four, five = four_and_five(estimate)
    assert np.isnan(four) and np.isfinite(five)


def test_the_limits_of_the_invited_stand_around_the_score_of_those_seen():
    # 60 promoters, 30 detractors and 10 others of 1,000 asked: 30 points, whatever the unseen 900 answer on average.
    low, high, method = promoter_limits(60, 30, 100, 1000)
    assert (low + high) / 2 == pytest.approx(30, abs=1.5) and 10 < low < 20 and 40 < high < 50
    assert method == "for the invited"
    assert promoter_limits(60, 30, 100, 1001)[2] == "adjusted Wald"  # fewer than a tenth answered
    # One of ten has not answered: at worst a detractor, at best a promoter, both likelier than one in forty.
    assert promoter_limits(9, 0, 9, 10)[:2] == (80.0, 100.0)
    assert promoter_limits(9, 0, 9, 9)[:2] == (100.0, 100.0)


def test_the_net_promoter_score_counts_nine_and_ten_against_nought_to_six():
    row = net_promoter_score([10, 9, 8, 7, 6, 0, None], invited=12).iloc[0]
    assert row[["nps", "n", "invited_count"]].tolist() == [0, 6, 12]
    assert row[["worst_points", "best_points"]].tolist() == [-50, 50]
    assert net_promoter_score([9, 9, 9, 8, 6]).iloc[0]["nps"] == 40
    for wrong in ([11], [-1]):
        with pytest.raises(InputError, match="1 answers lie outside 0 to 10"):
            net_promoter_score(wrong)
    blank = net_promoter_score([]).iloc[0]
    assert blank["n"] == 0 and np.isnan(blank["nps"]) and pd.isna(blank["invited_count"])


def test_adjusted_wald_is_as_rocks_defines_it():
    # 6 promoters and 2 detractors of 10: shares 6.75/13 and 2.75/13, centre 4/13.
    reach = 1.959964 * np.sqrt((9.5 / 13 - (4 / 13) ** 2) / 13)
    assert promoter_limits(6, 2, 10, None)[:2] == pytest.approx(
        (100 * (4 / 13 - reach), 100 * (4 / 13 + reach)), abs=1e-3
    )


HOURS = pd.DataFrame(
    {
        "worked": [2.0, 3.5, 4.0, 5.5, 7.0, 8.0, 11.0, 13.0, 21.0, 40.0],
        "standard": [4.0, 4, 4, 8, 8, 8, 8, 16, 16, 16],
        "customer": list("aabbccddee"),
        "group": "x",
    }
)


@pytest.mark.parametrize(
    ("less", "cluster", "low", "high"),
    [(0, None, 0.789858, 6.424961), (0, "customer", 0.532671, 126.583058), (6, None, -0.017710, 2.222797)],
)
def test_a_seed_gives_the_limits_it_always_gave(less, cluster, low, high):
    """Looked at when they were written down: 115 hours of 92; with 6 off each row some are negative, so no logs."""
    rows = HOURS.assign(worked=HOURS["worked"] - less)
    told = ratio_interval(rows, "worked", "standard", cluster=cluster, draws=400, seed=7)
    assert (told["low"], told["high"]) == pytest.approx((low, high), abs=2e-6)
    assert told["value"] == pytest.approx((115 - 10 * less) / 92) and told["n"] == 10


def test_the_linearised_error_of_a_ratio_is_that_of_its_residuals():
    row = ratio_table(HOURS, ["group"], numerator="worked", denominator="standard", errors=True).iloc[0]
    rest = HOURS["worked"] - 1.25 * HOURS["standard"]
    assert row["error"] == pytest.approx(np.sqrt((rest**2).sum() * 10 / 9) / 92)
    assert row["freedom"] == pytest.approx(92**2 / (HOURS["standard"] ** 2).sum() - 1)
    assert row[["low", "high"]].tolist() == pytest.approx([0.733362, 4.880439], abs=2e-6)
    together = ratio_table(
        HOURS, ["group"], numerator="worked", denominator="standard", cluster="customer", errors=True
    )
    assert together[["low", "high", "error"]].iloc[0].tolist() == pytest.approx(
        [0.508832, 8.349402, 0.285649], abs=2e-6
    )


def test_a_median_of_ten_lies_between_the_second_and_the_third_value_by_nybloms_weight():
    # Binomial(10, ½): P(≤ 1) = .01074, P(≤ 2) = .05469; .325 of the way; with ranks 2 and 8: .325/(.325 + .675/4) = .658.
    told = median_interval(HOURS["worked"])
    assert (told["value"], told["low"]) == pytest.approx((7.5, 0.342 * 3.5 + 0.658 * 4.0), abs=1e-3)
    assert told["high"] == pytest.approx(0.342 * 21 + 0.658 * 13, abs=0.01)
    far = quantile_interval(HOURS["worked"], 0.7, level=0.8)
    assert (far["low"], far["high"]) == pytest.approx((7.709634, 23.873201), abs=2e-6)


def test_the_limits_of_a_wait_are_where_the_survivals_limits_cross():
    # Nobody left early: after 7 hours half is open. log–log limits of .6 after the fourth and so on: low 2, high not reached.
    told = censored_quantile(HOURS["worked"], [True] * 6 + [False] * 2 + [True] * 2)
    assert (told["value"], told["low"], told["n"]) == (7.0, 2.0, 10) and np.isnan(told["high"])
    later = censored_quantile(HOURS["worked"], [True] * 10, 0.5, level=0.5)
    assert (later["low"], later["value"], later["high"]) == (
        5.5,
        7.0,
        11.0,
    )  # of .4 after 8 hours the upper limit is .502


def _confirmed(share: float, n: int, draws: int, seed: int) -> pd.DataFrame:
    """Benefits of which a share is confirmed, each wholly or not, some far larger than others."""
    rng = np.random.default_rng(seed)
    due = rng.lognormal(0, 1, draws * n)
    confirmed = np.where(rng.random(draws * n) < share, due, 0.0)
    return pd.DataFrame({"cell": np.repeat(np.arange(draws), n), "numerator": confirmed, "denominator": due})


def test_the_limits_of_a_part_of_a_whole_lie_within_it_and_cover_nearly_what_they_promise():
    held = []
    for share, n in ((0.1, 30), (0.5, 12), (0.9, 30)):
        table = ratio_table(_confirmed(share, n, 300, 4), ["cell"], parts=True)
        table = table[table["low"].notna()]
        assert (table["low"] > 0).all() and (table["high"] < 1).all()
        held.append(((table["low"] <= share) & (share <= table["high"])).mean())
    assert 0.91 <= np.mean(held) <= 0.98


def test_the_change_of_a_part_of_a_whole_cannot_pass_all_of_it():
    first, second = (ratio_table(_confirmed(s, 6, 100, 5), ["cell"], errors=True, parts=True) for s in (0.85, 0.15))
    change = pd.DataFrame(difference_interval(first, second))
    assert change["low"].min() > -1 and change["high"].max() < 1 and first["error"].isna().all()


def test_a_part_and_what_is_left_have_mirrored_limits():
    rows = _confirmed(0.3, 15, 20, 6)
    rest = rows.assign(numerator=rows["denominator"] - rows["numerator"])
    part, left = (ratio_table(table, ["cell"], parts=True) for table in (rows, rest))
    assert part["low"].to_numpy() == pytest.approx(1 - left["high"].to_numpy(), nan_ok=True)


def test_a_part_above_its_whole_is_told_as_any_ratio():
    rows = pd.DataFrame({"cell": 0, "numerator": [1.0, 3.0, 2.0, 5.0, 1.0], "denominator": [2.0, 2.0, 4.0, 4.0, 3.0]})
    assert ratio_table(rows, ["cell"], parts=True).equals(ratio_table(rows, ["cell"]))
