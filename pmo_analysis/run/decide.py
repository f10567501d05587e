"""Decisions proposed on page 1 become rows of the decisions table beside the data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError, PublishError
from pmo_analysis.contract.quarters import quarter_end, shift_quarter
from pmo_analysis.intake.append import append_rows
from pmo_analysis.run.manifest import read_manifest


def take_decisions(folder: str | Path, source: str | Path | None = None) -> tuple[Path, int]:
    """Append a report's proposed decisions to `decisions.csv` in the source folder; say where and how many.

    Each keeps the id `<quarter of the report>-<rank>`, so that taking them twice adds nothing. A decision that a
    report proposes is taken in the quarter after it (the report itself still comes out the same) and should work by
    the end of the next. The state is `open` until the PMO head sets it. Raises PublishError where the report holds no
    decisions, InputError where the source is not a folder.
    """
    report = read_manifest(Path(folder))
    target = Path(source or report.content["parameters"]["source"])
    if not target.is_dir():
        raise InputError(f"{target} is not a folder of tables. Decisions can only be written beside CSV files.")
    table = Path(folder) / "tables" / "page_1_decisions.parquet"
    if not table.is_file():
        raise PublishError(f"{folder} holds no page_1_decisions table. Publish the report again.")
    month = report.content.get("settings", {}).get("changed", {}).get("fiscal_year_end_month", 12)
    return append_rows(target, "decisions", _as_decisions(pd.read_parquet(table), report.content["quarter"], month))


def _as_decisions(proposed: pd.DataFrame, quarter: str, month: int) -> pd.DataFrame:
    return pd.DataFrame({
        "decision_id": [f"{quarter}-{rank}" for rank in proposed["rank"]],
        "quarter": shift_quarter(quarter, 1),
        "text": proposed["decision"],
        "options": proposed["options"],
        "decider": proposed["decider"],
        "due_on": pd.Timestamp(quarter_end(shift_quarter(quarter, 2), month)),
        "measure": proposed["measure"],
        "expected_effect": proposed["expected_effect"].round(4),
        "state": "open",
    })  # fmt: skip
