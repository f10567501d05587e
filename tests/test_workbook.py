"""The workbook: every table marked and explained, texts only texts, the same quarter the same bytes."""

import errno
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest

from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.demo import demo
from pmo_analysis.present import workbook
from pmo_analysis.present.dictionary import describe_columns, meaning_of
from pmo_analysis.present.excel_cells import LONGEST_TEXT, clean_text
from pmo_analysis.present.tables import flatten
from pmo_analysis.present.workbook import HEADER_ROW, write_workbook
from pmo_analysis.quarter import run_quarter

COSTS = pd.DataFrame({
    "customer_id": ["C1", "C2", "C3"],
    "name": ["<script>alert(1)</script>", '=HYPERLINK("http://x.example")', "مشتريات 🚀"],
    "cost_to_serve_cost": [1234.5, None, float("inf")],
    "worked_hours": [10.25, 0.0, -1.0],
    "process_share": [0.125, None, 1.0],
    "last_requested_on": pd.to_datetime(["2026-09-30", None, "1899-01-01"]),
    "engagement_count": [3, 4, 5],
    "flagged": [True, False, True],
    "value": [0.12345, 12345.6, None],
})  # fmt: skip


DEFINITIONS = pd.DataFrame({
    "measure": ["promises_kept_share", "saving", "nps"], "unit": ["share", "money", "points"],
    "title": ["Promises kept", "Saving", "NPS"], "formula": ["kept / promised", "now - then", "for - against"],
})  # fmt: skip


def quarter_of(tables=None, **settings):
    return SimpleNamespace(
        organisation="=Ministry of Works",
        quarter="2026Q3",
        settings=Settings(settings),
        sentences={"headline": "Cost fell.", "cost": "=1+1"},
        tables=lambda: tables if tables is not None else {"cost_by_customer": COSTS},
        measures=SimpleNamespace(definitions=DEFINITIONS),
        unanswered=pd.DataFrame({"missing": ["survey"], "sentence": ["No survey table: experience not told."]}),
        problems=pd.DataFrame(
            {"table": ["effort"], "column": ["role"], "problem": ["not in roles"], "rows": [7], "remedy": ["Add it."]}
        ),
    )  # fmt: skip


def write(tmp_path, quarter=None):
    return openpyxl.load_workbook(write_workbook(quarter or quarter_of(), tmp_path / "report.xlsx"))


def rows_of(sheet):
    return [[c.value for c in row] for row in sheet.iter_rows(min_row=HEADER_ROW + 2)]


def test_the_sheets_are_cover_contents_the_tables_dictionary_and_notes(tmp_path):
    assert write(tmp_path).sheetnames == ["Cover", "Contents", "Cost by customer", "Dictionary", "Notes"]


def test_each_table_is_marked_with_a_name_a_filter_and_a_frozen_header(tmp_path):
    sheet = write(tmp_path)["Cost by customer"]
    table = sheet.tables["pmo_3_cost_by_customer"]
    assert table.ref == "A4:I7"
    assert table.autoFilter.ref == "A4:I7"
    assert sheet.freeze_panes == "B5"
    assert [c.value for c in sheet[HEADER_ROW + 1]] == list(COSTS)
    assert sheet["A1"].value == meaning_of("cost_by_customer")


def test_no_cell_is_a_formula_and_no_link_leaves_the_workbook(tmp_path):
    book = write(tmp_path)
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert [c.coordinate for c in cells if c.data_type == "f"] == []
    assert [c.hyperlink.target for c in cells if c.hyperlink and c.hyperlink.target] == []
    assert book["Cover"]["A1"].value == "=Ministry of Works"
    assert book["Cost by customer"]["B6"].value == '=HYPERLINK("http://x.example")'
    assert book["Cost by customer"]["B6"].quotePrefix


def test_numbers_are_formatted_by_the_suffix_of_their_column(tmp_path):
    sheet = write(tmp_path)["Cost by customer"]
    formats = {c: sheet.cell(HEADER_ROW + 2, i).number_format for i, c in enumerate(COSTS, start=1)}
    assert formats["cost_to_serve_cost"] == "#,##0"
    assert formats["worked_hours"] == "#,##0.0"
    assert formats["process_share"] == "0%"
    assert formats["last_requested_on"] == "yyyy-mm-dd"
    assert formats["engagement_count"] == "#,##0"


def test_figures_of_several_measures_are_each_formatted_in_their_own_unit(tmp_path):
    cells = pd.DataFrame(
        {"measure": ["promises_kept_share", "saving", "nps", "unheard_of"], "value": [0.5, 1e4, 31.0, 1.0]}
    )
    told = pd.DataFrame({"figure": ["a", "b", "c"], "unit": ["_days", "points", None], "value": [3.0, 4.0, 5.0]})
    book = write(tmp_path, quarter_of({"measures": cells, "trust": told}))
    assert [r[1].number_format for r in book["Measures"].iter_rows(min_row=HEADER_ROW + 2)][:2] == ["0%", "#,##0"]
    plain = {r[1].number_format for r in book["Measures"].iter_rows(min_row=HEADER_ROW + 4)}
    assert len(plain) == 1 and "0.0##" in plain.pop()
    assert book["Trust"].cell(HEADER_ROW + 2, 3).number_format == "#,##0.0"


def test_what_is_missing_or_infinite_is_blank_and_zero_is_zero(tmp_path):
    rows = rows_of(write(tmp_path)["Cost by customer"])
    assert [r[2] for r in rows] == [1234.5, None, None]
    assert [r[3] for r in rows] == [10.25, 0, -1]
    assert rows[1][4] is None and rows[1][5] is None


