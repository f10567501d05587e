"""`pmo diff`: what changed between two published reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pmo_analysis.cli.printing import out, print_table

Report = Annotated[Path, typer.Argument(help="A published report: a folder under reports/")]


def diff(
    before: Report,
    after: Report,
    *,
    to: Annotated[Path | None, typer.Option("--out", help="CSV file for all of it")] = None,
) -> None:
    """Say what changed from one report to another, and whether by quarter, data, settings, definition or code."""
    from pmo_analysis.present.differences import tell_rows
    from pmo_analysis.run.compare import choose_rows, compare_reports, name_groups, write_comparison

    found = compare_reports(before, after)
    out.print(found.sentence, markup=False)
    shown = name_groups(choose_rows(found), before, after)
    if len(shown):
        print_table(tell_rows(shown, found.currency))
    rest = len(found.table) - len(shown)
    if rest:
        out.print(f"{rest:,} more: --out FILE.csv writes all.")
    if to:
        out.print(f"{len(found.table):,} rows written to {write_comparison(found, to)}", markup=False)
