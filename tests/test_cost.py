"""Cost to serve: published examples, exact books, and small organisations worked by hand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.cost import (
    CostToServe,
    capacity_cost,
    concentrate,
    cost_history,
    cost_to_serve,
    gini,
    service_history,
    tell_costs,
    time_equation,
    whale_curve,
)
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset

REAL = Path(os.environ.get("PMO_REAL", Path(__file__).resolve().parents[2] / "shared" / "real"))


def _department(quantity: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Kaplan & Anderson, HBR November 2004: 560,000 for 700,000 minutes; minutes are told as hours here."""
    capacity = pd.DataFrame({"role": ["clerk"], "capacity_cost": [560_000.0], "practical_hours": [700_000.0]})
    activities = pd.DataFrame(
        {
            "activity": ["order", "inquiry", "credit check"],
            "role": "clerk",
            "quantity_count": quantity,
            "unit_hours": [8.0, 44.0, 50.0],
        }
    )
    return capacity, activities


def test_the_published_department_costs_what_the_article_says() -> None:
    told = capacity_cost(*_department([49_000, 1_400, 2_500]))
    assert told.rates["hourly_cost"].tolist() == pytest.approx([0.8])
    assert told.activities["cost_driver_cost"].tolist() == pytest.approx([6.4, 35.2, 40.0])
    assert told.activities["used_hours"].tolist() == pytest.approx([392_000, 61_600, 125_000])
    assert told.activities["assigned_cost"].tolist() == pytest.approx([313_600, 49_280, 100_000])
    assert told.activities["assigned_cost"].sum() == pytest.approx(462_880)
    assert told.unused[["unused_hours", "unused_cost"]].iloc[0].tolist() == pytest.approx([121_400, 97_120])
    assert round(told.unused["utilisation_share"].iloc[0], 2) == 0.83


def test_the_next_quarter_keeps_its_rates_and_changes_its_unused_capacity() -> None:
    told = capacity_cost(*_department([51_000, 1_150, 2_700]))
    assert told.activities["used_hours"].tolist() == pytest.approx([408_000, 50_600, 135_000])
    assert told.activities["assigned_cost"].tolist() == pytest.approx([326_400, 40_480, 108_000])
    assert told.unused[["used_hours", "used_cost"]].iloc[0].tolist() == pytest.approx([593_600, 474_880])
    assert told.unused["utilisation_share"].iloc[0] == pytest.approx(0.848, abs=5e-4)
    assert told.unused[["unused_hours", "unused_cost"]].iloc[0].tolist() == pytest.approx([106_400, 85_120])


def test_traditional_rates_contain_the_unused_capacity_that_time_driven_rates_leave_out() -> None:
    told = capacity_cost(*_department([49_000, 1_400, 2_500]))
    traditional = 560_000 * np.array([0.7, 0.1, 0.2]) / [49_000, 1_400, 2_500]
    assert traditional.tolist() == pytest.approx([8.0, 40.0, 44.8])
    assert (traditional > told.activities["cost_driver_cost"]).all()


def test_an_activity_of_a_role_without_capacity_is_refused_by_name() -> None:
    capacity, activities = _department([1, 1, 1])
    with pytest.raises(InputError, match="clark"):
        capacity_cost(capacity, activities.assign(role="clark"))


def test_the_packaging_time_equation_gives_the_four_published_times() -> None:
    parcels = pd.DataFrame({"special": [False, False, True, True], "air": [0, 1, 0, 1]})
    assert time_equation(0.5, {"special": 6.5, "air": 0.2}, parcels).tolist() == pytest.approx([0.5, 0.7, 7.0, 7.2])


def test_a_missing_feature_leaves_the_time_missing() -> None:
    told = time_equation(1.0, {"new": 2.0}, pd.DataFrame({"new": [1.0, None]}))
    assert told.iloc[0] == 3.0 and np.isnan(told.iloc[1])


