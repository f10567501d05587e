"""`pmo privacy`: what a report would reveal of people, before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pmo_analysis.cli.arguments import Quarter, Source
from pmo_analysis.cli.printing import out, print_table, progress


def privacy(
    source: Source,
    *,
    quarter: Quarter = None,
    shelf: Annotated[Path, typer.Option("--out", help="Folder that holds the reports before")] = Path("reports"),
) -> None:
    """Say what a report would reveal of people: answers, roles, pseudonyms, free text; exit 1 where it should not."""
    say = progress()
    say("computing what would be published")
    from pmo_analysis.run.privacy import audit_privacy

    found = audit_privacy(source, quarter, shelf=shelf)
    rows = found.findings.assign(breach=found.findings["breach"].map({True: "should not be", False: ""}))
    print_table(rows)
    out.print(found.sentence, markup=False)
    raise typer.Exit(1 if found.findings["breach"].any() else 0)
