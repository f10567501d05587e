"""Who could be told apart, and what packs say, on both sides of every edge, by hand or by trying all sets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.packs import compare_with_others, list_asks, suggest_services
from pmo_analysis.analysis.trust import isolation, looked_at, review, suppression, telling
from pmo_analysis.analysis.trust.changed import _differing, tell_corrections, tell_settings
from pmo_analysis.analysis.trust.figure import make_figure
from pmo_analysis.contract.settings import Settings

SETTINGS = Settings({})


def rank(table: np.ndarray) -> int:
    """How many independent sums cells tell."""
    return int(np.linalg.matrix_rank(table)) if table.size else 0


def smallest_isolated(counts: np.ndarray, most: int) -> int | None:
    """The fewest people on whom some combination of cells rests alone, by trying all sets."""
    for size in range(1, most + 1):
        for people in combinations(range(len(counts)), size):
            if rank(np.delete(counts, people, axis=0)) < rank(counts):
                return size
    return None


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("minimum", [2, 3, 4])
def test_people_are_isolated_exactly_where_some_set_of_them_is(seed, minimum):
    rng = np.random.default_rng(seed)
    people, cells = int(rng.integers(6, 10)), int(rng.integers(1, 4))
    counts = np.column_stack([np.ones(people), rng.integers(0, 2, (people, cells))]).astype(float)
    found = isolation.find_isolated(counts, minimum)
    assert (found is None) == (smallest_isolated(counts, minimum - 1) is None)
    if found is not None:
        assert len(found) < minimum and isolation.can_isolate(counts, found)
        assert rank(np.delete(counts, found, axis=0)) < rank(counts)


def test_one_two_and_three_who_are_left_beside_a_cell():
    for few in (1, 2, 3, 4):
        cell = np.r_[np.zeros(few), np.ones(8)]
        counts = np.column_stack([np.ones(8 + few), cell])
        for minimum in (few, few + 1):
            found = isolation.find_isolated(counts, minimum)
            assert (found is not None) == (minimum > few)
            assert found is None or found.tolist() == list(range(few))
    assert isolation.find_isolated(np.zeros((3, 2)), 5) is None
    assert isolation.can_isolate(np.eye(3), np.array([0, 1, 2]))


def test_three_kinds_that_only_together_can_be_told_apart():
    # The cells' sum less the whole rests on the first three kinds alone.
    kinds = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    people = np.repeat(kinds, [1, 1, 1, 5, 5, 5], axis=0)
    counts = np.column_stack([np.ones(len(people)), people])
    assert isolation.find_isolated(counts, 3) is None and isolation.find_isolated(counts, 4).tolist() == [0, 1, 2]
    assert smallest_isolated(counts, 3) == 3


def answers(groups: dict[str, list[int]]) -> pd.DataFrame:
    """Each group's people, with so many answers each."""
    rows = [(f"{g}{i}", g) for g, counts in groups.items() for i, c in enumerate(counts) for _ in range(c)]
    return pd.DataFrame(rows, columns=["person", "segment"])


@pytest.mark.parametrize(
    ("people", "told", "reason"),
    [([1] * 5, True, ""), ([1] * 4, False, telling.FEW), ([7, 1, 1, 1], False, telling.FEW), ([28, 3, 3, 3, 3], True, ""),
     ([29, 3, 3, 3, 3], False, telling.DOMINATED)],
)  # fmt: skip
def test_a_group_is_told_from_five_people_of_whom_none_gives_most(people, told, reason):
    cells = telling.choose_cells(answers({"a": people, "b": [3] * 9, "c": [9] * 9}), ["segment"]).set_index("group")
    assert (cells.loc["a", "told"], cells.loc["a", "reason"]) == (told, reason)
    assert cells.loc["all", "told"]
    if not told:  # two told beside the whole would tell the third
        assert cells["told"].sum() == 2 and cells.loc["b", "reason"] == telling.SUBTRACTION


