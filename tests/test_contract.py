"""The contract is one declaration that the data, the formats and the documents can rely on."""

from __future__ import annotations

import pytest

from pmo_analysis.contract.errors import nearest
from pmo_analysis.contract.questions import QUESTIONS
from pmo_analysis.contract.tables import REQUIRED, TABLE, TABLES, key_of
from pmo_analysis.contract.units import unit_of
from pmo_analysis.intake.cast import SQL_TYPE

ALL = [(table, column) for table in TABLES for column in table.columns]


def test_three_tables_are_required():
    assert REQUIRED == ("customers", "services", "engagements")


def test_names_are_unique_and_every_column_says_what_it_means():
    for table in TABLES:
        assert len(set(table.names)) == len(table.names)
        assert table.row and table.answers and all(c.meaning for c in table.columns)


def test_kinds_are_those_the_engine_can_read():
    assert {column.kind for _, column in ALL} <= set(SQL_TYPE)


@pytest.mark.parametrize(("suffix", "kinds"), [
    ("_id", {"id"}), ("_on", {"date"}), ("_cost", {"money"}), ("_benefit", {"money"}), ("_count", {"count"}),
    ("_hours", {"number"}), ("_share", {"number"}), ("_score", {"number"}), ("_days", {"number"}), ("_fte", {"number"}),
])  # fmt: skip
def test_a_suffix_means_one_kind(suffix, kinds):
    assert {c.kind for _, c in ALL if c.name.endswith(suffix)} <= kinds
    assert {c.name for _, c in ALL if c.kind in ("money", "date") and unit_of(c.name) is None} == set()


def test_keys_are_required_and_references_lead_somewhere():
    for table in TABLES:
        assert all(table.column(k).required for k in table.key)
        assert not table.dated or table.dated in table.names
        assert all(set(group) <= set(table.names) for group in table.either)
    for _, column in ALL:
        if column.refers:
            parent, key = column.refers.split(".")
            assert TABLE[parent].key == (key,)


def test_ranges_are_in_order_and_choices_in_lower_case():
    for _, column in ALL:
        if column.low is not None and column.high is not None:
            assert column.low < column.high
        assert all(choice == choice.lower() for choice in column.choices)


def test_the_day_on_which_a_row_was_known_belongs_to_the_key():
    assert {t.name for t in TABLES if "as_of_on" in t.names} == {
        "customers", "services", "roles", "projects", "benefits", "decisions"}  # fmt: skip
    assert key_of(TABLE["projects"], {"project_id", "as_of_on"}) == ("project_id", "as_of_on")
    assert key_of(TABLE["projects"], {"project_id"}) == ("project_id",)
    assert key_of(TABLE["effort"], set(TABLE["effort"].names)) == ()


def test_questions_ask_only_for_what_the_contract_has():
    assert [q.number for q in QUESTIONS] == list(range(1, 14))
    for question in QUESTIONS:
        for need in question.needs:
            assert set(need.columns) <= set(TABLE[need.table].names)


def test_the_nearest_name_is_suggested_or_all_are_listed():
    assert nearest("effrot", TABLE) == "Did you mean 'effort'?"
    assert nearest("zzzz", ["a", "b"]) == "Known: a, b."
    assert nearest("zzzz", [f"n{i:02}" for i in range(20)]).endswith("n11 ….")