def test_gini_of_the_twenty_published_incomes() -> None:
    incomes = [1, 3, 4, 5, 6, 8, 8, 9, 11, 12, 14, 17, 19, 21, 23, 27, 29, 32, 33, 38]
    assert gini([1000 * i for i in incomes]) == pytest.approx(0.38625, abs=1e-8)
    assert gini(incomes, corrected=True) == pytest.approx(0.406579, abs=1e-6)
    assert gini(reversed(incomes)) == pytest.approx(gini(incomes), abs=1e-12)


@pytest.mark.parametrize(
    ("values", "published"),
    [
        # R package ineq, help page of ineq() and its value; the same vector is in the help of the package acid.
        ([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261], 0.4620911),
        # R package phylotools 0.1.2, help page of gini().
        ([1, 3, 2, 1, 1, 1, 4], 0.3076923),
        # statology.org, Gini coefficient in R (DescTools), examples 1 and 2; its prose misprints the second as 0.26232.
        ([50, 50, 70, 70, 70, 90, 150, 150, 150, 150], 0.226),
        (np.repeat([10, 20, 25, 55, 70, 90, 110, 115, 130], [6, 7, 7, 14, 22, 20, 8, 4, 1]), 0.2632289),
    ],
)
def test_gini_of_further_published_examples(values: list[float], published: float) -> None:
    assert gini(values) == pytest.approx(published, abs=5e-4 if published == 0.226 else 5e-8)


def test_the_lorenz_curve_encloses_what_the_gini_says() -> None:
    """Gini = 2 × the area between the curve, dearest first, and the diagonal (trapezes, R package ineq's Lc)."""
    incomes = pd.Series([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261], dtype="float64")
    curve = concentrate(incomes)
    shares = np.append(0.0, curve["cost_share"])
    assert 2 * np.trapezoid(shares, dx=1 / len(incomes)) - 1 == pytest.approx(0.4620911, abs=5e-8)
    assert curve["cost_share"].iloc[0] == pytest.approx(22261 / incomes.sum())


def test_gini_without_values_or_without_a_total_is_not_a_number() -> None:
    assert np.isnan(gini([])) and np.isnan(gini([0, 0])) and gini([5, 5, 5]) == pytest.approx(0)


# Spring Distribution (Horngren, Datar & Rajan): cases, price, orders, visits, deliveries, miles each, expedited.
SPRING = {
    "P": (2080, 14.40, 15, 2, 10, 14, 0),
    "Q": (8750, 14.16, 25, 3, 30, 4, 0),
    "R": (60800, 13.20, 30, 6, 60, 3, 0),
    "S": (31800, 13.92, 25, 2, 40, 8, 0),
    "T": (3900, 12.96, 30, 3, 20, 40, 1),
}


def test_spring_distribution_peaks_above_its_total_and_the_last_customer_takes_it_back() -> None:
    rates = {"order": 100.0, "visit": 80.0, "mile": 2.0, "case": 0.5, "expedited": 300.0}
    columns = ["cases", "price", "order", "visit", "deliveries", "miles", "expedited"]
    shops = pd.DataFrame.from_dict(SPRING, orient="index", columns=columns)
    work = shops[["order", "visit", "expedited"]].assign(mile=shops["deliveries"] * shops["miles"], case=shops["cases"])
    serving = time_equation(0.0, rates, work)
    assert serving.tolist() == pytest.approx([2980, 7355, 34_240, 19_200, 7090])
    curve = whale_curve(shops["cases"] * (shops["price"] - 12) - serving)
    assert curve["unit"].tolist() == ["S", "R", "Q", "P", "T"]
    assert curve["cumulative_value"].tolist() == pytest.approx([41_856, 80_576, 92_121, 94_133, 90_787], abs=0.01)
    assert (100 * curve["value_share"]).round(2).tolist() == [46.1, 88.75, 101.47, 103.69, 100.0]


def test_a_whale_curve_with_a_total_below_zero_tells_money_and_no_shares() -> None:
    curve = whale_curve(pd.Series({"a": 10.0, "b": -30.0}))
    assert curve["cumulative_value"].tolist() == [10, -20] and curve["value_share"].isna().all()


def test_a_published_whale_of_225_then_minus_125_ends_at_its_total() -> None:
    curve = whale_curve(pd.Series([-125.0, 0.0, 225.0]))  # Kanthal: top fifth, middle, bottom tenth
    assert curve["value_share"].tolist() == pytest.approx([2.25, 2.25, 1.0])


