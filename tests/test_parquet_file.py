"""Long Parquet files: texts that need no trimming are left coded, all others are read as everywhere."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pmo_analysis.intake import parquet_file
from pmo_analysis.intake.load import load

ROWS = 300


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Requests of which one service is spaced, one stage blank, one tier ends in a no-break space; sizes are plain."""
    monkeypatch.setattr(parquet_file, "_FEWEST_ROWS", ROWS)
    number = [f"E{i}" for i in range(ROWS)]
    texts = {
        "engagement_id": number,
        "customer_id": [f"C{i % 7}" for i in range(ROWS)],
        "service_id": ["S1", "S2 ", "S3"] * (ROWS // 3),
        "stage": ["", "planning", None] * (ROWS // 3),
        "tier": ["full", "full\u00a0", "Assisted"] * (ROWS // 3),
        "size_quoted": ["L", "größer", "M"] * (ROWS // 3),
    }
    days = pd.date_range("2026-01-01", periods=ROWS).date
    table = pa.table({**texts, "requested_on": days})
    coded = [name for name in texts if name != "engagement_id"]
    pq.write_table(table, tmp_path / "engagements.parquet", use_dictionary=coded, row_group_size=100)
    pq.write_table(pa.table({"customer_id": ["C1"], "name": ["A"], "category": ["X"]}), tmp_path / "customers.parquet")
    pq.write_table(pa.table({"service_id": ["S1"], "name": ["Advice"]}), tmp_path / "services.parquet")
    return tmp_path


def left_coded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    told: set[str] = set()
    see_rows = parquet_file.see_rows

    def spy(connection, table, types, source, plain):
        told.update(plain)
        return see_rows(connection, table, types, source, plain)

    monkeypatch.setattr(parquet_file, "see_rows", spy)
    load(folder)
    return told


def test_only_coded_texts_that_trimming_would_not_change_are_left(folder, monkeypatch):
    assert left_coded(folder, monkeypatch) == {"customer_id", "size_quoted"}


def test_a_short_table_or_a_long_dictionary_is_not_looked_at(folder, monkeypatch):
    monkeypatch.setattr(parquet_file, "_MOST_BYTES", 10)
    assert left_coded(folder, monkeypatch) == set()
    monkeypatch.setattr(parquet_file, "_FEWEST_ROWS", ROWS + 1)
    assert left_coded(folder, monkeypatch) == set()


def test_a_part_with_a_space_is_noticed(folder, monkeypatch):
    whole = pq.read_table(folder / "engagements.parquet")
    (folder / "engagements.parquet").unlink()
    (folder / "engagements").mkdir()
    pq.write_table(whole, folder / "engagements" / "1.parquet")
    spaced = whole.slice(0, 3).set_column(5, "size_quoted", pa.array(["L", " M", "S"]))
    pq.write_table(spaced, folder / "engagements" / "2.parquet")
    assert "size_quoted" not in left_coded(folder, monkeypatch)
    assert set(load(folder).frame("engagements")["size_quoted"]) == {"L", "M", "S", "größer"}


def test_what_is_read_is_what_trimming_reads(folder, monkeypatch):
    seen = load(folder).frame("engagements")
    monkeypatch.setattr(parquet_file, "_find_few_texts", lambda connection, files: set())
    pd.testing.assert_frame_equal(seen, load(folder).frame("engagements"))
    assert seen["service_id"].unique().tolist() == ["S1", "S2", "S3"]
    assert seen["stage"].dropna().unique().tolist() == ["planning"]
    assert seen["tier"].unique().tolist() == ["full", "assisted"]