def test_nothing_is_told_where_the_whole_is_not():
    cells = telling.choose_cells(answers({"a": [1, 1], "b": [1, 1]}), ["segment"])
    assert not cells["told"].any() and set(cells["reason"]) == {telling.FEW} and len(cells) == 3
    rows = answers({"a": [1] * 6, "b": [1] * 6, "c": [1] * 2})
    cells = telling.choose_cells(rows, ["segment"])
    names = telling.label_told(rows, cells, "segment")
    assert names[rows["segment"] == "a"].nunique() == 1 and set(names[rows["segment"] == "c"]) == {telling.OTHERS}
    apart = telling.label_told(rows, cells, "segment", merge=False)
    assert apart[rows["segment"] == "c"].isna().all()
    assert telling.choose_cells(answers({"a": [1, 1], "b": [1, 1]}), ["segment"], minimum=2)["told"].all()


def test_small_groups_are_merged_until_nobody_stands_out():
    def told(sizes: dict[str, int], **how) -> dict:
        rows = pd.DataFrame([(g, f"{g}{i}") for g, n in sizes.items() for i in range(n)], columns=["g", "p"])
        return suppression.suppress(rows, group="g", contributor="p", **how).to_dict()

    assert told({"a": 5, "b": 6}) == {"a": "a", "b": "b"}
    assert told({"a": 4, "b": 6, "c": 7}) == {"a": "other groups", "b": "other groups", "c": "c"}
    assert told({"a": 2, "b": 3, "c": 7}) == {"a": "other groups", "b": "other groups", "c": "c"}
    assert told({"a": 4, "b": 6}, minimum=4) == {"a": "a", "b": "b"}
    assert set(map(str, told({"a": 1, "b": 2}).values())) == {"nan"}
    rows = pd.DataFrame({"g": ["a"] * 5 + ["b"] * 6, "p": list("12345123456"), "v": [70.0, 10, 10, 5, 5] + [1.0] * 6})
    whole = suppression.suppress(rows, group="g", contributor="p", value="v")
    assert whole.tolist() == ["a", "b"]  # seven in ten is no more than seven in ten
    assert (
        suppression.suppress(rows, group="g", contributor="p", value="v", dominance=0.69).tolist()
        == ["other groups"] * 2
    )


def test_roles_of_few_people_are_told_together():
    roles = pd.Series(["lead", "aide", "clerk", None])
    enough = suppression.name_roles(roles, pd.Series({"lead": 5.0, "aide": 9.0, "clerk": 6.0}))
    assert enough.to_dict() == {"aide": "aide", "clerk": "clerk", "lead": "lead"}
    told = suppression.name_roles(roles, pd.Series({"lead": 4.9, "aide": 9.0, "clerk": 6.0}))
    assert told.to_dict() == {"lead": "other roles", "clerk": "other roles", "aide": "aide"}
    assert set(suppression.name_roles(roles, pd.Series({"lead": 1.0, "aide": 1.0}))) == {"all roles"}
    two = suppression.name_roles(roles, pd.Series({"lead": 2.0, "aide": 3.0, "clerk": 9.0}))
    assert two.to_dict() == {"lead": "other roles", "aide": "other roles", "clerk": "clerk"}
    table = pd.DataFrame(
        {"role": ["lead", "aide", "clerk"], "used": [1.0, 2.0, 0.0], "there": [2.0, 2.0, 0.0], "share": 9.0}
    )
    merged = suppression.merge_roles(
        table, pd.Series({"lead": 2.0, "aide": 3.0, "clerk": 9.0}), ratios={"share": ("used", "there")}
    )
    assert merged.set_index("role").loc["other roles"].tolist() == [3, 4, 0.75] and np.isnan(merged["share"][0])


def test_small_and_hidden_cells_are_counted():
    cells = pd.DataFrame({
        "group_kind": ["all", "segment", "segment", "segment", "customer"], "n": [9, 5, 4, np.nan, 1],
        "note": ["", "", "", telling.FEW, telling.DOMINATED],
    })  # fmt: skip
    small, hidden, dominated = looked_at.tell_cells(cells, SETTINGS)
    assert (
        (small["value"], small["n"]) == (1, 4) and (hidden["value"], hidden["n"]) == (1, 4) and dominated["value"] == 0
    )
    assert len(list(looked_at.tell_cells(cells.drop(columns="note"), SETTINGS))) == 1
    changes = pd.DataFrame({"p_value": [0.1] * 40 + [np.nan], "flagged": [True] * 3 + [False] * 38})
    compared, flagged = looked_at.tell_comparisons(changes, SETTINGS)
    assert (compared["value"], compared["n"], flagged["value"], flagged["n"]) == (40, 41, 3, 40)
    assert "about 2 would" in compared["sentence"] and "about 10 %" in flagged["sentence"]


