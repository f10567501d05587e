"""Arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

Source = Annotated[str, typer.Argument(help="Folder of CSV/Parquet, DuckDB file, or database address")]
Quarter = Annotated[str | None, typer.Option(help="Such as 2026Q3; default: the last complete one")]