def test_a_published_whale_of_140_then_minus_40_peaks_where_the_source_says() -> None:
    curve = whale_curve(pd.Series([140.0, 0.0, 0.0, 0.0, -40.0]))  # ControllingWiki: top and bottom fifth
    assert curve["value_share"].max() == pytest.approx(1.4) and curve["value_share"].iloc[-1] == pytest.approx(1.0)
    assert curve["units_share"].iloc[0] == pytest.approx(0.2)


def _small() -> dict[str, pd.DataFrame]:
    """Two roles, three customers. Analyst: 10,000 / 200 h = 50; lead: 12,000 / 100 h = 120."""
    return {
        "customers": pd.DataFrame(
            {"customer_id": ["a", "b", "c"], "name": ["A", "B", "C"], "category": ["IT", "IT", "Sales"]}
        ),
        "services": pd.DataFrame(
            {
                "service_id": ["plan", "gate"],
                "name": ["Plan", "Gate"],
                "process": ["no", "yes"],
                "mandated": ["no", "yes"],
            }
        ),
        "offerings": pd.DataFrame(
            {
                "service_id": ["plan", "gate"],
                "size": ["S", "S"],
                "standard_hours": [30, 10],
                "valid_from_on": "2020-01-01",
            }
        ),
        "engagements": pd.DataFrame(
            {
                "engagement_id": ["e1", "e2", "e3"],
                "customer_id": ["a", "a", "b"],
                "service_id": ["plan", "gate", "plan"],
                "requested_on": "2026-07-01",
                "delivered_on": ["2026-08-01", "2026-09-01", ""],
                "size_quoted": "S",
                "charged_cost": [100.0, 50.0, None],
            }
        ),
        "roles": pd.DataFrame(
            {
                "role": ["analyst", "lead", "sponsor"],
                "senior": ["no", "yes", "yes"],
                "hourly_cost": [50, 100, 90],
                "side": ["pmo", "pmo", "customer"],
            }
        ),
        "capacity": pd.DataFrame(
            {
                "quarter": "2026Q3",
                "role": ["analyst", "lead"],
                "fte": [1, 1],
                "practical_hours": [200, 100],
                "capacity_cost": [10_000, 12_000],
            }
        ),
        "projects": pd.DataFrame({"project_id": ["p"], "customer_id": ["c"]}),
        "effort": pd.DataFrame(
            [
                ("2026-07-05", 10, "analyst", "e1", "", "", ""),
                ("2026-07-06", 4, "analyst", "e2", "", "", ""),
                ("2026-07-06", 2, "lead", "e1", "", "", "process"),
                ("2026-08-01", 8, "analyst", "", "", "a", ""),
                ("2026-08-02", 5, "analyst", "", "p", "", ""),
                ("2026-08-03", 3, "analyst", "", "nobody", "", ""),
                ("2026-08-03", 1.5, "sponsor", "e1", "", "", ""),
                ("2026-06-30", 99, "analyst", "e1", "", "", ""),
                ("2026-10-01", 99, "analyst", "e1", "", "", ""),
            ],
            columns=["worked_on", "worked_hours", "role", "engagement_id", "project_id", "customer_id", "activity"],
        ),
    }


@cache
def _known(by: str = "customer") -> CostToServe:
    """The small organisation as it is, told once."""
    return _told(_small(), by)


def _told(frames: dict[str, pd.DataFrame], by: str = "customer", **options) -> CostToServe:
    return cost_to_serve(Dataset.from_frames(frames), "2026Q3", by, **options)


