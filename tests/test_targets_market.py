"""A market that moves, what is known of customers, what is refused, and what to stop."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from benchmarks.adoption import plant
from benchmarks.demand import measure
from pmo_analysis.analysis.estimates.random_sums import random_sum_table
from pmo_analysis.analysis.targets import hours_too_many, target_services
from pmo_analysis.analysis.targets.adoption import count_trials, fit_adoption
from pmo_analysis.analysis.targets.demand import _limits, foretell_counts
from pmo_analysis.analysis.targets.kinds import recurring_services, step_gap_effects
from pmo_analysis.analysis.targets.knowledge import know_customers
from pmo_analysis.analysis.targets.market import follow_market, still_market
from pmo_analysis.analysis.targets.neglect import find_unused
from pmo_analysis.analysis.targets.quality import pool_qualities
from pmo_analysis.analysis.targets.stops import propose_stops
from pmo_analysis.analysis.targets.trials import make_trials
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings

QUARTERS = ("2026Q1", "2026Q2", "2026Q3")


def small_history(quarters=QUARTERS):
    rows = [(c, s, q) for q in quarters for c, s in (("A", "S"), ("B", "S"), ("A", "T"), ("C", "U"))]
    return pd.DataFrame(rows, columns=["customer_id", "service_id", "quarter"])


def followed(rate, services=4, trials=4000):
    """The market's effects after rounds on expected counts; a level that is known too high by what next quarter adds."""
    truth, market, level = np.log(rate / (1 - rate)), still_market(services, len(rate)), np.zeros((services, 1)) - 2
    for _ in range(30):
        chance = expit(level + market.effects()[:, :-1])
        error, spread = trials * (rate - chance), trials * chance * (1 - chance)
        newer = follow_market(market, error, spread)
        level = level + ((newer.shared + newer.own)[:, -1] - (market.shared + market.own)[:, -1])[:, None]
        level = level + error.sum(1, keepdims=True) / spread.sum(1, keepdims=True)
        market = newer
    return expit(level[:, 0]), truth


def test_a_market_that_stands_still_is_not_chased():
    told, _ = followed(np.full(8, 0.1))
    assert told == pytest.approx([0.1] * 4, abs=1e-3)


def test_a_market_that_grows_or_shrinks_is_followed_beyond_its_last_quarter():
    logit = -3 + 0.1 * np.arange(11)
    told, _ = followed(expit(logit)[:10])
    assert told == pytest.approx([expit(logit[10])] * 4, rel=0.05)
    told, _ = followed(expit(-logit - 4)[:10])
    assert told == pytest.approx([expit(-logit[10] - 4)] * 4, rel=0.05)


def test_a_season_is_followed_from_two_years_on():
    logit = -2 + 0.6 * np.array([1, -1, 0, 0] * 3)[:11]
    told, _ = followed(expit(logit)[:8])  # the ninth quarter is a first one: high
    assert told == pytest.approx([expit(logit[8])] * 4, rel=0.12)
    early, _ = followed(expit(logit)[:4])
    assert early.max() < 0.8 * expit(logit[8])  # one year cannot tell a season


def test_effects_of_few_trials_follow_their_kind_and_kinds_are_told_apart():
    truth = np.array([[0, 1.5, 1.0], [0, 1.4, 1.1], [0, -1.5, -1.2], [0, -1.6, -1.0], [0, 0.0, 0.0]])
    spread = np.array([[50.0] * 3] * 4 + [[0.01] * 3])
    truth, spread = np.pad(truth, ((0, 0), (0, 6))), np.pad(spread, ((0, 0), (0, 6)))
    gap = np.zeros((5, 9))
    for _ in range(60):
        gap = step_gap_effects(gap, spread * (truth - gap), spread)
    assert recurring_services(gap)[:4].tolist() == [True, True, False, False]
    assert gap[0, 1] == pytest.approx(1.5, abs=0.1) and gap[3, 1] == pytest.approx(-1.6, abs=0.1)
    assert abs(gap[4, 1]) < 0.6 and (gap[:, 0] == 0).all()


def test_customers_who_became_such_by_asking_tell_no_rate_in_their_first_quarter():
    names = [f"C{i:02}" for i in range(20)]
    rows = [(c, "S", QUARTERS[i % 2 + 1]) for i, c in enumerate(names)] + [("old", "S", "2026Q1")]
    history = pd.DataFrame(rows, columns=["customer_id", "service_id", "quarter"])
    begun = [pd.Timestamp("2026-04-05") if i % 2 == 0 else pd.Timestamp("2026-07-09") for i in range(20)]
    customers = pd.DataFrame({"customer_id": [*names, "old"], "active_from_on": [*begun, pd.Timestamp("2020-01-01")]})
    trials = make_trials(history, customers, None, None)
    counted = pd.DataFrame(trials.counted(), index=trials.customers)
    assert counted.loc["C00"].tolist() == [0, 0, 1] and counted.loc["C01"].tolist() == [0, 0, 0]
    assert counted.loc["old"].tolist() == [1, 1, 1]
    late = customers.assign(active_from_on=customers["active_from_on"] - pd.DateOffset(months=3))
    assert pd.DataFrame(make_trials(history, late, None, None).counted(), index=trials.customers).loc["C00"].sum() == 3


