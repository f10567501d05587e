"""Expressions of a mapping see the source rows and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pmo_analysis.intake.sandbox import fault_of, open_sandbox


@pytest.fixture(scope="module")
def sandbox():
    rows = pd.DataFrame({"_file": ["a.csv"], "_row": [2], "a": ["1"], "user": ["anna"]}).astype({"a": "str"})
    with open_sandbox({"rows": rows}, {"city": {"1": "Berlin"}}, pseudonym_key="key") as connection:
        yield connection


def value_of(connection: duckdb.DuckDBPyConnection, expression: str) -> object:
    assert fault_of(connection, expression) == ""
    return connection.execute(f"SELECT ({expression}\n) FROM rows").fetchall()[0][0]


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT count(*) FROM read_csv('{file}'))",
        "(SELECT content FROM read_text('{file}'))",
        "(SELECT count(*) FROM '{file}')",
        "(SELECT count(*) FROM glob('/*'))",
        "(SELECT count(*) FROM read_blob('https://example.org/x'))",
        "(SELECT 1 FROM query('COPY rows TO ''{file}''')) ",
        "(SELECT count(*) FROM sniff_csv('{file}'))",
        "COPY rows TO '{file}'",
        "(COPY rows TO '{file}')",
        "ATTACH '{file}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "getenv('HOME')",
        "(SELECT count(*) FROM secret_frame)",
    ],
)
def test_no_expression_reaches_a_file_the_network_an_extension_or_python(sandbox, tmp_path, expression):
    secret_frame = pd.DataFrame({"x": [1]})
    file = tmp_path / "secret.csv"
    file.write_text("x\n1\n")
    told = expression.format(file=file)
    if fault_of(sandbox, told) == "":
        with pytest.raises(duckdb.Error):
            sandbox.execute(f"SELECT ({told}\n) FROM rows").fetchall()
    assert file.read_text() == "x\n1\n" and len(secret_frame) == 1
    assert [p.name for p in Path(tmp_path).iterdir()] == ["secret.csv"]


def test_the_locks_hold_even_against_whole_statements(sandbox, tmp_path):
    for statement in (
        "SET enable_external_access = true",
        f"COPY rows TO '{tmp_path}/x.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
    ):
        with pytest.raises(duckdb.Error):
            sandbox.execute(statement)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "expression", ["a; DROP TABLE rows", "a, a", "a FROM rows", "1) FROM rows --", "a UNION SELECT 1", ""]
)
def test_only_a_single_expression_is_accepted(sandbox, expression):
    assert "one SQL expression" in fault_of(sandbox, expression)


@pytest.mark.parametrize("expression", ["random()", "now()", "current_date", "uuid()", "a || CAST(today() AS VARCHAR)"])
def test_clock_and_chance_are_refused_because_imports_must_repeat(sandbox, expression):
    assert "differs from run to run" in fault_of(sandbox, expression)


def test_a_star_is_refused(sandbox):
    assert "Name the column" in fault_of(sandbox, "*")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("read_date('31.12.20', ['%d.%m.%y', '%d.%m.%Y'])", "2020-12-31"),
        ("read_date('soon', ['%d.%m.%Y'])", "soon"),
        ("read_money('£1,234.50')", "1234.50"),
        ("iso_hours('PT7H30M0S')", "7.500000"),
        ("iso_hours('P1DT2H')", "26.000000"),
        ("iso_hours('P2M')", "0.000000"),
        ("seconds_to_hours('5400')", "1.500000"),
        ("seconds_to_hours('much')", "much"),
        ("map_city(a)", "Berlin"),
        ("map_city('2')", None),
        ('"user"', "anna"),
        ("a -- a comment does not swallow the rest", "1"),
    ],
)
def test_words_for_mapping_files_give_what_they_say(sandbox, expression, value):
    assert value_of(sandbox, expression) == value


def test_pseudonyms_repeat_and_hide_the_name(sandbox):
    first, again = (value_of(sandbox, 'pseudonym("user")') for _ in range(2))
    assert first == again and "anna" not in first and len(first) == 12
    assert first != value_of(sandbox, "pseudonym('ben')")
