"""The index of a set of packs: every one with its link, those that could not be made with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.showing import still
from pmo_analysis.present.page import PACK_SHEETS, policy
from pmo_analysis.present.templating import render, stylesheet

_HEADS = {"customer": "Customer", "segment": "Segment", "category": "Category"}


def make_index(
    path: Path, about: Mapping[str, Any], packs: pd.DataFrame, failed: pd.DataFrame, groups: pd.DataFrame
) -> Path:
    """Write the page that links all packs; the same packs give the same bytes.

    packs: group, name, file; failed: group, name, why; groups: customer_id, category, segment. It runs no script and
    loads nothing; whatever the data says is text.
    """
    style = "".join(stylesheet(name) for name in (*PACK_SHEETS, "pack_index.css"))
    by = about["by"]
    known = groups.set_index("customer_id")
    rows = [
        {"group": p["group"], "name": p["name"], "file": p["file"], **_place(p["group"], by, known, groups)}
        for p in packs.to_dict("records")
    ]  # fmt: skip
    page = render(
        "pack_index.html.j2", title=f"Packs by {by}, {about['organisation']}, {about['quarter']}", style=style,
        policy=policy(style), organisation=about["organisation"], quarter=about["quarter"], head=_HEADS[by], by=by,
        rows=rows, failed=failed.to_dict("records"),
    )  # fmt: skip
    path.write_text(still(page), "utf-8")
    return path


def _place(group: str, by: str, known: pd.DataFrame, groups: pd.DataFrame) -> dict[str, str]:
    """Where a customer belongs; of a group, how many customers it has."""
    if by != "customer":
        return {"category": "", "segment": f"{int((groups[by] == group).sum()):,}"}
    row = known.loc[group]
    return {name: "" if pd.isna(row[name]) else str(row[name]) for name in ("category", "segment")}