def test_a_small_organisation_costs_what_a_hand_count_says() -> None:
    table = _known().table.set_index("customer_id")
    # a: 10 + 4 + 8 analyst hours × 50 + 2 lead hours × 120; b: open, nothing worked; c: 5 × 50 through its project.
    assert table.loc["a", "cost_to_serve_cost"] == 22 * 50 + 240
    assert table.loc["c", "cost_to_serve_cost"] == 250 and "b" not in table.index
    # process: gate's 4 h, the lead's 2 h, and gate's part of the 8 loose hours, 8 × 10 / (30 + 10) = 2.
    assert table.loc["a", "process_hours"] == 8 and table.loc["a", "mandated_process_cost"] == 6 * 50
    assert table.loc["a", "senior_hours"] == 2 and table.loc["a", "charged_cost"] == 150
    assert table.loc["a", "engagement_count"] == 2 and table.loc["a", "unit_cost"] == 670
    assert table.loc["a", "low"] == table.loc["a", "high"] == 1340


def test_the_customers_own_hours_are_kept_apart_and_priced_at_its_own_rate() -> None:
    table = _known().table.set_index("customer_id")
    assert table.loc["a", ["own_hours", "own_cost"]].tolist() == [1.5, 135]
    assert table.loc["c", ["own_hours", "own_cost"]].isna().all()


def test_own_hours_without_a_rate_have_an_unknown_cost_not_a_zero_one() -> None:
    frames = _small()
    frames["roles"].loc[2, "hourly_cost"] = np.nan
    assert np.isnan(_told(frames).table.set_index("customer_id").loc["a", "own_cost"])


def test_hours_without_an_engagement_are_allocated_by_standard_hours_and_marked() -> None:
    table = _known("service").table.set_index("service_id")
    assert table.loc["plan", "worked_hours"] == 10 + 2 + 6 and table.loc["gate", "worked_hours"] == 4 + 2
    assert table.loc["gate", "allocated_share"] == pytest.approx(2 / 6)
    assert "basis" in table and set(table["basis"]) == {"hours"}


def test_used_and_unused_make_up_what_was_supplied_to_the_cent() -> None:
    told = _known()
    unused = told.unused.set_index("role")
    assert unused.loc["analyst", ["used_hours", "unused_hours"]].tolist() == [30, 170]
    assert unused.loc["analyst", "used_cost"] + unused.loc["analyst", "unused_cost"] == 10_000
    books = told.reconciliation.set_index("what")["cost"]
    assert books["capacity supplied"] == 22_000 and books["difference"] == 0
    assert books["told in the table"] == told.table["cost_to_serve_cost"].sum() == 1590
    assert books["no customer or group known"] == 150 and told.left_out["cost"].tolist() == [150]


def test_unused_capacity_is_never_charged() -> None:
    more = _small()
    more["capacity"] = more["capacity"].assign(practical_hours=[400, 200], capacity_cost=[20_000, 24_000])
    assert _known().table["cost_to_serve_cost"].tolist() == _told(more).table["cost_to_serve_cost"].tolist()


def test_a_gap_between_stated_and_actual_rate_is_reported() -> None:
    told = _known()
    rates = told.rates.set_index("role")
    assert rates.loc["lead", "gap_share"] == pytest.approx(100 / 120 - 1) and np.isnan(
        rates.loc["analyst", "gap_share"]
    )
    assert "not what their capacity costs" in told.sentence


def test_uneven_hours_still_reconcile_to_the_cent() -> None:
    rng = np.random.default_rng(3)
    frames = _small()
    hours = pd.DataFrame(
        {
            "worked_on": "2026-08-10",
            "worked_hours": rng.gamma(1, 3, 400).round(2),
            "role": rng.choice(["analyst", "lead"], 400),
            "engagement_id": rng.choice(["e1", "e2", "", "e3"], 400),
            "customer_id": rng.choice(["a", "b", "c", ""], 400),
        }
    )
    frames["effort"] = hours
    frames["capacity"] = frames["capacity"].assign(practical_hours=[777, 333], capacity_cost=[10_001.37, 9_999.99])
    for by in ("customer", "service", "category"):
        told = _told(frames, by)
        books = told.reconciliation.set_index("what")["cost"]
        assert books["difference"] == 0
        assert round(told.table["cost_to_serve_cost"].sum(), 4) == books["told in the table"]
        supplied = told.unused[["used_cost", "unused_cost"]].sum(axis=1).round(4)
        assert supplied.tolist() == told.unused["supplied_cost"].tolist()


