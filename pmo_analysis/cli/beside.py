"""`pmo note` and `pmo correct`: what an analyst keeps beside the data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pmo_analysis.cli.printing import out

Folder = Annotated[Path, typer.Argument(help="Folder of the tables")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day to date it; default: today")]


def note(
    source: Folder,
    figure: Annotated[str, typer.Argument(help="Figure it is about: a measure such as nps_points, or cost_to_serve")],
    text: Annotated[str, typer.Argument(help="The note. It is published word for word: name nobody")],
    *,
    reason: Annotated[str, typer.Option(help="Why it is there")] = "",
    quarter: Annotated[
        str, typer.Option(help="Report it is for, such as 2026Q3; default: every report from its day on")
    ] = "",
    role: Annotated[str, typer.Option(help="Role of whoever writes it; no name")] = "",
    on: On = None,
) -> None:
    """Keep a note on a figure beside the data; reports show it, word for word, beside that figure."""
    from pmo_analysis.run.notes import add_note

    path, note_id = add_note(source, figure, text, on=_day(on), quarter=quarter, role=role, reason=reason)
    out.print(f"Note {note_id} on {figure} written to {path}", markup=False)


def correct(
    source: Folder,
    table: Annotated[str, typer.Argument(help="Table of the row")],
    key: Annotated[str, typer.Argument(help="Key of the row; of several columns, separated by ;")],
    column: Annotated[str, typer.Argument(help="Column of the value")],
    value: Annotated[str, typer.Argument(help="The right value; '' for none")],
    *,
    reason: Annotated[str, typer.Option(help="Why, published with the correction")],
    on: On = None,
) -> None:
    """Correct a value beside the data; the source stays as it is.

    A report counts the corrections dated not after its quarter's end, and lists them on its trust page.
    """
    from pmo_analysis.intake.annotations import write_correction

    path, was = write_correction(source, table, key, column, value, reason=reason, on=_day(on))
    told = f"{table} {key}: {column} was {was or 'blank'}, is {value or 'blank'} from {_day(on)} on. Written to {path}"
    out.print(told, markup=False)


def _day(on: datetime | None) -> date:
    return on.date() if on else datetime.now(tz=UTC).astimezone().date()
