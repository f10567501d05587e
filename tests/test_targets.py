"""Next services, fit, demand, misplaced deliveries and the best use of scarce hours."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from pmo_analysis.analysis.targets import assign_capacity, review_targets, target_services
from pmo_analysis.analysis.targets.holdout import ranking_scores
from pmo_analysis.analysis.targets.leaving import explain_silence, leaving_hazard
from pmo_analysis.analysis.targets.trials import Trials
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset


def invented(seed, count=60, services=12, quarters=10, leaving=0.0):
    """Requests with planted chances: segments, recurring and one-off services, levels that vary together."""
    rng = np.random.default_rng(seed)
    segment, recurring = rng.integers(0, 3, count), rng.random(services) < 0.5
    level = rng.normal(-2.4, 0.8, services) + rng.normal(0, 0.9, (3, services))[segment]
    level = (
        level
        + rng.normal(0, 1, (count, 2)) @ (0.5 * rng.normal(size=(2, services)))
        + rng.normal(0, 0.4, (count, services))
    )
    since, there, rows = np.full((count, services), 99), np.ones(count, dtype=bool), []
    for t in range(quarters + 1):
        there &= rng.random(count) >= leaving
        effect = np.where(recurring, 1.8 * np.exp(-(since - 1) / 2), -1.6 * np.exp(-(since - 1) / 4)) * (since < 90)
        chance = expit(level + effect) * there[:, None]
        asked = rng.random((count, services)) < chance
        if t < quarters:
            who, what = np.nonzero(asked)
            rows.append(
                pd.DataFrame(
                    {
                        "customer_id": [f"C{i:03}" for i in who],
                        "service_id": [f"S{i:02}" for i in what],
                        "quarter": f"{2021 + t // 4}Q{t % 4 + 1}",
                    }
                )
            )
            since = np.where(asked, 1, np.where(since < 90, since + 1, since))
    names = [f"C{i:03}" for i in range(count)]
    label = np.where(rng.random(count) < 0.1, rng.integers(0, 3, count), segment)
    customers = pd.DataFrame({"customer_id": names, "active_from_on": pd.Timestamp("2020-01-01")})
    return (
        pd.concat(rows, ignore_index=True),
        customers,
        pd.Series([f"g{i}" for i in label], index=names),
        chance,
        asked,
    )


def test_the_model_ranks_near_the_truth_and_above_popularity_and_is_calibrated():
    shares, ratios = [], []
    for seed in range(3):
        history, customers, segments, chance, asked = invented(seed)
        told = target_services(history, customers=customers, segments=segments)
        best = ranking_scores(chance, asked, 3)["ndcg"]
        shares.append(ranking_scores(told.probabilities.to_numpy(), asked, 3)["ndcg"] / best)
        ratios.append(told.probabilities.to_numpy().sum() / chance.sum())
        score = told.holdout.set_index("method")
        assert score.loc["model", "log_loss"] < score.loc["segment popularity", "log_loss"]
    assert np.mean(shares) > 0.9
    assert 0.9 < np.mean(ratios) < 1.1


def test_customers_that_left_silently_are_expected_to_ask_for_less():
    ratios = []
    for seed in range(3):
        history, customers, segments, chance, _ = invented(seed, leaving=0.05)
        told = target_services(history, customers=customers, segments=segments)
        ratios.append(told.probabilities.to_numpy().sum() / chance.sum())
    assert 0.85 < np.mean(ratios) < 1.15


def silent_trials(*since):
    """One service on ten quarters; each customer asked last so many quarters before the end."""
    asked = np.zeros((len(since), 1, 10), dtype=bool)
    asked[np.arange(len(since)), 0, 9 - np.array(since)] = True
    no = np.zeros(len(since), dtype=bool)
    names, quarters = [f"C{i}" for i in range(len(since))], [f"Q{i}" for i in range(10)]
    return Trials(names, ["S"], quarters, asked, np.ones((len(since), 10)), np.ones((1, 10), bool), no, no, no, no)


def test_quiet_is_not_left_for_those_who_seldom_ask():
    trials = silent_trials(3, 3, 0)
    told = explain_silence(trials, np.repeat([[0.9], [0.1], [0.1]], 10, axis=1), 0.05)
    # Three silent quarters: stayed (.95 · .9)³, left after none, one or two of them: .05 · (1 + .855 + .855²).
    assert told.alive[0] == pytest.approx(0.855**3 / (0.855**3 + 0.05 * (1 + 0.855 + 0.855**2)))
    assert told.alive[1] < 0.1 and told.alive[2] == 1
    first = (0.855**3 + 0.05 * (0.855 + 0.855**2)) / (0.855**3 + 0.05 * (1 + 0.855 + 0.855**2))
    assert told.there[0, 6:8] == pytest.approx([1, first]) and (np.diff(told.there[0, 6:]) < 0).all()


def test_the_share_that_leaves_is_found_from_silences_and_is_none_where_rates_explain_them():
    rng = np.random.default_rng(4)
    stays = np.minimum(rng.geometric(0.08, 400) - 1, 9)
    assert leaving_hazard(silent_trials(*(9 - stays)), np.full((400, 10), 0.02)) == pytest.approx(0.08, abs=0.012)
    quiet = np.minimum(rng.geometric(0.4, 400) - 1, 9)
    assert leaving_hazard(silent_trials(*quiet), np.full((400, 10), 0.6)) < 0.01


def small_history(quarters=("2026Q1", "2026Q2", "2026Q3")):
    rows = [(c, s, q) for q in quarters for c, s in (("A", "S"), ("B", "S"), ("A", "T"), ("C", "U"))]
    return pd.DataFrame(rows, columns=["customer_id", "service_id", "quarter"])


def test_order_of_rows_and_names_do_not_change_the_chances():
    history, customers, segments, _, _ = invented(5, count=30)
    first = target_services(history, customers=customers, segments=segments)
    rename = {c: f"Z{1000 - i}" for i, c in enumerate(segments.index)}
    again = target_services(
        history.sample(frac=1, random_state=1).replace({"customer_id": rename}),
        customers=customers.replace({"customer_id": rename}),
        segments=segments.rename(rename),
    )
    np.testing.assert_allclose(
        again.probabilities.loc[[rename[c] for c in first.probabilities.index]], first.probabilities, rtol=1e-9
    )


def test_mandated_retired_and_planned_services_and_departed_customers_are_left_out_and_told():
    services = pd.DataFrame(
        {
            "service_id": list("STUV"),
            "status": ["active", "retired", "active", "pipeline"],
            "mandated": [False, False, True, False],
        }
    )
    customers = pd.DataFrame({"customer_id": list("ABC"), "active_to_on": pd.to_datetime([None, "2026-09-15", None])})
    told = target_services(small_history(), customers=customers, services=services)
    assert list(told.probabilities.columns) == ["S"]
    assert list(told.probabilities.index) == ["A", "C"]
    assert set(told.left_out["service_id"]) == {"", "T", "U"} and set(told.left_out["customer_id"]) == {"", "B"}


def test_refused_requests_count_and_rows_without_any_do_not():
    history = small_history().assign(engagement_count=0, refused_count=1)
    assert target_services(history).probabilities.shape == (3, 3)
    history.loc[history["service_id"] == "U", "refused_count"] = 0
    assert list(target_services(history).probabilities.columns) == ["S", "T"]


def test_one_quarter_tells_popularity_only_and_says_so():
    told = target_services(small_history(("2026Q3",)))
    assert told.holdout.empty and "popularity only" in told.sentence
    assert told.probabilities["S"].nunique() == 1
    assert told.probabilities["S"].iloc[0] == pytest.approx((2 + 0.5) / (3 + 1))


def test_every_next_service_has_a_rank_and_a_reason():
    told = target_services(small_history(), k=2)
    assert told.next_services.groupby("customer_id").size().tolist() == [2, 2, 2]
    assert told.next_services["rank"].tolist() == [1, 2] * 3
    assert told.next_services["reason"].str.len().min() > 10
    own = told.next_services.set_index(["customer_id", "rank"])["service_id"]
    assert own["C", 1] == "U"  # asked for every quarter by C alone


def test_fit_tells_offer_stop_and_too_few():
    customers = [f"C{i:03}" for i in range(200)]
    segments = pd.Series(["many"] * 100 + ["none"] * 97 + ["tiny"] * 3, index=customers)
    rows = [(c, "S", "2026Q2", "planning") for c in customers[:80]] + [
        (c, "T", "2026Q3", "delivery") for c in customers
    ]
    history = pd.DataFrame(rows, columns=["customer_id", "service_id", "quarter", "stage"])
    fit = target_services(history, segments=segments).fit.set_index(["segment", "service_id", "stage"])
    assert fit.loc[("many", "S", "all"), "verdict"] == "offer"
    assert fit.loc[("none", "S", "all"), "verdict"] == "stop"
    assert fit.loc[("none", "T", "all"), "verdict"] == "keep"
    assert fit.loc[("tiny", "S", "all"), "verdict"] == "too few to say"
    assert fit.loc[("many", "S", "planning"), "n"] == 80
    assert ((fit["low"] <= fit["uptake"]) & (fit["uptake"] <= fit["high"])).all()


def test_a_service_that_is_rare_everywhere_is_no_reason_to_stop_it_for_anybody():
    customers = [f"C{i:03}" for i in range(300)]
    rows = [(c, "S", "2026Q2") for c in customers[:9]] + [(c, "T", "2026Q3") for c in customers]
    history = pd.DataFrame(rows, columns=["customer_id", "service_id", "quarter"])
    fit = target_services(history, segments=pd.Series("all", index=customers)).fit.set_index(["service_id", "stage"])
    assert fit.loc[("S", "all"), "high"] < 0.10 and fit.loc[("S", "all"), "verdict"] == "keep"


def test_ndcg_by_hand():
    chance = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.1, 0.2, 0.3]])
    asked = np.array([[True, False, False], [False, True, False], [False, False, False]])
    scores = ranking_scores(chance, asked, 2)
    assert scores["ndcg"] == pytest.approx((1 + 1 / np.log2(3)) / 2)
    assert scores["recall"] == 1


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (pd.DataFrame({"customer_id": ["A"]}), "service_id, quarter"),
        (small_history().iloc[:0], "holds no request"),
    ],
)
def test_a_history_that_cannot_be_used_is_refused(history, told):
    with pytest.raises(InputError, match=told):
        target_services(history)


def offers(seed, count, roles):
    rng = np.random.default_rng(seed)
    pairs = pd.DataFrame(
        {
            "customer_id": [f"C{i // 4}" for i in range(count)],
            "service_id": [f"S{i % 4}" for i in range(count)],
            "value": rng.integers(1, 20, count).astype(float),
        }
    )
    return pairs.assign(**{f"{r}_hours": rng.integers(0, 6, count).astype(float) for r in roles})


def test_small_plans_are_the_exhaustive_best():
    for seed in range(5):
        pairs, capacity = offers(seed, 11, ["a", "b"]), {"a": 9.0, "b": 8.0}
        told = assign_capacity(pairs, capacity)
        chosen = np.array(list(itertools.product([0, 1], repeat=11)))
        fits = (chosen @ pairs[["a_hours", "b_hours"]].to_numpy() <= [9, 8]).all(axis=1)
        assert told.objective == pytest.approx((chosen[fits] @ pairs["value"].to_numpy()).max())
        assert told.exact and told.bound == pytest.approx(told.objective, rel=1e-5)


def test_large_plans_keep_to_the_hours_and_lie_within_their_bound():
    rng = np.random.default_rng(0)
    pairs = pd.DataFrame(
        {
            "customer_id": np.arange(30_000).astype(str),
            "service_id": "S",
            "value": rng.lognormal(0, 1, 30_000),
            "a_hours": rng.lognormal(1, 0.5, 30_000),
            "b_hours": rng.lognormal(0, 1, 30_000),
        }
    )
    told = assign_capacity(pairs, {"a": 20_000.0, "b": 9_000.0})
    assert (told.prices["used_hours"] <= told.prices["capacity_hours"] + 1e-6).all()
    assert 0 <= 1 - told.objective / told.bound < 0.001


def test_the_price_of_an_hour_is_what_one_more_would_add():
    pairs = pd.DataFrame(
        {"customer_id": list("ABC"), "service_id": "S", "value": [10.0, 8.0, 3.0], "a_hours": [2.0, 2.0, 2.0]}
    )
    told = assign_capacity(pairs, {"a": 4.0})
    assert told.plan["customer_id"].tolist() == ["A", "B"] and told.objective == 18
    assert 1.5 <= told.prices["hourly_price"].iloc[0] <= 4.0


def test_ineligible_pairs_are_left_out_and_minimum_shares_kept():
    pairs = offers(1, 40, ["a"]).assign(eligible=[True] * 36 + [False] * 4)
    told = assign_capacity(pairs, {"a": 30.0}, minimum_share={"C0": 0.5})
    assert "C9" not in set(told.plan["customer_id"])
    assert told.left_out.to_dict("records") == [{"pairs_count": 4, "reason": "not eligible"}]
    assert (told.plan["customer_id"] == "C0").sum() >= 2


@pytest.mark.parametrize(
    ("capacity", "share", "told"),
    [
        ({"a": -1.0}, None, "zero or more"),
        ({"z": 1.0}, None, "no column"),
        ({"a": 0.0}, 0.9, "No plan"),
        ({"a": 1.0}, 1.5, "between 0 and 1"),
        ({"a": 1.0}, {"X": 0.5}, "no eligible pair"),
    ],
)
def test_assignments_that_cannot_be_are_refused(capacity, share, told):
    pairs = offers(2, 12, ["a"]).assign(a_hours=2.0)
    with pytest.raises(InputError, match=told):
        assign_capacity(pairs, capacity, minimum_share=share)


def test_no_capacity_serves_only_what_costs_nothing():
    told = assign_capacity(offers(3, 12, ["a"]).assign(a_hours=1.0), {"a": 0.0})
    assert told.plan.empty and told.objective == 0


def catalogue(engagements, **tables):
    frames = {
        "customers": pd.DataFrame({"customer_id": ["A", "B"], "name": ["A", "B"], "category": ["IT", "Business"]}),
        "services": pd.DataFrame(
            {
                "service_id": ["S", "T", "N"],
                "name": ["Business case", "Report", "Nobody's"],
                "stages": ["idea;business case", None, None],
                "target_categories": ["it ", None, "IT"],
            }
        ),
        "engagements": engagements,
    }
    return Dataset.from_frames({**frames, **tables}).as_of("2026Q3")


GROUPS = pd.DataFrame({"customer_id": ["A", "B"], "category": ["IT", "Business"], "segment": ["one", "two"]})
ASKED = pd.DataFrame(
    {
        "engagement_id": ["E1", "E2", "E3", "E4"],
        "customer_id": ["A", "B", "A", "B"],
        "service_id": ["S", "S", "S", "T"],
        "requested_on": ["2026-07-01", "2026-07-02", "2026-08-01", "2026-05-01"],
        "delivered_on": ["2026-07-20"] * 2 + [None] * 2,
        "stage": ["idea", "business case", "delivery", "closing"],
        "charged_cost": [10, 20, 40, 80],
        "state": ["delivered", "delivered", "open", "refused"],
    }
)


def test_off_target_and_too_late_follow_the_catalogue_only():
    off = review_targets(catalogue(ASKED), "2026Q3", GROUPS).off_target.set_index("kind")
    assert off.loc["off target", ["service_id", "category", "engagement_count", "cost"]].tolist() == [
        "S",
        "Business",
        1,
        20,
    ]
    assert off.loc["too late", ["service_id", "stage", "engagement_count", "cost"]].tolist() == ["S", "delivery", 1, 40]


def test_unused_and_refused_services_are_listed():
    review = review_targets(catalogue(ASKED), "2026Q3", GROUPS)
    verdicts = review.unused.set_index("service_id")["verdict"]
    assert verdicts["N"] == "nobody asked" and verdicts["S"] == "too few to say"
    assert review.refused[["service_id", "refused_count", "asked_count"]].to_numpy().tolist() == [["T", 1, 1]]


def test_demand_is_the_mean_of_the_quarters_with_limits_and_the_whole_beside():
    demand = review_targets(catalogue(ASKED), "2026Q3", GROUPS).demand.set_index(["service_id", "segment"])
    assert demand.loc[("S", "all"), "expected_count"] == pytest.approx(3 / 2)  # two quarters known
    assert demand.loc[("S", "one"), "expected_count"] == pytest.approx(1.0)
    assert (demand["low"] <= demand["expected_count"]).all() and (demand["high"] >= demand["expected_count"]).all()


def test_load_is_expected_requests_times_their_hours():
    effort = pd.DataFrame(
        {"worked_on": "2026-07-10", "worked_hours": [4.0, 8.0], "role": "analyst", "engagement_id": ["E1", "E2"]}
    )
    capacity = pd.DataFrame({"quarter": ["2026Q3"], "role": ["analyst"], "fte": [1], "theoretical_hours": [15]})
    load = review_targets(catalogue(ASKED, effort=effort, capacity=capacity), "2026Q3", GROUPS).load.iloc[0]
    assert load["expected_hours"] == pytest.approx(1.5 * 6)  # 12 hours over the two finished requests of S
    assert load["practical_hours"] == pytest.approx(12) and load["utilisation_share"] == pytest.approx(0.75)
    assert load["low"] < 9 < load["high"]


def test_without_hours_the_review_still_stands():
    review = review_targets(catalogue(ASKED), "2026Q3", GROUPS)
    assert review.load.empty and "not known" in review.sentence
