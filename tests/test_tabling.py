"""One table of the contract from the rows of its source."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from pmo_analysis.intake.mapping_file import Mapping, read_mapping
from pmo_analysis.intake.sandbox import open_sandbox
from pmo_analysis.intake.tabling import Built, build_table

HEAD = """
[source.s]
files = "s.csv"
[map.role]
values = { anna = "Analyst" }
"""
EFFORT = (
    HEAD
    + """
[table.effort]
from = "s"
columns.worked_on = "day"
columns.worked_hours = "hours"
columns.role = { map = "role", of = "person", otherwise = "keep" }
columns.engagement_id = "item"
"""
)
ROWS = pd.DataFrame(
    [["2026-07-01", "2", "anna", "E1"], ["2026-07-02", "1.5", "ben", "E1"], ["2026-07-03", "4", "anna", None]],
    columns=["day", "hours", "person", "item"],
)


def build(folder: Path, text: str, rows: pd.DataFrame = ROWS) -> tuple[Built | None, list[str]]:
    tomllib.loads(text)
    (folder / "m.toml").write_text(text)
    mapping: Mapping = read_mapping(folder / "m.toml")
    frame = rows.astype("str").where(rows.notna())
    frame.insert(0, "_file", "s.csv")
    frame.insert(1, "_row", range(2, len(rows) + 2))
    problems: list[str] = []
    with open_sandbox({"s": frame}, {n: m.values for n, m in mapping.maps.items()}) as connection:
        return build_table(connection, mapping, next(iter(mapping.tables.values())), problems), problems


def test_columns_come_in_the_contract_s_writing_and_sorted_by_content(tmp_path):
    built, problems = build(tmp_path, EFFORT, ROWS.iloc[::-1].reset_index(drop=True))
    assert problems == []
    assert built.rows["worked_hours"].tolist() == ["2", "1.5", "4"]
    assert built.rows["role"].tolist() == ["Analyst", "ben", "Analyst"]


def test_rows_set_aside_keep_their_reason_and_leave_the_table(tmp_path):
    rule = 'from = "s"\nset_aside = [{ where = "item IS NULL", reason = "no item" }]'
    built, _ = build(tmp_path, EFFORT.replace('from = "s"', rule))
    assert len(built.rows) == 2
    assert built.aside[["source_row", "kind", "reason"]].to_numpy().tolist() == [[4, "row", "no item"]]


@pytest.mark.parametrize(
    ("otherwise", "roles"),
    [
        ('"keep"', ["Analyst", "ben", "Analyst"]),
        ('"fill", fill = "not mapped"', ["Analyst", "not mapped", "Analyst"]),
        ('"set aside"', ["Analyst", "Analyst"]),
    ],
)
def test_what_a_map_lacks_is_kept_filled_or_set_aside_and_always_told(tmp_path, otherwise, roles):
    built, problems = build(tmp_path, EFFORT.replace('"keep"', otherwise))
    assert problems == [] and built.rows["role"].tolist() == roles
    assert built.unmapped[["map", "value", "hours"]].to_numpy().tolist() == [["role", "ben", 1.5]]


def test_unpivot_gives_a_row_for_each_filled_cell(tmp_path):
    rows = pd.DataFrame([["E1", "1", None, "2"], ["E2", None, None, "3"]], columns=["item", "mon", "tue", "wed"])
    text = EFFORT.replace(
        'from = "s"', 'from = "s"\nunpivot = { columns = ["mon", "tue", "wed"], name = "name", value = "hours" }'
    )
    text = text.replace('"day"', "\"CASE name WHEN 'mon' THEN '2026-07-06' ELSE '2026-07-08' END\"").replace(
        'of = "person"', "of = \"'anna'\""
    )
    built, problems = build(tmp_path, text, rows)
    assert problems == []
    assert built.rows[["engagement_id", "worked_on", "worked_hours"]].to_numpy().tolist() == [
        ["E1", "2026-07-06", "1"],
        ["E1", "2026-07-08", "2"],
        ["E2", "2026-07-08", "3"],
    ]


BAD = ROWS.assign(hours=["2", "lots", "-1"])


def test_unreadable_cells_are_refused_with_row_count_value_and_remedy(tmp_path):
    _, problems = build(tmp_path, EFFORT, BAD)
    assert len(problems) == 2
    assert "column worked_hours: 1 rows not a number, such as 'lots' (first: s.csv row 3)" in problems[1]
    assert "below 0" in problems[0] and 'unreadable = "blank"' in problems[0]


def test_unreadable_cells_set_aside_their_row_where_the_column_is_required(tmp_path):
    for choice in ("blank", "set aside"):
        built, problems = build(tmp_path, EFFORT.replace('from = "s"', f'from = "s"\nunreadable = "{choice}"'), BAD)
        assert problems == [] and len(built.rows) == 1
        assert sorted(built.aside["value"]) == ["-1", "lots"] and set(built.aside["kind"]) == {"row"}


ENGAGEMENTS = (
    HEAD
    + """
