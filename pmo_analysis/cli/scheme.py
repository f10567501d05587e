"""`pmo scheme`: segments frozen beside the data, so that quarters compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pmo_analysis.cli.arguments import Quarter, Source
from pmo_analysis.cli.printing import out, print_table, progress

scheme = typer.Typer(
    no_args_is_help=True, help="Freeze segments beside the data, show them, compare them with a new cut."
)

Schemes = Annotated[Path | None, typer.Option("--schemes", help="File that keeps them; default: beside the data")]
_MOST_MOVED = 20


@scheme.command()
def freeze(
    source: Source,
    *,
    quarter: Quarter = None,
    valid_from: Annotated[
        str | None, typer.Option("--from", help="First quarter told by them; default: --quarter")
    ] = None,
    segments: Annotated[int | None, typer.Option(min=1, help="How many; default: as many as are really there")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Supersede the scheme that holds from the same quarter")
    ] = False,
    on: Annotated[str, typer.Option(help="Day to note beside it, such as 2026-11-23")] = "",
    schemes: Schemes = None,
) -> None:
    """Cut a quarter's segments and keep them: reports of that and later quarters are told by them."""
    say = progress()
    say("cutting segments")
    from pmo_analysis.run.schemes import freeze_segments

    told = freeze_segments(
        source, quarter, valid_from=valid_from, segments=segments, replace=replace, schemes=schemes, frozen_on=on
    )
    out.print(told.sentence, markup=False)
    print_table(told.segments[["segment", "name", "rule", "customers_count", "stability"]])


@scheme.command()
def show(source: Source, *, quarter: Quarter = None, schemes: Schemes = None) -> None:
    """Show the segments in force in a quarter with their rules, and every scheme that is kept."""
    from pmo_analysis.run.schemes import show_segments

    told = show_segments(source, quarter, schemes=schemes)
    out.print(told.sentence, markup=False)
    columns = ["segment", "name", "rule", "precision", "coverage", "customers_count", "stability"]
    print_table(told.segments[columns])
    out.print(f"Kept in {told.path}:", markup=False)
    print_table(told.kept)


@scheme.command()
def compare(
    source: Source,
    *,
    quarter: Quarter = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Beside the scheme before it instead of a fresh cut")
    ] = False,
    schemes: Schemes = None,
) -> None:
    """Compare the scheme in force with a fresh cut of the quarter: who would change, and whether a recut is advised."""
    say = progress()
    say("cutting segments anew")
    from pmo_analysis.run.schemes import compare_segments

    told = compare_segments(source, quarter, latest=latest, schemes=schemes)
    moved = told.comparison.moved
    out.print(told.sentence, markup=False)
    print_table(told.comparison.counts)
    if len(moved):
        shown = "" if len(moved) <= _MOST_MOVED else f", the first {_MOST_MOVED} of {len(moved)}"
        out.print(f"Customers that would change{shown}:")
        print_table(moved.head(_MOST_MOVED))
    out.print(told.advice, markup=False)
