"""Rows kept in memory and rows kept in files are the same rows."""

from __future__ import annotations

import gc

import pandas as pd
import pytest

from pmo_analysis.intake.kept_rows import KeptRows

QUARTERS = pd.CategoricalDtype(["2026Q1", "2026Q2", "2026Q3"])
CUSTOMERS = pd.CategoricalDtype(["C1", "C2", "Ç 3 / ../x"])
COLUMNS = ("quarter", "customer_id", "source_id", "numerator")
WAITS = [("2026Q2", "C2", "E1", 4.5), ("2026Q1", None, "E2", None), ("2026Q2", "Ç 3 / ../x", None, -1.0)]
COSTS = [("2026Q1", "C1", "E3", 7.0)]


def keep(*, on_disk: bool) -> KeptRows:
    kept = KeptRows(COLUMNS, {"quarter": QUARTERS, "customer_id": CUSTOMERS}, on_disk=on_disk)
    for name, rows in (("wait", WAITS), ("nothing", []), ("cost", COSTS)):
        table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"source_id": "str", "numerator": "float64"})
        kept.keep(name, table)
    return kept


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_was_kept_is_read_again_by_name_quarter_and_column(on_disk: bool) -> None:
    kept = keep(on_disk=on_disk)
    rows = kept.read(["wait"], ["2026Q2"])
    assert rows["customer_id"].tolist() == ["C2", "Ç 3 / ../x"] and rows["numerator"].tolist() == [4.5, -1.0]
    assert rows["customer_id"].dtype == CUSTOMERS and rows["quarter"].dtype == QUARTERS
    assert set(rows["quarter"]) == {"2026Q2"} and rows["source_id"].isna().tolist() == [False, True]
    assert list(kept.read(columns=["numerator", "quarter"])) == ["numerator", "quarter"]
    assert kept.read(["cost"], ["2026Q3"]).empty and kept.read(["unheard"]).dtypes["source_id"] == "str"


@pytest.mark.parametrize("on_disk", [False, True])
def test_rows_are_counted_by_name_and_quarter(on_disk: bool) -> None:
    kept = keep(on_disk=on_disk)
    assert kept.counts == {"wait": {"2026Q1": 1, "2026Q2": 2}, "nothing": {}, "cost": {"2026Q1": 1}}
    assert (kept.count(), kept.count(["wait"]), kept.count(["wait", "cost"]), kept.count([])) == (4, 3, 4, 0)


def test_in_files_rows_lie_quarter_by_quarter_and_in_memory_as_they_were_given() -> None:
    order = ["quarter", "source_id"]
    here, there = (
        keep(on_disk=on_disk).read().sort_values(order, ignore_index=True).astype({"source_id": "str"})
        for on_disk in (False, True)
    )
    pd.testing.assert_frame_equal(here, there)
    assert keep(on_disk=False).read(["wait"])["quarter"].tolist() == ["2026Q2", "2026Q1", "2026Q2"]


def test_the_files_go_with_what_they_were_kept_for() -> None:
    kept = keep(on_disk=True)
    folder = kept.folder
    assert len(list(folder.iterdir())) == 3
    del kept
    gc.collect()
    assert not folder.exists()
