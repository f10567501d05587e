"""What a pack says: never beside fewer than five others, differences only where clear, nothing suggested that is not meant."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.packs import compare_with_others, list_asks, suggest_services
from pmo_analysis.contract.settings import Settings
from pmo_analysis.run.kept import name_files

SETTINGS = Settings({})
TODAY = pd.Timestamp("2026-09-30")


def rows(customers: dict[str, list[float]], measure: str = "promises_kept_share") -> pd.DataFrame:
    """One row per figure of each customer."""
    return pd.DataFrame(
        [(measure, c, value, 1.0) for c, values in customers.items() for value in values],
        columns=["measure", "customer_id", "numerator", "denominator"],
    ).astype({"measure": "str", "customer_id": "str"})


def others(count: int, values: list[float]) -> dict[str, list[float]]:
    return {f"O{i}": values for i in range(count)}


def test_shares_are_told_with_the_interval_of_wilson_and_their_n():
    table = compare_with_others(
        rows({"A": [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]} | others(5, [1, 0])), {"A"}, set(others(5, [])), SETTINGS
    )
    row = table.iloc[0]
    assert (row["value"], row["n"], row["others_value"], row["others_n"], row["others_count"]) == (0.3, 10, 0.5, 10, 5)
    assert (round(row["low"], 3), round(row["high"], 3)) == (0.108, 0.603)  # Wilson's score interval for 3 of 10
    assert row["direction"] == "no clear change"


def test_nobody_is_compared_with_fewer_than_five_others():
    table = compare_with_others(rows({"A": [1] * 6} | others(4, [0] * 6)), {"A"}, set(others(4, [])), SETTINGS)
    row = table.iloc[0]
    assert np.isnan(row["others_value"]) and row["others_n"] == 0 and row["others_count"] == 0
    assert row["untold"] == "fewer than 5 others"
    assert row["direction"] == "not estimable" and row["value"] == 1


def test_others_of_whom_one_gives_most_are_not_told():
    mine = {"A": [4.0, 5.0, 6.0, 5.0, 5.0]}
    table = compare_with_others(
        rows(mine | others(5, [1.0]) | {"BIG": [20.0]}, "own_hours"), {"A"}, {"BIG", *others(5, [])}, SETTINGS
    )
    assert table["untold"].iloc[0] == "one of the others gives most of it"
    assert np.isnan(table["others_value"].iloc[0])


def test_others_are_told_where_five_of_them_have_something_in_the_packs_own_quarter():
    """Else the pack of the quarter before would tell, by subtraction, of the few that have."""
    data = rows({"A": [1, 0] * 3} | others(6, [1, 0]))
    for count, why in ((5, ""), (4, "fewer than 5 others this quarter")):
        late = {f"O{i}" for i in range(count)}
        when = data["customer_id"].isin(late).map({True: "2026Q2", False: "2026Q1"})
        told = compare_with_others(data.assign(quarter=when), {"A"}, set(others(6, [])), SETTINGS, quarter="2026Q2")
        row = told.iloc[0]
        assert (row["untold"], row["others_n"], row["value"]) == (why, 0 if why else 12, 0.5)


def test_a_clear_difference_is_called_better_or_worse_by_what_is_good():
    hours = rows(
        {"A": [9.0, 10.0, 11.0, 10.0, 9.5, 10.5]} | {f"O{i}": [1.0 + i / 10] * 3 for i in range(8)}, "own_hours"
    )
    kept = rows({"A": [1.0] * 40} | others(8, [1.0, 0.0] * 5))
    table = compare_with_others(pd.concat([hours, kept]), {"A"}, set(others(8, [])), SETTINGS).set_index("measure")
    assert table.loc["own_hours", "direction"] == "worse"
    assert table.loc["promises_kept_share", "direction"] == "better"


def test_order_and_names_of_rows_change_nothing():
    data = rows({"A": [3.0, 1.0, 4.0, 1.0, 5.0]} | {f"O{i}": [float(i), i + 1.0] for i in range(6)}, "own_hours")
    first = compare_with_others(data, {"A"}, {f"O{i}" for i in range(6)}, SETTINGS)
    renamed = data.assign(customer_id=data["customer_id"].map(lambda c: f"Z{c}")).sample(frac=1, random_state=3)
    second = compare_with_others(renamed, {"ZA"}, {f"ZO{i}" for i in range(6)}, SETTINGS)
    pd.testing.assert_frame_equal(first, second)


def test_few_of_ones_own_have_a_figure_and_no_range():
    row = compare_with_others(rows({"A": [1, 0]} | others(6, [1, 0])), {"A"}, set(others(6, [])), SETTINGS).iloc[0]
    assert row["value"] == 0.5 and np.isnan(row["low"]) and row["direction"] == "not estimable"


def test_answers_are_not_among_what_is_compared():
    data = rows({"A": [100.0] * 6} | others(9, [0.0] * 6), "nps_points")
    assert compare_with_others(data, {"A"}, set(others(9, [])), SETTINGS).empty


LIKELY = pd.DataFrame({
    "customer_id": ["A"] * 4, "service_id": ["S1", "S2", "S3", "S4"], "probability": [0.9, 0.8, 0.7, 0.05],
    "reason": ["asked for it last quarter", None, "often", "rare"],
})  # fmt: skip
SERVICES = pd.DataFrame({
    "service_id": ["S1", "S2", "S3", "S4"], "name": ["Planning", "Risk", "Old", "Rare"],
    "status": ["active", None, "retired", "active"], "target_categories": ["Finance; Boards", None, None, None],
})  # fmt: skip
PRICES = pd.DataFrame({
    "service_id": ["S2"], "unit_cost": [100.0], "unit_cost_low": [80.0], "unit_cost_high": [130.0], "engagement_count": [9],
})  # fmt: skip


def test_what_is_meant_for_others_retired_or_unlikely_is_not_suggested():
    customer = pd.DataFrame({"customer_id": ["A"], "category": ["IT"]})
    told = suggest_services(LIKELY, SERVICES, PRICES, customer)
    assert list(told["service_id"]) == ["S2"]
    assert (told["unit_cost"].iloc[0], told["deliveries_count"].iloc[0], told["reason"].iloc[0]) == (100.0, 9, "")
    finance = suggest_services(LIKELY, SERVICES, PRICES, customer.assign(category="finance"))
    assert list(finance["service_id"]) == ["S1", "S2"]
    assert finance["reason"].iloc[0] == "asked for it last quarter"


def test_of_several_customers_it_is_told_how_many_with_the_range_of_chance():
    likely = pd.DataFrame({
        "customer_id": ["A", "B", "C", "D"], "service_id": "S2", "probability": [0.5] * 4, "reason": [None] * 4,
    })  # fmt: skip
    told = suggest_services(likely, SERVICES, PRICES, pd.DataFrame({"customer_id": list("ABCD"), "category": "IT"}))
    row = told.iloc[0]
    assert (row["expected_count"], row["n"]) == (2.0, 4)
    assert (round(row["expected_low"], 2), round(row["expected_high"], 2)) == (0.04, 3.96)  # 2 ± 1.96 × √(4 × ¼)


def test_nothing_to_suggest_is_an_empty_table():
    nobody = pd.DataFrame({"customer_id": ["Z"], "category": ["IT"]})
    assert suggest_services(LIKELY, SERVICES, PRICES, nobody).empty


def ask(**given: pd.DataFrame) -> pd.DataFrame:
    empty = {
        "compared": pd.DataFrame(columns=["measure", "value", "low", "high", "n"]),
        "benefits": pd.DataFrame(columns=["project", "due_on", "planned_benefit", "realised_benefit", "confirmed"]),
        "needs": pd.DataFrame({"asked_on": pd.to_datetime(["2026-06-01"])}),
        "misplaced": pd.DataFrame(columns=["service_id", "kind", "engagement_count"]),
        "waiting": pd.DataFrame(columns=["requested_on"]),
    }
    parts = empty | given
    return list_asks(*parts.values(), today=TODAY)


def test_nothing_is_asked_without_a_reason_in_the_tables():
    assert ask().empty


def test_needs_never_told_and_needs_told_long_ago_are_asked_for():
    never = ask(needs=pd.DataFrame({"asked_on": pd.to_datetime([])}))
    old = ask(needs=pd.DataFrame({"asked_on": pd.to_datetime(["2024-01-02", "2025-09-29"])}))
    assert list(never["ask"]) == ["needs"] and pd.isna(never["detail_on"].iloc[0])
    assert old["detail_on"].iloc[0] == pd.Timestamp("2025-09-29")


def test_benefits_nobody_measured_and_benefits_not_confirmed_are_asked_about_apart():
    benefits = pd.DataFrame({
        "project": ["Roof", "Door", "Wall"], "due_on": pd.to_datetime(["2026-01-01"] * 3),
        "planned_benefit": [100.0, 300.0, 50.0], "realised_benefit": [np.nan, np.nan, 40.0], "confirmed": [None, None, False],
    })  # fmt: skip
    told = ask(benefits=benefits).set_index("ask")
    assert told.loc["unmeasured", ["value", "n", "detail"]].tolist() == [400.0, 2, "Door"]
    assert told.loc["unconfirmed", ["value", "n", "detail"]].tolist() == [40.0, 1, "Wall"]
    assert "unconfirmed" not in set(ask(benefits=benefits.assign(confirmed=True))["ask"])


def test_late_and_misplaced_requests_are_counted_and_the_most_frequent_service_is_named():
    misplaced = pd.DataFrame({
        "service_id": ["S1", "S2", "S2"], "kind": ["too late", "too late", "off target"], "engagement_count": [1, 3, 2],
    })  # fmt: skip
    told = ask(misplaced=misplaced).set_index("ask")
    assert told.loc["too late", ["n", "detail"]].tolist() == [4, "S2"]
    assert told.loc["off target", "n"] == 2


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "<script>alert(1)</script>", "a/b", "CON", "", "ﷺ", "x" * 400, ".."]
)
def test_file_names_hold_nothing_of_a_hostile_id_but_letters_and_digits(name):
    file = name_files([name])[name]
    assert file and set(file) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(file) <= 60


def test_file_names_are_each_once_and_plain_ids_keep_theirs():
    names = name_files(["C0001", "c 1", "c-1", "C.1", "Ä", "Ö"])
    assert names["C0001"] == "c0001"
    assert len(set(names.values())) == 6
    assert len({n.lower() for n in name_files(["AB", "ab"]).values()}) == 2
