"""The invented organisation streamed to Parquet: whole or not at all, the same from one seed, with what was planted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pmo_analysis.cli.commands import main
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.tables import TABLES, key_of
from pmo_analysis.intake.check import check
from pmo_analysis.intake.demo import Amount, make_demo, stream
from pmo_analysis.intake.demo.effort import Habit
from pmo_analysis.intake.demo.stream import stream_demo
from pmo_analysis.intake.load import load

AMOUNT = Amount(60, 2_000, 20_000, quarters=6, seed=3)


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two houses of thirty customers each."""
    folder = tmp_path_factory.mktemp("stream")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "HOUSE", 30)
        stream_demo(folder / "data", AMOUNT, truth=folder / "truth")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_every_table_is_there_about_as_long_as_asked_and_clean(streamed: Path) -> None:
    data = load(streamed / "data")
    assert {t.name for t in TABLES} == set(data.tables)
    assert data.rows("customers") == 60
    assert data.rows("engagements") == pytest.approx(2_000, rel=0.1)
    assert data.rows("effort") == pytest.approx(20_000, rel=0.1)
    assert set(check(data)["problem"]) <= {"weeks in which a role booked no hours"}
    for table in TABLES:
        frame = data.frame(table.name)
        key = key_of(table, set(frame.columns[frame.notna().any()]))
        assert not key or not frame.duplicated(list(key)).any()


def test_the_same_seed_gives_the_same_bytes(streamed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HOUSE", 30)
    stream_demo(tmp_path / "again", AMOUNT)
    assert hashes(tmp_path / "again") == hashes(streamed / "data")


def test_long_tables_go_from_the_oldest_quarter_to_the_youngest(streamed: Path) -> None:
    for name, day in (("engagements", "requested_on"), ("effort", "worked_on")):
        days = pd.to_datetime(pq.read_table(streamed / "data" / f"{name}.parquet")[day].to_pandas())
        assert days.dt.to_period("Q").is_monotonic_increasing
        assert days.max() <= pd.Timestamp("2026-09-30")


def test_what_was_planted_is_what_is_planted_in_the_small_one(streamed: Path) -> None:
    planted = {p.stem: pd.read_parquet(p) for p in (streamed / "truth").iterdir()}
    _, small = make_demo(customers=40, quarters=6, seed=3)
    assert set(planted) == {"segments", "movers", "affinity", "tiers", "senior_effect"}
    pd.testing.assert_frame_equal(planted["tiers"], small["tiers"], check_dtype=False)
    assert planted["senior_effect"]["effect"].tolist() == small["senior_effect"]["effect"].tolist()
    customers = pd.read_parquet(streamed / "data" / "customers.parquet")["customer_id"]
    assert set(planted["segments"]["customer_id"]) <= set(customers)
    assert set(planted["segments"]["segment"]) == set(small["segments"]["segment"])


def test_houses_share_the_liking_of_segments_and_nothing_else(streamed: Path) -> None:
    rows = pd.read_parquet(streamed / "data" / "engagements.parquet").merge(
        pd.read_parquet(streamed / "truth" / "segments.parquet").drop_duplicates("customer_id"), on="customer_id"
    )
    shares = [
        pd.crosstab(own["segment"], own["service_id"], normalize="index").stack().rename(house)
        for house, own in rows.groupby(rows["customer_id"].str[:4])
    ]
    both = pd.concat(shares, axis=1).fillna(0.0)
    assert np.corrcoef(both.T)[0, 1] > 0.8
    assert rows["engagement_id"].is_unique


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (Amount(60, 3_000, 2_000), "takes several bookings"),
        (Amount(60, 3_000, 900_000), "books between"),
        (Amount(200, 100, 1_000), "are not to be had"),
        (Amount(5, 300, 2_000), "at least 20 customers"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_with_what_would(tmp_path: Path, amount: Amount, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        stream_demo(tmp_path / "x", amount)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "plan_houses", lambda amount: (1.0, Habit()))
    monkeypatch.setattr(stream.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000_000})())
    with pytest.raises(InputError, match="has 0.0 GB left"):
        stream_demo(tmp_path / "x", Amount(60, 3_000, 20_000))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_breaks_off_leaves_nothing_and_what_stood_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "data"
    target.mkdir()
    (target / "customers.csv").write_text("kept")
    monkeypatch.setattr(stream, "plan_houses", lambda amount: (1.0, Habit()))
    monkeypatch.setattr(stream, "fill_world", lambda world: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        stream_demo(target, Amount(60, 3_000, 20_000), replace=True)
    with pytest.raises(InputError, match="not empty"):
        stream_demo(target, Amount(60, 3_000, 20_000))
    assert [p.name for p in tmp_path.iterdir()] == ["data"]
    assert (target / "customers.csv").read_text() == "kept"


def test_the_command_line_says_what_is_wrong_with_the_numbers_in_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", str(tmp_path / "x"), "--customers", "60", "--engagements", "3000", "--effort", "2000"])
    assert ended.value.code == 2
    assert "pmo: 2,000 rows of effort for 3,000 engagements" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
