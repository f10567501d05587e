"""Limits of a report told with their size; nobody told apart by a cell or by a difference."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.trust import (
    Trust,
    choose_cells,
    count_people,
    find_isolated,
    isolation,
    label_told,
    merge_roles,
    review_trust,
    suppress,
)
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.previous import define, read_previous

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
    assert row["value"] == 2 and row["n"] == 26 and "there was no week without any" in row["sentence"]


def test_a_role_seen_on_the_quarters_last_day_alone_missed_every_whole_week() -> None:
    days = pd.date_range("2026-07-01", periods=13, freq="7D").strftime("%Y-%m-%d")
    rows = {"worked_on": [*days, "2026-09-30"], "worked_hours": 1, "role": ["r"] * 13 + ["q"], "customer_id": "a"}
    row = _told(_data(effort=pd.DataFrame(rows))).loc["missing_weeks_count"]
    assert row[["value", "n"]].tolist() == [13, 26]  # 30 September is the 92nd day: after thirteen whole weeks


def test_shares_are_told_with_a_decimal_where_they_are_small() -> None:
    left = LEFT.assign(worked_hours=[4.0])  # 4 of 84 hours
    told = _told(costs=COSTS, left_out=left, groups=GROUPS).loc["unmapped_hours_share"]
    assert told["n"] == 2 and told["sentence"] == "4.8 % of the hours (4) belong to no customer that is known."
    assert "All hours belong" in _told(costs=COSTS).loc["unmapped_hours_share", "sentence"]


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


def test_without_an_invitation_there_is_no_response_rate_and_without_an_answer_it_is_nought() -> None:
    survey = pd.DataFrame(
        {"response_id": ["1"], "customer_id": "a", "answered_on": "2026-06-30", "question": "nps", "score": 9}
    )
    invited = pd.DataFrame({"quarter": "2026Q3", "customer_id": ["a"], "question": "nps", "invited_count": [0]})
    assert "response_share" not in _told(_data(survey=survey, survey_invitations=invited)).index
    asked = _told(_data(survey=survey, survey_invitations=invited.assign(invited_count=6))).loc["response_share"]
    assert asked[["value", "low", "n"]].tolist() == [0, 0, 6]


def test_cells_and_comparisons_are_counted() -> None:
    cells = pd.DataFrame({"measure": "m", "group_kind": ["all", "category", "customer"], "n": [9, 4, 1]})
    changes = pd.DataFrame({"p_value": [0.01, 0.2, np.nan], "flagged": [True, False, False]})
    told = _told(cells=cells, changes=changes)
    assert told.loc["small_cells_count", ["value", "n"]].tolist() == [1, 2]
    assert told.loc["cells_count", "value"] == 2 and told.loc["flagged_count", "value"] == 1


def test_rows_of_the_export_changed_settings_and_problems_are_told() -> None:
    problems = pd.DataFrame({"table": ["effort"], "column": ["role"], "problem": ["unknown role"], "rows": [7]})
    told = _told(problems=problems, settings=Settings({"currency": "GBP"}))
    assert told.loc["undated_rows_share", ["value", "n"]].tolist() == pytest.approx([2 / 3, 3])
    assert "services" in told.loc["undated_rows_share", "sentence"]
    assert "currency" in told.loc["changed_settings_count", "sentence"]
    assert told.loc["problems_count", ["value", "n"]].tolist() == [1, 7]
    assert "cannot be told" in told.loc["earlier_reports_count", "sentence"]
    assert told.loc["earlier_reports_count", ["value", "n"]].tolist() == [0, 0]
    assert told.loc["changed_settings_count", ["value", "n"]].tolist() == [1, len(Settings())]
    assert told.loc["problems_count", "sentence"] == "1 kind of problem in 7 rows: effort (unknown role)."


MEASURED = pd.DataFrame(
    {
        "measure": ["nps_points", "reach_share"],
        "title": "t",
        "formula": ["a − b", "c / d"],
        "unit": "u",
        "better": "higher",
    }
)


def _published(folder: Path, quarter: str, settings: Settings, definitions: pd.DataFrame) -> Path:
    """A report of which only what the next one reads is there."""
    (folder / "tables").mkdir(parents=True)
    chart = folder / "tables" / "run_chart.parquet"
    pd.DataFrame(
        {"measure": ["nps_points"], "quarter": quarter, "value": 1.0, "low": 0.0, "high": 2.0, "n": 9.0}
    ).to_parquet(chart)
    files = [{"path": "tables/run_chart.parquet", "sha256": hashlib.sha256(chart.read_bytes()).hexdigest()}]
    content = {
        "quarter": quarter,
        "files": files,
        "settings": {"values": dict(settings)},
        "definitions": define(definitions),
    }
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")
    return folder


def test_what_changed_since_the_report_before_is_named(tmp_path: Path) -> None:
    before = read_previous(_published(tmp_path / "x-2026Q2", "2026Q2", Settings(), MEASURED))
    same = _told(previous=before, definitions=MEASURED).loc["changed_definitions_count"]
    assert same["value"] == 0 and "2026Q2" in same["sentence"]
    other = MEASURED.assign(formula=["a − b", "c / (c + d)"])
    moved = _told(previous=before, definitions=other, settings=Settings({"currency": "GBP"})).loc[
        "changed_definitions_count"
    ]
    assert moved["value"] == 2 and "setting currency, measure reach_share" in moved["sentence"]


def test_a_report_before_that_is_not_as_published_is_refused(tmp_path: Path) -> None:
    folder = _published(tmp_path / "x-2026Q2", "2026Q2", Settings(), MEASURED)
    assert read_previous(folder).key == read_previous(folder).key
    (folder / "tables" / "run_chart.parquet").write_bytes(b"other")
    with pytest.raises(InputError, match="not as published"):
        read_previous(folder)
    with pytest.raises(InputError, match="not a published report"):
        read_previous(tmp_path)


def test_hidden_cells_are_counted_with_their_reasons() -> None:
    notes = ["", "not told: too few people", "told with other categories: one person gives most of it",
             "not told: it could be found by subtraction"]  # fmt: skip
    cells = pd.DataFrame({"measure": "m", "group_kind": "category", "n": [9, np.nan, np.nan, np.nan], "note": notes})
    told = _told(cells=cells)
    assert told.loc["hidden_cells_count", ["value", "n"]].tolist() == [3, 4]
    assert told.loc["dominated_cells_count", "value"] == 1
    assert (
        "1 of too few people, 1 in which one person gives most, 1 that could"
        in told.loc["hidden_cells_count", "sentence"]
    )


def test_corrections_are_counted_by_table() -> None:
    rows = pd.DataFrame({"table": ["effort", "effort", "projects"], "state": ["applied", "applied", "no row"]})
    told = _told(corrections=rows).loc["corrections_count"]
    assert told[["value", "n"]].tolist() == [2, 3] and "2 in effort" in told["sentence"]
    assert "1 did not fit" in told["sentence"]


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


def _people(**labels: list) -> pd.DataFrame:
    """One answer each: `labels` say to which group of a kind each belongs."""
    size = len(next(iter(labels.values())))
    return pd.DataFrame({"person": [f"p{i}" for i in range(size)], **labels})


def test_answers_of_cells_not_told_are_told_together_or_not_at_all() -> None:
    rows = _people(kind=["a"] * 8 + ["b"] * 6 + ["c"] * 3)
    cells = choose_cells(rows, ["kind"])
    assert label_told(rows, cells, "kind").value_counts().to_dict() == {"a": 8, "(told together)": 9}
    apart = label_told(rows, cells, "kind", merge=False)
    assert apart.dropna().tolist() == ["a"] * 8 and apart.isna().sum() == 9
    nothing = cells.assign(told=False)
    assert label_told(rows, nothing, "kind").isna().all()


def _chosen(rows: pd.DataFrame, *kinds: str, **more) -> dict[str, str]:
    cells = choose_cells(rows, kinds, **more).set_index("group")
    return cells["reason"].mask(cells["told"], "told").to_dict()


def test_a_cell_that_is_the_whole_less_the_others_is_not_told_alone() -> None:
    # c has three answers; a and b told would give it away, so the smaller of them goes with it.
    rows = _people(kind=["a"] * 8 + ["b"] * 6 + ["c"] * 3)
    assert _chosen(rows, "kind") == {
        "all": "told", "a": "told", "b": "it could be found by subtraction", "c": "too few people"
    }  # fmt: skip
    assert _chosen(_people(kind=["a"] * 8 + ["b"] * 6), "kind") == {"all": "told", "a": "told", "b": "told"}
    assert set(_chosen(_people(kind=["a"] * 4), "kind").values()) == {"too few people"}


def test_groups_of_two_kinds_that_differ_by_one_person_are_not_both_told() -> None:
    # category x and segment s share six people; x has one more: x − s is that person.
    rows = _people(category=["x"] * 7 + ["y"] * 7, segment=["s"] * 6 + ["t"] * 8)
    told = _chosen(rows, "category", "segment")
    assert told["x"] == told["y"] == "told" and "told" not in (told["s"], told["t"])
    apart = _people(category=["x"] * 7 + ["y"] * 7, segment=(["s"] * 7 + ["t"] * 7))
    assert set(_chosen(apart, "category", "segment").values()) == {"told"}


def test_three_kinds_can_betray_whom_no_two_of_them_would() -> None:
    # One person is alone with category 1, segment 1 and service 1 at once; every two kinds meet in six people or more.
    rows = _people(
        category=[1] * 6 + [1] + [2] * 6 + [2] * 6, segment=[2] * 6 + [1] + [1] * 6 + [2] * 6,
        service=[2] * 6 + [1] + [2] * 6 + [1] * 6,
    ).astype(str)  # fmt: skip
    for two in (["category", "segment"], ["category", "service"], ["segment", "service"]):
        cells = choose_cells(rows, two)
        assert cells["told"].all()
    cells = choose_cells(rows, ["category", "segment", "service"])
    assert not cells[cells["group_kind"] == "service"]["told"].any()
    assert cells[cells["group_kind"] != "service"]["told"].all()


def test_people_who_answer_often_are_counted_once_and_never_dominate() -> None:
    rows = pd.DataFrame({"person": list("aaaaaabcde"), "kind": "x"})
    assert _chosen(rows, "kind", dominance=0.5)["x"] == "one person gives most of it"
    assert _chosen(rows, "kind", dominance=0.7)["x"] == "told"
    assert _chosen(rows.iloc[:9], "kind")["x"] == "too few people"  # nine answers of four people


def test_what_was_published_before_counts() -> None:
    rows = _people(then=["a"] * 7 + ["b"] * 7, now=["a"] * 6 + ["b"] * 8)
    assert _chosen(rows, "now", merge=False) == {"all": "told", "a": "told", "b": "told"}
    told = _chosen(rows, "now", merge=False, published=["then"])
    assert "told" not in (told["a"], told["b"])  # one has moved from a to b: the difference of the two is that person


def _can_be_isolated(counts: np.ndarray, minimum: int = 5) -> bool:
    """By trying every set of fewer than `minimum` people: does leaving them out lose something that cells tell?"""
    kinds, people = np.unique(counts, axis=0, return_counts=True)
    few = [i for i in range(len(kinds)) if people[i] < minimum and kinds[i].any()]
    sets = (s for size in range(1, minimum) for s in combinations(few, size) if people[list(s)].sum() < minimum)
    rank = np.linalg.matrix_rank(kinds)
    return any(len(kinds) == len(s) or np.linalg.matrix_rank(np.delete(kinds, s, axis=0)) < rank for s in sets)


def test_isolated_people_are_found_exactly_when_there_are_any() -> None:
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(80):
        size, kinds = int(rng.integers(5, 22)), rng.integers(1, 5, 3)
        cells = [np.ones((size, 1))] + [np.eye(k)[rng.integers(0, k, size)] for k in kinds]
        counts = np.repeat(np.hstack(cells), rng.integers(1, 5, size), axis=0)
        counts = counts[:, rng.random(counts.shape[1]) < 0.8]
        found = find_isolated(counts, 5)
        assert (found is not None) == _can_be_isolated(counts)
        assert found is None or len(found) < 5
        verdicts.append(found is None)
    assert 10 < sum(verdicts) < 70


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


def test_pairs_are_multiplied_out_only_where_some_could_be_isolated_and_none_is_passed_over() -> None:
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        counts = rng.integers(0, 2, (rng.integers(2, 12), rng.integers(1, 6))).astype(float)
        kinds, people = np.unique(counts, axis=0, return_counts=True)
        seen = isolation._basis(kinds)
        found = isolation._find_set(np.eye(len(kinds)) - seen @ seen.T, people, 4)
        may = isolation._may_rest_on_few(seen, people, 4)
        assert may or found is None
        outcomes.add((may, found is None))
    assert {(True, False), (False, True)} <= outcomes


def test_the_answers_of_very_many_people_need_no_table_of_their_pairs() -> None:
    rng = np.random.default_rng(1)
    category, services = rng.integers(0, 8, 12_000), rng.integers(0, 30, (12_000, 3))
    counts = np.zeros((12_000, 39))
    counts[:, 38] = 3
    counts[np.arange(12_000), 30 + category] = 3
    np.add.at(counts, (np.repeat(np.arange(12_000), 3), services.ravel()), 1)
    tracemalloc.start()
    isolated = isolation.find_isolated(counts, 5)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isolated is None and most < 100e6
