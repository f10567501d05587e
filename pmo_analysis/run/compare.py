"""Two published reports beside each other: what changed in numbers, and by what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pmo_analysis.analysis.differences import Comparison, Published, compare
from pmo_analysis.contract.errors import PublishError
from pmo_analysis.intake.previous import COMPARED, read_table
from pmo_analysis.present.tables import make_inert
from pmo_analysis.quarter.since import make_published, tables_of_figures
from pmo_analysis.run.manifest import Manifest, read_manifest

MOST = 14
NAMED = {"groups": "customer", "service_names": "service"}


def compare_reports(before: str | Path, after: str | Path) -> Comparison:
    """What differs between two published reports, figure by figure, and whether by quarter, data, settings or code.

    Both are read as they were published; nothing is computed again. Where data and code both differ, the reports alone
    cannot tell which it was: `pmo verify` of the first computes it with today's code. Raises PublishError where a folder
    is no report or their figures are of different organisations, InputError where a table is not as published.
    """
    then, now = (read_manifest(Path(folder)) for folder in (before, after))
    if then.content["organisation"] != now.content["organisation"]:
        raise PublishError(
            f"{before} is of {then.content['organisation']}, {after} of {now.content['organisation']}: "
            "their figures do not compare. Name two reports of one organisation."
        )
    return compare(_read(then), _read(now), tables_of_figures())


def name_groups(rows: pd.DataFrame, *reports: str | Path) -> pd.DataFrame:
    """The rows with customers and services under their names, as the last of the reports that knows them calls them."""
    names: dict[tuple[str, str], str] = {}
    for folder in reports:
        tables = _read_tables(read_manifest(Path(folder)), NAMED)
        for table, kind in NAMED.items():
            known = (
                tables[table].dropna(subset="name") if table in tables else pd.DataFrame(columns=[f"{kind}_id", "name"])
            )
            names |= {(kind, str(key)): str(name) for key, name in zip(known[f"{kind}_id"], known["name"], strict=True)}
    keys = zip(rows["group_kind"], rows["group"], strict=True)
    return rows.assign(group=[names.get((kind, str(group)), group) for kind, group in keys])


def _read(report: Manifest) -> Published:
    content = report.content
    tables = _read_tables(report, COMPARED)
    return make_published(report.folder.resolve().name, content["quarter"], tables, content)


def _read_tables(report: Manifest, wanted: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Those of the wanted tables that the report has, as published."""
    files = {f["path"]: f["sha256"] for f in report.content["files"]}
    paths = {name: f"tables/{name}.parquet" for name in wanted}
    return {name: read_table(report.folder, path, files[path]) for name, path in paths.items() if path in files}


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """Write all rows as CSV, with nothing in it that a spreadsheet would take for a formula."""
    make_inert(comparison.table).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    return path


def choose_rows(comparison: Comparison, most: int = MOST) -> pd.DataFrame:
    """What fits on a screen: clear changes first, the whole before groups, then by how much of itself a figure changed."""
    rows = comparison.table
    kinds = {kind: i for i, kind in enumerate(("all", "category", "segment", "role", "service", "customer"))}
    clear = (rows["low"] > 0) | (rows["high"] < 0)
    share = (rows["change"] / rows["before"].where(rows["before"] != 0)).abs().fillna(0)
    order = pd.DataFrame({"clear": ~clear, "kind": rows["group_kind"].map(kinds), "share": -share})
    return rows.loc[order.sort_values(["clear", "kind", "share"], kind="stable").index].head(most)
