"""Steps towards what senior time does, each against a case small enough to work out, or an independent formula."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.seniority import (
    basis,
    delegable,
    effect,
    heterogeneity,
    hours,
    overlap,
    partialling,
    planned,
    sensitivity,
    shares,
    smoothing,
    telling,
    worth,
)
from pmo_analysis.analysis.seniority.basis import Basis
from pmo_analysis.analysis.seniority.partialling import Partialled
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings

T30 = stats.t.ppf(0.975, 30)


def part_of(
    estimate: float, error: float, degrees: float = 30.0, *, outcome=(1.0, -1.0), treatment=(1.0, 1.0)
) -> Partialled:
    """An effect with its error and residuals."""
    return Partialled(estimate, error, degrees, np.array(outcome), np.array(treatment))


def test_limits_are_those_of_students_t():
    assert part_of(2.0, 0.5).limits(0.95) == pytest.approx((2 - 0.5 * T30, 2 + 0.5 * T30))
    assert part_of(2.0, 0.5).limits(0.5) == pytest.approx(
        (2 - 0.5 * stats.t.ppf(0.75, 30), 2 + 0.5 * stats.t.ppf(0.75, 30))
    )


def test_a_customer_left_out_is_predicted_as_by_a_fit_without_it():
    rng = np.random.default_rng(1)
    columns, y, penalty = rng.normal(size=(30, 4)), rng.normal(size=30), np.array([0.0, 0.5, 2.0, 2.0])
    fitted = smoothing.fit_smooth(columns, y, penalty)
    for rows in (np.array([3]), np.array([0, 7, 9]), np.arange(6)):  # more rows than columns, too
        kept = np.setdiff1d(np.arange(30), rows)
        own = np.linalg.solve(columns[kept].T @ columns[kept] + np.diag(penalty), columns[kept].T @ y[kept])
        assert fitted.without(rows) == pytest.approx(y[rows] - columns[rows] @ own)
        assert smoothing.Smooth(*(getattr(fitted, n) for n in list(vars(fitted))[:-1]), None).without(
            rows
        ) == pytest.approx(fitted.without(rows))
    assert fitted.residual == pytest.approx(y - columns @ fitted.inverse @ columns.T @ y) and fitted.hat is not None


def test_shrinkage_is_that_of_greatest_restricted_likelihood():
    rng = np.random.default_rng(2)
    free, part = np.column_stack([np.ones(60), rng.normal(size=60)]), rng.normal(size=(60, 8))
    y = free @ [1.0, 2.0] + part @ rng.normal(0, 0.7, 8) + rng.normal(0, 1.5, 60)
    columns = np.column_stack([free, part])
    told = smoothing.reml_penalty(columns, y, Basis(columns, 2, np.array([-1] * 2 + [0] * 8)))

    def reml(ratio: float) -> float:
        v = np.eye(60) + part @ part.T / ratio
        inverse = np.linalg.inv(v)
        gram = free.T @ inverse @ free
        p = inverse - inverse @ free @ np.linalg.solve(gram, free.T @ inverse)
        return -0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(gram)[1] + 58 * np.log(y @ p @ y))

    assert told[:2].tolist() == [0, 0] and len(set(told[2:])) == 1
    tried = np.geomspace(told[2] / 4, told[2] * 4, 57)
    with threadpool_limits(1):
        assert told[2] == pytest.approx(tried[np.argmax([reml(r) for r in tried])], rel=0.1)
    start = np.r_[0.0, 0.0, np.full(8, 1e4)]
    again = smoothing.reml_penalty(columns, y, Basis(columns, 2, np.array([-1] * 2 + [0] * 8)), start)
    assert again[2] == pytest.approx(told[2], rel=0.05)


def test_a_system_is_solved_with_and_without_a_root():
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 4))
    for matrix in (root @ root.T + np.eye(4), np.diag([1.0, -2.0, 3.0, 4.0])):
        solution, kept = smoothing._solve(matrix, np.arange(4.0))
        assert solution == pytest.approx(np.linalg.solve(matrix, np.arange(4.0)))
        assert kept == pytest.approx(np.diag(np.linalg.inv(matrix)))


def test_a_customers_own_level_is_taken_out_in_part_and_put_back():
    clusters = [np.array([0, 2]), np.array([1, 3, 4])]
    centre = partialling._Centre(clusters, 0.5, 5)
    y = np.array([1.0, 6, 3, 9, 0])
    share = 1 - 1 / np.sqrt(1 + np.array([2, 3]) * 0.5)
    told = centre.apply(y)
    assert told[[0, 2]] == pytest.approx(np.array([1, 3]) - 2 * share[0])
    assert told[[1, 3, 4]] == pytest.approx(np.array([6, 9, 0]) - 5 * share[1])
    assert centre.undo(told) == pytest.approx(y) and centre.undo(centre.apply(np.outer(y, [1, 2]))) == pytest.approx(
        np.outer(y, [1, 2])
    )
    assert centre.apply(y[[1, 3, 4]], clusters[1]) == pytest.approx(told[[1, 3, 4]])
    assert partialling._Centre(clusters, 0.0, 5).apply(y).tolist() == y.tolist()
    # Rows of one customer are then as independent as the model of a random level has them.
    whitened = centre.apply(np.eye(5))
    level = 0.5 * (centre.group[:, None] == centre.group) + np.eye(5)
    assert whitened @ level @ whitened.T == pytest.approx(np.eye(5))


def test_variance_between_customers_is_that_of_an_analysis_of_variance():
    clusters = [np.array([0, 1, 2]), np.array([3, 4]), np.array([5, 6, 7, 8])]
    y = np.array([1.0, 2, 3, 8, 9, 4, 4, 5, 6])
    shrink = partialling._Centre(clusters, 0.0, 9)
    f = stats.f_oneway(*(y[c] for c in clusters)).statistic
    within = sum(((y[c] - y[c].mean()) ** 2).sum() for c in clusters) / 6
    n0 = (9 - (9 + 4 + 16) / 9) / 2
    assert partialling._between_ratio(y, shrink) == pytest.approx((f - 1) * within / n0 / within)
    same = np.array([1.0, 2, 3, 1, 3, 1, 3, 1, 3])
    assert partialling._between_ratio(same, shrink) == 0
    assert partialling._between_ratio(y, partialling._Centre([np.arange(9)], 0, 9)) == 0


def test_many_customers_are_put_into_blocks_of_like_information(monkeypatch):
    monkeypatch.setattr(partialling, "MOST_BLOCKS", 3)
    treatment = np.array([4.0, 3, 2, 2, 1, 1])
    clusters = [np.array([i]) for i in range(6)]
    blocks = partialling._blocks(clusters, treatment)
    assert sorted(sorted(b.tolist()) for b in blocks) == [[0], [1, 5], [2, 3, 4]]
    assert partialling._blocks(clusters[:3], treatment) == clusters[:3]


def test_the_effect_is_found_where_everything_is_a_line():
    rng = np.random.default_rng(5)
    x, customers = rng.normal(size=200), np.repeat(np.arange(40), 5)
    t = x + rng.normal(size=200)
    y = 2 * t + 3 * x + rng.normal(size=200)
    frame = pd.DataFrame({"x": x})
    with threadpool_limits(1):
        told = partialling.partial_out(
            y, t, basis.make_basis(frame), [np.flatnonzero(customers == c) for c in range(40)]
        )
    design = np.column_stack([np.ones(200), t, x])
    found, rest = np.linalg.lstsq(design, y, rcond=None)[:2]
    error = np.sqrt(rest[0] / 197 * np.linalg.inv(design.T @ design)[1, 1])
    assert told.effect == pytest.approx(found[1], abs=0.6 * error) and told.error == pytest.approx(error, rel=0.35)
    assert 10 < told.degrees <= 39
    assert told.effect == pytest.approx(told.outcome @ told.treatment / (told.treatment @ told.treatment))


def test_numbers_are_standardised_and_blanks_marked_and_levels_counted():
    frame = pd.DataFrame({"n": [1.0, 2, 9, np.nan], "flag": [True, False, True, True], "same": 3.0, "c": list("aabb")})
    told = basis._numbers(frame)
    filled = np.array([1.0, 2, 9, 2])
    assert told[:, 0] == pytest.approx((filled - 3.5) / filled.std()) and told.shape == (4, 2)
    assert [m.tolist() for m in basis._marks(frame)] == [[0, 0, 0, 1]]
    levels = pd.DataFrame({"c": ["a"] * 5 + ["b"] * 4 + ["c"] * 6 + [None] * 5})
    assert basis._levels(levels)[0].tolist() == [2] * 5 + [0] * 4 + [1] * 6 + [3] * 5
    assert basis._dummies(np.array([0, 1, 2, 1])).tolist() == [[0, 0], [1, 0], [0, 1], [1, 0]]
    many = pd.DataFrame({"c": np.repeat([f"l{i}" for i in range(32)], 5)})
    assert basis._levels(many)[0].max() == 30 and (basis._levels(many)[0] == 0).sum() == 10


def test_features_of_a_kernel_multiply_to_it():
    x = np.random.default_rng(4).normal(size=(20, 2))
    kernel = np.exp(-0.5 * ((x[:, None] - x) ** 2).sum(2))
    told = basis._nystroem(kernel, np.arange(20))
    assert told @ told.T == pytest.approx(kernel, abs=1e-2)
    parts = basis._smooth_parts(x, [np.repeat([0, 1], 10)], np.random.default_rng(0))
    assert len(parts) == 3 and len(basis._smooth_parts(x[:, :1], [], np.random.default_rng(0))) == 1
    joint = parts[2] @ parts[2].T
    gaps = ((x[:, None] - x) ** 2).sum(2)
    same = np.equal.outer(np.repeat([0, 1], 10), np.repeat([0, 1], 10))
    assert joint == pytest.approx(np.exp(-gaps / 8) * (1 + same), abs=0.02)
    ranks = np.sqrt(12) * stats.rankdata(x, axis=0) / 20
    assert parts[0] @ parts[0].T == pytest.approx(np.exp(-np.abs(ranks[:, None] - ranks)).sum(2), abs=0.02)
    several = np.exp(-((x[:, None] - x) ** 2) / (2 * 1.5**2)).sum(2) * same
    assert parts[1] @ parts[1].T == pytest.approx(several, abs=0.02)


def test_the_share_that_confounders_leave():
    t = np.array([0.0, 2, 4, 6])
    assert overlap.residual_share(t, np.array([1.0, -1, 1, -1])) == pytest.approx(4 / 20)


@pytest.mark.parametrize(
    ("one", "other", "cost", "verdict"),
    [(0.1, 0.9, 0, "pays"), (0.9, 0.1, 0.05, "pays"), (0.1, 0.9, 0.1, "cannot tell"), (-0.9, -0.1, 0, "does not pay"),
     (-0.9, 0.0, 0, "cannot tell"), (0.1, 0.5, 0.6, "does not pay"), (0.1, 0.6, 0.6, "cannot tell")],
)  # fmt: skip
def test_verdicts_on_both_sides_of_the_cost(one, other, cost, verdict):
    assert telling.judge(one, other, cost) == verdict


def test_shares_in_words_are_never_nought_and_a_strongest_confounder_needs_both_lines():
    assert [telling.percent(s) for s in (0.0099, 0.01, 0.256)] == ["less than 1 %", "1 %", "26 %"]
    rows = [
        ("robustness value", 0.2),
        ("strongest recorded: a_b, share of outcome", 0.3),
        ("strongest recorded: a_b, share of treatment", 0.04),
    ]
    table = pd.DataFrame(rows, columns=["figure", "value"])
    told = "; the strongest recorded, a b, explains 30 % of the outcome and 4 % of the share"
    assert telling.tell_strongest(table, "share") == told and telling.tell_strongest(table[:2], "share") == ""


def test_the_robustness_value_moves_an_effect_by_what_it_is_said_to():
    for need in (0.1, 0.7, 2.0):
        r = sensitivity.robustness_value(need)
        assert 0 < r < 1 and r / np.sqrt(1 - r) == pytest.approx(need)  # bias of equal partial R², Cinelli & Hazlett
    assert sensitivity.robustness_value(0) == 0


def test_the_strongest_confounder_is_the_one_without_which_most_is_left():
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(2, 300))
    y, t = 2 * a + 0.1 * b + rng.normal(size=300), a + rng.normal(size=300)
    part = part_of(1.0, 0.1, outcome=y, treatment=t)
    told = sensitivity.hidden_strength(part, pd.DataFrame({"b": b, "a": a}), y, t).set_index("figure")["value"]
    r = np.corrcoef(y - np.polyval(np.polyfit(b, y, 1), b), a - np.polyval(np.polyfit(b, a, 1), b))[0, 1] ** 2
    assert told["strongest recorded: a, share of outcome"] == pytest.approx(r)
    clear = 1 - 0.1 * T30
    need = clear / np.sqrt(np.mean((y - t) ** 2) / np.mean(t**2))
    assert told["robustness value"] == pytest.approx(sensitivity.robustness_value(need))
    vague = sensitivity.hidden_strength(part_of(0.1, 0.1, outcome=y, treatment=t), pd.DataFrame(index=range(300)), y, t)
    assert vague["value"].tolist() == [0]


def test_both_sides_of_a_modifier_and_their_difference_by_hand():
    y, t, m = np.tile([2.0, 4.0, 1.0, 3.0], 20), np.ones(80), np.tile([1.0, 2.0, 3.0, np.nan], 20)
    clusters = [np.arange(c, c + 8) for c in range(0, 80, 8)]
    told = heterogeneity.effect_by(part_of(0, 0, outcome=y, treatment=t), pd.Series(m), clusters, level=0.9)
    assert told["part"].tolist() == ["up to 2", "above 2", "difference"] and told["n"].tolist() == [40, 20, 60]
    assert told["value"].tolist() == [3, 1, -2] and told["low"].tolist() == pytest.approx(
        [3, 1, -2]
    )  # all customers alike
    few = heterogeneity.effect_by(
        part_of(0, 0, outcome=y[:79], treatment=t[:79]), pd.Series(m[:79]), clusters[:-1], level=0.9
    )
    assert len(few) == 3
    m[2] = np.nan  # nineteen above
    assert heterogeneity.effect_by(part_of(0, 0, outcome=y, treatment=t), pd.Series(m), clusters, level=0.9).empty


def test_the_interval_of_a_side_is_a_jackknife_over_customers():
    cross, square = np.array([[1.0, 2], [3, 1], [2, 4], [0, 1]]), np.array([[1.0, 1], [2, 1], [1, 2], [1, 1]])
    told = heterogeneity._tell(cross, square, 30.0, 0.95)
    out = np.array(
        [[np.delete(cross[:, s], i).sum() / np.delete(square[:, s], i).sum() for s in (0, 1)] for i in range(4)]
    )
    for values, row in zip([*out.T, out[:, 1] - out[:, 0]], told.itertuples(), strict=True):
        reach = T30 * np.sqrt(3 / 4 * ((values - values.mean()) ** 2).sum())
        assert (row.low, row.high) == pytest.approx((row.value - reach, row.value + reach))
    assert told["value"].tolist() == pytest.approx([6 / 5, 8 / 5, 2 / 5])


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(0.0, 0.5, "cannot be told"), (0.1, 0.5, "0.3 (difference +0.1 to +0.5) more"), (-0.5, 0.0, "cannot be told")],
)
def test_a_difference_in_words(low, high, told):
    rows = [("up to 2", 1, 0, 2, 9), ("above 2", 1, 0, 2, 9), ("difference", (low + high) / 2, low, high, 18)]
    assert told in heterogeneity.tell_difference(pd.DataFrame(rows, columns=heterogeneity.COLUMNS), "size")


def test_what_ten_points_cost_and_from_which_worth_they_pay():
    assert worth.extra_cost(pd.Series([10.0, 30.0, np.nan]), 50.0) == 100
    assert np.isnan(worth.extra_cost(pd.Series([np.nan]), 50.0))
    sure = SimpleNamespace(estimate=4.0, low=2.0, high=5.0, n=60)
    told = worth.tell_worth(sure, 100.0, 0.5)
    assert (
        told["value"].tolist() == [100, 25, -98]
        and told["low"].tolist()[1:] == [20, -99]
        and told["high"].tolist()[1:] == [50, -97.5]
    )
    unsure = worth.tell_worth(SimpleNamespace(estimate=0.5, low=0.0, high=0.9, n=60), 100.0, 0.0)
    assert len(unsure) == 2 and unsure["value"][1] == 200 and np.isnan(unsure["high"][1])
    assert worth.tell_worth(sure, np.nan, 1.0).empty and worth.tell_worth(None, 1.0, 1.0).empty


def test_excess_hours_their_reach_and_their_money():
    rows = pd.DataFrame({"service_id": "A", "customer_id": list("xxyz"), "excess_hours": [1.0, 2, 5, -1]})
    reach = delegable._reach(rows, ["service_id"], Settings({}))["A"]
    assert reach == pytest.approx(stats.t.ppf(0.975, 2) * np.std([3, 5, -1], ddof=1) * np.sqrt(3))
    table = pd.DataFrame({"excess_hours": [7.0], "reach": [9.0], "senior_hours": [12.0], "all_hours": [20.0]})
    told = delegable._with_money(table, -3.0).iloc[0]
    assert (told["excess_low_hours"], told["excess_high_hours"], told["cost"]) == (0, 12, -21)
    assert (told["cost_low"], told["cost_high"]) == (-36, 0)
    risk = delegable._with_risk(table, SimpleNamespace(estimate=2.0, low=1.0, high=4.0)).iloc[0]
    assert (risk["outcome_change"], risk["outcome_low"], risk["outcome_high"]) == (-7, -14, -3.5)
    cells = pd.DataFrame(
        {
            "service_id": list("AABC"),
            "level": [1, 1, 1, 2],
            "senior_hours": [5.0, 1, 2, 9],
            "all_hours": [10.0, 10, 8, 9],
        }
    )
    others = delegable._others_share(cells, ["level"])
    assert others.tolist()[:3] == [0.25, 0.25, 0.3] and np.isnan(others[3])


def test_hours_expected_of_a_mix_of_work():
    rows = pd.DataFrame({
        "side": "pmo", "complexity": [1.0, 1, 2, np.nan], "service_id": ["A", "B", "A", None],
        "senior_hours": [2.0, 6, 5, 0], "all_hours": [10.0, 10, 10, 0],
    })  # fmt: skip
    assert shares._expected(rows, "service").tolist()[:3] == [4, 4, 5] and shares._expected(rows, "segment").tolist()[
        :3
    ] == [2, 6, 5]
    assert np.isnan(shares._expected(rows, "size")[3])


def test_whole_customers_are_drawn_evenly():
    rows = pd.DataFrame({
        "customer_id": np.repeat(list("abcdef"), 10), "outcome_score": np.repeat([1.0, 2, 3, 4, 5, 6], 10), "planned_hours": 1.0,
    })  # fmt: skip
    assert planned.draw_customers(rows, 60) is rows
    assert (
        set(planned.draw_customers(rows, 59)["customer_id"])
        == set("ace")
        == set(planned.draw_customers(rows, 30)["customer_id"])
    )
    assert set(planned.draw_customers(rows, 29)["customer_id"]) == set("ad")
    assert str(hours.first_day("2026Q3", 3, Settings({})).date()) == "2026-01-01"


def test_refusals_on_both_sides_of_their_edges():
    y, t = np.arange(40.0), np.repeat([0.0, 1.0], 20)
    assert effect._refuse_early(y, t, "score", "senior", binary=True) == ""
    assert "only 39" in effect._refuse_early(y[:39], t[:39], "score", "senior", binary=True)
    assert "only 19" in effect._refuse_early(
        y, np.r_[t[:19], 1.0, 0.0, t[21:-1], 1.0][:40] * (np.arange(40) != 25), "score", "senior", binary=True
    )
    assert effect._refuse_early(y, t * 0.5, "score", "senior", binary=False) == ""
    assert "the same" in effect._refuse_early(y * 0, t, "score", "senior", binary=True)
    assert "itself" in effect._refuse_early(y, t, "worked_hours", "senior", binary=True)
    assert effect._refuse_early(y, t, "worked_hours", "lead", binary=True) == ""
    assert effect._naive(np.array([1.0, 3, 8]), np.array([0.0, 1, 2])) == 3.5 and np.isnan(effect._naive(y, y * 0))
    assert not effect._is_binary(pd.Series([0.0, 0.5, 1.0]), "t") and effect._is_binary(pd.Series([0, 1]), "t")
    with pytest.raises(InputError, match="2 of 3"):
        effect._is_binary(pd.Series([-0.1, 0.5, 1.1]), "t")
