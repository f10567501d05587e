"""What the report before told: its settings, its definitions and its run chart, read from where it was published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import InputError

_CHART = "tables/run_chart.parquet"


@dataclass(frozen=True, eq=False)
class PreviousReport:
    """A published report of an earlier quarter, as far as the next one needs it.

    `settings`: name → value; `definitions`: measure → its words, unit and formula; `run_chart`: measure, quarter, value,
    low, high, n as published; `sha256`: of these three, so that the next manifest can name what it was told beside.
    """

    quarter: str
    name: str
    sha256: str
    settings: Mapping[str, Any] = field(repr=False)
    definitions: Mapping[str, str] = field(repr=False)
    run_chart: pd.DataFrame = field(repr=False)

    @property
    def key(self) -> dict[str, str]:
        """How a manifest names it."""
        return {"quarter": self.quarter, "name": self.name, "sha256": self.sha256}


def read_previous(folder: str | Path) -> PreviousReport:
    """The report published in a folder; InputError where there is none or it is not as published.

    A report from before settings and definitions were kept has none of them: nothing is said of their changes.
    """
    path = Path(folder) / "manifest.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        quarter, files = str(content["quarter"]), {f["path"]: f["sha256"] for f in content["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} is not a published report ({type(error).__name__}). Publish it again.") from error
    settings, definitions = content.get("settings", {}).get("values", {}), content.get("definitions", {})
    used = json.dumps([quarter, settings, definitions, files.get(_CHART)], sort_keys=True)
    return PreviousReport(
        quarter,
        Path(folder).name,
        hashlib.sha256(used.encode()).hexdigest(),
        settings,
        definitions,
        _read_chart(Path(folder), files.get(_CHART)),
    )


def _read_chart(folder: Path, sha256: str | None) -> pd.DataFrame:
    columns = ["measure", "quarter", "value", "low", "high", "n"]
    if sha256 is None:
        return pd.DataFrame(columns=columns)
    path = folder / _CHART
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise InputError(f"{path} is not as published. Publish {folder.name} again, or move it away.")
    return pd.read_parquet(path)[columns]


def define(definitions: pd.DataFrame) -> dict[str, str]:
    """Each measure's definition as one text: what makes two figures of one name comparable."""
    words = definitions[["title", "formula", "unit", "better"]].astype("str").agg(" · ".join, axis=1)
    return dict(zip(definitions["measure"], words, strict=True))
