"""Import end to end: a mapping file and files in, tables and a reconciliation out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.intake.mapping import Import, import_tables, unmapped

MAPPING = """
about = "sales"
[settings]
currency = "GBP"
organisation = 'The "Office"'
[notes]
price = "in pounds"
[source.sales]
files = "sales*.csv"
[map.city]
values = { B = "Berlin" }
[table.customers]
from = "sales"
one_row_per = ["customer_id"]
columns.customer_id = { map = "city", of = "city" }
columns.name = "city"
columns.category = "'city'"
[table.services]
from = "sales"
one_row_per = ["service_id"]
columns.service_id = "what"
columns.name = "what"
[table.engagements]
from = "sales"
set_aside = [{ where = "what = 'test'", reason = "a test order" }]
control = { source = "price", column = "charged_cost" }
columns.engagement_id = "id"
columns.customer_id = { map = "city", of = "city" }
columns.service_id = "what"
columns.requested_on = "day"
columns.charged_cost = "price"
"""
SALES = "id,city,what,day,price\n1,B,report,2026-07-01,10.10\n2,P,report,2026-07-02,-0.20\n3,B,test,2026-07-03,99\n"


def run(folder: Path, mapping: str = MAPPING, sales: str = SALES, **options) -> Import:
    (folder / "m.toml").write_text(mapping, "utf-8")
    (folder / "sales.csv").write_text(sales, "utf-8")
    return import_tables(folder / "m.toml", [folder / "sales.csv"], to=folder / "to", **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_the_folder_holds_the_tables_the_reconciliation_and_what_was_assumed(tmp_path):
    done = run(tmp_path)
    assert set(contents(done.folder)) == {
        "customers.csv",
        "services.csv",
        "engagements.csv",
        "reconciliation.csv",
        "set_aside.csv",
        "flagged.csv",
        "unmapped.csv",
        "import_notes.md",
        "import.json",
        "settings.toml",
    }
    assert done.tables[["table", "rows"]].to_numpy().tolist() == [["customers", 2], ["services", 2], ["engagements", 2]]
    line = done.reconciliation.set_index("table").loc["engagements"]
    assert (line["source_total"], line["imported_total"], line["set_aside_total"]) == (
        Decimal("108.9"),
        Decimal("9.9"),
        Decimal("99"),
    )
    assert line["difference"] == 0 and line["reason"] == "1 row: a test order"
    assert "in pounds" in (done.folder / "import_notes.md").read_text()
    assert (done.folder / "settings.toml").read_text() == 'currency = "GBP"\norganisation = "The \\"Office\\""\n'
    assert "<table" in done._repr_html_() and "6 rows in 3 tables" in done._repr_html_()


def test_an_import_repeats_byte_for_byte_and_replaces_an_earlier_one(tmp_path):
    first = contents(run(tmp_path).folder)
    assert contents(run(tmp_path).folder) == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.toml", "sales.csv", "to"]


def test_the_order_of_source_rows_does_not_change_the_tables(tmp_path):
    first = contents(run(tmp_path).folder)
    head, *rows = SALES.splitlines()
    second = contents(run(tmp_path, sales="\n".join([head, *rows[::-1]]) + "\n").folder)
    for name in ("customers.csv", "services.csv", "engagements.csv", "unmapped.csv", "reconciliation.csv"):
        assert first[name] == second[name]


def test_later_rows_of_the_source_do_not_change_the_earlier_ones(tmp_path):
    before = pd.read_csv(run(tmp_path).folder / "engagements.csv", dtype=str)
    after = pd.read_csv(run(tmp_path, sales=SALES + "4,B,audit,2027-01-01,5\n").folder / "engagements.csv", dtype=str)
    assert after[after["requested_on"] < "2027"].reset_index(drop=True).equals(before)


def test_several_files_of_one_source_are_reconciled_apart(tmp_path):
    run(tmp_path)
    (tmp_path / "sales2.csv").write_text("id,city,what,day,price\n9,B,report,2026-08-01,1\n")
    done = import_tables(tmp_path / "m.toml", [tmp_path / "sales2.csv", tmp_path / "sales.csv"], to=tmp_path / "to")
    lines = done.reconciliation.query("table == 'engagements'")
    assert lines["source_file"].tolist() == ["sales.csv", "sales2.csv"] and lines["imported_rows"].tolist() == [2, 1]


def test_a_folder_with_other_files_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="thesis.txt"):
        run(tmp_path)
    assert contents(tmp_path / "to") == {"thesis.txt": b"years of work"}
    assert run(tmp_path, replace=True).tables["rows"].sum() == 6


@pytest.mark.parametrize(
    ("mapping", "sales", "said"),
    [
        (MAPPING.replace('"what"', '"wat"'), SALES, "Binder Error"),
        (MAPPING, SALES.replace("10.10", "ten"), "1 rows not a number, such as 'ten' (first: sales.csv row 2)"),
        (MAPPING, SALES.replace("2026-07-02", "02/07/2026"), "1 rows not a date"),
        (MAPPING, SALES.replace("2,P", "1,P"), "2 rows share their engagement_id"),
        (MAPPING, SALES.replace("id,city,", "id,"), "do not have the header's 4 cells"),
        (
            MAPPING.replace('files = "sales*.csv"', 'files = "sales*.csv"\nencoding = "ascii"'),
            SALES.replace("P", "Ä"),
            "is not ascii",
        ),
        (MAPPING.replace('"price"\n', "\"(SELECT max(x) FROM read_csv('sales.csv'))\"\n"), SALES, "table function"),
        (MAPPING, "", "no header row"),
        (MAPPING, SALES.replace("1,B", "1,"), "customer_id: 1 rows blank, but required"),
    ],
)
def test_a_failed_import_says_why_and_leaves_the_earlier_one_untouched(tmp_path, mapping, sales, said):
    before = contents(run(tmp_path).folder)
    with pytest.raises(InputError) as told:
        run(tmp_path, mapping, sales)
    assert said in str(told.value)
    assert contents(tmp_path / "to") == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.toml", "sales.csv", "to"]


def test_a_setting_of_a_wrong_type_is_refused(tmp_path):
    with pytest.raises(SettingError, match="fiscal_year_end_month"):
        run(tmp_path, MAPPING.replace('currency = "GBP"', 'fiscal_year_end_month = "March"'))


def test_problems_of_several_tables_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as told:
        run(tmp_path, MAPPING.replace('"what"', '"wat"'), SALES)
    assert "table services" in str(told.value) and "table engagements" in str(told.value)


def test_what_no_map_covers_is_found_again_from_the_folder(tmp_path):
    done = run(tmp_path)
    assert done.unmapped[["map", "value"]].to_numpy().tolist() == [["city", "P"]]
    assert done.unmapped["cost"].tolist() == [-0.2]
    assert ["city", "P"] in unmapped(done.folder)[["map", "value"]].to_numpy().tolist()


def test_odd_names_pass_through_as_they_are(tmp_path):
    odd = ['=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "قسم المالية", "🏗️ works", "n" * 300]
    rows = "".join(f'{i},"{name.replace(chr(34), chr(34) * 2)}",report,2026-07-01,1\n' for i, name in enumerate(odd))
    done = run(tmp_path, sales="id,city,what,day,price\n" + rows)
    assert set(pd.read_csv(done.folder / "customers.csv", dtype=str)["name"]) == set(odd)
    assert "<script>" not in done._repr_html_()


def test_progress_is_told_step_by_step(tmp_path):
    steps: list[str] = []
    run(tmp_path, progress=steps.append)
    assert steps == ["reading sales.csv", "making customers", "making services", "making engagements", "writing to"]


def test_optional_sources_without_a_file_leave_their_tables_out(tmp_path):
    text = MAPPING + '[source.roles]\nfiles = "roles.csv"\noptional = true\n[table.roles]\nfrom = "roles"\n'
    text += 'columns.role = "role"\ncolumns.senior = "senior"\n'
    assert "roles" not in set(run(tmp_path, text).tables["table"])
    (tmp_path / "roles.csv").write_text("role,senior\nPM,yes\n")
    done = import_tables(tmp_path / "m.toml", [tmp_path / "sales.csv", tmp_path / "roles.csv"], to=tmp_path / "to")
    assert "roles" in set(done.tables["table"])
