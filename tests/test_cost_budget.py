"""The PMO's own cost: budget, overhead by size of project, and statements that add up to the cent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pmo_analysis.analysis.cost import cost_to_serve, review_budget, tell_costs, write_showback
from pmo_analysis.analysis.cost.hours import PER_UNIT
from pmo_analysis.analysis.cost.ledger import tell_unused
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.load import load
from pmo_analysis.intake.mapping import import_tables

ROOT = Path(__file__).resolve().parents[1]
DAYS = {"2026Q1": "2026-02-02", "2026Q2": "2026-05-04", "2026Q3": "2026-08-03"}


def _office(hours: dict[str, float] | None = None, **more: pd.DataFrame) -> Dataset:
    """One role at 60 an hour (12,000 for 200 h a quarter), two customers, a project each."""
    worked = pd.DataFrame(
        [(DAYS[q], h, "analyst", "e1") for q, h in (hours or {"2026Q1": 100, "2026Q2": 150, "2026Q3": 50}).items()],
        columns=["worked_on", "worked_hours", "role", "engagement_id"],
    )
    return Dataset.from_frames(
        {
            "customers": pd.DataFrame({"customer_id": ["a", "b"], "name": ["A", "B"], "category": "IT"}),
            "services": pd.DataFrame({"service_id": ["plan"], "name": ["Plan"]}),
            "engagements": pd.DataFrame(
                {
                    "engagement_id": ["e1", "e2"],
                    "customer_id": ["a", "b"],
                    "service_id": "plan",
                    "requested_on": "2026-01-05",
                    "delivered_on": ["2026-08-10", "2026-08-11"],
                    "project_id": ["small", None],
                    "charged_cost": [4000.0, None],
                }
            ),
            "roles": pd.DataFrame({"role": ["analyst"], "senior": ["no"]}),
            "capacity": pd.DataFrame(
                {"quarter": list(DAYS), "role": "analyst", "fte": 1, "practical_hours": 200, "capacity_cost": 12_000}
            ),
            "projects": pd.DataFrame(
                {
                    "project_id": ["small", "big", "old"],
                    "customer_id": ["a", "b", "b"],
                    "planned_start_on": ["2026-02-10", "2026-03-01", "2019-01-01"],
                    "actual_cost": [90_000.0, 910_000.0, 5_000.0],
                }
            ),
            "effort": worked,
            **more,
        }
    )


def test_the_budget_is_told_by_quarter_and_to_date_and_used_and_unused_make_up_supplied() -> None:
    told = review_budget(_office(), "2026Q3", Settings({"pmo_budget_cost": 11_000.0}))
    lines = told.budget.set_index("quarter")
    assert lines["used_cost"].tolist() == [6000, 9000, 3000, 18_000]
    assert lines["unused_cost"].tolist() == [6000, 3000, 9000, 18_000]
    assert (lines["used_cost"] + lines["unused_cost"] == lines["supplied_cost"]).all()
    assert lines["budget_cost"].tolist() == [11_000, 11_000, 11_000, 33_000]
    assert lines["difference_cost"].tolist() == [1000, 1000, 1000, 3000]
    assert "EUR 1,000 over its budget in the quarter, EUR 3,000 over it in the year to date" in told.sentence


def test_without_a_budget_there_is_no_difference_and_it_is_said() -> None:
    told = review_budget(_office(), "2026Q3")
    assert told.budget["difference_cost"].isna().all() and told.budget["budget_cost"].isna().all()
    assert "no budget is given (setting pmo_budget_cost)" in told.sentence


def test_a_quarter_without_capacity_leaves_the_year_unknown_rather_than_low() -> None:
    capacity = pd.DataFrame(
        {"quarter": ["2026Q3"], "role": "analyst", "fte": 1, "practical_hours": 200, "capacity_cost": 12_000}
    )
    lines = review_budget(_office(capacity=capacity), "2026Q3").budget.set_index("quarter")
    assert np.isnan(lines.loc["2026Q1", "supplied_cost"]) and np.isnan(lines.loc["year to date", "supplied_cost"])
    assert lines.loc["2026Q1", "unstated_cost"] == 6000 and lines.loc["2026Q3", "supplied_cost"] == 12_000


def test_overhead_is_a_ratio_of_sums_by_size_class_and_early_projects_are_counted_not_told() -> None:
    told = review_budget(_office(), "2026Q3")
    shares = told.overhead.set_index("size_class")
    assert shares.index.tolist() == ["under EUR 100k", "EUR 500k to EUR 2m", "all projects"]
    assert shares["pmo_cost"].tolist() == [18_000, 0, 18_000]
    assert shares["overhead_share"].tolist() == pytest.approx([0.2, 0.0, 0.018])
    assert shares["low"].isna().all() and "1 whose start" in told.sentence


def test_where_every_project_began_before_the_first_booking_none_is_told() -> None:
    projects = _office().frame("projects").assign(planned_start_on="2020-01-06")
    told = review_budget(_office(projects=projects), "2026Q3")
    assert told.overhead.empty and f"{projects['project_id'].nunique()} whose start" in told.sentence


def test_rules_of_thumb_are_told_with_their_source_and_contradict_each_other() -> None:
    lines = review_budget(_office(), "2026Q3").references
    assert lines["source"].str.len().min() > 10
    assert lines["high_share"].max() / lines["low_share"].min() == pytest.approx(9.0)


def test_showback_keeps_charged_cost_to_serve_and_own_hours_apart_and_adds_up() -> None:
    effort = pd.DataFrame(
        {
            "worked_on": "2026-08-03",
            "worked_hours": [10.0, 3.33, 2.0],
            "role": "analyst",
            "engagement_id": ["e1", None, "e1"],
            "customer_id": [None, "a", None],
            "side": ["pmo", "pmo", "customer"],
        }
    )
    cost = cost_to_serve(_office(effort=effort), "2026Q3")
    told = write_showback(cost, "EUR")
    total = told.table[told.table["service_id"] == "all services"].set_index("customer_id").loc["a"]
    assert total["charged_cost"] == 4000 and total["cost_to_serve_cost"] == pytest.approx(13.33 * 60)
    assert total["own_hours"] == 2 and np.isnan(total["own_hours_cost"])
    assert told.reconciliation["difference_cost"].fillna(0).tolist() == [0, 0, 0]


def test_cost_by_size_adds_up_to_the_table_and_limits_hold_the_unit_cost() -> None:
    rng = np.random.default_rng(0)
    engagements = pd.DataFrame(
        {
            "engagement_id": [f"e{i}" for i in range(60)],
            "customer_id": np.where(np.arange(60) % 2, "a", "b"),
            "service_id": "plan",
            "requested_on": "2026-07-02",
            "delivered_on": "2026-08-20",
            "size_quoted": np.where(np.arange(60) % 3, "S", None),
        }
    )
    effort = pd.DataFrame(
        {"worked_on": "2026-08-03", "worked_hours": rng.gamma(2, 3, 60).round(2), "role": "analyst"}
    ).assign(engagement_id=engagements["engagement_id"])
    data = _office(effort=effort, engagements=engagements)
    for by in tell_costs(data, "2026Q3"):
        cost = cost_to_serve(data, "2026Q3", by)
        sizes = cost.by_size
        assert round(sizes["cost_to_serve_cost"].sum(), 4) == round(cost.table["cost_to_serve_cost"].sum(), 4)
        assert sizes["engagements_count"].sum() == 60 and sizes["size"].isna().any()
        if by == "customer":
            assert (
                (sizes["unit_cost_low"] < sizes["unit_cost"]) & (sizes["unit_cost"] < sizes["unit_cost_high"])
            ).all()


@given(
    hours=st.lists(st.tuples(st.sampled_from(["e1", "e2", ""]), st.integers(0, 50_000)), min_size=1, max_size=12),
    supplied=st.integers(10_000, 400_000),
    money=st.integers(0, 9_999_999),
)
@settings(max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
def test_used_and_unused_are_what_was_supplied_and_nobody_pays_for_unused(
    hours: list[tuple[str, int]], supplied: int, money: int
) -> None:
    effort = pd.DataFrame(
        [("2026-08-03", h / 100, "analyst", e) for e, h in hours],
        columns=["worked_on", "worked_hours", "role", "engagement_id"],
    )
    capacity = pd.DataFrame(
        {"quarter": ["2026Q3"], "role": "analyst", "fte": 1, "practical_hours": supplied / 100, "capacity_cost": money / 100}
    )  # fmt: skip
    cost = cost_to_serve(_office(effort=effort, capacity=capacity), "2026Q3")
    line, books = cost.unused.iloc[0], cost.reconciliation.set_index("what")["cost"]
    assert round(line["used_cost"] + line["unused_cost"], 2) == money / 100 and books["difference"] == 0
    charged = cost.table["cost_to_serve_cost"].sum() + cost.left_out["cost"].sum()
    assert charged == pytest.approx(line["used_cost"], abs=1e-4)
    worked = sum(h for _, h in hours) / supplied
    assert charged == pytest.approx(worked * money / 100, abs=0.01 + 1e-4 * len(hours))
    if sum(h for _, h in hours) > supplied and money > 100_000:
        assert line["unused_hours"] < 0 and "more than their practical hours" in cost.sentence


@given(
    roles=st.lists(
        st.tuples(st.integers(10**6, 10**8), st.integers(0, 10**11), st.integers(0, 10**8)), min_size=1, max_size=20
    )
)
@settings(max_examples=40, deadline=None)
def test_any_allocation_of_hours_leaves_used_and_unused_equal_to_supplied(roles: list[tuple[int, int, int]]) -> None:
    """Hours and money in ten-thousandths; a role may have worked twice its hours."""
    supply = pd.DataFrame(roles, columns=["hours", "money", "worked"])
    supply["role"] = [f"r{i}" for i in range(len(supply))]
    rates = supply.assign(supplied_hours=supply["hours"] / PER_UNIT, supplied_cost=supply["money"] / PER_UNIT)
    spent = (supply["worked"] * supply["money"] / supply["hours"]).round()
    worked = supply[["role"]].assign(hours=supply["worked"].astype(float), cost=spent)
    told = tell_unused(worked, rates)
    assert ((told["used_cost"] + told["unused_cost"]) * PER_UNIT).round().tolist() == supply["money"].tolist()
    assert ((told["used_hours"] + told["unused_hours"]) * PER_UNIT).round().tolist() == supply["hours"].tolist()
    assert ((told["unused_hours"] < 0) == (supply["worked"] > supply["hours"])).all()


@cache
def _demo() -> Dataset:
    return load(ROOT / "data" / "demo")


def test_the_demo_reconciles_to_the_cent_however_it_is_told() -> None:
    groups = _demo().frame("customers").set_index("customer_id")["category"]
    costs = tell_costs(_demo(), "2026Q3", segments=groups)
    total = costs["customer"].table["cost_to_serve_cost"].sum()
    for cost in costs.values():
        books = cost.reconciliation.set_index("what")["cost"]
        assert books["difference"] == 0
        assert round(cost.table["cost_to_serve_cost"].sum() + cost.left_out["cost"].sum(), 2) == round(total, 2)
        sizes = cost_to_serve(_demo(), "2026Q3", cost.by, segments=groups).by_size
        assert round(sizes["cost_to_serve_cost"].sum(), 2) == round(cost.table["cost_to_serve_cost"].sum(), 2)
    unused = costs["customer"].unused
    assert (unused["used_cost"] + unused["unused_cost"]).round(4).tolist() == unused["supplied_cost"].tolist()
    assert (write_showback(costs["customer"], "EUR").reconciliation["difference_cost"] == 0).all()


def test_imported_real_invoices_reconcile_to_the_penny(real_folder: Path, tmp_path: Path) -> None:
    import_tables(ROOT / "data" / "mappings" / "gcloud.toml", [real_folder / "gcloud_sales.csv"], to=tmp_path / "g")
    data = load(tmp_path / "g")
    invoices = data.frame("engagements", ["delivered_on", "charged_cost"])
    mine = invoices[invoices["delivered_on"].between(pd.Timestamp("2014-01-01"), pd.Timestamp("2014-03-31"))]
    assert round(mine["charged_cost"].sum(), 2) == 62_220_715.69
    costs = tell_costs(data, "2014Q1")
    for by in ("customer", "service", "category"):
        cost = costs[by]
        assert cost.basis == "charged" and round(cost.table["cost_to_serve_cost"].sum(), 2) == 62_220_715.69
        sizes = cost.by_size if by != "category" else cost_to_serve(data, "2014Q1", by).by_size
        assert round(sizes["cost_to_serve_cost"].sum(), 2) == 62_220_715.69
        assert cost.reconciliation.set_index("what").loc["difference", "cost"] == 0
    showback = write_showback(costs["customer"], "GBP").reconciliation.set_index("what")
    assert showback.loc[["charged", "cost to serve"], "difference_cost"].tolist() == [0, 0]
