"""A report's quarter is computed in one process; what goes wrong there is told as if it had gone wrong here."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from organisations import write_least

import pmo_analysis as pmo
from pmo_analysis.contract.errors import InputError, PublishError, SettingError
from pmo_analysis.quarter.run import offer_quarter, open_quarter
from pmo_analysis.run.across import read_error, write_error
from pmo_analysis.run.publish import run_report
from pmo_analysis.run.warm import can_fork, start_zygote

QUARTER = "2026Q2"
forks = pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return str(write_least(tmp_path_factory.mktemp("once") / "data", quarters=2, seed=2))


@pytest.fixture(scope="module")
def asked(source):
    return {"source": source, "quarter": QUARTER, "settings": {}}


@pytest.fixture(scope="module")
def zygote(asked):
    with start_zygote("report") as started:
        started.warm(asked=asked)
        yield started


def test_a_quarter_on_offer_is_opened_as_it_is_and_only_for_the_same_arguments(asked):
    result = open_quarter(**asked)
    offer_quarter(result, **asked)
    assert open_quarter(**asked) is result
    other = open_quarter(**{**asked, "settings": {"seed": 5}})
    assert other is not result
    assert other.settings["seed"] == 5


@forks
def test_a_fork_writes_what_would_be_written_here(zygote, asked, tmp_path):
    from pmo_analysis.run.files import describe_quarter, write_files

    for name in ("there", "here"):
        (tmp_path / name).mkdir()
    about = zygote.write_files(tmp_path / "there", None)
    result = pmo.run_quarter(pmo.load(asked["source"]), QUARTER)
    write_files(result, tmp_path / "here", None)
    files = sorted(p.relative_to(tmp_path / "here") for p in (tmp_path / "here").rglob("*") if p.is_file())
    assert len(files) > 100
    assert files == sorted(p.relative_to(tmp_path / "there") for p in (tmp_path / "there").rglob("*") if p.is_file())
    assert [f for f in files if (tmp_path / "here" / f).read_bytes() != (tmp_path / "there" / f).read_bytes()] == []
    assert about == describe_quarter(result)


@forks
def test_a_report_that_reads_the_one_before_is_made_too(asked, tmp_path):
    before = run_report(asked["source"], QUARTER, out=tmp_path)
    after = run_report(asked["source"], "2026Q3", out=tmp_path)  # Arrow's threads have read the report before
    assert after.content["parameters"]["previous"] == str(before.folder)
    assert after.content["previous"]


@forks
def test_a_folder_that_cannot_be_written_is_told_as_the_system_tells_it(zygote, tmp_path):
    (tmp_path / "tables").touch()
    with pytest.raises(FileExistsError) as told:
        zygote.write_files(tmp_path, None)
    assert told.value.errno == errno.EEXIST
    assert told.value.filename == str(tmp_path / "tables")


@forks
def test_what_is_wrong_with_the_data_is_told_from_the_other_process(tmp_path):
    with start_zygote("report") as started, pytest.raises(InputError, match="There is no folder or file"):
        started.warm(asked={"source": str(tmp_path / "nowhere")})


@forks
def test_a_process_killed_while_it_computes_is_told(asked):
    with start_zygote("report") as started:
        started.begin(asked=asked)
        threading.Timer(3, os.kill, [started.process.pid, signal.SIGKILL]).start()
        with pytest.raises(PublishError, match=r"ended.* Run again\."):
            started.wait()
        with pytest.raises(PublishError, match=r"has ended.* Run again\."):
            started.write_files(started.folder, None)


@forks
def test_a_writer_that_is_killed_is_told_and_another_one_writes(zygote, tmp_path):
    (tmp_path / "killed").mkdir()
    (tmp_path / "whole").mkdir()
    pid = zygote.process.pid

    def kill_first_child():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if found:
                os.kill(int(found[0]), signal.SIGKILL)
                return

    killer = threading.Thread(target=kill_first_child)
    killer.start()
    with pytest.raises(PublishError, match=r"writes tables, workbook and slides died.* Run again\."):
        zygote.write_files(tmp_path / "killed", None)
    killer.join()
    zygote.write_files(tmp_path / "whole", None)
    assert (tmp_path / "whole" / "report.xlsx").stat().st_size > 0


@pytest.mark.parametrize(
    "error",
    [
        InputError("customers.csv: wrong. Mend it.").as_wrong_use(),
        SettingError("There is no setting 'x'."),
        PublishError("Nothing was published."),
    ],
)
def test_own_errors_arrive_as_they_were(error):
    arrived = read_error(write_error(error))
    assert type(arrived) is type(error)
    assert (str(arrived), arrived.exit_code) == (str(error), error.exit_code)


def test_an_error_that_nobody_foresaw_arrives_with_its_traceback():
    try:
        {}["absent"]
    except KeyError as error:
        arrived = read_error(write_error(error))
    assert isinstance(arrived, RuntimeError)
    assert "test_computed_once.py" in str(arrived)
    assert "KeyError: 'absent'" in str(arrived)
