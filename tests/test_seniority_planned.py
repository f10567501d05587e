"""Of very many deliveries the senior effect is told from those of evenly drawn customers, and it is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.seniority import planned
from pmo_analysis.contract.settings import Settings


def deliveries(customers: int = 60, each: int = 10) -> pd.DataFrame:
    """Ten points more senior share add 1.5 points; complexity takes six and draws senior people."""
    rng = np.random.default_rng(0)
    count = customers * each
    complexity = rng.integers(1, 6, count).astype(float)
    share = np.clip(0.2 + 0.05 * (complexity - 3) + rng.normal(0, 0.08, count), 0, 1)
    hours = np.round(rng.lognormal(2, 0.5, count), 2)
    return pd.DataFrame(
        {
            "engagement_id": [f"E{i:05d}" for i in range(count)],
            "customer_id": [f"C{i % customers:03d}" for i in range(count)],
            "outcome_score": 70 - 6 * (complexity - 3) + 15 * share + rng.normal(0, 4, count),
            "planned_senior_share": share,
            "planned_hours": hours,
            "planned_log_hours": np.log(hours),
            "complexity": complexity,
        }
    ).assign(**dict.fromkeys(["service_id", "size_quoted", "tier", "bespoke", "stage", "segment"], "one"))


def test_all_deliveries_are_used_where_they_are_not_too_many() -> None:
    rows = deliveries(30)
    assert planned.draw_customers(rows, 300) is rows


def test_whole_customers_are_drawn_evenly_whatever_their_names_and_the_order() -> None:
    rows = deliveries()
    drawn = planned.draw_customers(rows, 200)
    assert drawn["customer_id"].nunique() == 20 and len(drawn) == 200
    other = rows.assign(customer_id="X" + (999 - rows["customer_id"].str[1:].astype(int)).astype(str))
    again = planned.draw_customers(other.sample(frac=1, random_state=1), 200)
    assert set(again["engagement_id"]) == set(drawn["engagement_id"])


def test_what_was_not_looked_at_is_said_and_the_effect_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned, "MOST_DELIVERIES", 300)
    effect = planned.planned_effect(deliveries(), float("nan"), Settings())
    assert effect.n == 300
    assert effect.left_out.to_dict("records") == [{"reason": "customer not drawn", "rows_count": 300}]
    assert effect.sentence.endswith("Told from 300 deliveries of 30 evenly drawn customers out of 60.")
    assert effect.low < 1.5 < effect.high and effect.low > 0