def test_hours_without_a_customer_and_what_they_could_move():
    costs = pd.DataFrame(
        {"customer_id": list("abc"), "worked_hours": [60.0, 30.0, 0.5], "allocated_share": [0.5, 0.0, 1.0]}
    )
    groups = pd.DataFrame({"customer_id": list("abc"), "segment": ["S", "T", None], "category": "x"})
    lost = pd.DataFrame({"worked_hours": [0.5]})
    unmapped, shift, allocated = review._hours(costs, lost, groups)
    assert unmapped["value"] == pytest.approx(0.5 / 91) and "0.5 % of the hours" in unmapped["sentence"]
    assert (
        "belonged to T" in shift["sentence"]
        and shift["low"] == pytest.approx(30 / 90)
        and shift["high"] == pytest.approx(30.5 / 90.5)
    )
    assert allocated["value"] == pytest.approx(30.5 / 90.5)
    assert next(review._hours(costs, None, groups))["sentence"].startswith("All hours")
    told = [review._percent(s) for s in (0.0, 0.001, 0.0949, 0.095, 0.5, np.nan)]
    assert told == ["0 %", "0.1 %", "9.5 %", "10 %", "50 %", "an unknown share"]


def test_what_changed_is_counted():
    assert _differing({"a": (1, 2), "b": 1, "c": 2}, {"a": [1, 2], "b": 2, "d": 1}) == ["b", "c", "d"]
    (told,) = tell_settings(Settings({"minimum_cell": 6}))
    assert told["value"] == 1 and "minimum_cell" in told["sentence"]
    (told,) = tell_corrections(pd.DataFrame({"state": ["applied", "applied", "unfit"], "table": ["t", "s", "t"]}))
    assert (told["value"], told["n"]) == (2, 3) and told["sentence"].endswith(
        "1 in s, 1 in t. 1 did not fit and were left out."
    )
    assert (
        make_figure("x_share", "", 1, 2, "")["unit"] == "_share"
        and make_figure("x_count", "", 1, 2, "")["unit"] == "_count"
    )


def measured(measure: str, figures: dict[str, list[float]], below: float = 1.0) -> pd.DataFrame:
    """One row per figure of each customer."""
    rows = [(measure, c, v, below) for c, values in figures.items() for v in values]
    return pd.DataFrame(rows, columns=["measure", "customer_id", "numerator", "denominator"])


def test_a_ratio_of_one_customer_stands_on_its_own_rows():
    own, others = {"A": [2.0, 4, 6, 5, 3]}, {f"O{i}": [1.0, 1, 1] for i in range(5)}
    row = compare_with_others(measured("own_hours", own | others, 2.0), {"A"}, set(others), SETTINGS).iloc[0]
    assert row["value"] == 2 and 0 < row["low"] < 1.1 and 2.9 < row["high"] < 6
    assert (row["others_value"], row["others_n"], row["others_count"]) == (0.5, 15, 5)
    few = compare_with_others(measured("own_hours", {"A": [2.0, 4, 6, 5]} | others), {"A"}, set(others), SETTINGS).iloc[
        0
    ]
    assert np.isnan(few["low"]) and few["direction"] == "not estimable"
    two = {"A": [2.0, 4, 6], "B": [5.0, 3]}
    both = compare_with_others(measured("own_hours", two | others), {"A", "B"}, set(others), SETTINGS).iloc[0]
    assert both["value"] == 4 and both["others_count"] == 5


