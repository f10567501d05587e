"""Senior time: the planted effect is found like with like, and refused where it cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from pmo_analysis.analysis.seniority import review_senior_time, senior_effect
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset

CONFOUNDERS = ["complexity", "size", "risk", "new", "kind"]


def projects(seed, effect, *, assigned="by difficulty", count=400):
    """Invented work on which senior people sit on the hard part: outcome falls with difficulty, sd about 1."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, 30, count)
    complexity, size = rng.integers(1, 6, count).astype(float), rng.lognormal(0, 0.6, count)
    risk, new, kind = (
        rng.normal(size=count) + 0.3 * (complexity - 3),
        rng.random(count) < 0.4,
        rng.choice(list("ABC"), count),
    )
    hard = 0.5 * (complexity - 3) + 0.4 * np.maximum(complexity - 3, 0) * new + 0.5 * np.log(size)
    hard = hard + 0.4 * np.abs(risk) + 0.3 * (kind == "B") - 0.25 * (kind == "C") * risk
    hard = hard - hard.mean()
    drawn = {
        "by difficulty": expit(1.1 * hard) > rng.random(count),
        "always": hard > 0,
        "nearly always": expit(9 * hard) > rng.random(count),
        "share": expit(0.6 * hard + 0.6 * rng.normal(size=count) - 1),
    }
    senior = drawn[assigned]
    gained = effect * (senior / 0.1 if assigned == "share" else senior)
    outcome = gained - 0.9 * hard + rng.normal(0, 0.4, 30)[customer] + 0.7 * rng.normal(size=count)
    return pd.DataFrame(
        {
            "outcome": outcome,
            "senior": senior,
            "complexity": complexity,
            "size": size,
            "risk": risk,
            "new": new,
            "kind": kind,
            "customer": customer.astype(str),
        }
    )


def told(frame, **options):
    given = {"outcome": "outcome", "treatment": "senior", "confounders": CONFOUNDERS, "cluster": "customer"}
    return senior_effect(frame, **{**given, **options})


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_the_planted_effect_is_covered_where_the_naive_one_has_the_wrong_sign(effect):
    results = [told(projects(seed, effect)) for seed in range(5)]
    assert sum(r.low <= effect <= r.high for r in results) >= 4
    assert abs(np.mean([r.estimate for r in results]) - effect) < 0.12
    assert all(r.naive < -0.2 for r in results)


def test_a_planned_share_is_told_per_ten_points():
    results = [told(projects(seed, 0.3, assigned="share")) for seed in range(5)]
    assert abs(np.mean([r.estimate for r in results]) - 0.3) < 0.08
    assert {r.verdict for r in results} == {"pays"}


@pytest.mark.parametrize("assigned", ["always", "nearly always"])
def test_work_that_always_gets_senior_people_is_not_comparable(assigned):
    result = told(projects(1, 0.0, assigned=assigned))
    assert result.verdict == "not comparable" and np.isnan(result.estimate)
    assert result.overlap["value"].iloc[0] > 0.25
    assert np.isfinite(result.naive)


def test_a_share_that_follows_from_the_confounders_is_refused():
    frame = projects(2, 0.0, assigned="share")
    frame["senior"] = 0.1 * frame["complexity"]
    result = told(frame)
    assert result.verdict == "not comparable" and "nearly determined" in result.sentence


def test_an_outcome_that_contains_senior_hours_is_refused():
    frame = projects(3, 0.0).rename(columns={"outcome": "overrun_hours", "senior": "senior_share"})
    result = told(frame, outcome="overrun_hours", treatment="senior_share")
    assert result.verdict == "not comparable" and "contains" in result.sentence


def test_constant_treatment_and_few_rows_are_answered_clearly():
    frame = projects(4, 0.0)
    assert "the same for all" in told(frame.assign(senior=True)).sentence
    assert "only 30 engagements" in told(frame.head(30)).sentence
    few = frame.assign(senior=np.arange(len(frame)) < 10)
    assert "only 10 engagements on one side" in told(few).sentence


def test_unknown_columns_and_impossible_treatments_are_errors():
    frame = projects(5, 0.0)
    with pytest.raises(InputError, match="Did you mean 'complexity'"):
        told(frame, confounders=["complexty"])
    with pytest.raises(InputError, match="share from 0 to 1"):
        told(frame.assign(senior=np.arange(len(frame), dtype=float)))


