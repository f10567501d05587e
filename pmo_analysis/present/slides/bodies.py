"""What stands on a slide below its message: figures, bars, lines, a table or points, as native PowerPoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True, eq=False)
class Tiles:
    """Large figures side by side: dicts of topic, title, value, range, change, direction."""

    tiles: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """What it shows, in words."""
        return "; ".join(f"{t['topic']}: {t['value']}" for t in self.tiles)


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars, one per label; `rows`: index label, a column per series; `told`: a label's figure in words.

    `limit`: a value that is drawn as a line of its own colour.
    """

    rows: pd.DataFrame
    form: str = "#,##0"
    upright: bool = False
    told: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it shows, in words."""
        return f"Bars of {', '.join(map(str, self.rows.columns))} for {', '.join(map(str, self.rows.index))}"


@dataclass(frozen=True, eq=False)
class Lines:
    """A run of quarters: `rows` has index quarter and the columns value, low, high."""

    rows: pd.DataFrame
    name: str
    form: str

    @property
    def text(self) -> str:
        """What it shows, in words."""
        return f"{self.name} with its range, {self.rows.index[0]} to {self.rows.index[-1]}"


@dataclass(frozen=True, eq=False)
class Rows:
    """A table of texts; `widths`: the columns' shares of the whole."""

    rows: pd.DataFrame
    widths: tuple[float, ...]

    @property
    def text(self) -> str:
        """What it shows, in words."""
        return f"Table of {', '.join(map(str, self.rows.columns))}, {len(self.rows)} rows"


@dataclass(frozen=True, eq=False)
class Points:
    """Sentences, one below the other."""

    points: list[str]

    @property
    def text(self) -> str:
        """What it shows, in words."""
        return " ".join(self.points)


Body = Tiles | Bars | Lines | Rows | Points


@dataclass(frozen=True, eq=False)
class Message:
    """One slide: its sentence, what shows it, and a note with the range, n and where the rest stands."""

    title: str
    body: Body
    note: str = ""
