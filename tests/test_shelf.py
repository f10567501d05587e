"""A report is put in place whole, one run at a time; the one before survives any failure."""

import fcntl

import pytest

from pmo_analysis.contract.errors import BusyError, PublishError
from pmo_analysis.run import shelf


def make(folder, text):
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(text)
    return folder


def test_a_new_report_replaces_the_old_one_whole(tmp_path):
    old, new = make(tmp_path / "demo", "old"), make(tmp_path / ".demo.building", "new")
    shelf.put_in_place(new, old)
    assert (tmp_path / "demo" / "report.html").read_text() == "new"


def test_without_the_exchange_call_two_renames_do_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "_exchange", lambda one, other: False)
    old, new = make(tmp_path / "demo", "old"), make(tmp_path / ".demo.building", "new")
    shelf.put_in_place(new, old)
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]
    assert (old / "report.html").read_text() == "new"


def test_a_run_killed_between_two_renames_leaves_the_old_report_to_be_restored(tmp_path):
    make(tmp_path / ".demo.before", "old")
    shelf.restore(tmp_path, "demo")
    assert (tmp_path / "demo" / "report.html").read_text() == "old"


def test_a_failure_leaves_no_scratch_and_the_old_report(tmp_path):
    make(tmp_path / "demo", "old")
    with pytest.raises(ValueError, match="broken"), shelf.scratch(tmp_path, "demo") as folder:
        (folder / "half").write_text("written")
        raise ValueError("broken")
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path):
    make(tmp_path / ".demo.building", "half")
    with shelf.scratch(tmp_path, "demo") as folder:
        assert list(folder.iterdir()) == []


def test_the_second_of_two_runs_is_refused(tmp_path):
    with (
        shelf.one_at_a_time(tmp_path, "demo"),
        pytest.raises(BusyError, match="Another run"),
        shelf.one_at_a_time(tmp_path, "demo"),
    ):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path):
    with shelf.one_at_a_time(tmp_path, "demo"):
        pass
    with (tmp_path / ".demo.lock").open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_shelf_that_is_a_file_is_told(tmp_path):
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(PublishError, match="untouched"), shelf.one_at_a_time(tmp_path / "reports", "demo"):
        pass