@pytest.mark.parametrize(("most", "untold"), [(11.5, ""), (11.8, "one of the others gives most of it")])
def test_the_largest_of_the_others_may_give_seven_in_ten(most, untold):
    others = {f"O{i}": [1.0] for i in range(5)} | {"BIG": [most]}
    row = compare_with_others(measured("own_hours", {"A": [1.0]} | others), {"A"}, set(others), SETTINGS).iloc[0]
    assert row["untold"] == untold and (row["others_count"] == 0) == bool(untold)


def test_waiting_is_told_by_its_middle_and_ends_where_it_has_ended():
    own, others = {"A": [3.0, 5, 9, 1, 7] * 5}, {f"O{i}": [20.0, 30.0, 40.0, 25.0] for i in range(5)}
    table = measured("lead_time_days", own | others)
    row = compare_with_others(table, {"A"}, set(others), SETTINGS).iloc[0]
    assert row["value"] == 5 and row["n"] == 25 and row["direction"] == "better"
    open_ = compare_with_others(table.assign(denominator=[0.0] * 25 + [1.0] * 20), {"A"}, set(others), SETTINGS)
    assert open_.empty or np.isnan(open_["value"].iloc[0])


LIKELY = pd.DataFrame(
    {"customer_id": "A", "service_id": list("STUVW"), "probability": [0.1, 0.099, 0.4, 0.4, 0.3], "reason": "why"}
)
SERVICES = pd.DataFrame(
    {"service_id": list("STUVW"), "name": list("stuvw"), "status": "active", "target_categories": None}
)
PRICES = pd.DataFrame(
    {"service_id": ["U"], "unit_cost": [1.0], "unit_cost_low": [1.0], "unit_cost_high": [1.0], "engagement_count": [3]}
)
CUSTOMER = pd.DataFrame({"customer_id": ["A"], "category": ["IT"]})


def test_three_services_are_suggested_from_one_in_ten_on():
    told = suggest_services(LIKELY, SERVICES, PRICES, CUSTOMER)
    assert (
        told["service_id"].tolist() == ["U", "V", "W"]
        and told["reason"].tolist() == ["why"] * 3
        and (told["n"] == 1).all()
    )
    assert told["expected_low"].tolist() == [0] * 3 and told["expected_high"].tolist() == [1] * 3
    assert suggest_services(LIKELY[:2], SERVICES, PRICES, CUSTOMER)["service_id"].tolist() == ["S"]
    two = pd.concat([LIKELY, LIKELY.assign(customer_id="B", probability=0.6)])
    both = suggest_services(two, SERVICES, PRICES, pd.DataFrame({"customer_id": ["A", "B"], "category": ["IT", "IT"]}))
    row = both.iloc[0]
    assert (row["probability"], row["expected_count"], row["n"], row["reason"]) == (0.5, 1.0, 2, "")
    reach = 1.96 * np.sqrt(0.4 * 0.6 * 2)
    assert (row["expected_low"], row["expected_high"]) == (
        pytest.approx(max(1 - reach, 0)),
        pytest.approx(min(1 + reach, 2)),
    )


@pytest.mark.parametrize(("days", "asked"), [(365, False), (366, True)])
def test_needs_are_asked_for_again_after_a_year(days, asked):
    today = pd.Timestamp("2026-09-30")
    nothing = pd.DataFrame(columns=["measure", "value", "low", "high", "n"])
    benefits = pd.DataFrame(
        {
            "project": ["P", "Q"],
            "due_on": today,
            "planned_benefit": 1.0,
            "realised_benefit": [0.5, 0.0],
            "confirmed": None,
        }
    )
    needs = pd.DataFrame({"asked_on": [today - pd.Timedelta(days=days)]})
    waiting = pd.DataFrame({"requested_on": [today, today - pd.Timedelta(days=3)]})
    misplaced = pd.DataFrame(columns=["service_id", "kind", "engagement_count"])
    told = list_asks(nothing, benefits, needs, misplaced, waiting, today=today).set_index("ask")
    assert ("needs" in told.index) == asked and (told.loc["open", "n"], told.loc["open", "detail_on"].day) == (2, 27)
    assert (told.loc["unconfirmed", "value"], told.loc["unconfirmed", "n"]) == (
        0.5,
        1,
    ) and "unmeasured" not in told.index