def test_a_request_before_records_began_is_not_known_rather_than_never_made():
    customers = pd.DataFrame(
        {"customer_id": list("ABC"), "active_from_on": pd.to_datetime(["2020-01-01", "2026-01-09", None])}
    )
    trials = make_trials(small_history(), customers, None, None)
    gaps = trials.gaps()[:, trials.services.index("U"), 0]
    assert gaps.tolist() == [8, 0, 0]


def test_a_departure_that_is_still_to_come_is_no_departure():
    customers = pd.DataFrame(
        {"customer_id": list("ABC"), "active_to_on": pd.to_datetime(["2026-12-31", "2026-09-15", None])}
    )
    assert list(target_services(small_history(), customers=customers).probabilities.index) == ["A", "C"]


def test_needs_count_as_they_were_known_and_unknown_ones_as_neither_more_nor_less():
    services = pd.DataFrame({"service_id": list("STU"), "family": ["F", "F", "G"]})
    needs = pd.DataFrame({
        "customer_id": ["A", "A", "B", "C"], "family": ["F", "F", "F", "G"], "importance": [1, 5, 1, 3],
        "asked_on": pd.to_datetime(["2026-01-05", "2026-08-01", "2026-02-01", "2026-12-01"]),
    })  # fmt: skip
    trials = make_trials(small_history(), None, services, None)
    need = know_customers(trials, services=services, needs=needs).need
    assert need.tolist() == [[1, 1, 0], [-1, -1, 0], [0, 0, 0]]  # importance 5 and 1: one sd above and below 3
    before = know_customers(trials.until(2), services=services, needs=needs).need
    assert before.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0]]  # all known say 1


def test_when_nobody_may_choose_or_nobody_is_left_it_says_so():
    mandated = pd.DataFrame({"service_id": list("STU"), "mandated": True})
    told = target_services(small_history(), services=mandated)
    assert "No service is on offer" in told.sentence and told.next_services.empty and len(told.left_out) == 3
    gone = pd.DataFrame({"customer_id": list("ABC"), "active_to_on": pd.Timestamp("2026-08-01")})
    told = target_services(small_history(), customers=gone)
    assert "No customer is left" in told.sentence and told.probabilities.empty


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"k": 1.5}, "whole number"),
        ({"quarter": "2025Q1"}, "begins in 2026Q1"),
        ({"customers": pd.DataFrame({"customer_id": ["A", "A"]})}, "more than once"),
        ({"services": pd.DataFrame({"x": ["A"]})}, "no column service_id"),
        ({"segments": pd.DataFrame({"customer_id": ["A"]})}, "as a mapping or a Series"),
        ({"segments": pd.Series(["x", "y"], index=["A", "A"])}, "several segments"),
        ({"needs": pd.DataFrame({"customer_id": ["A"]})}, "family, importance"),
    ],
)
def test_inputs_that_cannot_be_are_refused_in_words(options, told):
    with pytest.raises(InputError, match=told):
        target_services(small_history(), **options)


def test_scores_of_few_answers_are_drawn_to_the_whole_and_money_is_a_ratio_of_sums():
    rows = pd.DataFrame({
        "segment": ["one"] * 40 + ["two"] * 40 + ["few"], "service_id": "S", "engagement_count": 1,
        "satisfaction_score": [70.0, 90.0] * 20 + [30.0, 50.0] * 20 + [100.0], "unit_cost": 10.0,
    })  # fmt: skip
    rows.loc[0, ["engagement_count", "unit_cost"]] = [9, 110.0]
    table = pool_qualities(rows).set_index(["segment", "stage"]).xs("all", level="stage")
    assert table.loc["one", "satisfaction_score"] == pytest.approx(78.3, abs=1.0)  # nine of 48 answers more of 70
    assert 60 < table.loc["few", "satisfaction_score"] < 100 and table.loc["few", "satisfaction_low"] < 90
    assert table.loc["two", "satisfaction_high"] < table.loc["two", "satisfaction_whole"]
    assert table.loc["one", "unit_cost"] == pytest.approx((9 * 110 + 39 * 10) / 48)


