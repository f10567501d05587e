"""Source against import, to the last decimal."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from pmo_analysis.intake.evaluate import ASIDE
from pmo_analysis.intake.mapping_file import TableRule
from pmo_analysis.intake.reconcile import reconcile
from pmo_analysis.intake.tabling import FLAGGED, Built

RULE = TableRule("effort", "s", {}, control={"source": "total", "column": "worked_hours"})


def built(imported: list[str], control: list[str | None], aside_rows: list[int]) -> Built:
    rows = pd.DataFrame({"_file": "a.csv", "_row": range(len(imported)), "worked_hours": imported}, dtype="str")
    source = pd.DataFrame({"_file": "a.csv", "_row": range(len(control)), "_control": pd.Series(control, dtype="str")})
    aside = pd.DataFrame([["effort", "a.csv", r, "row", "", "", "not approved"] for r in aside_rows], columns=ASIDE)
    return Built("effort", rows, source, aside, pd.DataFrame(columns=FLAGGED), pd.DataFrame(), rows.iloc[:0][["_file"]])


def test_source_is_imported_plus_set_aside_exactly():
    line = reconcile([built(["0.1", "0.1", "0.1"], ["0.1", "0.1", "0.1", "8"], [3])], {"effort": RULE}).iloc[0]
    assert (line["source_total"], line["imported_total"], line["set_aside_total"]) == (
        Decimal("8.3"),
        Decimal("0.3"),
        Decimal("8"),
    )
    assert line["difference"] == 0 and line["reason"] == "1 row: not approved"
    assert (line["source_rows"], line["imported_rows"], line["set_aside_rows"]) == (4, 3, 1)


def test_a_total_that_differs_is_shown_and_said():
    line = reconcile([built(["1", "2"], ["1", "2.5"], [])], {"effort": RULE}).iloc[0]
    assert line["difference"] == Decimal("0.5") and "control total differs" in line["reason"]


def test_without_a_control_column_rows_are_reconciled():
    line = reconcile([built(["1", "2"], [None, None, None], [])], {"effort": TableRule("effort", "s", {})}).iloc[0]
    assert line["source_total"] is None and line["difference"] == 1
