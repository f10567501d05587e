"""What the command line prints: sentences, blocks of facts and tables, with nothing that moves a terminal's cursor."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleRenderable
from rich.table import Table
from rich.text import Text

from pmo_analysis.contract.showing import still

if TYPE_CHECKING:
    import pandas as pd


class _Still:
    """What rich asks before it prints anything: no text of ours or of the data may steer the terminal."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [Text(still(r.plain), spans=r.spans, end=r.end) if isinstance(r, Text) else r for r in renderables]


# A pipe or a file has no width; tables written there need room for their words.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)
for _console in (out, err):
    _console.push_render_hook(_Still())  # type: ignore[arg-type]


def progress() -> Callable[[str], None]:
    """A function that tells a step on the error stream, with the seconds since now."""
    started = time.monotonic()
    return lambda text: err.print(f"[{time.monotonic() - started:5.1f} s] {text}", markup=False)


def print_block(title: str, facts: Iterable[tuple[str, str]]) -> None:
    """A line and, below it, each fact that is not blank with its name."""
    out.print(printable(title))
    for name, text in facts:
        if text:
            out.print(printable(f"    {name:<13} {text}"))


def print_table(rows: pd.DataFrame) -> None:
    """A table that wraps its words to the terminal; wide where the output is a file or a pipe."""
    if rows.empty:
        return
    table = Table(*[str(c) for c in rows.columns], box=None, pad_edge=False, header_style="bold")
    table.columns[0].no_wrap = True
    for row in rows.astype("object").where(rows.notna(), "").itertuples(index=False):
        table.add_row(*[printable(tell(value)) for value in row])
    out.print(table, markup=False)


def tell(value: Any) -> str:
    """A value as people write it: two decimals at most."""
    if isinstance(value, str):
        return value
    return f"{value:,.2f}".rstrip("0").rstrip(".") if hasattr(value, "__float__") else str(value)


def printable(text: str) -> Text:
    """Text from the data as it is, but for characters that would move a terminal's cursor."""
    return Text("".join(c if c.isprintable() else "·" for c in text))