def stops(utilisation=0.95, mandated_marked=()):
    load = pd.DataFrame(
        {"role": ["lead", "analyst"], "expected_hours": [95.0, 50.0], "practical_hours": [100.0, 100.0]}
    )
    load = load.assign(utilisation_share=[utilisation, 0.5], expected_hours=[100 * utilisation, 50.0])
    marked = pd.DataFrame({
        "engagement_id": ["1", "2", "3", "4"], "service_id": ["A", "A", "B", "C"], "customer_id": list("wxyz"),
        "off_target": [True, False, False, False], "too_late": [True, True, False, False],
    })  # fmt: skip
    hours = pd.DataFrame({
        "engagement_id": ["1", "2", "3", "4"], "role": ["lead", "lead", "analyst", "lead"],
        "worked_hours": [28.0, 24.0, 400.0, 40.0],
    })  # fmt: skip
    unused = pd.DataFrame({"service_id": ["B", "C"], "verdict": ["nobody asked twice", "too few to say"]})
    return load, propose_stops(load, marked, unused, hours, Settings({"look_back_quarters": 4}))


def test_only_as_much_is_stopped_as_the_busy_roles_need_and_no_hour_counts_twice():
    load, table = stops()
    assert hours_too_many(load, Settings()) == pytest.approx(10)
    rows = table[["service_id", "freed_hours", "freed_tight_hours"]].to_numpy().tolist()
    assert rows == [["A", 7.0, 7.0], ["A", 6.0, 6.0]]  # 28 and 24 hours in four quarters; B frees no hour of the lead
    assert table["reason"].str.startswith("asked").all()


def test_where_all_fits_everything_that_could_be_stopped_is_listed():
    _, table = stops(utilisation=0.5)
    assert table["service_id"].tolist() == ["A", "A", "B"] and table["freed_hours"].tolist() == [7.0, 6.0, 100.0]


def test_hours_that_stopping_frees_are_told_with_requests_and_a_range_that_knows_who_asks_often():
    load = pd.DataFrame(columns=["role", "expected_hours", "practical_hours", "utilisation_share"])
    marked = pd.DataFrame({
        "engagement_id": list("123456"), "service_id": "A", "off_target": True, "too_late": False,
    })  # fmt: skip
    hours = pd.DataFrame({"engagement_id": list("123456"), "role": "lead", "worked_hours": [10.0] * 6})
    unused = pd.DataFrame({"service_id": ["A"], "verdict": ["asked"]})

    def told(customers, **settings):
        rows = marked.assign(customer_id=customers)
        return propose_stops(load, rows, unused, hours, Settings({"look_back_quarters": 4, **settings})).iloc[0]

    six, five = told(list("abcdef")), told(list("abcdee"))
    assert (six["freed_hours"], six["n"]) == (15.0, 6) and five["n"] == 6
    factor = np.exp(2.570582 * np.sqrt(6 * 10**2) / 60)  # Student's t of five degrees, .975
    assert (six["low"], six["high"]) == pytest.approx((15 / factor, 15 * factor), rel=1e-6)
    factor = np.exp(2.776445 * np.sqrt(4 * 10**2 + 20**2) / 60)  # of four
    assert (five["low"], five["high"]) == pytest.approx((15 / factor, 15 * factor), rel=1e-6)
    assert told(list("abcddd"))[["low", "high"]].isna().all()  # four customers tell too little of others
    assert told(list("abcdef"), minimum_estimate=7)[["low", "high"]].isna().all()


@pytest.mark.parametrize(("customers", "least", "most"), [(8, 0.95, 1.0), (15, 0.93, 0.99), (60, 0.925, 0.975)])
def test_ranges_of_what_happens_to_be_asked_hold_in_nineteen_of_twenty_periods(customers, least, most):
    rng, held, truth = np.random.default_rng(6200), [], customers * 1.5 * np.exp(0.5**2 / 2)
    for _ in range(1500):
        asked = rng.poisson(customers)
        own = np.repeat(np.arange(asked), 1 + rng.poisson(0.5, asked))
        rows = pd.DataFrame({"all": "all", "who": own, "hours": rng.lognormal(0, 0.5, len(own))})
        table = random_sum_table(rows, ["all"], "hours", cluster="who")
        held += [bool(low <= truth <= high) for low, high in table[["low", "high"]].dropna().to_numpy()]
    assert len(held) > 1000 and least < np.mean(held) < most


def test_a_service_that_is_new_is_not_called_unused():
    requests = pd.DataFrame(
        {"service_id": ["S"], "customer_id": ["A"], "quarter": ["2026Q3"], "asked_on": pd.Timestamp("2026-08-01")}
    )
    services = pd.DataFrame({
        "service_id": ["N", "O"], "name": ["New", "Old"], "active_from_on": pd.to_datetime(["2026-07-01", "2020-01-01"]),
    })  # fmt: skip
    told = find_unused(requests, services, requests, pd.Timestamp("2025-10-01")).set_index("service_id")["verdict"]
    assert told.to_dict() == {"N": "too new to say", "O": "nobody asked"}


