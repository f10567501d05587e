"""Arguments that several commands take."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.settings import parse_assignment

Source = Annotated[str, typer.Argument(help="Folder of CSV/Parquet, DuckDB file, or database address")]
Schema = Annotated[str | None, typer.Option(help="Where in a database the tables lie; the setting database_schema")]
Quarter = Annotated[str | None, typer.Option(help="Such as 2026Q3; default: the last complete one")]


def read_assignments(texts: list[str] | None) -> dict[str, Any]:
    """`name=value` of a repeated option, each name once."""
    pairs = [parse_assignment(text) for text in texts or []]
    twice = {name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1}
    if twice:
        raise SettingError(f"Given twice: {', '.join(sorted(twice))}. Give each name once.")
    return dict(pairs)