def test_shuffled_rows_and_renamed_customers_give_the_same_figures() -> None:
    other = _small()
    other["effort"] = other["effort"].sample(frac=1, random_state=1)
    names = {"a": "z", "b": "y", "c": "x"}
    for table in ("customers", "engagements", "projects", "effort"):
        other[table] = (
            other[table].assign(customer_id=other[table]["customer_id"].replace(names))
            if "customer_id" in other[table]
            else other[table]
        )
    here = _known().table.set_index("customer_id").rename(index=names).sort_index()
    pd.testing.assert_frame_equal(here, _told(other).table.set_index("customer_id").sort_index())


def test_money_rescaled_rescales_the_cost() -> None:
    dear = _small()
    dear["capacity"] = dear["capacity"].assign(capacity_cost=dear["capacity"]["capacity_cost"] * 10)
    assert (_told(dear).table["cost_to_serve_cost"] == 10 * _known().table["cost_to_serve_cost"]).all()


def test_segments_are_passed_as_a_mapping_and_customers_without_one_are_left_out() -> None:
    told = _told(_small(), "segment", segments={"a": "hands-on"})
    assert told.table["segment"].tolist() == ["hands-on"]
    assert told.left_out.set_index("reason").loc["no segment is known for these", "cost"] == 250


def test_without_segments_the_remedy_is_named() -> None:
    with pytest.raises(InputError, match="segment_given"):
        _told(_small(), "segment")


def test_without_hours_the_money_charged_is_told_and_named_so() -> None:
    frames = _small()
    del frames["effort"]
    told = _told(frames)
    assert told.basis == "charged" and told.table["cost_to_serve_cost"].tolist() == [150]
    assert told.table["worked_hours"].isna().all() and told.table["process_cost"].tolist() == [50]
    assert "no hours are booked" in told.sentence


def test_without_hours_and_charges_standard_hours_are_priced_and_named_so() -> None:
    frames = _small()
    del frames["effort"]
    frames["engagements"] = frames["engagements"].drop(columns="charged_cost")
    told = _told(frames)
    assert told.basis == "standard hours" and told.table["worked_hours"].tolist() == [40]
    assert told.table["cost_to_serve_cost"].tolist() == pytest.approx([40 * 22_000 / 300], abs=1e-3)


def test_with_nothing_to_price_the_table_is_empty_and_says_what_is_missing() -> None:
    frames = {k: v for k, v in _small().items() if k in ("customers", "services", "engagements")}
    frames["engagements"] = frames["engagements"].drop(columns="charged_cost")
    told = _told(frames)
    assert told.basis == "not known" and told.table["cost_to_serve_cost"].isna().all()
    assert "effort" in told.sentence and np.isnan(told.gini_value)


def test_the_history_has_each_quarter_by_the_day_worked() -> None:
    told = cost_history(Dataset.from_frames(_small()), "2026Q3").set_index(["quarter", "customer_id"])
    assert told.loc[("2026Q2", "a"), "worked_hours"] == 99
    assert (
        told.loc[("2026Q3", "a"), "cost_to_serve_cost"] == 1340 and told.loc[("2026Q3", "a"), "engagement_count"] == 2
    )


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder with real invoices is not here")
def test_the_history_by_service_adds_up_to_the_history_and_is_the_table_of_its_quarter() -> None:
    data = Dataset.from_frames(_small())
    by_service, past = service_history(data, "2026Q3"), cost_history(data, "2026Q3")
    at, figures = ["quarter", "customer_id"], ["worked_hours", "cost_to_serve_cost"]
    sums = by_service.groupby(at)[figures].sum(min_count=1).dropna(how="all")
    pd.testing.assert_frame_equal(sums, past.set_index(at)[figures].dropna(how="all"))
    here = by_service[by_service["quarter"] == "2026Q3"].groupby("service_id")["cost_to_serve_cost"].sum()
    table = cost_to_serve(data, "2026Q3", "service").table.set_index("service_id")["cost_to_serve_cost"].dropna()
    assert here[here > 0].to_dict() == pytest.approx(table.to_dict())