def test_the_planted_requests_know_nothing_of_the_analysis():
    tree = ast.parse((Path(__file__).parents[1] / "benchmarks" / "adoption.py").read_text("utf-8"))
    top = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    assert not any("pmo_analysis" in ast.unparse(n) for n in top)
    one, two = plant(7, 30, services=5), plant(7, 30, services=5)
    pd.testing.assert_frame_equal(one.history, two.history)


def test_a_growing_market_is_foretold_better_than_its_past():
    ratios = []
    for seed in range(2):
        planted = plant(seed, 80, services=8, variant="growth")
        customers = planted.customers.drop(columns="active_to_on")
        told = target_services(planted.history, customers=customers, segments=planted.segments, quarter="2024Q4")
        ratios.append(told.probabilities.to_numpy().sum() / planted.chance.sum())
    assert 0.88 < np.mean(ratios) < 1.12


def test_demand_follows_growth_and_season_and_its_ranges_hold():
    rows = [measure(seed, variant, 8) for variant in ("growth", "season") for seed in range(3)]
    table = pd.DataFrame(rows).groupby("variant").mean()
    assert table["services"].min() > 0.85 and table["segments"].min() > 0.9
    assert (table["ratio"] - 1).abs().max() < 0.15


def test_demand_of_equal_quarters_is_their_mean():
    expected, relative, stray = foretell_counts(np.full((3, 8), 20.0))
    assert expected == pytest.approx([20.0] * 3, rel=0.01) and stray == 1
    assert (relative > 0).all() and (relative < 0.03).all()


@pytest.mark.parametrize(("quarters", "times"), [(7, 4), (8, 4), (8, 8)])
def test_counts_that_vary_by_chance_alone_are_not_taken_for_a_season(quarters, times):
    held, stray = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        mean = rng.lognormal(2.5, 0.7, (12, 1))
        counts = rng.negative_binomial(mean / (times - 1), 1 / times, (12, quarters + 1)).astype(float)
        expected, relative, strays = foretell_counts(counts[:, :-1])
        low, high = _limits(expected, strays * expected + relative * expected**2, 0.95)
        held.append((low <= counts[:, -1]) & (counts[:, -1] <= high))
        stray.append(strays)
    assert np.mean(held) > 0.93  # where the season's share was taken for noise's: .86 and .89 at eight quarters
    assert 0.75 * times < np.mean(stray) < 1.1 * times


def test_customers_to_come_change_nothing_for_those_that_are():
    planted = plant(1, 60, services=8)
    first = planted.history.groupby("customer_id", as_index=False)["quarter"].min()
    now = first.assign(active_from_on=[pd.Period(q).start_time for q in first["quarter"]])[
        ["customer_id", "active_from_on"]
    ]
    later = pd.DataFrame({"customer_id": [f"L{i}" for i in range(60)], "active_from_on": pd.Timestamp("2030-01-01")})
    alone, among = (
        target_services(planted.history, customers=table, quarter="2024Q4").probabilities
        for table in (now, pd.concat([now, later], ignore_index=True))
    )
    assert among.index.equals(alone.index)
    assert among.to_numpy() == pytest.approx(alone.to_numpy(), abs=1e-3)


def test_segments_that_say_nothing_and_are_hard_to_tell_apart_get_no_wild_tastes():
    rng, names = np.random.default_rng(1), [f"C{i:03}" for i in range(240)]
    level = rng.normal(-4.5, 1, 20) + rng.normal(0, 1.2, (240, 1)) + rng.normal(0, 1.3, (240, 20))
    level += rng.normal(0, 1.2, (240, 3)) @ rng.normal(0, 0.8, (3, 20))
    who, what, when = np.nonzero(rng.random((240, 20, 6)) < expit(level)[:, :, None])
    history = pd.DataFrame({"customer_id": np.array(names)[who], "service_id": [f"S{w:02}" for w in what]})
    history["quarter"] = [f"{2024 + q // 4}Q{q % 4 + 1}" for q in when]
    trials = make_trials(history, pd.DataFrame({"customer_id": names}), None, None)
    label = rng.choice(9, 240, p=[0.31, 0.24, 0.21, 0.11, 0.04, 0.03, 0.03, 0.02, 0.01])
    known = know_customers(trials, segments=pd.Series([f"g{i}" for i in label], index=trials.customers))
    # None is planted. With a blurred customer taken for partly of each segment the variance found was 2.5, the greatest.
    assert fit_adoption(count_trials(trials), known, rounds=20).affinity < 1.2