def test_a_day_before_excels_calendar_is_told_as_text(tmp_path):
    assert [r[5] for r in rows_of(write(tmp_path)["Cost by customer"])][2] == "1899-01-01"


def test_the_same_quarter_gives_the_same_bytes(tmp_path):
    one = write_workbook(quarter_of(), tmp_path / "one.xlsx").read_bytes()
    assert one == write_workbook(quarter_of(), tmp_path / "two.xlsx").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_told_as_such_by_the_system_s_own_error():
    with pytest.raises(OSError, match="No space left on device") as told:
        write_workbook(quarter_of(), Path("/dev/full"))
    assert told.value.errno == errno.ENOSPC


def test_the_workbook_is_dated_by_the_end_of_the_fiscal_quarter(tmp_path):
    write_workbook(quarter_of(fiscal_year_end_month=3), tmp_path / "r.xlsx")
    with zipfile.ZipFile(tmp_path / "r.xlsx") as parts:
        assert "2025-12-31T00:00:00Z" in parts.read("docProps/core.xml").decode()


def test_long_texts_are_cut_with_a_note_and_control_characters_removed():
    long = clean_text("x" * 40_000)
    assert len(long) <= LONGEST_TEXT and long.endswith("the whole text is in the Parquet file)")
    assert sum(2 if c > "\uffff" else 1 for c in clean_text("🚀" * 20_000)) <= LONGEST_TEXT
    assert clean_text("a\x00b\x1bc\ud800d\r\ne") == "abcd\ne"


def test_long_and_broken_texts_are_written_and_read_back(tmp_path):
    table = pd.DataFrame({"text": ["🚀" * 20_000, "a\x01b", "_x0041_", "x" * 40_000]})
    told = [r[0] for r in rows_of(write(tmp_path, quarter_of({"t": table}))["T"])]
    assert told[1] == "ab" and "cut here" in told[0] and "cut here" in told[3]


def test_awkward_table_names_give_sheets_that_excel_takes(tmp_path):
    names = ["a" * 40, "a" * 41, "History", "what/if: [all]?", "'quoted'", "A" * 40, "notes"]
    book = write(tmp_path, quarter_of({n: pd.DataFrame({"x": [1]}) for n in names}))
    lower = [s.lower() for s in book.sheetnames]
    assert len(book.sheetnames) == len(names) + 4 == len(set(lower))
    assert max(map(len, book.sheetnames)) <= 31
    assert "history" not in lower


def test_headers_that_differ_only_in_capitals_are_told_apart(tmp_path):
    sheet = write(tmp_path, quarter_of({"t": pd.DataFrame([[1, 2]], columns=["x", "X"])}))["T"]
    assert [c.value for c in sheet[HEADER_ROW + 1]] == ["x", "X 2"]


def test_a_table_without_rows_or_without_columns_is_still_a_sheet(tmp_path):
    book = write(tmp_path, quarter_of({"none": pd.DataFrame(columns=["x"]), "bare": pd.DataFrame()}))
    assert book["None"]["A3"].value == "0 rows"
    assert book["None"]["A4"].value == "x"
    assert book["Bare"]["A3"].value == "0 rows"


def test_rows_that_do_not_fit_are_said_to_be_in_the_parquet_file(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    sheet = write(tmp_path)["Cost by customer"]
    assert sheet["A3"].value.startswith("The first 2 rows")
    assert "tables/cost_by_customer.parquet" in sheet["A3"].value
    assert len(rows_of(sheet)) == 2


def test_the_contents_link_to_every_sheet(tmp_path):
    book = write(tmp_path)
    targets = [row[0].hyperlink.location for row in book["Contents"].iter_rows(min_row=2)]
    assert targets == ["'Cost by customer'!A1", "'Dictionary'!A1", "'Notes'!A1"]


def test_notes_hold_definitions_what_is_unanswered_problems_and_changed_settings(tmp_path):
    rows = rows_of(write(tmp_path, quarter_of(seed=7))["Notes"])
    assert [r[0] for r in rows] == ["definition"] * 3 + ["not answered", "problem in the data", "setting changed"]
    assert rows[4][1:] == ["effort.role", "not in roles (7 rows). Add it."]
    assert rows[5][1:] == ["seed", "7"]


def test_the_dictionary_has_every_column_with_meaning_and_unit():
    told = describe_columns({"cost_by_customer": COSTS}).set_index(["table", "column"])
    assert told.loc[("engagements", "engagement_id"), "required"] == "yes"
    assert told.loc[("cost_by_customer", "cost_to_serve_cost"), "unit"] == "money"
    assert told.loc[("cost_by_customer", "worked_hours"), "meaning"] == "hours worked"
    assert (told["meaning"] != "").all()


@pytest.mark.slow
def test_every_column_of_every_result_table_is_explained():
    quarter = run_quarter(demo(customers=20, quarters=5), "2026Q3")
    tables = {name: flatten(rows) for name, rows in quarter.tables().items()}
    told = describe_columns(tables)
    assert told[told["meaning"] == ""].to_dict("records") == []
    assert [name for name in tables if meaning_of(name) == name.replace("_", " ").capitalize()] == []


@pytest.mark.slow
def test_the_workbook_opens_in_libreoffice(tmp_path, office):
    write_workbook(quarter_of(), tmp_path / "report.xlsx")
    command = [
        office,
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,3",
    ]
    subprocess.run(
        [*command, "--outdir", str(tmp_path / "out"), str(tmp_path / "report.xlsx")],
        check=True,
        timeout=180,
        capture_output=True,
    )
    text = next((tmp_path / "out").glob("*.csv")).read_text("utf-8")
    assert '=HYPERLINK(""http://x.example"")' in text and "مشتريات 🚀" in text
