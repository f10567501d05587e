"""Private folders go with what they are for; those of a killed process go with the next run, those in use stay."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import pytest

from pmo_analysis.intake.scratch import private_folder, remove_left


def hold(home, what: str) -> subprocess.Popen[str]:
    """A process that has a private folder with a file in it and does not end."""
    code = (
        "import sys, time\nfrom pmo_analysis.intake.scratch import private_folder\n"
        f"with private_folder({str(home)!r}) as folder:\n    (folder / {what!r}).write_text('an answer')\n"
        "    print(folder.name, flush=True)\n    sys.stdin.read()\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_folder_is_its_users_alone_and_gone_afterwards(tmp_path):
    with private_folder(str(tmp_path)) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_goes_also_when_what_it_is_for_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), private_folder(str(tmp_path)):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_and_what_is_in_use_stays(tmp_path):
    killed, living = hold(tmp_path, "killed"), hold(tmp_path, "living")
    names = {p: p.stdout.readline().strip() for p in (killed, living)}
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert {p.name for p in tmp_path.iterdir()} == set(names.values())
    with private_folder(str(tmp_path)) as mine:
        assert {p.name for p in tmp_path.iterdir()} == {names[living], mine.name}
        assert (tmp_path / names[living] / "living").read_text() == "an answer"
        remove_left(str(tmp_path))
        assert mine.is_dir()
    living.communicate("")
    assert list(tmp_path.iterdir()) == []


def test_folders_of_others_links_and_files_of_that_name_stay(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_text("kept")
    (tmp_path / "pmo-run-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pmo-run-file").write_text("kept")
    remove_left(str(tmp_path))
    assert (tmp_path / "elsewhere" / "kept").exists() and (tmp_path / "pmo-run-link").is_symlink()
    assert (tmp_path / "pmo-run-file").exists()
    (tmp_path / "pmo-run-other").mkdir()
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    remove_left(str(tmp_path))
    assert (tmp_path / "pmo-run-other").is_dir()
    monkeypatch.undo()
    remove_left(str(tmp_path))
    assert not (tmp_path / "pmo-run-other").exists()