[table.engagements]
from = "s"
one_row_per = ["engagement_id"]
first_by = "day"
columns.engagement_id = "coalesce(item, 'E2')"
columns.customer_id = "person"
columns.service_id = "'S'"
columns.requested_on = "day"
columns.planned_hours = "hours"
"""
)


def test_one_row_per_key_takes_the_first_and_says_what_differed(tmp_path):
    for rows in (ROWS, ROWS.iloc[::-1].reset_index(drop=True)):
        built, problems = build(tmp_path, ENGAGEMENTS, rows)
        assert problems == [] and built.rows["customer_id"].tolist() == ["anna", "anna"]
        assert len(built.merged) == 1
        assert any("1 of 2 keys have more than one customer_id" in n for n in built.notes)


def test_a_key_that_stands_twice_is_refused(tmp_path):
    _, problems = build(tmp_path, ENGAGEMENTS.replace('one_row_per = ["engagement_id"]\n', ""))
    assert len(problems) == 1 and "2 rows share their engagement_id, such as E1" in problems[0]


def test_cells_of_optional_columns_are_blanked_and_told(tmp_path):
    text = ENGAGEMENTS.replace('first_by = "day"', 'first_by = "day"\nunreadable = "blank"').replace(
        'columns.planned_hours = "hours"', "columns.planned_hours = \"'about ' || hours\""
    )
    built, problems = build(tmp_path, text)
    assert problems == [] and built.rows["planned_hours"].isna().all()
    assert set(built.aside["kind"]) == {"cell"} and "about 2" in set(built.aside["value"])


def test_rows_alike_but_for_their_number_are_flagged_and_kept(tmp_path):
    rows = pd.DataFrame(
        [["2026-07-01", "2", "a", "E1"], ["2026-07-01", "2", "a", "E2"], ["2026-07-01", "3", "a", "E3"]],
        columns=ROWS.columns,
    )
    built, _ = build(tmp_path, ENGAGEMENTS.replace('first_by = "day"', 'alike_but_for = ["item"]'), rows)
    assert len(built.rows) == 3
    assert built.flagged[["source_row", "like_row"]].to_numpy().tolist() == [[3, 2]]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("dayy", "column planned_hours: 'dayy': Binder Error"),
        ("CAST(person AS INT)", "fails within 3 rows, from s.csv row 2"),
        ("hours; hours", "not one SQL expression"),
        ("random()", "differs from run to run"),
    ],
)
def test_an_expression_that_cannot_be_evaluated_names_table_column_and_remedy(tmp_path, expression, said):
    built, problems = build(
        tmp_path, ENGAGEMENTS.replace('columns.planned_hours = "hours"', f'columns.planned_hours = "{expression}"')
    )
    assert built is None and len(problems) == 1
    assert said in problems[0] and "table engagements" in problems[0]


def test_a_rule_or_an_unpivoted_column_that_is_not_there_is_told(tmp_path):
    _, problems = build(
        tmp_path, EFFORT.replace('from = "s"', 'from = "s"\nset_aside = [{ where = "stat = 1", reason = "x" }]')
    )
    assert len(problems) == 1 and "Mend a helper, set_aside rule or control" in problems[0]
    built, problems = build(
        tmp_path, EFFORT.replace('from = "s"', 'from = "s"\nunpivot = { columns = ["sun"], name = "n", value = "v" }')
    )
    assert built is None and "has no column 'sun'" in problems[0]
