"""The ledger notices a changed report, a changed line, a missing line and a whole rewrite."""

from __future__ import annotations

import json
import os
import threading

import pytest

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.run import ledger, manifest


def publish(shelf, name, words="one"):
    folder = shelf / name
    folder.mkdir(exist_ok=True)
    content = {"organisation": "Works", "quarter": "2026Q3", "files": [], "inputs": [], "words": words}
    manifest.write_manifest(folder, content)
    return folder


@pytest.fixture
def shelf(tmp_path):
    for name in ("works-2026Q1", "works-2026Q2", "works-2026Q3"):
        ledger.enter(publish(tmp_path, name))
    return tmp_path


def states(report, **options):
    return [(file, state) for file, state, _ in ledger.review_ledger(report, **options)]


def test_what_was_entered_and_left_alone_has_nothing_to_tell(shelf):
    assert states(shelf / "works-2026Q1") == states(shelf / "works-2026Q3") == []
    assert len((shelf / ledger.NAME).read_text().splitlines()) == 3


def test_a_manifest_written_anew_by_hand_is_noticed(shelf):
    publish(shelf, "works-2026Q2", "two")
    assert states(shelf / "works-2026Q2") == [("manifest.json", "changed since publishing")]
    assert states(shelf / "works-2026Q3") == []


def test_publishing_again_is_a_new_line_and_right(shelf):
    ledger.enter(publish(shelf, "works-2026Q2", "two"))
    assert states(shelf / "works-2026Q2") == []


def test_a_changed_or_removed_line_breaks_the_chain(shelf):
    path = shelf / ledger.NAME
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0].replace("Works", "Other") + "".join(lines[1:]))
    assert states(shelf / "works-2026Q3") == [("ledger.jsonl", "changed since publishing")]
    path.write_text(lines[0] + lines[2])
    assert states(shelf / "works-2026Q3") == [("ledger.jsonl", "changed since publishing")]


def test_a_whole_rewrite_is_found_by_a_hash_that_was_noted(shelf):
    noted = ledger.read_head(shelf)
    assert states(shelf / "works-2026Q1", expect=noted) == states(shelf / "works-2026Q1", expect=noted[:12]) == []
    (shelf / ledger.NAME).unlink()
    for name in ("works-2026Q1", "works-2026Q2", "works-2026Q3"):
        ledger.enter(publish(shelf, name, "forged"))
    assert states(shelf / "works-2026Q1") == []
    assert states(shelf / "works-2026Q1", expect=noted) == [("ledger.jsonl", "rewritten")]


def test_a_hash_too_short_to_vouch_for_anything_is_not_taken(shelf):
    assert states(shelf / "works-2026Q1", expect=ledger.read_head(shelf)[:3]) == [("ledger.jsonl", "rewritten")]


def test_an_earlier_hash_still_holds_when_more_was_entered(shelf):
    noted = ledger.read_head(shelf)
    ledger.enter(publish(shelf, "works-2026Q4"))
    assert states(shelf / "works-2026Q4", expect=noted) == []


def test_a_report_that_was_never_entered_is_told(shelf):
    assert states(publish(shelf, "copied")) == [("ledger.jsonl", "not listed")]


def test_a_report_carried_elsewhere_has_no_ledger_to_ask(shelf, tmp_path_factory):
    alone = publish(tmp_path_factory.mktemp("elsewhere"), "works-2026Q1")
    assert states(alone) == []
    assert states(alone, expect=ledger.read_head(shelf)) == [
        ("ledger.jsonl", "not listed"),
        ("ledger.jsonl", "rewritten"),
    ]


def test_a_line_cut_off_by_a_kill_is_dropped_by_the_next(shelf):
    path = shelf / ledger.NAME
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"number": 4, "rep')
    assert states(shelf / "works-2026Q3") == []
    ledger.enter(publish(shelf, "works-2026Q4"))
    lines = path.read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4]
    assert states(shelf / "works-2026Q4") == []


def test_a_full_disk_leaves_the_ledger_as_it_was(shelf, monkeypatch):
    before = (shelf / ledger.NAME).read_bytes()
    new = publish(shelf, "works-2026Q4")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PublishError, match="No space left"):
        ledger.enter(new)
    assert (shelf / ledger.NAME).read_bytes() == before


def test_reports_entered_at_once_make_one_chain(tmp_path):
    folders = [publish(tmp_path, f"r{i}") for i in range(12)]
    threads = [threading.Thread(target=ledger.enter, args=(f,)) for f in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(states(folder) == [] for folder in folders)
    assert len((tmp_path / ledger.NAME).read_text().splitlines()) == 12
