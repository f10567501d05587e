"""Decisions proposed on page 1 become rows of the decisions table beside the data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError, PublishError
from pmo_analysis.intake.append import append_rows
from pmo_analysis.run.manifest import read_manifest


def take_decisions(folder: str | Path, source: str | Path | None = None) -> tuple[Path, int]:
    """Append a report's proposed decisions to `decisions.csv` in the source folder; say where and how many.

    Each keeps the id `<quarter>-<rank>`, so that taking them twice adds nothing. The state is `open` until the
    PMO head sets it. Raises PublishError where the report holds no decisions, InputError where the source is
    not a folder.
    """
    report = read_manifest(Path(folder))
    target = Path(source or report.content["parameters"]["source"])
    if not target.is_dir():
        raise InputError(f"{target} is not a folder of tables. Decisions can only be written beside CSV files.")
    table = Path(folder) / "tables" / "page_1_decisions.parquet"
    if not table.is_file():
        raise PublishError(f"{folder} holds no page_1_decisions table. Publish the report again.")
    return append_rows(target, "decisions", _as_decisions(pd.read_parquet(table), report.content["quarter"]))


def _as_decisions(proposed: pd.DataFrame, quarter: str) -> pd.DataFrame:
    return pd.DataFrame({
        "decision_id": [f"{quarter}-{rank}" for rank in proposed["rank"]],
        "quarter": quarter,
        "text": proposed["decision"],
        "options": proposed["options"],
        "decider": proposed["decider"],
        "due_on": proposed["due_on"],
        "measure": proposed["measure"],
        "expected_effect": proposed["expected_effect"],
        "state": "open",
    })  # fmt: skip