def test_rows_without_outcome_are_counted_and_missing_confounders_kept():
    frame = projects(6, 0.4)
    frame.loc[:49, "outcome"] = np.nan
    frame.loc[60:90, "risk"] = np.nan
    result = told(frame)
    assert result.left_out.to_dict("records") == [{"reason": "no outcome", "rows_count": 50}]
    assert result.n == 350


def test_order_names_and_scale_do_not_change_the_answer():
    frame = projects(7, 0.4)
    first = told(frame)
    renamed = frame.sample(frac=1, random_state=1).assign(customer=lambda f: "Z" + f["customer"])
    assert told(renamed).estimate == pytest.approx(first.estimate, abs=1e-9)
    scaled = told(frame.assign(outcome=frame["outcome"] * 10))
    assert scaled.estimate == pytest.approx(10 * first.estimate, rel=0.02)
    worse = told(frame.assign(outcome=-frame["outcome"]), higher_is_better=False)
    assert worse.verdict == first.verdict


def test_money_decides_whether_an_effect_pays():
    frame = projects(8, 1.0)
    assert told(frame, outcome_value=100.0, treatment_cost=10.0).verdict == "pays"
    assert told(frame, outcome_value=100.0, treatment_cost=1000.0).verdict == "does not pay"


def test_the_strength_of_a_hidden_difficulty_is_told():
    result = told(projects(9, 1.0))
    figures = result.sensitivity.set_index("figure")["value"]
    assert 0 < figures["robustness value"] < 1
    assert "hidden difficulty" in result.sentence
    assert any(name.startswith("strongest recorded") for name in figures.index)


def organisation(with_roles=True):
    engagements = pd.DataFrame(
        {
            "engagement_id": [f"E{i}" for i in range(12)],
            "customer_id": ["A", "B"] * 6,
            "service_id": ["S", "T"] * 6,
            "requested_on": "2026-07-01",
            "complexity": 3,
        }
    )
    effort = pd.DataFrame(
        {
            "worked_on": "2026-08-01",
            "engagement_id": np.repeat(engagements["engagement_id"], 2),
            "role": ["lead", "analyst"] * 12,
            "worked_hours": [3.0, 7.0, 1.0, 9.0] * 6,
        }
    )
    late = effort.assign(worked_on="2026-06-30", worked_hours=1000.0)
    frames = {
        "customers": pd.DataFrame({"customer_id": ["A", "B"], "name": ["A", "B"], "category": ["x", "y"]}),
        "services": pd.DataFrame({"service_id": ["S", "T"], "name": ["s", "t"], "family": "f"}),
        "engagements": engagements,
        "effort": pd.concat([effort, late]),
    }
    roles = pd.DataFrame({"role": ["lead", "analyst"], "senior": ["yes", "no"], "hourly_cost": [100, 60]})
    return Dataset.from_frames({**frames, "roles": roles} if with_roles else frames).as_of("2026Q3")


GROUPS = pd.DataFrame({"customer_id": ["A", "B"], "category": ["x", "y"], "segment": ["one", "two"]})


def test_shares_are_ratios_of_the_quarters_hours():
    shares = review_senior_time(organisation(), "2026Q3", GROUPS).shares.set_index(["group_kind", "group"])
    assert shares.loc[("all", "all"), "senior_share"].item() == pytest.approx(24 / 120)
    assert shares.loc[("segment", "one"), "senior_share"].item() == pytest.approx(0.3)
    assert shares.loc[("service", "T"), "senior_hours"].item() == pytest.approx(6)
    # Each segment asks for one service only: with the whole's shares of its own work both stand at the whole's.
    assert shares.loc[("segment", "one"), "standardised_share"].item() == pytest.approx(0.2)


def test_delegable_hours_are_those_above_comparable_services():
    table = review_senior_time(organisation(), "2026Q3", GROUPS).delegable
    row = table.iloc[0]
    # S took 18 of 60 hours; T, of the same family and complexity, one in ten: 12 hours at 40 more an hour.
    assert (row["service_id"], row["excess_hours"], row["cost"]) == ("S", pytest.approx(12), pytest.approx(480))
    assert len(table) == 1


def test_without_roles_the_review_says_what_is_missing():
    review = review_senior_time(organisation(with_roles=False), "2026Q3", GROUPS)
    assert review.shares.empty and review.effect is None and "roles.senior" in review.sentence
