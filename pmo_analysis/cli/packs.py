"""`pmo packs`: a pack for every customer, segment or category."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pmo_analysis.cli.arguments import Quarter, Source, read_assignments
from pmo_analysis.cli.printing import err, out, print_table, progress
from pmo_analysis.contract.errors import PublishError

if TYPE_CHECKING:
    from pmo_analysis.run.packs import Tick


class By(StrEnum):
    """For whom packs are made."""

    customer = "customer"
    segment = "segment"
    category = "category"


def packs(
    source: Source,
    *,
    by: Annotated[By, typer.Option(help="For whom packs are made")] = By.customer,
    quarter: Quarter = None,
    to: Annotated[Path, typer.Option("--out", help="Folder that holds the reports")] = Path("reports"),
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="An id or a name, for which alone a pack is made; may be repeated"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many at a time; one per core is best")] = 2,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting for this run, name=value; may be repeated")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait where another run writes the same packs")] = False,
) -> None:
    """Publish two pages for every customer, segment or category, and an index; prints the path of the index.

    Packs that are whole and made of the same data, settings and code are kept: a run that was stopped goes on where it
    was. Exit 4 where some could not be made: these are listed, the others are published.
    """
    say = progress()
    say("starting")
    from pmo_analysis.run.packs import run_packs

    with _bar() as tick:
        made = run_packs(
            source, quarter, by=by.value, only=only or (), out=to, workers=workers, wait=wait, progress=say, tick=tick,
            **read_assignments(settings),
        )  # fmt: skip
    say("published")
    out.print(made.sentence, markup=False)
    out.print(str(made.manifest.page), markup=False)
    if len(made.failed):
        print_table(made.failed)
        raise PublishError(
            f"{len(made.failed)} packs could not be made; the others are published. Run again: only these are made."
        )


@contextmanager
def _bar() -> Iterator[Tick]:
    """Progress with the time left: a bar on a terminal, now and then a line elsewhere."""
    if not sys.stderr.isatty():
        yield _tell_now_and_then
        return
    columns = (
        TextColumn("packs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[lost]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task("packs", total=None, lost="")
        yield lambda done, failed, every: shown.update(
            task, completed=done, total=every, lost=f"{failed} failed" if failed else ""
        )


def _tell_now_and_then(done: int, failed: int, every: int) -> None:
    """A line for each tenth."""
    step = max(every // 10, 1)
    if done % step == 0 or done == every:
        lost = f", {failed} failed" if failed else ""
        err.print(f"{done} of {every} packs{lost}", markup=False)
