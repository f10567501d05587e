"""Tables come in from any source as they are, or one clear message says why they do not."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.tables import TABLES
from pmo_analysis.intake.addresses import mask, tell_driver
from pmo_analysis.intake.check import check
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.fingerprint import file_hashes, fingerprint
from pmo_analysis.intake.load import load

FILES = {
    "customers": "customer_id,name,category\nA,Ann,IT\nB,Bob,Sales\n",
    "services": "service_id,name,process\nS,Reviews,yes\n",
    "engagements": "engagement_id,customer_id,service_id,requested_on,charged_cost\n"
    "E1,A,S,2026-01-05,12.50\nE2,B,S,2026-02-03,\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def stopping(folder: Path) -> pd.DataFrame:
    problems = check(load(folder))
    return problems[problems["severity"] == "stops"]


def same_tables(one: Dataset, other: Dataset) -> None:
    for table in TABLES:
        assert_frame_equal(one.frame(table.name), other.frame(table.name))
    assert_frame_equal(fingerprint(one), fingerprint(other))


# --- the same tables from every kind of source ---------------------------------------------------------------


def test_a_folder_of_csv_is_read_as_text_and_cast_by_the_contract(folder):
    data = load(folder)
    assert data.tables == ("customers", "services", "engagements")
    frame = data.frame("engagements")
    assert frame["requested_on"].tolist() == [pd.Timestamp("2026-01-05"), pd.Timestamp("2026-02-03")]
    assert frame["charged_cost"].isna().tolist() == [False, True]
    assert data.frame("services")["process"].tolist() == [True]
    assert check(data).empty


def test_parquet_duckdb_and_sqlite_tell_the_same_as_csv(folder, tmp_path):
    source = load(folder)
    parquet, file, lite = tmp_path / "parquet", tmp_path / "org.duckdb", tmp_path / "org.sqlite"
    parquet.mkdir()
    with duckdb.connect(str(file)) as duck, sqlite3.connect(lite) as sqlite:
        for name in source.tables:
            frame = source.frame(name)
            frame.to_parquet(parquet / f"{name}.parquet")
            duck.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
            frame.astype(dict.fromkeys(frame.select_dtypes("datetime"), "str")).to_sql(name, sqlite, index=False)
    for other in (
        load(parquet),
        load(file),
        load(f"sqlite:///{lite}"),
        Dataset.from_frames({name: source.frame(name) for name in source.tables}),
    ):
        same_tables(source, other)


def test_the_order_of_rows_and_of_columns_does_not_matter(folder, tmp_path):
    turned = tmp_path / "turned"
    turned.mkdir()
    for name in FILES:
        frame = pd.read_csv(folder / f"{name}.csv", dtype=str)
        frame.iloc[::-1, ::-1].to_csv(turned / f"{name}.csv", index=False)
    same_tables(load(folder), load(turned))


def test_a_folder_of_parquet_parts_is_one_table(folder):
    (folder / "engagements.csv").unlink()
    (folder / "engagements").mkdir()
    for part in ("1", "2"):
        pd.DataFrame({"engagement_id": [f"E{part}"], "customer_id": ["A"], "service_id": ["S"],
                      "requested_on": ["2026-01-05" if part == "1" else "5 January"]}).to_parquet(
            folder / "engagements" / f"part-{part}.parquet")  # fmt: skip
    data = load(folder)
    assert data.rows("engagements") == 2
    assert check(data)[["problem", "first_rows"]].to_numpy().tolist() == [["bad date", "2"]]


def test_postgres_is_read_with_its_schema(folder, postgres_url):
    source = load(folder)
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA house"))
        for name in source.tables:
            frame = source.frame(name).dropna(axis=1, how="all")
            frame.to_sql(name, connection, schema="house", index=False)
    engine.dispose()
    same_tables(source, load(postgres_url.replace("+psycopg", ""), schema="house"))
    with pytest.raises(InputError, match="no table of the contract.*schema="):
        load(postgres_url)


def test_text_in_any_script_passes_unchanged(folder):
    names = [
        '=HYPERLINK("x")',
        "<script>alert('x')</script>",
        "مكتب المشاريع",
        "🚀 rockets",
        "n" * 300,
        'a,"b"\nc',
        "Ö;ä\tß",
    ]
    frame = pd.DataFrame({"customer_id": [f"C{i}" for i in range(len(names))], "name": names, "category": "IT"})
    frame.to_csv(folder / "customers.csv", index=False)
    assert load(folder).frame("customers")["name"].tolist() == names


def test_names_with_brackets_and_quotes_are_paths_not_patterns(tmp_path):
    odd = tmp_path / "data [2026]'s *"
    odd.mkdir()
    for name, text in FILES.items():
        write(odd, f"{name}.csv", text)
    assert load(odd).rows("customers") == 2


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_seen_in_the_header_and_told(folder, delimiter):
    write(folder, "customers.csv", FILES["customers"].replace(",", delimiter))
    data = load(folder)
    assert data.frame("customers")["name"].tolist() == ["Ann", "Bob"]
    assert check(data)["severity"].tolist() == ["note"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_end_and_a_byte_order_mark_are_read(folder, ending):
    write(folder, "customers.csv", b"\xef\xbb\xbf" + FILES["customers"].replace("\n", ending).encode())
    assert load(folder).frame("customers")["customer_id"].tolist() == ["A", "B"]


def test_headers_are_matched_without_regard_to_case_and_space(folder):
    write(folder, "customers.csv", " Customer_ID ,NAME,category\nA,Ann,IT\nB,Bob,IT\n")
    assert load(folder).frame("customers")["customer_id"].tolist() == ["A", "B"]


def test_settings_beside_the_data_are_read_and_can_be_overridden(folder):
    write(folder, "settings.toml", 'organisation = "Acme"\ncurrency = "GBP"\n[weight]\nexecution = 0.5\n')
    data = load(folder, settings={"currency": "SEK"})
    assert data.name == "Acme"
    assert (data.settings["currency"], data.settings["weight.execution"]) == ("SEK", 0.5)
    with pytest.raises(SettingError, match="currency"):
        load(folder, settings={"curency": "SEK"})


def test_without_a_name_the_folder_lends_its_own(folder):
    assert load(folder).name == folder.name


# --- what cannot be opened ------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no folder or file .*nowhere"):
        load(tmp_path / "nowhere")


def test_a_path_that_cannot_be_opened_is_told_with_its_reason(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="name too long"):
        load(tmp_path / ("n" * 300))
    with pytest.raises(InputError, match="no folder or file ''"):
        load("")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match="may not be read by you"):
        load(tmp_path)


def test_an_empty_folder_and_one_with_other_files(tmp_path):
    write(tmp_path, "notes.csv", "a\n1\n")
    with pytest.raises(InputError, match="no table of the contract.*pmo import"):
        load(tmp_path)


def test_a_file_in_place_of_a_folder(folder):
    with pytest.raises(InputError, match="neither a folder of tables nor a DuckDB file"):
        load(folder / "customers.csv")


def test_an_sqlite_file_is_told_its_address(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as lite:
        lite.execute("CREATE TABLE customers (a)")
    with pytest.raises(InputError, match="sqlite:///"):
        load(tmp_path / "x.db")


def test_a_duckdb_file_that_is_cut_off_or_held_by_a_writer(tmp_path):
    path = tmp_path / "org.duckdb"
    writer = duckdb.connect(str(path))
    writer.execute("CREATE TABLE customers AS SELECT 'A' AS customer_id")
    with pytest.raises(InputError, match="being written by another program"):
        load(path)
    writer.close()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="not a whole DuckDB file"):
        load(path)


def test_a_duckdb_file_without_our_tables_says_what_it_has(tmp_path):
    with duckdb.connect(str(tmp_path / "org.duckdb")) as writer:
        writer.execute("CREATE SCHEMA pmo; CREATE TABLE pmo.customers AS SELECT 'A' AS customer_id")
    with pytest.raises(InputError, match="pmo.customers"):
        load(tmp_path / "org.duckdb")
    assert load(tmp_path / "org.duckdb", schema="pmo").tables == ("customers",)
    assert load(tmp_path / "org.duckdb", settings={"database_schema": "pmo"}).tables == ("customers",)


def test_spark_that_is_not_installed_is_told_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(InputError, match=r"pip install 'pmo-analysis\[spark\]'"):
        load("spark://host:7077/house")


def test_a_database_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(InputError, match="no file"):
        load(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", [
    "postgresql://bob:hunter2@127.0.0.1:1/db",
    "postgresql://127.0.0.1:1/db?user=bob&password=hunter2",
    "nonsense://bob:hunter2@host/db",
    "oracle://bob:hunter2@host/db",
    "postgresql://bob:hunter2@host:notaport/db",
])  # fmt: skip
def test_a_password_is_never_shown(url):
    with pytest.raises(InputError) as caught:
        load(url)
    shown = str(caught.value)
    assert "hunter2" not in shown and "bob" not in shown
    assert "hunter2" not in mask(url) and "bob" not in mask(url)


# --- what can be opened but not read is told by check, with the place ------------------------------------------


def test_letters_in_another_encoding_are_named_by_file_byte_and_line(folder):
    write(folder, "customers.csv", "customer_id,name,category\nA,Ann,IT\nB,Jürgen,IT\n".encode("cp1252"))
    problem = stopping(folder).iloc[0]
    assert problem["problem"] == "encoding: customers.csv is not UTF-8 (byte 39 on line 3)"
    assert problem["first_rows"] == "2" and "cp1252" in problem["remedy"]


def test_a_letter_on_the_edge_of_a_block_is_not_taken_for_a_foreign_one(folder, monkeypatch):
    monkeypatch.setattr("pmo_analysis.intake.csv_file._CHUNK", 7)
    write(folder, "customers.csv", "customer_id,name,category\n" + "A,ö🚀é,IT\n" * 9)
    assert load(folder).rows("customers") == 9


def test_a_character_cut_off_at_the_end_is_found(folder):
    write(folder, "customers.csv", "customer_id,name,category\nA,Ann,IT€".encode()[:-1])
    assert "not UTF-8" in stopping(folder)["problem"].iloc[0]


@pytest.mark.parametrize(("content", "told"), [
    ("customer_id,name,category\nA,Ann,IT\n".encode("utf-16"), "UTF-16"),
    (b"", "file is empty"),
    (b"  \n", "file is empty"),
    (b"customer_id,name,category\nA,A\x00,IT\n", "NUL byte"),
    ("customer_id,name,category\nA,Ann\nB,Bob,IT\n", "line 2 of customers.csv has fewer cells than the header"),
    ("customer_id,name,category\nA,Ann,IT,x\nB,Bob,IT\n", "line 2 of customers.csv has more cells than the header"),
    ('customer_id,name,category\nA,"Ann,IT\nB,Bob,IT\n', "a quotation mark that is not closed"),
    ("customer_id,name,name,category\nA,Ann,Ann,IT\n", "column is named twice in customers.csv"),
    ("customer_id,name,category\r\nA,Ann,IT\nB,Bob,IT\r\n", "not a regular CSV"),
])  # fmt: skip
def test_a_damaged_file_stops_the_report_and_says_where(folder, content, told):
    write(folder, "customers.csv", content)
    found = stopping(folder)
    assert told in found["problem"].iloc[0]
    assert found["remedy"].str.len().gt(10).all() and found["answers_lost"].iloc[0] == "everything"


def test_a_damaged_parquet_file_stops_the_report(folder):
    (folder / "customers.csv").unlink()
    write(folder, "customers.parquet", b"PAR1 but no more")
    assert "not a whole Parquet file" in stopping(folder)["problem"].iloc[0]


def test_one_table_in_two_files_stops_the_report(folder):
    load(folder).frame("customers").to_parquet(folder / "customers.parquet")
    assert "both customers.csv and customers.parquet" in stopping(folder)["problem"].iloc[0]


def test_a_file_that_may_not_be_read_is_named(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("pmo_analysis.intake.folder.read_csv", refuse)
    assert stopping(folder)["problem"].str.contains("may not be read").any()


def test_unknown_files_and_columns_are_notes_with_the_nearest_name(folder):
    write(folder, "effrot.csv", "a\n1\n")
    write(folder, "services.csv", "service_id,name,proces\nS,Reviews,yes\n")
    problems = check(load(folder))
    assert problems["severity"].tolist() == ["note", "note"]
    assert problems["remedy"].tolist() == ["Did you mean 'process'?", "Did you mean 'effort'?"]


def test_the_files_of_a_folder_have_a_hash_each(folder):
    hashes = file_hashes(folder)
    assert hashes["file"].tolist() == ["customers.csv", "engagements.csv", "services.csv"]
    assert hashes["bytes"].tolist() == [len(FILES[f.removesuffix(".csv")]) for f in hashes["file"]]


def test_nothing_of_the_engine_is_left_in_the_temporary_folder(folder, tmp_path):
    code = f"from pmo_analysis.intake.load import load; load({str(folder)!r}).frame('customers')"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env={**os.environ, "TMPDIR": str(scratch)})
    assert list(scratch.iterdir()) == []


def test_a_drivers_words_are_told_without_secrets_and_otherwise_as_they_are():
    told = tell_driver("server is not running\nfor user u, password pw?", "pw", "u", None)
    assert told == "server is not running for user ***, password ***."
