"""Rows are added to a table whole or not at all, each key once, and the file keeps its own columns."""

import os

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.append import append_rows

NEW = pd.DataFrame(
    {
        "decision_id": ["D1", "D2"],
        "quarter": "2026Q3",
        "text": ["a, b", '=1 "x"'],
        "due_on": pd.to_datetime(["2026-12-31", None]),
    }
)


def text(folder):
    return (folder / "decisions.csv").read_text("utf-8")


def test_a_table_that_is_not_there_is_begun(tmp_path):
    assert append_rows(tmp_path, "decisions", NEW) == (tmp_path / "decisions.csv", 2)
    assert text(tmp_path).splitlines() == [
        "decision_id,quarter,text,due_on",
        'D1,2026Q3,"a, b",2026-12-31',
        'D2,2026Q3,"=1 ""x""",',
    ]


def test_a_key_that_is_there_is_not_added_again(tmp_path):
    append_rows(tmp_path, "decisions", NEW)
    before = text(tmp_path)
    assert append_rows(tmp_path, "decisions", NEW)[1] == 0
    assert text(tmp_path) == before


def test_existing_rows_and_columns_stay_as_they_are(tmp_path):
    (tmp_path / "decisions.csv").write_text("state,decision_id,own_remark\nopen,D1,kept\n", "utf-8")
    assert append_rows(tmp_path, "decisions", NEW)[1] == 1
    assert text(tmp_path).splitlines() == [
        "state,decision_id,own_remark,quarter,text,due_on",
        "open,D1,kept,,,",
        ',D2,,2026Q3,"=1 ""x""",',
    ]


def test_a_byte_order_mark_is_read_over(tmp_path):
    (tmp_path / "decisions.csv").write_bytes(b"\xef\xbb\xbfdecision_id\nD1\n")
    assert append_rows(tmp_path, "decisions", NEW)[1] == 1


def test_a_table_kept_as_parquet_is_refused(tmp_path):
    NEW.to_parquet(tmp_path / "decisions.parquet")
    with pytest.raises(InputError, match="kept as Parquet"):
        append_rows(tmp_path, "decisions", NEW)
    assert [p.name for p in tmp_path.iterdir()] == ["decisions.parquet"]


@pytest.mark.parametrize("content", [b"decision_id\nB\xfcro\n", b'decision_id\n"open\n'])
def test_a_file_that_cannot_be_read_is_left_alone(tmp_path, content):
    (tmp_path / "decisions.csv").write_bytes(content)
    with pytest.raises(InputError, match="nothing was added"):
        append_rows(tmp_path, "decisions", NEW)
    assert (tmp_path / "decisions.csv").read_bytes() == content


def test_a_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    append_rows(tmp_path, "decisions", NEW[:1])
    before = text(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space.*nothing was added"):
        append_rows(tmp_path, "decisions", NEW)
    assert text(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["decisions.csv"]
