"""Whatever is wrong with a source or a parameter: one clear message, its exit code, nothing half-written.

Each case prepares a folder `org` that was right before, and tells the command line, its exit code and what must be
said. Exit codes: 1 the data says no, 2 wrong use, setting or parameter, 3 another run writes, 4 not completed.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
import pytest

from pmo_analysis.cli import main

ORGANISATION = {
    "customers": "customer_id,name,category\nC1,Finance,Division\nC2,Works,Division\n",
    "services": "service_id,name\nS1,Plan review\n",
    "engagements": "engagement_id,customer_id,service_id,requested_on,delivered_on\n"
    "E1,C1,S1,2026-07-01,2026-07-09\nE2,C2,S1,2026-08-03,2026-08-20\n",
    "effort": "worked_on,worked_hours,role,engagement_id\n2026-07-02,3.5,analyst,E1\n",
    "roles": "role,senior,hourly_cost\nanalyst,no,60\n",
}
MAPPING = """
name = "tickets"
about = "Tickets of a tracker"

[source.tickets]
files = "tickets*.csv"

[table.engagements]
from = "tickets"
columns.engagement_id = "id"
columns.customer_id = "'C1'"
columns.service_id = "'S1'"
columns.requested_on = "asked"
"""

Prepare = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """What is wrong, how it comes about, the command, and what the user is told."""

    name: str
    prepare: Prepare
    command: str
    code: int
    told: str


def put(table: str, text: str | bytes) -> Prepare:
    """One table's file replaced."""
    content = text.encode() if isinstance(text, str) else text
    return lambda here: (here / "org" / f"{table}.csv").write_bytes(content)


def line(table: str, row: str) -> Prepare:
    """One row more in a table."""
    return put(table, ORGANISATION[table] + row + "\n")


def file(name: str, text: str | bytes) -> Prepare:
    """A file beside the organisation's folder."""
    return lambda here: (here / name).write_bytes(text.encode() if isinstance(text, str) else text)


def nothing(here: Path) -> None:
    """The source is right; what is wrong is the command."""


def remove(table: str) -> Prepare:
    return lambda here: (here / "org" / f"{table}.csv").unlink()


def empty_folder(here: Path) -> None:
    shutil.rmtree(here / "org")
    (here / "org").mkdir()


def both_formats(here: Path) -> None:
    pd.read_csv(here / "org" / "customers.csv").to_parquet(here / "org" / "customers.parquet")


