"""Small files that unpack, nest or claim without measure: each is refused in words, and takes no more than it may."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from benchmarks.fuzz import TABLES
from pmo_analysis.analysis.propositions.words import read_wording
from pmo_analysis.contract.errors import PmoError
from pmo_analysis.contract.settings import read_settings
from pmo_analysis.intake import modest
from pmo_analysis.intake.check import check
from pmo_analysis.intake.load import load
from pmo_analysis.intake.mapping_file import Source, read_mapping
from pmo_analysis.intake.previous import read_previous
from pmo_analysis.intake.project_xml import read_project
from pmo_analysis.intake.readers import read_source
from pmo_analysis.intake.scenarios import read_scenario
from pmo_analysis.intake.schemes import read_schemes
from pmo_analysis.intake.sheets import read_sheet
from pmo_analysis.run.manifest import read_manifest
from pmo_analysis.run.parameters import read_parameters

DEEP = 100_000


@pytest.fixture
def sheet(tmp_path) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["Issue", "Hours"])
    book.active.append(["A-1", 2.5])
    book.save(tmp_path / "small.xlsx")
    return tmp_path / "small.xlsx"


def with_part(path: Path, size: int) -> Path:
    """The same worksheet with a part of zeros beside it, packed to a thousandth."""
    bomb = path.with_name("bomb.xlsx")
    with zipfile.ZipFile(path) as small, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as large:
        for name in small.namelist():
            large.writestr(name, small.read(name))
        with large.open("xl/media/zeros.xml", "w") as part:
            for _ in range(size // 1_000_000):
                part.write(bytes(1_000_000))
    return bomb


def test_a_worksheet_of_ordinary_size_is_read(sheet):
    assert read_sheet(sheet, 0) == [(1, ["Issue", "Hours"]), (2, ["A-1", "2.5"])]


def test_a_worksheet_that_unpacks_to_far_more_is_refused_before_it_is_unpacked(sheet):
    with pytest.raises(PmoError, match=r"bomb.xlsx .* it unpacks from 0.[12] to 150 MB, which no worksheet does"):
        read_sheet(with_part(sheet, 150_000_000), 0)


def test_an_archive_that_lies_of_its_sizes_is_found_out_while_it_is_unpacked(sheet):
    bomb = with_part(sheet, 150_000_000)
    bomb.write_bytes(bomb.read_bytes().replace((150_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
    with pytest.raises(PmoError, match="not a readable worksheet file"):
        read_sheet(bomb, 0)


def test_two_cells_at_the_ends_of_a_sheet_do_not_take_a_sheet_of_memory(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "first", "last"
    book.save(tmp_path / "wide.xlsx")
    with pytest.raises(PmoError, match=r"wide.xlsx is not a readable worksheet file: .*(300 MB|claims)"):
        read_sheet(tmp_path / "wide.xlsx", 0, megabytes=300)


def test_an_xml_that_nests_without_end_is_read_or_refused_and_does_not_break(tmp_path):
    space = 'xmlns="http://schemas.microsoft.com/project"'
    path = tmp_path / "plan.xml"
    path.write_text(f"<Project {space}><Tasks>{'<Task>' * DEEP}{'</Task>' * DEEP}</Tasks></Project>")
    header, rows = read_project(path, "tasks")
    assert len(rows) == 1 and "Project_Name" in header


@pytest.mark.parametrize("text", ["x = " + "[" * DEEP, "x" + ".x" * DEEP + " = 1", "x = " + "9" * 20_000],
                         ids=["lists", "tables", "digits"])  # fmt: skip
def test_a_toml_without_measure_is_refused_by_every_reader(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    for read in (lambda: read_settings(tmp_path), lambda: read_mapping(path), lambda: read_scenario(path),
                 lambda: read_wording(path)):  # fmt: skip
        with pytest.raises(PmoError, match=r"settings\.toml"):
            read()


@pytest.mark.parametrize("text", ["[" * DEEP + "]" * DEEP, '{"cells":' * DEEP + "1" + "}" * DEEP, "9" * 20_000],
                         ids=["lists", "objects", "digits"])  # fmt: skip
def test_a_json_without_measure_is_refused_by_every_reader(tmp_path, text):
    path = tmp_path / "manifest.json"
    path.write_text(text)
    for read in (lambda: read_manifest(tmp_path), lambda: read_previous(tmp_path), lambda: read_schemes(path),
                 lambda: read_parameters(path)):  # fmt: skip
        with pytest.raises(PmoError):
            read()


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def test_a_line_without_end_is_told_in_tables_and_in_exports(folder):
    with (folder / "effort.csv").open("a") as file:
        file.write("2026-01-06,3.25,")
        for _ in range(20):
            file.write("x" * 1_000_000)
        file.write(",E1\n")
    (told,) = check(load(folder)).query("severity == 'stops'").to_dict("records")
    assert told["problem"] == "effort.csv has a line longer than 16 MB (line 4)"
    _, problems = read_source(Source("s", ("*",)), [folder / "effort.csv"])
    assert len(problems) == 1 and "longer than 16 MB (line 4)" in problems[0]


def test_a_million_columns_are_told_in_tables_and_in_exports(folder):
    path = folder / "effort.csv"
    path.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n")
    (told,) = check(load(folder)).query("severity == 'stops'").to_dict("records")
    assert told["problem"].startswith("effort.csv has 1,000,000 cells in its first line")
    _, problems = read_source(Source("s", ("*",)), [path])
    assert len(problems) == 1 and "1,000,000 cells" in problems[0]


def test_an_export_that_would_not_fit_into_memory_is_told(folder, monkeypatch):
    monkeypatch.setattr(modest, "_machine_bytes", lambda: 1_000)
    assert modest.find_immodest(folder / "effort.csv") == ""
    assert "too much for this machine's memory" in modest.find_immodest(folder / "effort.csv", in_memory=True)


@pytest.mark.parametrize("claimed", [0, 5, 2**31 - 1, 2**62])
def test_a_parquet_file_that_lies_of_its_rows_is_told_or_read_and_takes_no_memory(folder, claimed):
    import pandas as pd

    path = folder / "effort.parquet"
    effort = pd.read_csv(folder / "effort.csv", dtype="str")
    (folder / "effort.csv").unlink()
    pd.concat([effort] * 500).to_parquet(path)  # 1,000 rows, whose count stands in the footer as the varint d0 0f
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    told = data[footer:-8].replace(b"\x16\xd0\x0f", b"\x16" + varint(2 * claimed))
    path.write_bytes(data[:footer] + told + len(told).to_bytes(4, "little") + b"PAR1")
    if claimed:
        assert pq.read_metadata(path).num_rows == claimed
    try:
        assert len(check(load(folder))) >= 0
    except PmoError as error:
        assert "effort" in str(error) or "could not be read" in str(error)


def varint(value: int) -> bytes:
    """A number as Parquet's footer writes it."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def test_a_manifest_of_a_gigantic_number_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(
        json.dumps({"files": 10**400, "inputs": 1, "quarter": 1, "organisation": 1})
    )
    with pytest.raises(PmoError):
        read_previous(tmp_path)
