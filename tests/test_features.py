"""What customers need, told by what they ask for: small tables with answers worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.features import count_requests, customer_features, feature_panel
from pmo_analysis.analysis.requests import request_history
from pmo_analysis.analysis.segments import segment_customers
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset

SERVICES = pd.DataFrame(
    {
        "service_id": ["plan", "build", "audit"],
        "name": ["Planning", "Building", "Audit"],
        "category": "x",
        "family": ["Advice", "Delivery", "Advice"],
        "mandated": ["no", "no", "yes"],
    }
)


def requests(
    rows: list[tuple], columns: str = "customer_id service_id requested_on stage state planned_hours"
) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns.split())
    return frame.assign(engagement_id=[f"E{i:02d}" for i in range(len(frame))])


@pytest.fixture(scope="module")
def data() -> Dataset:
    customers = pd.DataFrame(
        {
            "customer_id": ["a", "b", "gone", "quiet", "never"],
            "name": list("ABGQN"),
            "category": "x",
            "active_from_on": ["2020-01-01", "2026-04-01", "2020-01-01", "2020-01-01", "2020-01-01"],
            "active_to_on": [None, None, "2026-05-31", None, None],
        }
    )
    engagements = requests(
        [
            ("a", "plan", "2025-11-03", "idea", "delivered", 10.0),
            ("a", "plan", "2026-02-03", "idea", "refused", 40.0),
            ("a", "build", "2026-02-20", "build", "delivered", 20.0),
            ("a", "audit", "2026-03-01", "build", "delivered", 500.0),
            ("b", "build", "2026-09-30", None, "open", None),
            ("gone", "plan", "2026-01-05", "idea", "delivered", 5.0),
            ("quiet", "plan", "2024-01-05", "idea", "delivered", 5.0),
            ("stranger", "plan", "2026-01-05", "idea", "delivered", 5.0),
            ("a", "build", "2026-10-01", "build", "open", 1000.0),
        ]
    )
    needs = pd.DataFrame(
        [("a", "Advice", 2, "2025-01-01"), ("a", "Advice", 5, "2026-01-01"), ("a", "Advice", 1, "2026-12-01")],
        columns=["customer_id", "family", "importance", "asked_on"],
    )
    survey = pd.DataFrame(
        {
            "response_id": ["r"],
            "customer_id": ["a"],
            "answered_on": ["2026-01-05"],
            "question": ["csat"],
            "score": [4],
            "engagement_id": ["E00"],
        }
    )
    return Dataset.from_frames(
        {
            "customers": customers,
            "services": SERVICES.drop(columns="category"),
            "engagements": engagements,
            "needs": needs,
            "survey": survey,
        }
    )


@pytest.fixture(scope="module")
def features(data):
    return customer_features(data, "2026Q3")


def test_rates_count_refused_requests_per_quarter_but_not_what_law_demands(features):
    assert features.values.loc["a", "advice_requests_count"] == 2 / 4
    assert features.values.loc["a", "delivery_requests_count"] == 1 / 4


def test_a_newcomer_is_measured_over_the_quarters_it_was_there(features):
    days = (pd.Timestamp("2026-09-30") - pd.Timestamp("2026-04-01")).days
    assert features.values.loc["b", "delivery_requests_count"] == pytest.approx(1 / (days / 91.3))


def test_shares_of_few_requests_are_drawn_to_the_average(features):
    # idea: a 2 of 3, gone 1 of 1 and stranger 1 of 1 are out; a is the only customer with a known stage.
    assert features.values.loc["a", "idea_stage_share"] == pytest.approx((2 + 4 * 2 / 3) / (3 + 4))
    assert np.isnan(features.values.loc["b", "idea_stage_share"])


def test_hours_of_a_typical_request_are_a_geometric_mean_and_missing_stays_missing(features):
    assert features.values.loc["a", "planned_hours"] == pytest.approx(20.0, rel=1e-5)
    assert np.isnan(features.values.loc["b", "planned_hours"])


def test_the_latest_need_known_by_the_quarters_end_counts(features):
    assert features.values.loc["a", "advice_need"] == 5


def test_rhythm_is_the_share_of_months_with_a_request_while_a_customer_was_there(features):
    assert features.values.loc["a", "active_months_share"] == pytest.approx(2 / 12)
    days = (pd.Timestamp("2026-09-30") - pd.Timestamp("2026-04-01")).days
    assert features.values.loc["b", "active_months_share"] == pytest.approx(1 / (3 * days / 91.3))


def test_everyone_left_out_has_a_reason(features):
    reasons = features.left_out.set_index("customer_id")["reason"]
    assert reasons["gone"] == "no longer a customer"
    assert reasons["quiet"].startswith("quiet")
    assert reasons["never"].startswith("never")
    assert reasons["stranger"] == "not in the customers table"
    assert set(features.values.index) == {"a", "b"}


def test_every_feature_has_a_meaning_and_none_is_an_outcome_or_the_category(features):
    assert features.meaning["feature"].tolist() == features.values.columns.tolist()
    assert not features.values.columns.str.contains("satisfaction|outcome|category|lead").any()


def test_three_tables_are_enough_and_money_then_stands_in_for_size():
    data = Dataset.from_frames(
        {
            "customers": pd.DataFrame({"customer_id": ["a", "b"], "name": ["A", "B"], "category": ["x", "x"]}),
            "services": pd.DataFrame({"service_id": ["s", "t"], "name": ["Hosting", "Advice"]}),
            "engagements": requests(
                [("a", "s", "2026-08-01", 100.0), ("a", "s", "2026-08-02", 400.0), ("b", "t", "2026-08-02", -5.0)],
                "customer_id service_id requested_on charged_cost",
            ),
        }
    )
    told = customer_features(data, "2026Q3")
    assert told.values.loc["a", "typical_request_cost"] == pytest.approx(200, rel=1e-5)
    assert np.isnan(told.values.loc["b", "typical_request_cost"])
    # Nothing is recorded before the last quarter, so nothing is known of the three before it.
    assert told.values["hosting_requests_count"].to_dict() == {"a": 2.0, "b": 0.0}
    assert "engagements.planned_hours" in told.sentence


def test_history_tells_requests_refusals_and_how_they_were_received(data):
    rows = request_history(data, "2026Q3").set_index(["customer_id", "service_id", "quarter"]).sort_index()
    assert rows.loc[("a", "plan", "2026Q1"), ["engagement_count", "refused_count"]].tolist() == [1, 1]
    assert rows.loc[("a", "plan", "2025Q4"), "satisfaction_score"] == 75.0
    assert "2026Q4" not in rows.index.get_level_values("quarter")


def test_the_panels_last_quarter_is_the_quarters_own_features(data, features):
    panel = feature_panel(data, "2026Q3", quarters=3)
    assert sorted(panel["quarter"].unique()) == ["2026Q1", "2026Q2", "2026Q3"]
    last = panel[panel["quarter"] == "2026Q3"].set_index("customer_id").drop(columns="quarter")
    pd.testing.assert_frame_equal(last, features.values, check_like=True)


def test_a_stated_need_counts_for_a_year_in_the_panel_and_longer_for_the_quarter(data):
    old = data.frame("needs").assign(asked_on=pd.Timestamp("2025-01-01")).head(1)
    aged = Dataset.from_frames({n: data.frame(n) for n in ("customers", "services", "engagements")} | {"needs": old})
    assert customer_features(aged, "2026Q3").values.loc["a", "advice_need"] == 2
    panel = feature_panel(aged, "2026Q3", quarters=6).set_index(["customer_id", "quarter"])
    assert panel.loc[("a", "2025Q4"), "advice_need"] == 2
    assert np.isnan(panel.loc[("a", "2026Q3"), "advice_need"])


def test_the_record_begins_with_the_first_request(data):
    assert count_requests(data, "2026Q3").recorded_from(12) == "2024Q1"


@pytest.mark.parametrize("tell", [customer_features, feature_panel, request_history])
def test_a_path_instead_of_a_dataset_is_told_to_be_loaded_first(tell):
    with pytest.raises(InputError, match=r"data = pmo.load\('my_demo'\)"):
        tell("my_demo", "2026Q3")


def test_features_passed_whole_to_the_segmentation_are_told_to_be_opened(features):
    with pytest.raises(InputError, match="Pass its .values"):
        segment_customers(features)
