"""Tables too long for memory are told as short ones are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake import long
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.demo import make_demo
from pmo_analysis.intake.engine import connect


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return make_demo(customers=20, quarters=4, seed=5)[0]


def shuffled(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}


def test_a_long_table_is_told_as_a_short_one_and_in_the_same_order(
    tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Dataset.from_frames(tables).as_of("2026Q2")
    monkeypatch.setattr(long, "LONG", 10)
    known = Dataset.from_frames(shuffled(tables)).as_of("2026Q2")
    assert known.views["engagements"].startswith("sorted") and known.views["customers"].startswith("sorted")
    for name in TABLE:
        pd.testing.assert_frame_equal(known.frame(name), short.frame(name))
        assert known.filled(name) == short.filled(name)


def test_of_a_long_table_only_the_columns_asked_for_are_read_and_nothing_is_kept(
    tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long, "LONG", 10)
    known = Dataset.from_frames(tables).as_of("2026Q3")
    rows = known.frame("engagements", ["state", "engagement_id"])
    assert list(rows) == ["state", "engagement_id"] and rows["engagement_id"].is_monotonic_increasing
    assert len(rows) == len(tables["engagements"])
    rows["state"] = "changed"
    assert (known.frame("engagements", ["state"])["state"] != "changed").all()
    assert known._frames == {}


def test_a_table_that_is_not_yet_told_at_a_quarters_end_is_in_order_too(
    tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long, "LONG", 10)
    rows = Dataset.from_frames(shuffled(tables)).frame("survey", ["answered_on", "response_id"])
    assert rows["response_id"].is_monotonic_increasing
    assert np.array_equal(rows, Dataset.from_frames(tables).frame("survey", ["answered_on", "response_id"]))


def test_the_engine_spills_to_disk_before_it_takes_more_than_three_gigabytes() -> None:
    connection = connect()
    limit, folder = connection.sql(
        "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
    ).fetchall()[0]
    number, unit = limit.split()
    assert float(number) * {"MiB": 2**20, "GiB": 2**30}[unit] <= 3.0e9
    connection.execute("SET memory_limit = '60MB'; SET threads = 1")
    query = "SELECT count(*), sum(n) FROM (SELECT range AS i, count(*) AS n FROM range(3000000) GROUP BY range)"
    assert connection.sql(query).fetchall() == [(3_000_000, 3_000_000)]
    assert "pmo-" in folder
