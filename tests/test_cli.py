"""The command line: starts fast, tells what it made, and says what to do next."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pmo_analysis import cli
from pmo_analysis.cli import commands
from pmo_analysis.contract.settings import declared
from pmo_analysis.run import publish, servers

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "tests" / "samples"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main([str(a) for a in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def organisation(tmp_path):
    folder = tmp_path / "org"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id,name,category\nC1,Finance,Division\n")
    (folder / "services.csv").write_text("service_id,name\nS1,Plan review\n")
    (folder / "engagements.csv").write_text("engagement_id,customer_id,service_id,requested_on\nE1,C1,S1,2026-07-01\n")
    return folder


def test_help_names_every_command_and_every_exit_code(capsys):
    code, said, _ = run(capsys, "--help")
    assert code == 0
    for command in ("report", "check", "import", "map", "demo", "verify", "decide", "settings", "lab", "app", "scheme"):
        assert f"\n  {command} " in said
    assert "3 another run writes" in said


def test_the_program_starts_without_loading_what_it_does_not_need():
    told = subprocess.run(
        [sys.executable, "-c", "import sys, pmo_analysis.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"sklearn", "papermill", "matplotlib", "duckdb", "xlsxwriter", "ipywidgets"} & set(told.stdout.split())


def test_pmo_is_installed_as_the_program():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"pmo": "pmo_analysis.cli:main"}


def test_check_of_right_data_says_so_and_what_would_answer_most(capsys, organisation):
    code, said, _ = run(capsys, "check", organisation)
    assert code == 0
    assert said.startswith("No problem found in 3 tables.")
    assert "Adding effort would answer most:" in said


def test_check_tells_the_rows_an_example_the_remedy_and_the_lost_answers(capsys, organisation):
    (organisation / "customers.csv").write_text("customer_id,name,category\nC1,Finance,Division\nC1,Finance,Division\n")
    code, said, _ = run(capsys, "check", organisation)
    assert code == 1
    assert "STOPS  customers.customer_id: duplicate key (2 rows, the first 1, 2)" in said
    assert "such as       customer_id = C1" in said
    assert "what to do    Keep one row of each" in said
    assert "answers lost  everything" in said
    assert "1 kind of problem in 3 tables: 1 stops a report." in said


def test_several_kinds_of_problem_stop_a_report_and_one_stops_it(capsys, organisation):
    (organisation / "customers.csv").write_text("customer_id,name,category\nC1,Finance,Division\nC1,Finance,Division\n")
    (organisation / "services.csv").write_text("service_id,name,process\nS1,Advice,no\nS1,Advice,no\n")
    (organisation / "effort.csv").write_text("worked_on,worked_hours,role,customer_id\n2026-07-02,-1,analyst,C1\n")
    said = run(capsys, "check", organisation)[1]
    assert ": 2 stop a report, 1 harms some answers" in said


def test_harm_to_tables_that_not_every_answer_needs_exits_1_only_when_strict(capsys, organisation):
    (organisation / "effort.csv").write_text("worked_on,worked_hours,role,customer_id\n2026-07-02,-1,analyst,C1\n")
    assert run(capsys, "check", organisation)[0] == 0
    code, said, _ = run(capsys, "check", organisation, "--strict")
    assert code == 1
    assert "harms  effort.worked_hours: negative" in said


def test_a_name_that_would_move_the_cursor_is_printed_as_dots(capsys, organisation):
    (organisation / "engagements.csv").write_text(
        "engagement_id,customer_id,service_id,requested_on\nE1,C\x1b[2J9,S1,2026-07-01\n[bold]E2,C1,S1,2026-99-01\n"
    )
    _, said, _ = run(capsys, "check", organisation)
    assert "\x1b" not in said and "C·[2J9" in said


def test_an_import_prints_its_reconciliation_and_map_the_names_to_fill_in(capsys, tmp_path):
    code, said, _ = run(capsys, "import", "jira_csv", SAMPLES / "jira_issues.csv", "--to", tmp_path / "jira")
    assert code == 0
    assert "effort from jira_issues.csv" in said and "total         4.5 read, 4.5 imported" in said
    assert f"Next: pmo check {tmp_path / 'jira'}" in said
    code, said, _ = run(capsys, "map", tmp_path / "jira")
    assert code == 0
    assert said.splitlines()[1].split()[:2] == ["customer", "FIN"], "ranked by hours"
    assert (tmp_path / "jira-maps" / "role.csv").is_file()


def test_demo_writes_an_organisation_that_check_accepts(capsys, tmp_path):
    code, said, _ = run(capsys, "demo", tmp_path / "demo", "--customers", "20", "--quarters", "3")
    assert code == 0 and f"Next: pmo report {tmp_path / 'demo'}" in said
    assert run(capsys, "check", tmp_path / "demo")[0] == 0


def test_settings_lists_every_setting_and_marks_what_an_organisation_changed(capsys, organisation):
    (organisation / "settings.toml").write_text("seed = 7\n")
    code, said, _ = run(capsys, "settings", organisation)
    assert code == 0
    assert all(name in said for name in declared())
    assert "seed *" in said and "seed *" not in run(capsys, "settings")[1]


def test_report_hands_over_what_it_was_given_and_prints_the_path_of_the_page(capsys, tmp_path, monkeypatch):
    given = {}

    def fake(source, quarter, **more):
        given.update(source=source, quarter=quarter, **more)
        return SimpleNamespace(sentence="org, 2026Q3: 9 files", page=tmp_path / "report.html")

    opened = []
    monkeypatch.setattr(publish, "run_report", fake)
    monkeypatch.setattr(commands.webbrowser, "open", opened.append)
    code, said, progress = run(
        capsys, "report", "data", "--quarter", "2026Q3", "--out", tmp_path, "--set", "weight.execution=0.3", "--set",
        "organisation=Works", "-p", "top=5", "--wait", "--open",
    )  # fmt: skip
    assert code == 0
    assert said.splitlines() == ["org, 2026Q3: 9 files", str(tmp_path / "report.html")]
    assert progress.startswith("[  0.0 s] starting")
    assert opened == [(tmp_path / "report.html").as_uri()]
    assert (given["source"], given["quarter"], given["out"], given["wait"]) == ("data", "2026Q3", tmp_path, True)
    assert given["parameters"] == {"top": 5}
    assert (given["weight.execution"], given["organisation"]) == (0.3, "Works")
    assert given["notebook"] == publish.REPORT


def test_verify_prints_what_differs_and_exits_1(capsys, tmp_path, monkeypatch):
    from pmo_analysis.run import verify

    rows = [
        ("report.html", "changed since publishing", "its bytes differ"),
        ("tables/a.csv", "recomputed the same", ""),
    ]
    monkeypatch.setattr(
        verify, "verify_report", lambda folder, source, expect: pd.DataFrame(rows, columns=["file", "state", "why"])
    )
    code, said, _ = run(capsys, "verify", tmp_path)
    assert code == 1
    assert "report.html" in said and "tables/a.csv" not in said
    assert "1 published files and 1 recomputed tables looked at; 1 differ." in said


def test_interrupting_is_told_in_a_sentence(capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "run_report", interrupted)
    code, _, said = run(capsys, "report", "data")
    assert code == 130
    assert "what was published before is untouched" in said


def test_an_error_that_nobody_expected_keeps_its_traceback(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(publish, "run_report", broken)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        cli.main(["report", "data"])


@pytest.mark.parametrize(("command", "function"), [("lab", "open_lab"), ("app", "open_app")])
def test_lab_and_app_hand_over_port_and_browser(capsys, monkeypatch, command, function):
    given = {}
    monkeypatch.setattr(servers, function, lambda *source, **more: given.update(more) or 0)
    assert run(capsys, command, "--port", "8123", "--no-browser")[0] == 0
    assert given == {"port": 8123, "browser": False}


def test_lab_listens_to_this_machine_only(monkeypatch):
    called = []
    monkeypatch.setattr(servers.subprocess, "call", lambda command, **_: called.append(command) or 0)
    assert servers.open_lab(port=8123, browser=False) == 0
    assert {"--ServerApp.ip=127.0.0.1", "--ServerApp.port=8123", "--ServerApp.open_browser=False"} <= set(called[0])


def test_segments_are_frozen_shown_and_compared(capsys, organisation):
    """One customer is one group: frozen all the same, and said."""
    code, _, said = run(capsys, "scheme", "show", organisation)
    assert code == 1 and "No segment scheme is in force in 2026Q3" in said and "pmo scheme freeze" in said
    code, said, _ = run(capsys, "scheme", "freeze", organisation, "--quarter", "2026Q3", "--on", "2026-10-05")
    assert code == 0
    kept = organisation / "segment_schemes.json"
    assert said.startswith("Frozen from 2026Q3 on, cut in 2026Q3: one group") and f"kept in {kept}." in said
    assert "all customers" in said
    code, said, _ = run(capsys, "scheme", "show", organisation)
    assert code == 0 and "in force in 2026Q3" in said and "2026Q3      2026Q3" in said
    code, said, _ = run(capsys, "scheme", "compare", organisation)
    assert code == 0 and "Of 1 customers 1 are in the counterpart" in said and "No recut is advised" in said


def test_a_scheme_is_not_replaced_unless_told_to(capsys, organisation):
    assert run(capsys, "scheme", "freeze", organisation)[0] == 0
    before = (organisation / "segment_schemes.json").read_bytes()
    code, _, said = run(capsys, "scheme", "freeze", organisation)
    assert code == 1 and "--replace" in said
    assert (organisation / "segment_schemes.json").read_bytes() == before
    assert run(capsys, "scheme", "freeze", organisation, "--replace")[0] == 0
    assert "superseded" in run(capsys, "scheme", "show", organisation)[1]


def test_a_damaged_store_is_named_by_every_command(capsys, organisation):
    (organisation / "segment_schemes.json").write_text("{")
    for command in (("scheme", "show"), ("scheme", "freeze"), ("check",)):
        code, _, said = run(capsys, *command, organisation)
        assert code == 1 and "segment_schemes.json is not whole JSON" in said and "Restore it from a copy" in said


def test_a_database_needs_a_file_for_its_schemes(capsys, organisation, tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "org.db") as connection:
        for path in organisation.glob("*.csv"):
            pd.read_csv(path).to_sql(path.stem, connection, index=False)
    address, kept = f"sqlite:///{tmp_path / 'org.db'}", tmp_path / "ours.json"
    code, _, said = run(capsys, "scheme", "freeze", address)
    assert code == 1 and "--schemes PATH" in said
    assert run(capsys, "scheme", "freeze", address, "--schemes", kept)[0] == 0
    assert kept.is_file() and run(capsys, "scheme", "show", address, "--schemes", kept)[0] == 0
