"""Why a customer is in its segment, and what alone would move it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.segments import assign_segments, explain_customer, segment_customers
from pmo_analysis.analysis.segments.explain import REST, split_odds
from pmo_analysis.analysis.segments.mixture import Mixture, Points
from pmo_analysis.contract.errors import InputError


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """Two groups that overlap, with a text, whole numbers and gaps."""
    rng = np.random.default_rng(11)
    group = np.repeat([0, 1], [60, 50])
    frame = pd.DataFrame(
        {
            "spend_cost": np.exp(rng.normal(8 + 1.2 * group, 0.5)),
            "tools_need": np.clip(rng.poisson(1 + 2.5 * group), 1, 5).astype(float),
            "wait_days": rng.normal(30 - 6 * group, 3),
            "stage": np.where(rng.random(110) < 0.8, np.array(["Plan", "Run"])[group], "Close"),
        },
        index=pd.Index([f"C{i:03d}" for i in range(110)], name="customer_id"),
    )
    return frame.mask(rng.random(frame.shape) < 0.06)


@pytest.fixture(scope="module")
def cut(customers):
    return segment_customers(customers, segments=2)


def test_pulls_sum_to_the_log_odds_for_every_customer(customers, cut):
    for who in customers.index[::9]:
        told = explain_customer(customers, cut.scheme, who)
        member = cut.members.loc[who]
        odds = np.log(member["confidence"]) - np.log(member["second_confidence"])
        assert told.reasons["pull"].sum() == pytest.approx(odds, rel=1e-6)
        assert (told.segment, told.second) == (member["segment"], member["second"])
        assert told.reasons["feature"].iloc[-1] == REST


def test_pulls_by_hand_where_features_do_not_depend_on_each_other():
    # Two groups of equal weight and spread 1, centres (0, 0) and (4, 0); level chances 3/4 and 1/4.
    mixture = Mixture(
        np.array([0.5, 0.5]),
        np.array([[0.0, 0.0], [4.0, 0.0]]),
        np.stack([np.eye(2)] * 2),
        (np.array([[0.75, 0.25], [0.25, 0.75]]),),
    )
    point = Points(np.array([[1.0, 7.0]]), np.array([[0]]), (2,))
    # First feature: (−1² + 3²)/2 = 4; the second is alike in both; the level: log 3.
    assert split_odds(point, mixture, 0, 1) == pytest.approx([4.0, 0.0, np.log(3), 0.0])
    unknown = Points(np.array([[np.nan, 7.0]]), np.array([[-1]]), (2,))
    assert split_odds(unknown, mixture, 0, 1) == pytest.approx([0.0, 0.0, 0.0, 0.0])


def test_what_features_share_is_split_evenly_between_them():
    # Correlation 1/2, centres (0, 0) and (2, 2), customer at (0, 0): P = 4/3 [[1, −1/2], [−1/2, 1]], ½δᵀPδ = 8/3.
    covariance = np.array([[1.0, 0.5], [0.5, 1.0]])
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[0.0, 0.0], [2.0, 2.0]]), np.stack([covariance] * 2), ())
    point = Points(np.zeros((1, 2)), np.zeros((1, 0), int), ())
    assert split_odds(point, mixture, 0, 1) == pytest.approx([4 / 3, 4 / 3, 0.0])


def test_a_move_places_the_customer_in_the_next_best_segment_and_anything_nearer_does_not(customers, cut):
    moved = 0
    for who in customers.index[::7]:
        told = explain_customer(customers, cut.scheme, who)
        known = told.moves[told.moves["feature"].isin(["spend_cost", "wait_days"])].dropna()
        for move in known.to_dict("records"):
            row = customers.loc[[who]]
            there = row.assign(**{move["feature"]: move["to_value"]})
            almost = row.assign(**{move["feature"]: 0.999 * move["to_value"] + 0.001 * move["value"]})
            assert assign_segments(there, cut.scheme)["segment"].iloc[0] == told.second
            assert assign_segments(almost, cut.scheme)["segment"].iloc[0] == told.segment
            assert customers[move["feature"]].min() <= move["to_value"] <= customers[move["feature"]].max()
            moved += 1
    assert moved >= 5


def test_choices_move_to_a_level_as_written_and_whole_numbers_to_whole_numbers(customers, cut):
    told = [explain_customer(customers, cut.scheme, who).moves.set_index("feature") for who in customers.index[::4]]
    levels = [t.loc["stage", "to_value"] for t in told]
    needs = [t.loc["tools_need", "to_value"] for t in told]
    assert {v for v in levels if isinstance(v, str)} <= {"Plan", "Run", "Close"} and any(
        isinstance(v, str) for v in levels
    )
    known = [v for v in needs if not pd.isna(v)]
    assert known and all(v == round(v) and 1 <= v <= 5 for v in known)


def test_missing_cells_and_unseen_levels_pull_nothing(customers, cut):
    changed = customers.copy()
    changed.loc["C003", "spend_cost"] = np.nan
    changed.loc["C003", "stage"] = "Never heard of"
    told = explain_customer(changed, cut.scheme, "C003").reasons.set_index("feature")
    assert told.loc["spend_cost", "pull"] == 0 and told.loc["stage", "pull"] == 0
    assert pd.isna(told.loc["spend_cost", "value"])


def test_medians_are_those_of_the_segments(customers, cut):
    told = explain_customer(customers, cut.scheme, "C003")
    own = cut.members["segment"] == told.segment
    reasons = told.reasons.set_index("feature")
    assert reasons.loc["wait_days", "segment_median"] == customers.loc[own, "wait_days"].median()
    assert reasons.loc["wait_days", "other_median"] == customers.loc[~own, "wait_days"].median()
    assert reasons.loc["stage", "segment_median"] == customers.loc[own, "stage"].mode().iloc[0]


def test_the_sentence_names_both_segments_and_escapes_in_html(customers, cut):
    told = explain_customer(customers.rename(index={"C003": "<b>"}), cut.scheme, "<b>")
    assert f"In {told.segment} (" in told.sentence and f"rather than {told.second} (" in told.sentence
    assert "<b>" not in told._repr_html_()


def test_strangers_and_single_groups_are_refused_in_words(customers, cut):
    with pytest.raises(InputError, match="no customer 'X9'"):
        explain_customer(customers, cut.scheme, "X9")
    one = segment_customers(customers, segments=1)
    with pytest.raises(InputError, match="one group"):
        explain_customer(customers, one.scheme, "C003")


def test_several_customers_at_once_are_refused(customers, cut):
    with pytest.raises(InputError, match="Give one customer_id"):
        explain_customer(customers, cut.scheme, [customers.index[0]])
