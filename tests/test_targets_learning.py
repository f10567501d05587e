"""Where customers are many: on whom the forecast is learned, and that it is told for everybody alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.adoption import ndcg, plant
from pmo_analysis.analysis.targets import learning, target_services
from pmo_analysis.analysis.targets.knowledge import know_customers
from pmo_analysis.analysis.targets.trials import make_trials


def tell(planted, *, recorded=False, **changed):
    customers = planted.customers if recorded else planted.customers.drop(columns="active_to_on")
    given = {"customers": customers, "segments": planted.segments, "services": planted.services, "quarter": "2024Q4"}
    return target_services(planted.history, **given | changed)


@pytest.mark.parametrize("variant", ["recorded", "leaving"])
def test_chances_told_in_pieces_are_those_told_at_once(monkeypatch, variant):
    planted = plant(3, 90, services=6, variant=variant)
    planted.segments.iloc[5] = "of its own"  # whether or not its only customer is drawn
    undated = planted.customers.assign(active_from_on=planted.customers["active_from_on"].where(np.arange(90) % 3 > 0))
    table = undated if variant == "leaving" else planted.customers
    monkeypatch.setattr(learning, "LEARNED_FROM", 50)
    at_once = tell(planted, recorded=True, customers=table)
    monkeypatch.setattr(learning, "AT_A_TIME", 7)
    pieces = tell(planted, recorded=True, customers=table)
    assert len(at_once.probabilities) > 50
    pd.testing.assert_frame_equal(pieces.probabilities, at_once.probabilities, rtol=1e-12, atol=1e-14)
    pd.testing.assert_frame_equal(pieces.next_services, at_once.next_services, rtol=1e-12, atol=1e-14)
    pd.testing.assert_frame_equal(pieces.holdout, at_once.holdout)


def test_learning_from_a_third_of_the_customers_tells_nearly_the_same(monkeypatch):
    planted = plant(11, 900, services=6, quarters=9, variant="recorded")
    whole = tell(planted, recorded=True, quarter="2024Q1")
    monkeypatch.setattr(learning, "LEARNED_FROM", 300)
    drawn = tell(planted, recorded=True, quarter="2024Q1")
    here = planted.customers["customer_id"].isin(whole.probabilities.index).to_numpy()  # the others have left
    scores = [ndcg(told.probabilities.to_numpy(), planted.asked[here]) for told in (whole, drawn)]
    assert scores[1] > scores[0] - 0.01
    assert drawn.probabilities.sum().sum() == pytest.approx(planted.chance[here].sum(), rel=0.05)
    assert (drawn.probabilities - whole.probabilities).abs().mean().mean() < 0.01
    assert drawn.holdout["customers_count"].max() <= 300 < whole.holdout["customers_count"].min()
    assert "Learned from, and checked on, 300 of 900 customers" in drawn.sentence and "drawn" not in whole.sentence
    pd.testing.assert_frame_equal(drawn.fit, whole.fit)  # counted, not learned: of all


def test_neither_names_nor_the_order_of_rows_say_who_is_drawn(monkeypatch):
    monkeypatch.setattr(learning, "LEARNED_FROM", 40)
    planted = plant(5, 80, services=6, variant="recorded")
    first = tell(planted, recorded=True)
    rename = {c: f"Z{1000 - i}" for i, c in enumerate(planted.customers["customer_id"])}
    again = target_services(
        planted.history.sample(frac=1, random_state=1).replace({"customer_id": rename}),
        customers=planted.customers.replace({"customer_id": rename}).iloc[::-1],
        segments=planted.segments.rename(rename), services=planted.services, quarter="2024Q4",
    )  # fmt: skip
    expected = first.probabilities.rename(index=rename).sort_index()
    np.testing.assert_allclose(again.probabilities, expected, rtol=1e-9)


def test_customers_are_drawn_evenly_over_segments_and_how_much_they_ask_and_never_of_those_to_come(monkeypatch):
    planted = plant(2, 120, services=5)
    names = planted.customers["customer_id"]
    later = pd.DataFrame({"customer_id": [f"L{i:02}" for i in range(40)], "active_from_on": pd.Timestamp("2030-01-01")})
    table = pd.concat([planted.customers, later], ignore_index=True)
    segments = pd.Series(["many"] * 80 + ["few"] * 40 + ["many"] * 40, index=table["customer_id"])
    trials = make_trials(planted.history, table, planted.services, "2024Q4")
    known = know_customers(trials, segments=segments)
    assert learning.draw_customers(trials, known).tolist() == list(range(160))
    monkeypatch.setattr(learning, "LEARNED_FROM", 30)
    rows = learning.draw_customers(trials, known)
    drawn = [trials.customers[i] for i in rows]
    assert len(drawn) == 30 and set(drawn) <= set(names)
    assert segments[drawn].value_counts().to_dict() == {"many": 20, "few": 10}
    asked = trials.asked.sum((1, 2))
    assert asked[rows].mean() == pytest.approx(asked[: len(names)].mean(), rel=0.15)


def test_one_quarter_is_counted_of_all_and_nobody_left_is_told_however_many_there_are(monkeypatch):
    monkeypatch.setattr(learning, "LEARNED_FROM", 20)
    planted = plant(4, 60, services=4)
    last = target_services(planted.history[planted.history["quarter"] == "2024Q3"], segments=planted.segments)
    assert "popularity only" in last.sentence and "drawn" not in last.sentence
    gone = planted.customers.assign(active_to_on=pd.Timestamp("2024-08-01"))
    told = tell(planted, customers=gone)
    assert "No customer is left" in told.sentence and told.probabilities.empty and told.next_services.empty
