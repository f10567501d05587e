"""Limits of a report told with their size; nobody told apart by a cell or by a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.trust import Trust, count_people, hide_small_cells, merge_roles, review_trust, suppress
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

NO_PROBLEMS = pd.DataFrame(columns=["table", "column", "problem", "rows"])


def _data(**more: pd.DataFrame) -> Dataset:
    return Dataset.from_frames(
        {
            "customers": pd.DataFrame(
                {"customer_id": ["a", "b"], "name": ["A", "B"], "category": "x", "as_of_on": ["2026-01-01", ""]}
            ),
            "services": pd.DataFrame({"service_id": ["s"], "name": ["S"]}),
            "engagements": pd.DataFrame(
                {"engagement_id": ["e"], "customer_id": ["a"], "service_id": ["s"], "requested_on": ["2026-07-01"]}
            ),
            **more,
        }
    )


def _told(data: Dataset | None = None, problems: pd.DataFrame = NO_PROBLEMS, **more) -> pd.DataFrame:
    told = review_trust(data or _data(), problems, quarter="2026Q3", **more)
    assert isinstance(told, Trust)
    return told.figures.set_index("figure")


COSTS = pd.DataFrame({"customer_id": ["a", "b"], "worked_hours": [60.0, 20.0], "allocated_share": [0.5, 0.0]})
LEFT = pd.DataFrame({"reason": ["no map covers these hours"], "worked_hours": [20.0]})
GROUPS = pd.DataFrame({"customer_id": ["a", "b"], "category": "x", "segment": ["big", "small"]})


def test_unmapped_hours_are_told_with_what_they_could_change() -> None:
    told = _told(costs=COSTS, left_out=LEFT, groups=GROUPS)
    assert told.loc["unmapped_hours_share", "value"] == pytest.approx(0.2)
    # small: 20 of 80 hours now, 40 of 100 if all twenty were its own.
    assert told.loc["largest_shift_share", ["low", "value"]].tolist() == pytest.approx([0.25, 0.4])
    assert "belonged to small" in told.loc["largest_shift_share", "sentence"]
    assert told.loc["allocated_hours_share", "value"] == pytest.approx(30 / 80)


def test_without_hours_nothing_is_said_of_hours() -> None:
    assert not {"unmapped_hours_share", "missing_weeks_count", "response_share"} & set(_told().index)


def test_weeks_without_hours_are_counted_per_role() -> None:
    days = pd.date_range("2026-07-01", periods=13, freq="7D").strftime("%Y-%m-%d")
    effort = pd.DataFrame(
        {"worked_on": [*days, *days[:11]], "worked_hours": 1, "role": ["r"] * 13 + ["q"] * 11, "customer_id": "a"}
    )
    row = _told(_data(effort=effort)).loc["missing_weeks_count"]
    assert row["value"] == 2 and row["n"] == 26 and "in 0 of 13 weeks nobody" in row["sentence"]


def test_the_response_rate_counts_only_who_was_asked_and_tells_the_bounds() -> None:
    survey = pd.DataFrame(
        {
            "response_id": list("123456"),
            "customer_id": list("aaabbb"),
            "answered_on": ["2026-08-01"] * 5 + ["2026-03-01"],
            "question": ["nps"] * 4 + ["csat"] + ["nps"],
            "score": 9,
        }
    )
    invited = pd.DataFrame({"quarter": "2026Q3", "customer_id": ["a", "b"], "question": "nps", "invited_count": [2, 8]})
    cells = pd.DataFrame({"measure": ["nps_points"], "group_kind": "all", "n": [4], "worst": [-40.0], "best": [100.0]})
    row = _told(_data(survey=survey, survey_invitations=invited), cells=cells).loc["response_share"]
    assert row["value"] == pytest.approx(0.3) and row["n"] == 10  # two of a's three answers, one of b's
    assert "would be −40 or 100" in row["sentence"] and row["low"] < 0.3 < row["high"]


def test_cells_and_comparisons_are_counted() -> None:
    cells = pd.DataFrame({"measure": "m", "group_kind": ["all", "category", "customer"], "n": [9, 4, 1]})
    changes = pd.DataFrame({"p_value": [0.01, 0.2, np.nan], "flagged": [True, False, False]})
    told = _told(cells=cells, changes=changes)
    assert told.loc["small_cells_count", ["value", "n"]].tolist() == [1, 2]
    assert told.loc["cells_count", "value"] == 2 and told.loc["flagged_count", "value"] == 1


def test_rows_of_the_export_changed_settings_and_problems_are_told() -> None:
    problems = pd.DataFrame({"table": ["effort"], "column": ["role"], "problem": ["unknown role"], "rows": [7]})
    told = _told(
        problems=problems, settings=Settings({"currency": "GBP"}), previous_settings={"currency": "EUR", "seed": 0}
    )
    assert told.loc["undated_rows_share", ["value", "n"]].tolist() == pytest.approx([2 / 3, 3])
    assert "services" in told.loc["undated_rows_share", "sentence"]
    assert "currency" in told.loc["changed_settings_count", "sentence"]
    assert told.loc["changed_definitions_count", "value"] == 1
    assert told.loc["problems_count", ["value", "n"]].tolist() == [1, 7]


def _answers(**counts: int) -> pd.DataFrame:
    return pd.DataFrame(
        [(g, f"{g}{i}", 1.0) for g, n in counts.items() for i in range(n)], columns=["group", "who", "amount"]
    )


def _names(rows: pd.DataFrame, **more) -> dict[str, str]:
    return suppress(rows, group="group", contributor="who", **more).to_dict()


def test_groups_of_five_are_told_and_smaller_ones_together() -> None:
    assert _names(_answers(a=5, b=9)) == {"a": "a", "b": "b"}
    assert _names(_answers(a=2, b=9, c=3)) == {"a": "other groups", "b": "b", "c": "other groups"}


def test_a_single_small_group_takes_the_smallest_other_so_that_subtraction_finds_nothing() -> None:
    assert _names(_answers(a=4, b=9, c=6)) == {"a": "other groups", "b": "b", "c": "other groups"}


def test_a_group_in_which_one_gives_most_is_not_told_alone() -> None:
    rows = _answers(a=6, b=6, c=7)
    rows.loc[rows["who"] == "a0", "amount"] = 20.0  # 20 of 25 = 80 %; with b 20 of 31 = 65 %
    assert _names(rows, value="amount") == {"a": "other groups", "b": "other groups", "c": "c"}
    assert _names(rows) == {"a": "a", "b": "b", "c": "c"}


def test_nothing_is_told_where_all_together_are_too_few() -> None:
    assert all(pd.isna(name) for name in _names(_answers(a=2, b=2)).values())


def test_no_told_group_is_small_whatever_the_sizes() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        rows = _answers(**{f"g{i}": int(n) for i, n in enumerate(rng.integers(1, 9, 6))})
        names = suppress(rows, group="group", contributor="who")
        sizes = rows.assign(told=rows["group"].map(names)).groupby("told")["who"].nunique()
        assert (sizes >= 5).all() and names.notna().all() == (len(rows) >= 5)


def test_a_hidden_cell_never_stands_alone() -> None:
    cells = pd.DataFrame(
        {
            "measure": "m",
            "group_kind": "category",
            "group": list("abc"),
            "value": [0.1, 0.2, 0.3],
            "n": [3, 20, 8],
            "note": "",
        }
    )
    told = hide_small_cells(cells).set_index("group")
    assert told["value"].isna().to_dict() == {"a": True, "b": False, "c": True}
    assert told.loc["a", "note"] == told.loc["c", "note"] == "too few to be told apart"


def _roles() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "role": ["analyst", "head", "lead"],
            "used_hours": [80.0, 10.0, 30.0],
            "supplied_hours": [100.0, 20.0, 40.0],
            "utilisation_share": [0.8, 0.5, 0.75],
        }
    )


def test_roles_of_fewer_than_five_people_are_told_together_with_their_ratio_made_anew() -> None:
    ratios = {"utilisation_share": ("used_hours", "supplied_hours")}
    told = merge_roles(_roles(), pd.Series({"analyst": 7, "head": 1, "lead": 4}), ratios=ratios).set_index("role")
    assert list(told.index) == ["analyst", "other roles"]
    assert told.loc["other roles", "utilisation_share"] == pytest.approx(40 / 60)
    alone = merge_roles(_roles(), pd.Series({"analyst": 7, "head": 1, "lead": 6}), ratios=ratios)
    assert alone["role"].tolist() == ["analyst", "other roles"]  # one head alone takes the smallest other role
    few = merge_roles(_roles(), pd.Series({"analyst": 1, "head": 1, "lead": 1}), ratios=ratios)
    assert few["role"].tolist() == ["all roles"] and few["used_hours"].tolist() == [120]


def test_people_are_counted_by_pseudonym_and_else_by_full_time_equivalents() -> None:
    effort = pd.DataFrame(
        {
            "worked_on": ["2026-07-01", "2026-07-02", "2026-07-02", "2026-01-02"],
            "worked_hours": 1,
            "role": "r",
            "customer_id": "a",
            "person_id": ["p", "p", "q", "z"],
        }
    )
    capacity = pd.DataFrame({"quarter": "2026Q3", "role": ["r", "k"], "fte": [9.0, 3.0]})
    told = count_people(_data(effort=effort, capacity=capacity).as_of("2026Q3"), "2026Q3")
    assert told.to_dict() == {"k": 3.0, "r": 2.0}
    assert count_people(_data(capacity=capacity).as_of("2026Q3"), "2026Q3").to_dict() == {"k": 3.0, "r": 9.0}
