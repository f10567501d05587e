"""Result tables as files: Parquet as they are, CSV that no spreadsheet takes for a formula."""

import csv
from types import SimpleNamespace

import pandas as pd
import pytest

from pmo_analysis.present.tables import flatten, make_inert, write_tables


def quarter_of(**tables):
    return SimpleNamespace(tables=lambda: tables)


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "|cmd",
        "%x",
        "\t=1",
        "\r=1",
        "  =1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b=1",
        "＝1",
        "\n=1",
    ],
)
def test_text_that_looks_like_a_formula_starts_with_an_apostrophe(text):
    assert make_inert(pd.DataFrame({"name": [text]}))["name"].tolist() == ["'" + text]


@pytest.mark.parametrize("text", ["Finance", "a=b", "3 - 1", "'=1", "", "مشتريات", "🚀 Rockets", "x@y.example"])
def test_other_text_is_left_alone(text):
    assert make_inert(pd.DataFrame({"name": [text]}))["name"].tolist() == [text]


def test_numbers_below_zero_stay_numbers():
    table = make_inert(pd.DataFrame({"saving_cost": [-5.0, 3.0], "mixed": [-1, "-1"]}))
    assert table["saving_cost"].tolist() == [-5.0, 3.0]
    assert table["mixed"].tolist() == [-1, "'-1"]


def test_a_column_named_like_a_formula_is_inert_too():
    assert list(make_inert(pd.DataFrame({"=cmd": [1]}))) == ["'=cmd"]


def test_parquet_keeps_the_text_untouched_and_csv_does_not(tmp_path):
    write_tables(quarter_of(costs=pd.DataFrame({"name": ["=1", "plain"]})), tmp_path / "t")
    assert pd.read_parquet(tmp_path / "t" / "costs.parquet")["name"].tolist() == ["=1", "plain"]
    assert cells(tmp_path / "t" / "costs.csv") == [["name"], ["'=1"], ["plain"]]


def test_an_index_that_names_something_becomes_columns(tmp_path):
    values = pd.DataFrame({"worked_hours": [1.5]}, index=pd.Index(["C1"], name="customer_id"))
    pairs = values.set_index(pd.MultiIndex.from_tuples([("C1", "S1")], names=["customer_id", "service_id"]))
    write_tables(quarter_of(values=values, pairs=pairs), tmp_path / "t")
    assert cells(tmp_path / "t" / "values.csv") == [["customer_id", "worked_hours"], ["C1", "1.5"]]
    assert list(pd.read_parquet(tmp_path / "t" / "pairs.parquet")) == ["customer_id", "service_id", "worked_hours"]


def test_an_index_of_a_columns_name_or_without_a_name_is_kept_beside_it():
    both = pd.DataFrame({"customer_id": ["a"]}, index=pd.Index(["b"], name="customer_id"))
    assert flatten(both).to_dict("list") == {"customer_id_index": ["b"], "customer_id": ["a"]}
    assert list(flatten(pd.DataFrame({"x": [1]}, index=["row"]))) == ["index_0", "x"]


def test_row_numbers_are_no_column():
    assert list(flatten(pd.DataFrame({"x": [1, 2, 3]}).iloc[[2, 0]])) == ["x"]


def test_columns_of_mixed_values_are_written_as_text_and_blanks_stay_blank(tmp_path):
    table = pd.DataFrame({
        "mixed": [1, "a", None],
        "lists": [["b", "a"], None, []],
        "rules": [{"x": 1}, None, None],
        "numbers": pd.Series([1, 2.5, None], dtype=object),
        "none": [None, None, None],
        "kinds": pd.Categorical(["p", None, "q"]),
    })  # fmt: skip
    write_tables(quarter_of(t=table), tmp_path / "t")
    read = pd.read_parquet(tmp_path / "t" / "t.parquet")
    assert read["mixed"].tolist()[:2] == ["1", "a"]
    assert read["lists"].tolist()[::2] == ['["b", "a"]', "[]"]
    assert read["rules"][0] == '{"x": 1}'
    assert read["numbers"].tolist()[:2] == [1.0, 2.5]
    assert read.isna().sum().to_dict() == {"mixed": 1, "lists": 1, "rules": 2, "numbers": 1, "none": 3, "kinds": 1}


def test_two_columns_of_one_name_are_both_written():
    assert list(flatten(pd.DataFrame([[1, 2]], columns=["x", "x"]))) == ["x", "x_2"]


def test_an_empty_table_is_written_with_its_columns(tmp_path):
    write_tables(quarter_of(nothing=pd.DataFrame(columns=["customer_id", "cost"])), tmp_path / "t")
    assert cells(tmp_path / "t" / "nothing.csv") == [["customer_id", "cost"]]
    assert list(pd.read_parquet(tmp_path / "t" / "nothing.parquet")) == ["customer_id", "cost"]


def test_the_same_tables_give_the_same_bytes(tmp_path):
    tables = {"a": pd.DataFrame({"x": [0.1, None], "name": ["é", "=1"], "on": pd.to_datetime(["2026-09-30", None])})}
    for run in ("one", "two"):
        write_tables(quarter_of(**tables), tmp_path / run)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