def damaged_parquet(here: Path) -> None:
    both_formats(here)
    whole = (here / "org" / "customers.parquet").read_bytes()
    (here / "org" / "customers.parquet").write_bytes(whole[: len(whole) // 2])
    (here / "org" / "customers.csv").unlink()


def duckdb_file(here: Path) -> None:
    with duckdb.connect(str(here / "org.duckdb")) as connection:
        for name in ORGANISATION:
            connection.execute(f"CREATE TABLE {name} AS FROM read_csv('{here / 'org' / name}.csv')")


def damaged_duckdb(here: Path) -> None:
    duckdb_file(here)
    whole = (here / "org.duckdb").read_bytes()
    (here / "org.duckdb").write_bytes(whole[:5000])


def sqlite_file(here: Path) -> None:
    with sqlite3.connect(here / "org.sqlite") as connection:
        connection.execute("CREATE TABLE other (x)")


def a_notebook(*cells: str, tagged: bool = True) -> Prepare:
    """A notebook of one's own whose first cell declares its parameters."""

    def prepare(here: Path) -> None:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        if tagged:
            made.cells[0].metadata["tags"] = ["parameters"]
        nbformat.write(made, here / "own.ipynb")

    return prepare


DECLARED = (
    'source = ""  # tables\nquarter = ""  # quarter\nsettings = {}  # settings\ntop = 3  # services shown [1 to 10]'
)


def a_report_without_manifest(here: Path) -> None:
    (here / "published").mkdir()


def a_damaged_manifest(here: Path) -> None:
    a_report_without_manifest(here)
    (here / "published" / "manifest.json").write_text('{"files": [')


def a_report_of_a_database(here: Path) -> None:
    a_report_without_manifest(here)
    (here / "published" / "manifest.json").write_text(
        '{"files": [], "inputs": [], "quarter": "2026Q3", "organisation": "org", '
        '"parameters": {"source": "postgresql://somebody@127.0.0.1:1/pmo"}}'
    )


def tickets(text: str = "id,asked\nE1,2026-07-01\n", mapping: str = MAPPING) -> Prepare:
    def prepare(here: Path) -> None:
        (here / "tickets.csv").write_text(text)
        (here / "map.toml").write_text(mapping)

    return prepare


REPORT = "report {org} --quarter 2026Q3 --out {out}"
IMPORT = "import {here}/map.toml {here}/tickets.csv --to {out}/tables"

CASES = [
    # the source as a whole
    Case("there is no such folder", nothing, "report {here}/nowhere --out {out}", 1, "There is no folder or file"),
    Case("a file instead of a folder", nothing, "check {org}/customers.csv", 1, "is a file, neither a folder of tables"),
    Case("the folder is empty", empty_folder, REPORT, 1, "has no table of the contract"),
    Case("both CSV and Parquet of one table", both_formats, REPORT, 1, "Keep one of them"),
    Case("a Parquet file cut off", damaged_parquet, REPORT, 1, "not a whole Parquet file"),
    Case("a DuckDB file cut off", damaged_duckdb, "report {here}/org.duckdb --out {out}", 1, "not a whole DuckDB file"),
    Case("a DuckDB file without our tables", lambda here: duckdb.connect(str(here / "x.duckdb")).close(),
         "check {here}/x.duckdb", 1, "has no table"),
    Case("an SQLite file as a plain path", sqlite_file, "check {here}/org.sqlite", 1, "sqlite:///"),
    Case("an unknown kind of database", nothing, "check nosuchdb://host/x", 1, "not a database address"),
    Case("a database driver that is not installed", nothing, "check mysql://u:secret@host/x", 1, "needs the driver"),
    Case("a database that does not answer", nothing, "check postgresql://u:secret@127.0.0.1:1/x", 1, "cannot be read"),
    Case("spark without Spark", nothing, "report spark://host:7077 --out {out}", 1, "pip install 'pmo-analysis[spark]'"),
    # the tables
    Case("a required table is missing", remove("engagements"), REPORT, 1, "required table is missing"),
    Case("a required column is missing", put("customers", "customer_id,name\nC1,Finance\n"), REPORT, 1, "category"),
    Case("a key twice", line("customers", "C1,Finance again,Division"), REPORT, 1, "duplicate key"),
    Case("a customer that nobody knows", line("engagements", "E3,C9,S1,2026-08-01,"), "check {org}", 1, "not in customers"),
    Case("a day that does not exist", line("engagements", "E3,C1,S1,2026-02-30,"), "check {org}", 1, "2026-02-30"),
    Case("a number with a decimal comma", line("effort", '2026-07-03,"3,5",analyst,E1'), "check {org} --strict", 1, "3,5"),
    Case("negative hours", line("effort", "2026-07-03,-2,analyst,E1"), "check {org} --strict", 1, "negative"),
    Case("delivered before asked for", line("engagements", "E3,C1,S1,2026-08-20,2026-08-01"), "check {org}", 1,
         "delivered before requested"),
    Case("a role that nobody knows", line("effort", "2026-07-03,2,wizard,E1"), "check {org} --strict", 1, "wizard"),
    Case("not UTF-8", put("customers", "customer_id,name,category\nC1,Bürgeramt,Amt\n".encode("latin-1")), REPORT, 1,
         "Save it as UTF-8"),
    Case("a quotation mark that is never closed", line("customers", 'C3,"Open,Division'), REPORT, 1, "customers"),
    Case("a row with too many cells", line("customers", "C3,Parks,Division,extra"), REPORT, 1, "more cells"),
    Case("an empty file", put("services", ""), REPORT, 1, "file is empty"),
    Case("a column twice", put("services", "service_id,name,name\nS1,a,b\n"), REPORT, 1, "services"),
    Case("no dates anywhere", put("engagements", "engagement_id,customer_id,service_id\nE1,C1,S1\n"), REPORT, 1,
         "requested_on"),
    # quarters and settings
    Case("a quarter in other words", nothing, "report {org} --quarter Q3/2026 --out {out}", 2, "Write it like 2026Q3"),
    Case("a quarter before the data", nothing, "report {org} --quarter 2019Q1 --out {out}", 1, "says nothing of 2019Q1"),
    Case("a quarter after the data", nothing, "report {org} --quarter 2031Q1 --out {out}", 1, "says nothing of 2031Q1"),
    Case("a setting that does not exist", nothing, REPORT + " --set weight.exection=0.3", 2, "'weight.execution'"),
    Case("a setting of the wrong type", nothing, REPORT + " --set seed=often", 2, "must be a whole number"),
    Case("a setting out of range", nothing, REPORT + " --set interval_level=95", 2, "outside 0.5 to 0.999"),
    Case("a setting without a value", nothing, REPORT + " --set seed", 2, "name=value"),
    Case("a setting given twice", nothing, REPORT + " --set seed=1 --set seed=2", 2, "Given twice: seed"),
    Case("a settings file that is not TOML", lambda here: (here / "org" / "settings.toml").write_text("seed = = 1"),
         REPORT, 2, "not valid TOML"),
    Case("a settings file with an unknown name", lambda here: (here / "org" / "settings.toml").write_text("sed = 1"),
         REPORT, 2, "'seed'"),
    # the notebook and its parameters
    Case("no such notebook", nothing, REPORT + " --notebook {here}/none.ipynb", 2, "There is no notebook"),
    Case("a notebook that is not one", file("own.ipynb", "hello"), REPORT + " --notebook {here}/own.ipynb", 2,
         "not a Jupyter notebook"),
    Case("a notebook without a parameter cell", a_notebook("1 + 1", tagged=False), REPORT + " --notebook {here}/own.ipynb",
         2, "tagged 'parameters'"),
    Case("a parameter that the notebook does not have", a_notebook(DECLARED),
         REPORT + " --notebook {here}/own.ipynb -p tpo=3", 2, "Did you mean 'top'?"),
    Case("a parameter of the wrong type", a_notebook(DECLARED), REPORT + " --notebook {here}/own.ipynb -p top=many", 2,
         "int is needed"),
    Case("a parameter out of range", a_notebook(DECLARED), REPORT + " --notebook {here}/own.ipynb -p top=11", 2,
         "outside 1 to 10"),
    Case("code as a parameter's name", a_notebook(DECLARED), REPORT + " --notebook {here}/own.ipynb -p print(1)=2", 2,
         "no such parameter"),
    # where to write
    Case("the place for reports is a file", file("in_the_way", "x"), "report {org} --out {here}/in_the_way", 4,
         "choose another folder"),
    Case("the place for reports cannot be written", nothing, "report {org} --out /proc/reports", 4, "choose another folder"),
    # imports
    Case("no such mapping or preset", nothing, "import jra_csv {org}/effort.csv --to {out}/t", 1, "jira_csv"),
    Case("a mapping that is not TOML", tickets(mapping="name = "), IMPORT, 1, "not valid TOML"),
    Case("an expression that is not SQL", tickets(mapping=MAPPING.replace('"asked"', '"asked +"')), IMPORT, 1, "asked +"),
    Case("a mapping of a column that the export lacks", tickets("id,when\nE1,2026-07-01\n"), IMPORT, 1, "asked"),
    Case("a mapping to a column that the contract lacks", tickets(mapping=MAPPING + 'columns.requestd_on = "asked"\n'), IMPORT, 1,
         "requested_on"),
    Case("an expression that reads another file",
         tickets(mapping=MAPPING.replace("\"'C1'\"", "\"(SELECT content FROM read_text('/etc/hostname'))\"")), IMPORT, 1,
         "table function"),
    Case("an export that is not there", tickets(), "import {here}/map.toml {here}/gone.csv --to {out}/tables", 1, "gone.csv"),
    Case("an export that the mapping does not know", tickets(), "import {here}/map.toml {org}/roles.csv --to {out}/t", 1,
         "roles.csv"),
    Case("a folder with somebody's own files", lambda here: (tickets()(here), (here / "out" / "mine.txt").write_text("x")),
         "import {here}/map.toml {here}/tickets.csv --to {out}", 1, "no earlier import wrote"),
    Case("a map of tables that are not UTF-8", put("customers", b"customer_id,name\nC1,B\xfcro\n"), "map {org}", 1, "UTF-8"),
    # published reports
    Case("verify of a folder that is no report", a_report_without_manifest, "verify {here}/published", 2,
         "not a published report"),
    Case("verify of a damaged manifest", a_damaged_manifest, "verify {here}/published", 4, "damaged"),
    Case("decide for a database", a_report_of_a_database, "decide {here}/published", 1, "not a folder of tables"),
    # wrong use
    Case("no such command", nothing, "rapport {org}", 2, "No such command"),
    Case("no such option", nothing, "report {org} --quater 2026Q3", 2, "--quarter"),
    Case("nothing to report on", nothing, "report", 2, "source"),
    Case("a demo over somebody's tables", nothing, "demo {org}", 1, "is not empty"),
    Case("settings of no folder", nothing, "settings {here}/nowhere", 1, "There is no folder"),
    Case("the app for a source that is not there", nothing, "app {here}/nowhere --no-browser", 1, "There is no folder or file"),
    Case("a demo of too few customers", nothing, "demo {out}/d --customers 2", 2, "20"),
]  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a right organisation in `org` and, in `out`, a report published before."""
    for folder in ("org", "out"):
        (tmp_path / folder).mkdir()
    for name, text in ORGANISATION.items():
        (tmp_path / "org" / f"{name}.csv").write_text(text)
    (tmp_path / "out" / "org-2026Q3").mkdir()
    (tmp_path / "out" / "org-2026Q3" / "report.html").write_text("the last good report")
    return tmp_path


def words(command: str, here: Path) -> list[str]:
    return [w.format(here=here, org=here / "org", out=here / "out") for w in command.split()]


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and everything that was said; an exception that reaches the user is a failure here too."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


def listing(folder: Path) -> dict[str, str]:
    """Every file by its content; the lock of a report's name is not part of what is published."""
    files = [p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock")]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_is_told_and_nothing_is_left_half_written(case, here, capsys):
    case.prepare(here)
    before = listing(here)
    code, said = run(words(case.command, here), capsys)
    assert case.told in said
    assert "Traceback" not in said and "secret" not in said
    assert code == case.code
    assert listing(here) == before


def test_there_are_at_least_25_ways_to_be_wrong():
    assert len({case.name for case in CASES}) == len(CASES) >= 25


def test_the_organisation_of_these_cases_is_right_before_anything_is_broken(here, capsys):
    code, said = run(["check", str(here / "org"), "--strict"], capsys)
    assert code == 0, said
    assert "No problem found" in said


def test_all_problems_are_told_at_once(here, capsys):
    remove("engagements")(here)
    line("customers", "C1,Again,Division")(here)
    code, said = run(words(REPORT, here), capsys)
    assert code == 1
    assert "required table is missing" in said and "duplicate key" in said


def test_the_second_of_two_runs_is_refused_and_the_report_stays(here, capsys):
    before = listing(here)
    with (here / "out" / ".org-2026Q3.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        code, said = run(words(REPORT, here), capsys)
    assert code == 3
    assert "Another run is writing" in said and "--wait" in said
    assert listing(here) == before


def test_a_duckdb_file_that_another_program_writes_is_told(here, capsys):
    duckdb_file(here)
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()",
         str(here / "org.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "held\n"
        code, said = run(["check", str(here / "org.duckdb")], capsys)
    finally:
        holder.communicate("\n", timeout=30)
    assert code == 1
    assert "being written by another program" in said


def test_an_error_in_a_cell_of_the_notebook_publishes_nothing(here, capsys):
    a_notebook(DECLARED, "raise ValueError('no such figure')")(here)
    before = listing(here)
    code, said = run([*words(REPORT, here), "--notebook", str(here / "own.ipynb")], capsys)
    assert code == 4
    assert "no such figure" in said and "cell" in said
    assert listing(here) == before


@pytest.mark.parametrize("command", ["check {here}/nowhere", REPORT + " --set sed=1", "rapport"])
def test_the_real_program_tells_the_same_without_a_traceback(command, here):
    ended = subprocess.run(
        [sys.executable, "-m", "pmo_analysis", *words(command, here)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode in (1, 2)
    assert "Traceback" not in ended.stderr
    assert ended.stdout == "" and len(ended.stderr.strip().splitlines()) <= 5


def test_a_row_is_named_as_a_spreadsheet_shows_it(here, capsys):
    """The first row of data is row 1, on line 2 of the file."""
    line("engagements", "E3,C1,S1,2026-02-30,")(here)
    _, said = run(["check", str(here / "org")], capsys)
    rows = list(csv.reader((here / "org" / "engagements.csv").open()))
    assert rows[3][3] == "2026-02-30"
    assert "the first 3" in said
