"""Files that make a report on a schedule: valid in their own language whatever the folder is called, and tried."""

import ast
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.run.schedule import KINDS, fill_schedule

ODD = "/srv/pmo data/50% $HOME \"x\" 'y'/Zahlen;rm"


def unquote_unit(line: str) -> list[str]:
    """The words of ExecStart= as systemd reads them."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', line.removeprefix("ExecStart="))
    return [re.sub(r"\\(.)", r"\1", w).replace("%%", "%").replace("$$", "$") for w in words]


def test_a_unit_calls_the_report_with_the_very_folder():
    service = fill_schedule("systemd", ODD, out="/srv/re ports")["pmo-report.service"]
    line = next(line for line in service.splitlines() if line.startswith("ExecStart="))
    assert unquote_unit(line)[1:] == ["-m", "pmo_analysis", "report", ODD, "--out", "/srv/re ports"]
    assert "RestartPreventExitStatus=1 2 3" in service


def test_crons_line_reaches_the_shell_with_the_very_folder():
    line = fill_schedule("cron", ODD)["crontab"].splitlines()[-1]
    minute, hour, day, months, weekday, command = line.split(" ", 5)
    assert (minute, hour, day, months, weekday) == ("0", "6", "5", "1,4,7,10", "*")
    assert not re.search(r"(?<!\\)%", command)  # cron ends the command at a bare one
    assert ODD in shlex.split(command.replace("\\%", "%"))


def test_the_workflow_is_yaml_and_the_source_is_never_part_of_a_command():
    text = fill_schedule("github", ODD)["github.yml"]
    workflow = yaml.safe_load(text)
    assert workflow["jobs"]["report"]["env"]["SOURCE"] == ODD
    runs = [step["run"] for step in workflow["jobs"]["report"]["steps"] if "run" in step]
    assert all(ODD not in run and "${{" not in run for run in runs)
    assert workflow[True]["schedule"] == [{"cron": "0 6 5 1,4,7,10 *"}]  # YAML 1.1 reads `on` as yes
    assert workflow["permissions"] == {"contents": "read"}


def test_the_dag_is_python_and_maps_every_exit_code():
    tree = ast.parse(fill_schedule("airflow", ODD)["airflow_dag.py"])
    given = {n.targets[0].id: ast.literal_eval(n.value) for n in tree.body
             if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)}  # fmt: skip
    assert given["COMMAND"][3:5] == ["report", ODD]
    raised = {n.exc.func.id for n in ast.walk(tree) if isinstance(n, ast.Raise)}
    assert raised == {"AirflowSkipException", "AirflowException", "AirflowFailException"}


def test_a_fiscal_year_that_ends_in_may_moves_the_months(tmp_path):
    (tmp_path / "settings.toml").write_text("fiscal_year_end_month = 5\n")
    assert "0 6 9 3,6,9,12 *" in fill_schedule("cron", str(tmp_path), day=9)["crontab"]
    assert "*-03,06,09,12-09" in fill_schedule("systemd", str(tmp_path), day=9)["pmo-report.timer"]


@pytest.mark.parametrize("given", [("launchd", "data", 5), ("cron", "data", 31), ("cron", "da\nta", 5)])
def test_what_no_schedule_can_hold_is_refused(given):
    kind, source, day = given
    with pytest.raises(SettingError):
        fill_schedule(kind, source, day=day)


def test_nothing_is_left_to_fill_in():
    for kind in KINDS:
        for text in fill_schedule(kind, "data/demo").values():
            assert not re.search(r"\$(root|command|source|months|day|log)_?", text)


def test_systemd_takes_the_units(tmp_path):
    program = shutil.which("systemd-analyze") or pytest.skip("systemd-analyze is not installed")
    (tmp_path / "data").mkdir()
    files = fill_schedule("systemd", str(tmp_path / "data"), out=str(tmp_path))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run([program, "verify", *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_crons_line_runs_where_the_environment_is_empty(tmp_path):
    """What is after the five fields, by the shell that cron uses, with the source that is not there: code and log are told."""
    line = fill_schedule("cron", str(tmp_path / "none"), out=str(tmp_path / "re ports"))["crontab"].splitlines()[-1]
    command = line.split(" ", 5)[5].replace("\\%", "%")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SHELL": "/bin/sh", "LOGNAME": "pmo"}
    subprocess.run(["/bin/sh", "-c", command], env=env, cwd="/", check=True, timeout=60)
    log = (tmp_path / "pmo-report.log").read_text()
    assert "There is no" in log or "none" in log
    assert log.rstrip().endswith("pmo report ended with code 1")


def test_the_templates_name_no_machine():
    folder = Path(fill_schedule.__code__.co_filename).parent
    for path in folder.iterdir():
        if path.is_file() and path.suffix != ".py":
            assert not re.search(r"/(home|root|work|tmp)/", path.read_text("utf-8")), path
