"""Frozen segments: kept whole beside the data, in force from their quarter on, and never lost."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.load import load
from pmo_analysis.intake.schemes import (
    NAME,
    FrozenScheme,
    add_scheme,
    choose_earlier,
    choose_scheme,
    locate_schemes,
    read_schemes,
    require_place,
)

SCHEME = {
    "version": 2, "columns": [{"name": "requests_count", "kind": "number"}],
    "segments": [{"segment": "S1", "name": "many requests"}, {"segment": "S2", "name": "few requests"}],
    "weights": [0.6, 0.4], "means": [[1.0], [-1.0]], "covariances": [[[1.0]], [[1.0]]], "chances": [],
}  # fmt: skip


def frozen(valid_from: str = "2025Q4", cut_in: str = "2025Q3", **more) -> FrozenScheme:
    return FrozenScheme(valid_from, cut_in, SCHEME, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    add_scheme(tmp_path / NAME, frozen())
    return tmp_path / NAME


def reseal(path: Path, change) -> None:
    """A change by somebody who also knows how entries are sealed."""
    content = json.loads(path.read_text("utf-8"))
    entry = content["schemes"][0]
    change(entry)
    told = {name: value for name, value in entry.items() if name != "sha256"}
    entry["sha256"] = FrozenScheme(**{**told, "stability": tuple(told["stability"])}).sha256
    path.write_text(json.dumps(content), "utf-8")


def test_what_was_frozen_is_read_again_to_the_last_digit(tmp_path):
    told = frozen(words={"families": ["Delivery"], "amount": ""}, stability=({"segment": "S1", "jaccard": 0.1 + 0.2},))
    add_scheme(tmp_path / NAME, told)
    (back,) = read_schemes(tmp_path / NAME)
    assert back.sha256 == told.sha256
    assert (back.scheme, back.words, back.stability) == (SCHEME, told.words, told.stability)


def test_no_file_is_no_scheme(tmp_path):
    assert read_schemes(tmp_path / NAME) == () and read_schemes(None) == ()


def test_the_scheme_in_force_is_the_latest_that_holds_by_then():
    one, two, three = frozen("2025Q1", "2025Q1"), frozen("2025Q4"), frozen("2026Q3")
    kept = (three, one, two)
    assert choose_scheme(kept, "2024Q4") is None
    assert choose_scheme(kept, "2025Q1") is one and choose_scheme(kept, "2025Q3") is one
    assert choose_scheme(kept, "2025Q4") is two and choose_scheme(kept, "2030Q1") is three
    assert choose_earlier(kept, three) is two and choose_earlier(kept, one) is None


def test_a_superseded_scheme_is_never_in_force():
    old, new = frozen(superseded=True), frozen(source_sha256="new")
    assert choose_scheme((old, new), "2026Q1") is new
    assert choose_scheme((old,), "2026Q1") is None


def test_a_second_scheme_from_the_same_quarter_is_refused_and_the_file_stays(path):
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"has a scheme from 2025Q4 on already.*--replace"):
        add_scheme(path, frozen(source_sha256="other"))
    assert path.read_bytes() == before


def test_a_replaced_scheme_is_kept_as_superseded(path):
    first = read_schemes(path)[0]
    add_scheme(path, frozen(source_sha256="other"), replace_it=True)
    old, new = read_schemes(path)
    assert old.superseded and old.scheme == first.scheme
    assert not new.superseded and new.source_sha256 == "other"


def test_adding_a_later_scheme_leaves_the_earlier_ones_as_they_were(path):
    first = read_schemes(path)[0].sha256
    add_scheme(path, frozen("2026Q2", "2026Q1"))
    assert [s.valid_from for s in read_schemes(path)] == ["2025Q4", "2026Q2"]
    assert read_schemes(path)[0].sha256 == first
    assert [p.name for p in path.parent.iterdir()] == [NAME], "no scratch or lock file is left"


@pytest.mark.parametrize(("content", "told"), [
    ("", "not whole JSON"), ('{"version": 1, "schemes": [', "not whole JSON"), ("[1, 2]", "not a file of segment schemes"),
    ('{"version": 1, "schemes": {}}', "not a file of segment schemes"), ('{"version": 9, "schemes": []}', "has version 9"),
    ('{"version": 1, "schemes": [3]}', "entry 1 is not a frozen scheme"),
    ('{"version": 1, "schemes": [{"valid_from": "2025Q4"}]}', "entry 1 is not a frozen scheme"),
    ('{"version": NaN, "schemes": []}', "not whole JSON"), (b"\xff\xfe", "not whole JSON"),
])  # fmt: skip
def test_a_broken_file_is_named_with_what_to_do(tmp_path, content, told):
    path = tmp_path / NAME
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=told) as raised:
        read_schemes(path)
    assert NAME in str(raised.value)
    assert "Restore it from a copy" in str(raised.value) or "release that wrote it" in str(raised.value)


def test_a_change_by_hand_is_noticed(path):
    path.write_text(path.read_text("utf-8").replace("many requests", "our best customers"), "utf-8")
    with pytest.raises(InputError, match=r"scheme from 2025Q4 on is not as it was frozen.*segment_names"):
        read_schemes(path)


@pytest.mark.parametrize(("change", "told"), [
    (lambda e: e.update(valid_from="soon"), "names no quarter"),
    (lambda e: e.update(cut_in="2026Q3"), "was cut in 2026Q3, which was not known then"),
    (lambda e: e["scheme"].pop("means"), "has no means"),
    (lambda e: e["scheme"].update(weights=[1.0]), "not the same number of segments, weights and means"),
    (lambda e: e["scheme"].update(segments=[], weights=[], means=[], covariances=[]), "not the same number"),
])  # fmt: skip
def test_a_well_sealed_scheme_of_the_wrong_shape_is_refused_too(path, change, told):
    reseal(path, change)
    with pytest.raises(InputError, match=told):
        read_schemes(path)


def test_freezing_at_the_same_time_loses_nothing(tmp_path):
    quarters = [f"{year}Q{number}" for year in range(2026, 2030) for number in range(1, 5)]
    start = threading.Barrier(len(quarters))

    def freeze(quarter: str) -> None:
        start.wait()
        add_scheme(tmp_path / NAME, frozen(quarter))

    threads = [threading.Thread(target=freeze, args=(q,)) for q in quarters]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert [s.valid_from for s in read_schemes(tmp_path / NAME)] == quarters


def test_of_two_that_freeze_the_same_quarter_one_is_refused(tmp_path):
    start, refused = threading.Barrier(2), []

    def freeze(number: int) -> None:
        start.wait()
        try:
            add_scheme(tmp_path / NAME, frozen(source_sha256=str(number)))
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=freeze, args=(n,)) for n in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(refused) == 1 and len(read_schemes(tmp_path / NAME)) == 1


def test_a_write_that_fails_leaves_the_file_before(path, monkeypatch):
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left on device.*nothing was frozen"):
        add_scheme(path, frozen("2026Q2", "2026Q1"))
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [NAME]


def test_schemes_are_kept_beside_the_data_or_where_the_setting_says(tmp_path):
    nothing, named = Settings(), Settings({"segment_schemes": "ours.json"})
    assert locate_schemes(tmp_path, nothing) == tmp_path / "segment_schemes.json"
    assert locate_schemes(tmp_path / "x.duckdb", nothing) == tmp_path / "x.segment_schemes.json"
    assert locate_schemes(tmp_path, named) == tmp_path / "ours.json"
    assert locate_schemes("postgresql://host/db", named) == Path("ours.json")
    assert locate_schemes("postgresql://host/db", nothing) is None
    with pytest.raises(InputError, match="--schemes PATH"):
        require_place("postgresql://host/db", nothing)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        add_scheme(tmp_path / "nowhere" / NAME, frozen())


def test_a_loaded_folder_carries_its_schemes_and_takes_the_file_for_no_table(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,name,category\nC1,Finance,Division\n")
    before = load(tmp_path)
    add_scheme(tmp_path / NAME, frozen())
    after = load(tmp_path)
    assert after.tables == before.tables and after.troubles == before.troubles == ()
    assert [s.valid_from for s in after.schemes] == ["2025Q4"] and before.schemes == ()
    assert after.as_of("2025Q3").schemes == () and len(after.as_of("2025Q4").schemes) == 1


def test_the_seal_covers_every_part():
    one = frozen(stability=({"segment": "S1", "band": "stable"},))
    others = [
        replace(one, valid_from="2026Q1"), replace(one, cut_in="2025Q2"), replace(one, stability=()),
        replace(one, words={"amount": ""}), replace(one, superseded=True), replace(one, frozen_on="2026-11-23"),
        replace(one, scheme={**SCHEME, "weights": [0.5, 0.5]}), replace(one, source_sha256="x"),
    ]  # fmt: skip
    assert len({one.sha256, *(o.sha256 for o in others)}) == 9
