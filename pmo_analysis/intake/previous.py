"""What the report before told: its settings, its definitions and its figures, read from where it was published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import InputError

# The published tables whose figures the next report compares its own with.
COMPARED = ("measures", "changes", "run_chart", "page_1_figures", "page_1_beside", "capacity", "propositions",
            "value_scores", "demand", "groups", "cost_by_customer", "cost_by_service", "cost_by_segment",
            "cost_by_category")  # fmt: skip
# What of its manifest the next report tells beside its own.
_MADE = ("settings", "definitions", "schemes")


@dataclass(frozen=True, eq=False)
class PreviousReport:
    """A published report of an earlier quarter, as far as the next one needs it.

    `settings`: name → value; `definitions`: measure → its words, unit and formula; `run_chart`: measure, quarter, value,
    low, high, n as published; `figures`: the published tables of COMPARED, by name; `made_from`: settings, definitions
    and frozen segments as its manifest has them; `sha256`: of all this, so that the next manifest can name what it was
    told beside.
    """

    quarter: str
    name: str
    sha256: str
    settings: Mapping[str, Any] = field(repr=False)
    definitions: Mapping[str, str] = field(repr=False)
    run_chart: pd.DataFrame = field(repr=False)
    figures: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    made_from: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> dict[str, str]:
        """How a manifest names it."""
        return {"quarter": self.quarter, "name": self.name, "sha256": self.sha256}


def read_previous(folder: str | Path) -> PreviousReport:
    """The report published in a folder with its figures; InputError where there is none or it is not as published.

    A report from before settings and definitions were kept has none of them: nothing is said of their changes.
    """
    content = _read_manifest(Path(folder))
    quarter, files = str(content["quarter"]), {f["path"]: f["sha256"] for f in content["files"]}
    settings, definitions = content.get("settings", {}).get("values", {}), content.get("definitions", {})
    made = {name: content[name] for name in _MADE if name in content}
    paths = {name: f"tables/{name}.parquet" for name in COMPARED if f"tables/{name}.parquet" in files}
    used = json.dumps([quarter, made, {p: files[p] for p in paths.values()}], sort_keys=True)
    figures = {name: read_table(Path(folder), path, files[path]) for name, path in paths.items()}
    columns = ["measure", "quarter", "value", "low", "high", "n"]
    chart = figures["run_chart"][columns] if "run_chart" in figures else pd.DataFrame(columns=columns)
    return PreviousReport(
        quarter, Path(folder).name, hashlib.sha256(used.encode()).hexdigest(), settings, definitions, chart,
        figures, made,
    )  # fmt: skip


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        content["quarter"], [(f["path"], f["sha256"]) for f in content["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{folder} is not a published report ({type(error).__name__}). Publish it again.") from error
    return content


def read_table(folder: Path, name: str, sha256: str) -> pd.DataFrame:
    """A published table, once its bytes are those that the manifest names; InputError otherwise."""
    path = folder / name
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise InputError(f"{path} is not as published. Publish {folder.name} again, or move it away.")
    return pd.read_parquet(path)


def define(definitions: pd.DataFrame) -> dict[str, str]:
    """Each measure's definition as one text: what makes two figures of one name comparable."""
    words = definitions[["title", "formula", "unit", "better"]].astype("str").agg(" · ".join, axis=1)
    return dict(zip(definitions["measure"], words, strict=True))