def test_real_invoices_reconcile_to_the_penny() -> None:
    sales = pd.read_csv(REAL / "gcloud_sales.csv", dtype="str", encoding="mac_roman")
    names = sales["CustomerName"].drop_duplicates()
    data = Dataset.from_frames(
        {
            "customers": pd.DataFrame({"customer_id": names, "name": names, "category": "public body"}),
            "services": pd.DataFrame({"service_id": sales["LotDescription"].unique()}).assign(
                name=lambda t: t["service_id"]
            ),
            "engagements": pd.DataFrame(
                {
                    "engagement_id": sales["ID"],
                    "customer_id": sales["CustomerName"],
                    "service_id": sales["LotDescription"],
                    "requested_on": sales["ReturnMonth"],
                    "charged_cost": sales["EvidencedSpend"],
                }
            ),
        }
    )
    told = cost_to_serve(data, "2014Q1")
    assert told.basis == "charged" and len(told.table) == 269
    assert round(told.table["cost_to_serve_cost"].sum(), 2) == 62_220_715.69
    assert told.reconciliation.set_index("what").loc["difference", "cost"] == 0
    assert round(cost_to_serve(data, "2014Q1", "service").table["cost_to_serve_cost"].sum(), 2) == 62_220_715.69


def test_one_reading_tells_the_same_total_by_customer_service_and_category() -> None:
    told = tell_costs(Dataset.from_frames(_small()), "2026Q3", segments={"a": "s1", "c": "s2"})
    assert list(told) == ["customer", "service", "segment", "category"]
    assert {by: float(cost.table["cost_to_serve_cost"].sum()) for by, cost in told.items() if by != "service"} == {
        "customer": 1590.0,
        "segment": 1590.0,
        "category": 1590.0,
    }
    assert told["service"].table["cost_to_serve_cost"].sum() + told["service"].left_out["cost"].sum() == 1590 + 150


def test_hours_that_no_map_covers_and_unreadable_ones_are_left_out_with_a_reason() -> None:
    frames = {k: v for k, v in _small().items() if k in ("customers", "services", "engagements")}
    frames["engagements"] = frames["engagements"].drop(columns="charged_cost")
    frames["effort"] = pd.DataFrame(
        {"worked_on": "2026-08-01", "worked_hours": ["3", "three"], "role": "r", "project_id": "?"}
    )
    told = _told(frames)
    assert told.left_out["reason"].tolist() == ["no map covers these hours", "worked_hours is blank or cannot be read"]
    assert told.left_out["worked_hours"].iloc[0] == 3 and told.table["cost_to_serve_cost"].isna().all()


def test_credits_are_summed_and_leave_no_band_where_shares_mean_nothing() -> None:
    frames = {
        "customers": pd.DataFrame({"customer_id": list("abcdef"), "name": "N", "category": "x"}),
        "services": pd.DataFrame({"service_id": ["s"], "name": ["S"]}),
        "engagements": pd.DataFrame(
            {
                "engagement_id": list("123456"),
                "customer_id": list("abcdef"),
                "service_id": "s",
                "requested_on": "2026-08-01",
                "charged_cost": [1, 2, 3, 4, 5, -9],
            }
        ),
    }
    told = _told(frames)
    assert told.table["cost_to_serve_cost"].sum() == 6 and told.concentration["low"].isna().all()


@pytest.mark.parametrize("source", ["my_demo", Path("my_demo")])
@pytest.mark.parametrize("tell", [cost_to_serve, cost_history, tell_costs])
def test_a_path_instead_of_a_dataset_is_told_to_be_loaded_first(tell, source) -> None:
    with pytest.raises(InputError, match=r"data = pmo.load\('my_demo'\)"):
        tell(source, "2026Q3")


def test_without_a_quarter_the_last_complete_one_is_costed_and_groups_are_a_mapping() -> None:
    frames = _small()
    frames["effort"] = frames["effort"][frames["effort"]["worked_on"] < "2026-10-01"]
    data = Dataset.from_frames(frames)
    pd.testing.assert_frame_equal(cost_to_serve(data, None).table, cost_to_serve(data, "2026Q3").table)
    with pytest.raises(InputError, match="as a mapping or a Series, not list"):
        cost_to_serve(data, "2026Q3", "segment", segments=["north"])
