"""What a quarter becomes beside its notebook: tables, workbook and slides, and what the manifest says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pmo_analysis.intake.fingerprint import fingerprint
from pmo_analysis.intake.previous import define
from pmo_analysis.present.slides import write_slides
from pmo_analysis.present.tables import write_tables
from pmo_analysis.present.workbook import write_workbook
from pmo_analysis.quarter import Quarter
from pmo_analysis.run import manifest


def write_files(quarter: Quarter, folder: Path, template: Path | None) -> None:
    """Write `tables/`, `report.xlsx` and `slides.pptx`, in the template given or the house's."""
    write_tables(quarter, folder / "tables")
    write_workbook(quarter, folder / "report.xlsx")
    write_slides(quarter, folder / "slides.pptx", template or "")


def describe_quarter(quarter: Quarter) -> dict[str, Any]:
    """What the manifest says of a quarter; plain values, so that another process can tell them."""
    return {
        "organisation": quarter.organisation,
        "quarter": quarter.quarter,
        "settings": manifest.describe_settings(quarter.settings),
        "seed": quarter.settings["seed"],
        "known": fingerprint(quarter.data).to_dict("records"),
        "schemes": manifest.describe_schemes(quarter),
        "definitions": define(quarter.measures.definitions),
    }
