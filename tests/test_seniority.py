"""Senior time: the planted effect is found like with like, and refused where it cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from pmo_analysis.analysis.seniority import NOT_NAMED, review_senior_time, senior_effect
from pmo_analysis.analysis.seniority.sensitivity import robustness_value
from pmo_analysis.analysis.seniority.worth import tell_worth
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


def test_rows_without_an_outcome_or_a_number_that_tells_difficulty_are_left_out_and_counted():
    frame = projects(6, 0.4)
    frame.loc[:49, "outcome"] = np.nan
    frame.loc[40:89, "risk"] = np.nan
    result = told(frame)
    assert result.left_out.to_dict("records") == [
        {"reason": "no outcome", "rows_count": 50},
        {"reason": "no risk", "rows_count": 40},
    ]
    assert result.n == 310
    # Blank in over a quarter of the rows: marked instead of left out.
    frame.loc[:149, "risk"] = np.nan
    assert told(frame).n == 350


def test_blank_complexity_does_not_bring_the_naive_comparison_back():
    """Rows whose difficulty is unknown have most of their share left and would weigh most."""
    frame = projects(21, 0.0, assigned="share")
    whole, some = told(frame), frame.copy()
    some.loc[some.sample(frac=0.1, random_state=0).index, "complexity"] = np.nan
    assert abs(told(some).estimate - whole.estimate) < 0.03


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


def test_the_robustness_value_is_that_of_the_published_example():
    """Cinelli & Hazlett (2020), Darfur: effect .097, error .023, 783 degrees: t 4.18, RV 13.9 %, at 5 % 7.6 %."""
    t, degrees = 4.18445, 783
    assert robustness_value(t / np.sqrt(degrees)) == pytest.approx(0.139, abs=5e-4)
    clear = t / np.sqrt(degrees) - stats.t.ppf(0.975, degrees - 1) / np.sqrt(degrees - 1)
    assert robustness_value(clear) == pytest.approx(0.076, abs=5e-4)


def test_whether_the_effect_differs_with_complexity_is_told_only_where_it_is_seen():
    frame = projects(10, 0.4)
    alike = told(frame, modifier="complexity")
    assert "Whether it differs with complexity cannot be told" in alike.sentence
    gains = 1.6 * (frame["complexity"] > 3) * frame["senior"]
    apart = told(frame.assign(outcome=frame["outcome"] + gains), modifier="complexity")
    lines = apart.by_modifier.set_index("part")
    assert lines.loc["difference", "low"] > 0 and lines.loc["difference", "value"] == pytest.approx(1.6, abs=0.5)
    assert "above 3" in apart.sentence and lines.loc["difference", "n"] == 400
    assert told(frame).by_modifier.empty


def test_money_of_a_planted_effect_pays_only_above_the_rate_difference():
    """Outcome in money: seniors gain 60,000 a project; they cost 20,000, about as much, or 100,000 more."""
    frame = projects(11, 0.6)
    frame["outcome"] *= 100_000
    verdicts = [told(frame, treatment_cost=cost).verdict for cost in (20_000.0, 60_000.0, 100_000.0)]
    assert verdicts == ["pays", "cannot tell", "does not pay"]


def test_few_customers_and_nothing_known_are_answered_clearly():
    frame = projects(12, 0.0)
    assert "only 1 customers" in told(frame.assign(customer="A")).sentence
    assert "only 0 engagements" in told(frame.assign(outcome=np.nan)).sentence


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


def test_lines_of_a_kind_add_up_to_the_whole_with_hours_on_nothing_named():
    data = organisation()
    loose = pd.DataFrame({"worked_on": ["2026-08-02"], "customer_id": ["A"], "role": ["lead"], "worked_hours": [5.0]})
    frames = {t: data.frame(t) for t in ("customers", "services", "engagements", "roles")}
    data = Dataset.from_frames({**frames, "effort": pd.concat([data.frame("effort"), loose])}).as_of("2026Q3")
    shares = review_senior_time(data, "2026Q3", GROUPS).shares
    sums = shares[shares["side"] == "pmo"].groupby("group_kind")["senior_hours"].sum()
    assert sums.to_numpy() == pytest.approx(29.0)
    nowhere = shares.set_index(["group_kind", "group"]).loc[("service", NOT_NAMED)]
    assert nowhere["senior_hours"].item() == pytest.approx(5) and nowhere["n"].item() == 0


def test_where_few_are_senior_their_hours_are_told_for_the_whole_only():
    people = pd.Series({"lead": 4.0, "analyst": 9.0})
    few = review_senior_time(organisation(), "2026Q3", GROUPS, people=people)
    assert few.shares["group_kind"].tolist() == ["all"] and few.delegable.empty and few.delegable_by.empty
    assert "Fewer than 5 people" in few.sentence and "lead" not in few.shares.to_csv()
    many = review_senior_time(organisation(), "2026Q3", GROUPS, people=people + 1)
    assert len(many.shares) > 1 and len(many.delegable) == 1


def test_executives_hours_are_over_engagements_and_approvals():
    data = organisation()
    frames = {t: data.frame(t) for t in ("customers", "services", "effort")}
    frames["engagements"] = data.frame("engagements").assign(approval_count=2)
    sponsor = pd.DataFrame({"role": ["sponsor"], "senior": [True], "hourly_cost": [200.0], "side": ["customer"]})
    asked = pd.DataFrame({"worked_on": "2026-08-03", "engagement_id": [f"E{i}" for i in range(6)], "role": "sponsor",
                          "worked_hours": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]})  # fmt: skip
    frames |= {"roles": pd.concat([data.frame("roles"), sponsor]), "effort": pd.concat([frames["effort"], asked])}
    told = review_senior_time(Dataset.from_frames(frames).as_of("2026Q3"), "2026Q3", GROUPS).executives
    whole = told[told["group_kind"] == "all"].set_index("figure")["value"]
    # 12 hours over 6 engagements and their 12 approvals.
    assert whole["customers' senior hours per engagement"] == pytest.approx(2.0)
    assert whole["customers' senior hours per approval"] == pytest.approx(1.0)
    assert review_senior_time(organisation(), "2026Q3", GROUPS).executives.empty


def test_a_point_of_outcome_must_be_worth_the_extra_cost_over_the_effect():
    effect = told(projects(9, 1.0))
    rows = tell_worth(effect, 30.0, 100.0).set_index("figure")
    assert rows.loc["worth of an outcome point from which it pays", "value"] == pytest.approx(30 / effect.estimate)
    assert rows.loc["worth of an outcome point from which it pays", "high"] == pytest.approx(30 / effect.low)
    net = rows.loc["money gained less extra cost, per delivery"]
    assert net["value"] == pytest.approx(100 * effect.estimate - 30) and net["low"] == pytest.approx(
        100 * effect.low - 30
    )
    assert tell_worth(None, 30.0, 0.0).empty and tell_worth(effect, np.nan, 0.0).empty


def test_without_roles_the_review_says_what_is_missing():
    review = review_senior_time(organisation(with_roles=False), "2026Q3", GROUPS)
    assert review.shares.empty and review.effect is None and "roles.senior" in review.sentence
