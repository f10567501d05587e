"""Damaged files: a reader takes them or refuses them in words; never a traceback, a hang or a crash."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks import fuzz
from benchmarks.damage import damage
from pmo_analysis.contract.errors import InputError, PublishError
from pmo_analysis.run.manifest import read_manifest

SEEDS = range(3)


@pytest.mark.parametrize("reader", fuzz.READERS)
def test_a_damaged_file_is_taken_or_refused(reader):
    told = [fuzz.feed_one(reader, seed) for seed in SEEDS]
    assert set(told) <= {"taken", "refused"}, dict(zip(SEEDS, told, strict=True))


@pytest.mark.parametrize(
    ("reader", "seed"),
    [
        ("jira_csv", 4),  # no row left: the columns went as well
        ("duckdb", 0),  # a block's checksum is wrong, which shows when it is read
        ("duckdb", 2),  # the file is shorter than it says
        ("schemes", 14),  # 1e309 becomes infinity
        ("parquet", 53),  # the footer is whole, the rows cannot be unpacked
        ("openproject_xls", 44),  # the library's Rust part panics
        ("msproject_xml", 5059),  # an encoding that nobody knows
        ("notebook", 5104),  # the parameter cell is not Python
        ("notebook", 5232),  # it holds a NUL
        ("notebook", 5331),  # a cell is a text
        ("mapping", 5137),  # a column's name is true
        ("settings", 6739),  # a whole number too large for any number
        ("settings", 6838),  # a number of 20,600 digits
    ],
)
def test_files_that_once_gave_a_traceback_are_refused_now(reader, seed):
    assert fuzz.feed_one(reader, seed) in ("taken", "refused")


def test_the_same_seed_damages_alike_and_another_otherwise():
    good = b"engagement_id,customer_id\nE1,C1\n" * 5
    assert damage(good, random.Random(1)) == damage(good, random.Random(1)) != damage(good, random.Random(2))


def test_a_reader_that_breaks_is_a_finding(monkeypatch):
    def broken(chance, folder):
        raise InputError("no") if chance.random() < 0 else KeyError("customer_id")

    monkeypatch.setitem(fuzz.READERS, "broken", broken)
    assert fuzz.feed_one("broken", 1).startswith("KeyError")


@pytest.mark.parametrize(
    "wrong", [{"inputs": [3]}, {"inputs": [{"rows": "5"}]}, {"inputs": 4}, {"files": ["report.html"]}, {"files": [{}]}]
)
def test_a_manifest_whose_lists_hold_something_else_is_damaged(tmp_path, wrong):
    good = {"organisation": "Works", "quarter": "2026Q3", "files": [], "inputs": []}
    (tmp_path / "manifest.json").write_text(json.dumps({**good, **wrong}))
    with pytest.raises(PublishError, match="is damaged"):
        read_manifest(tmp_path)
