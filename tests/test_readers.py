"""Exports become rows of text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.mapping_file import Mapping, Source
from pmo_analysis.intake.readers import assign_files, read_source

SAMPLES = Path(__file__).parent / "samples"


def read(path: Path, **options) -> tuple[pd.DataFrame, list[str]]:
    return read_source(Source("s", ("*",), **options), [path])


def written(folder: Path, data: bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_macroman_with_bare_carriage_returns_is_read_letter_by_letter(tmp_path):
    path = written(tmp_path, "ID,Name\r1,Café\r2,Ö – x\r".encode("mac_roman"))
    rows, problems = read(path, encoding="mac_roman", newline="cr")
    assert problems == [] and list(rows["Name"]) == ["Café", "Ö – x"] and list(rows["_row"]) == [2, 3]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_auto_takes_any_line_end(tmp_path, end):
    rows, problems = read(written(tmp_path, f"a,b{end}1,2{end}{end}3,4{end}".encode()))
    assert problems == [] and rows[["a", "b"]].to_numpy().tolist() == [["1", "2"], ["3", "4"]]


def test_a_wrong_encoding_names_the_line_the_byte_and_the_remedy(tmp_path):
    _, problems = read(written(tmp_path, b"a\rfine\rcaf\x8e\r"))
    assert len(problems) == 1 and "line 3: byte 0x8e is not utf-8" in problems[0] and "mac_roman" in problems[0]


def test_an_unknown_encoding_is_told(tmp_path):
    assert "is not known" in read(written(tmp_path, b"a\n1\n"), encoding="klingon")[1][0]


def test_rows_of_another_width_are_counted_and_the_first_is_named(tmp_path):
    _, problems = read(written(tmp_path, b"a,b\n1,2\n1,2,3\n4\n"))
    assert len(problems) == 1 and "2 rows do not have the header's 2 cells; row 3 has 3" in problems[0]


def test_an_open_quote_is_a_problem_and_not_a_swallowed_file(tmp_path):
    assert "Check newline, quote and delimiter" in read(written(tmp_path, b'a,b\n1,"2\n3,4\n'))[1][0]


def test_blank_cells_and_words_for_missing_are_missing(tmp_path):
    rows, _ = read(written(tmp_path, b"a,b\n?, \n0,x\n"), missing=("?",))
    assert rows["a"].isna().tolist() == [True, False] and rows["b"].isna().tolist() == [True, False]


def test_repeated_headers_are_numbered_by_position(tmp_path):
    rows, _ = read(written(tmp_path, b"Log Work,Key,log work,\n1,k,2,3\n"))
    assert list(rows.columns[2:]) == ["Log Work", "Key", "log work 2", "column 4"]


def test_localised_labels_get_their_common_name_and_an_unknown_one_is_told(tmp_path):
    path = written(tmp_path, b"Datum;Stunden\n01.07.2026;1.234,50\n")
    rows, problems = read(
        path,
        delimiter="auto",
        labels={"Date": ["Datum"], "Hours": ["Stunden"]},
        decimal=",",
        thousands=".",
        number_columns=("Hours",),
    )
    assert problems == [] and rows["Hours"].tolist() == ["1234.50"] and "Date" in rows
    assert "has no column 'User'" in read(path, delimiter=";", labels={"User": ["Benutzer"]})[1][0]


@pytest.mark.parametrize(
    ("cell", "plain"), [("2,50", "2.50"), ("2.50", "2.50"), ("1.234,5", "1234.5"), ("1,234.5", "1234.5"), ("3", "3")]
)
def test_auto_takes_the_last_mark_as_the_decimal_one(tmp_path, cell, plain):
    rows, _ = read(written(tmp_path, f'Hours\n"{cell}"\n'.encode()), decimal="auto", number_columns=("Hours",))
    assert rows["Hours"].tolist() == [plain]


def test_columns_that_some_versions_lack_are_wholly_missing(tmp_path):
    rows, problems = read(written(tmp_path, b"a\n1\n"), absent_allowed=("b",))
    assert problems == [] and rows["b"].isna().all()


def test_sheets_skip_the_title_and_number_rows_as_the_sheet_does():
    for name in ("cost_report.xls", "cost_report_de.xlsx"):
        rows, problems = read(SAMPLES / name, reader="auto", skip_rows=1)
        assert problems == [] and list(rows["_row"]) == [3, 4, 5, 6] and rows.iloc[0, 2] == "2026-07-01"


def test_a_sheet_that_is_not_there_and_a_file_that_is_no_sheet_are_told(tmp_path):
    assert "no sheet 'Laber'" in read(SAMPLES / "cost_report.xls", reader="xls", sheet="Laber")[1][0]
    assert "not a readable worksheet" in read(written(tmp_path, b"no", "x.xlsx"), reader="auto")[1][0]


def test_an_empty_file_has_no_header(tmp_path):
    assert "has no header row" in read(written(tmp_path, b""))[1][0]


def test_files_find_their_source_by_pattern_whatever_their_capitals(tmp_path):
    mapping = Mapping("m", "", {"a": Source("a", ("a*.csv",)), "b": Source("b", ("b*.csv",), optional=True)}, {})
    path = written(tmp_path, b"x\n1\n", "A1.CSV")
    assert assign_files(mapping, [path]) == {"a": [path], "b": []}


def test_files_that_fit_nowhere_and_sources_without_a_file_are_told_together(tmp_path):
    mapping = Mapping("m", "", {"a": Source("a", ("a*.csv",)), "b": Source("b", ("b*.csv",))}, {})
    with pytest.raises(InputError) as told:
        assign_files(mapping, [written(tmp_path, b"", "c.csv"), tmp_path / "not_there.csv"])
    text = str(told.value)
    assert "c.csv matches no source" in text and "Source 'a' needs" in text and "Source 'b' needs" in text
    assert "not_there.csv is not there" in text


def test_a_single_pattern_takes_whatever_is_given(tmp_path):
    mapping = Mapping("m", "", {"a": Source("a", ("a*.csv",))}, {})
    path = written(tmp_path, b"x\n1\n", "export (3).csv")
    assert assign_files(mapping, [path]) == {"a": [path]}
