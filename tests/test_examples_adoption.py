"""The hierarchical logit of requests step by step, against independent formulas on a few customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit

from pmo_analysis.analysis.targets import adoption, kinds
from pmo_analysis.analysis.targets.adoption import Adoption, Counts
from pmo_analysis.analysis.targets.knowledge import Knowledge, _features
from pmo_analysis.analysis.targets.market import Market


def test_effects_of_a_kind_are_means_held_by_one_of_two_deviations():
    seen = np.zeros((5, 9))
    seen[:, 1:5] = np.array([2.0, 2, 2, -2, -2])[:, None]
    told = kinds._kind_effects(seen, np.full((5, 9), 1e12))
    weight = 1 / kinds.OWN_SPREAD**2
    assert told[0, 1:5] == pytest.approx(np.full(4, 2 * 3 * weight / (3 * weight + 0.25)), rel=1e-3)
    assert told[4, 1:5] == pytest.approx(np.full(4, -2 * 2 * weight / (2 * weight + 0.25)), rel=1e-3)


def test_a_step_of_effects_is_short_and_never_stays_nought():
    gap, spread = np.zeros((2, 9)), np.full((2, 9), 50.0)
    up = kinds.step_gap_effects(gap, np.full((2, 9), 9e3), spread)
    assert up[:, 0].tolist() == [0, 0] and (up[:, 1:] == 1).all()
    assert (kinds.step_gap_effects(np.full((2, 9), 4.8), np.full((2, 9), 9e3), spread)[:, 1:] == 5).all()
    assert (kinds.step_gap_effects(gap, np.full((2, 9), -9e3), spread)[:, 1:] == -1).all()
    slight = np.array([0.0, 0.2, -0.2])[:, None] * np.ones(9)
    assert kinds.recurring_services(slight).tolist() == [False, True, False]


def test_features_are_standardised_and_counts_by_their_logarithm():
    table = pd.DataFrame({"staff_count": [0.0, np.e - 1, -5.0], "rich": [1.0, np.nan, 3.0], "same": 2.0, "name": "x"})
    told = _features(table)
    logs = np.array([0.0, 1.0, 0.0])
    assert told[:, 0] == pytest.approx((logs - 1 / 3) / logs.std()) and told[:, 1].tolist() == [-1, 0, 1]
    assert told.shape == (3, 2)


def model_of(seed: int = 1, customers: int = 3, segments: int = 2) -> tuple[Adoption, Counts, Knowledge]:
    """Two services, four quarters, one feature; everything drawn at random."""
    rng = np.random.default_rng(seed)
    label = np.arange(customers) % segments
    known = Knowledge(
        [f"s{i}" for i in range(segments)],
        label,
        rng.normal(size=(customers, 1)),
        rng.normal(size=(customers, 2)),
        True,
    )
    market = Market(rng.normal(size=5) / 3, rng.normal(size=(2, 5)) / 3, np.array([0.1, 0.3]))
    root = rng.normal(size=(2, 2))
    member = rng.dirichlet(np.ones(segments), customers)
    level, prior = rng.normal(size=(2, customers, 2))
    gap = np.column_stack([np.zeros(2), rng.normal(size=(2, 8))])
    confusion = adoption._confusion(member, label)
    model = Adoption(
        level, rng.uniform(0.2, 2, (customers, 2)), prior, gap, member, root @ root.T + np.eye(2),
        rng.normal(size=(2, 2 + segments)), confusion, market, 0.4, affinity=1.3, used=0.5,
    )  # fmt: skip
    trials = rng.uniform(0.2, 1, (customers, 2, 4)) * (rng.random((customers, 2, 4)) > 0.2)
    counts = Counts(
        trials,
        trials * (rng.random(trials.shape) > 0.5),
        rng.integers(0, 9, trials.shape),
        rng.integers(0, 9, (customers, 2)),
    )
    return model, counts, known


def mean_over(centre: float, deviation: float, what) -> float:
    """The mean of a function of a normal."""
    low, high = centre - 9 * deviation, centre + 9 * deviation
    return float(integrate.quad(lambda v: what(v) * stats.norm.pdf(v, centre, deviation), low, high)[0])


def test_chances_are_those_of_a_logit_with_a_normal_level():
    model, counts, _ = model_of()
    told, (chance, slope) = model.chances(counts.now), adoption._expected(model, counts)
    for c, s in ((0, 0), (1, 1), (2, 0)):
        centre = model.level[c, s] + model.gap[s, counts.now[c, s]]
        deviation = np.sqrt(model.variance[c, s] + model.market.variance[s])
        assert told[c, s] == pytest.approx(mean_over(centre, deviation, expit), abs=2e-3)
        total = model.market.shared + model.market.own[s]
        then = model.level[c, s] + model.gap[s, counts.gaps[c, s, 2]] + total[2] - total[-1]
        deviation = np.sqrt(model.variance[c, s])
        assert chance[c, s, 2] == pytest.approx(mean_over(then, deviation, expit), abs=2e-3)
        told_slope = mean_over(then, deviation, lambda v: expit(v) * expit(-v))
        assert slope[c, s, 2] == pytest.approx(told_slope, abs=2e-3)


def test_a_quiet_quarter_is_one_without_a_request_for_anything_that_could_be_asked_for():
    model, counts, _ = model_of()
    there = np.array([[1.0, 1, 0.2, 0], [1, 1, 1, 1], [0, 0, 1, 1]])
    chance = adoption._expected(model, counts)[0]
    told = model.quiet_chances(counts, there)
    for c, q in ((0, 1), (0, 2), (1, 3), (2, 2)):
        wanted = np.prod([1 - chance[c, s, q] for s in range(2) if counts.trials[c, s, q] > 0])
        assert told[c, q] == pytest.approx(wanted)
    assert told[0, 3] == told[2, 0] == 1


def test_levels_follow_as_in_a_normal_model_of_the_working_response():
    model, counts, _ = model_of()
    level, variance, precision, working = adoption._posterior(model, counts)
    chance, slope = adoption._expected(model, counts)
    spread = (counts.trials * slope).sum(2)
    assert working == pytest.approx(model.level + (counts.hits - counts.trials * chance).sum(2) / spread)
    for c in range(3):
        inverse = np.linalg.inv(model.covariance)
        posterior = np.linalg.inv(inverse + np.diag(spread[c]))
        mean = posterior @ (inverse @ model.prior[c] + spread[c] * working[c])
        assert level[c] == pytest.approx(model.level[c] + np.clip(mean - model.level[c], -1, 1))
        assert variance[c] == pytest.approx(np.diag(posterior))
        assert precision[c] == pytest.approx(np.linalg.inv(model.covariance + np.diag(1 / spread[c])))


def test_memberships_weigh_the_label_and_what_was_asked_for():
    model, counts, known = model_of()
    _, _, precision, working = adoption._posterior(model, counts)
    told = adoption._memberships(model, working, precision, known)
    for c in range(3):
        common = model.coefficient[:, 0] + model.coefficient[:, 3] * known.features[c] + model.need * known.need[c]
        weights = [
            model.confusion[s, known.label[c]]
            * stats.multivariate_normal(common + model.coefficient[:, 1 + s], np.linalg.inv(precision[c])).pdf(
                working[c]
            )
            for s in range(2)
        ]
        assert told[c] == pytest.approx(np.array(weights) / sum(weights))
    one, _, alone = model_of(segments=1)
    assert adoption._memberships(one, working, precision, alone) is one.member


def test_coefficients_are_generalised_least_squares_held_to_no_difference():
    model, counts, known = model_of(customers=6)
    model = replace(model, member=np.eye(2)[known.label])
    _, _, precision, working = adoption._posterior(model, counts)
    told = adoption._step_coefficients(model, working, precision, known.features)

    gram, right = np.zeros((8, 8)), np.zeros(8)
    for c in range(6):
        rows = np.kron(np.r_[1, model.member[c], known.features[c]][None], np.eye(2))
        gram += rows.T @ precision[c] @ rows
        right += rows.T @ precision[c] @ working[c]

    held = np.diag(np.repeat([0.25, 1 / 1.3, 1 / 1.3, 1 / 0.15], 2))
    centre = np.r_[np.full(2, model.coefficient[:, 0].mean()), np.zeros(6)]
    found = np.linalg.solve(gram + held, right + held @ centre).reshape(4, 2)
    inverse = np.linalg.inv(gram + held)
    assert told.coefficient == pytest.approx(found.T)
    tastes = np.mean(found[1:3] ** 2 + np.diag(inverse).reshape(4, 2)[1:3])
    assert told.affinity == pytest.approx(np.clip(tastes, 0.2, 2.5))
    assert told.used == pytest.approx(np.trace(gram @ inverse) / 2)


def test_one_segment_has_no_taste_of_its_own():
    model, counts, known = model_of(segments=1)
    model = replace(model, member=np.ones((3, 1)))
    _, _, precision, working = adoption._posterior(model, counts)
    told = adoption._step_coefficients(model, working, precision, known.features)
    assert np.abs(told.coefficient[:, 1]).max() < 1e-4 < np.abs(told.coefficient[:, 0]).max()


def test_stated_needs_have_one_effect_held_to_none():
    model, counts, known = model_of()
    _, _, precision, working = adoption._posterior(model, counts)
    gram = sum(known.need[c] @ precision[c] @ known.need[c] for c in range(3))
    right = sum(known.need[c] @ precision[c] @ working[c] for c in range(3))
    assert adoption._need_effect(working, precision, known.need) == pytest.approx(right / (gram + 1 / 0.15))


def test_sums_by_gap_add_up_over_customers_and_quarters():
    _, counts, _ = model_of()
    told = adoption._by_gap(counts.trials, counts.gaps)
    for s in range(2):
        for g in range(9):
            assert told[s, g] == pytest.approx(counts.trials[:, s][counts.gaps[:, s] == g].sum())


def test_where_levels_lie_by_segment_feature_and_need():
    model, _, known = model_of()
    b, told = model.coefficient, adoption._prior(model, known)
    wanted = b[1, 0] + b[1, 1:3] @ model.member[2] + b[1, 3] * known.features[2, 0] + 0.4 * known.need[2, 1]
    assert told[2, 1] == pytest.approx(wanted)
    strange = adoption._as_strangers(model, known)
    assert strange.member[1] == pytest.approx(model.confusion[:, 1] / model.confusion[:, 1].sum())
    assert strange.level == pytest.approx(adoption._prior(strange, known)) and strange.prior is strange.level
    assert strange.variance == pytest.approx(np.tile(np.diag(model.covariance), (3, 1)))


def test_labels_are_mostly_right_beforehand_and_follow_what_is_seen():
    told = adoption._confusion(np.eye(3)[[0, 0, 1]], np.array([0, 1, 1]))
    assert told[0] == pytest.approx([(1 + 6.8) / 10, (1 + 0.6) / 10, 0.6 / 10])
    assert told[2] == pytest.approx([0.075, 0.075, 0.85])
    assert adoption._confusion(np.ones((4, 1)), np.zeros(4, int)).tolist() == [[1]]


def test_a_start_is_what_is_popular():
    _, counts, known = model_of(customers=4)
    told = adoption._start(counts, known)
    rate = (counts.hits.sum((0, 2)) + 0.5) / (counts.trials.sum((0, 2)) + 10)
    assert told.level == pytest.approx(np.tile(np.log(rate / (1 - rate)), (4, 1)))
    assert told.coefficient.shape == (2, 4) and told.coefficient[:, 0] == pytest.approx(told.level[0])
    assert (
        not told.coefficient[:, 1:].any()
        and not told.gap.any()
        and told.member.tolist() == np.eye(2)[known.label].tolist()
    )
    assert told.covariance == pytest.approx(np.array([[1.0, 0.2], [0.2, 1.0]]))
    assert told.confusion == pytest.approx(np.array([[0.85, 0.15], [0.15, 0.85]]))
    assert (told.market.shared.shape, told.need, (told.variance == 1).all()) == ((5,), 0, True)


def test_the_covariance_of_levels_gives_back_what_effects_took_and_is_held_to_equal_ones():
    model, counts, _ = model_of(customers=40)
    precision = adoption._posterior(model, counts)[2]
    away = np.random.default_rng(2).normal(size=(40, 2)) @ np.array([[1.0, 0.3], [0, 0.8]])
    doubt = sum(model.covariance - model.covariance @ p @ model.covariance for p in precision)
    total = 40 / 39.5 * away.T @ away + doubt
    mean = total / 40
    size, together = np.trace(mean) / 2, mean[0, 1] / (np.trace(mean) / 2)
    target = size * np.array([[1, np.clip(together, -0.9, 0.9)], [np.clip(together, -0.9, 0.9), 1]])
    told = adoption._covariance(away, model, precision)
    assert told == pytest.approx((total + adoption.PRIOR_ROWS * target) / (40 + adoption.PRIOR_ROWS))
    greedy = adoption._covariance(away, replace(model, used=39.0), precision)  # at most half is taken up
    assert greedy[0, 0] > told[0, 0]
    assert greedy == pytest.approx(adoption._covariance(away, replace(model, used=20.0), precision))


def test_a_customer_is_never_of_two_segments_at_once():
    design = np.array([[1.0, 0.3, 0.7, 2.0]])
    told = adoption._pairs(design, 2)[0]
    assert told[1, 2] == told[2, 1] == 0 and told[1, 1] == 0.3 and told[2, 2] == 0.7
    assert told[0].tolist() == [1, 0.3, 0.7, 2] and told[3].tolist() == pytest.approx([2, 0.6, 1.4, 4])


def test_a_step_over_time_moves_levels_with_the_quarter_to_come():
    model, counts, _ = model_of()
    still = adoption._over_time(model, counts, True)
    assert still.market is model.market and still.level == pytest.approx(model.level)
    chance, slope = adoption._expected(model, counts)
    error, spread = counts.hits - counts.trials * chance, counts.trials * slope
    by_gap = [adoption._by_gap(v, counts.gaps) for v in (error, spread)]
    assert still.gap == pytest.approx(kinds.step_gap_effects(model.gap, *by_gap))
    moved = adoption._over_time(model, counts, False)
    last = [(m.market.shared + m.market.own)[:, -1] for m in (model, moved)]
    shift = last[1] - last[0]
    assert np.abs(shift).min() > 1e-3
    assert moved.level - model.level == pytest.approx(np.tile(shift, (3, 1)))
    assert moved.prior - model.prior == pytest.approx(np.tile(shift, (3, 1)))
    assert moved.coefficient[:, 0] - model.coefficient[:, 0] == pytest.approx(shift)
    assert moved.coefficient[:, 1:].tolist() == model.coefficient[:, 1:].tolist()


def test_levels_found_anew_stay_where_they_have_settled():
    model, counts, known = model_of()
    settled = adoption.place_customers(model, counts, known)
    for _ in range(20):
        settled = adoption.place_customers(settled, counts, known, again=True)
    told = adoption.place_customers(settled, counts, known, again=True)
    assert told.level == pytest.approx(settled.level, abs=1e-6)
    assert told.prior == pytest.approx(adoption._prior(told, known))
    alone = Counts(*(np.array(v)[1:2] for v in (counts.trials, counts.hits, counts.gaps, counts.now)))
    one = adoption.place_customers(model, alone, known.take(np.array([1])))
    assert one.level[0] == pytest.approx(adoption.place_customers(model, counts, known).level[1])
