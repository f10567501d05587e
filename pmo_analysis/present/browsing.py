"""Tables that sort and filter in a notebook: widgets only, so that they work without network and by keyboard."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.present.formats import MISSING
from pmo_analysis.present.templating import render, stylesheet

AS_GIVEN = "as given"


class Browser:
    """A table, or the tables of a result, to sort by any column, filter by words and page through.

    `rows` are what the filter and the order leave, as a plain table to go on with; `widget` is what a notebook shows.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], page: int) -> None:
        self.tables, self.page, self.busy = tables, page, False
        self.table = ipywidgets.Dropdown(options=list(tables), description="Table", **_wide("20em"))
        self.filter = ipywidgets.Text(placeholder="words that a row must hold", description="Filter", **_wide("20em"))
        self.order = ipywidgets.Dropdown(description="Sort by", **_wide("18em"))
        self.falling = ipywidgets.Checkbox(description="largest first", indent=False, layout=_width("9em"))
        self.from_row = ipywidgets.BoundedIntText(1, min=1, max=1, step=page, description="From row", **_wide("12em"))
        self.shown = ipywidgets.HTML()
        controls = [self.filter, self.order, self.falling, self.from_row]
        chosen = [self.table, *controls] if len(tables) > 1 else controls
        self.widget = ipywidgets.VBox(
            [ipywidgets.HBox(chosen, layout=ipywidgets.Layout(flex_flow="row wrap")), self.shown]
        )
        self._choose()
        self.table.observe(lambda _: self._choose(), names="value")
        for control in controls:
            control.observe(self._when_changed, names="value")

    @property
    def rows(self) -> pd.DataFrame:
        """The rows that the filter leaves, in the order chosen."""
        table = self.tables[self.table.value]
        found = table[_matches(table, self.filter.value)]
        if self.order.value == AS_GIVEN:
            return found
        return found.sort_values(
            self.order.value, ascending=not self.falling.value, kind="stable", key=_comparable, ignore_index=False
        )

    def _choose(self) -> None:
        self.busy = True
        self.order.options = [AS_GIVEN, *self.tables[self.table.value].columns]
        self.order.value = AS_GIVEN
        self.busy = False
        self._draw(first=1)

    def _when_changed(self, change: dict[str, Any]) -> None:
        if not self.busy:
            self._draw(first=self.from_row.value if change["owner"] is self.from_row else 1)

    def _draw(self, *, first: int) -> None:
        rows = self.rows
        self.busy = True
        self.from_row.max = max(len(rows), 1)
        self.from_row.value = min(first, self.from_row.max)
        self.busy = False
        self.shown.value = _show(rows, self.from_row.value, self.page, len(self.tables[self.table.value]))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget where there is a kernel to answer it, the first rows where there is none, as in a report."""
        told = self.widget._repr_mimebundle_(**options)
        return {**told, "text/html": self.shown.value}


def browse(result: Any, *, page: int = 20) -> Browser:
    """A table to sort by any column and filter by words; of a result all its tables, to choose from.

    `result`: a DataFrame, a result such as `q.cost`, or a mapping of names to DataFrames; `page`: rows shown at once.
    `.rows` gives what is left as a plain table. InputError where there is no table to browse.
    """
    tables = {name: _flat(table) for name, table in _tables(result).items() if len(table.columns)}
    if not tables:
        raise InputError(
            f"There is no table in this {type(result).__name__}. Give a DataFrame or a result such as q.cost."
        )
    return Browser(tables, page)


def _tables(result: Any) -> dict[str, pd.DataFrame]:
    if isinstance(result, pd.DataFrame):
        return {"table": result}
    if is_dataclass(result):
        result = {field.name: getattr(result, field.name) for field in fields(result)}
    items = result.items() if isinstance(result, dict) else ()
    return {str(name): table for name, table in items if isinstance(table, pd.DataFrame)}


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Plain columns with names that are text and differ; an index that has a name becomes columns."""
    named = any(name is not None for name in table.index.names)
    flat = table.reset_index(names=None) if named else table.reset_index(drop=True)
    names = [" ".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in flat.columns]
    return flat.set_axis([n if names.index(n) == i else f"{n} ({i + 1})" for i, n in enumerate(names)], axis=1)


def _matches(table: pd.DataFrame, words: str) -> pd.Series:
    """Which rows hold all words, wherever in the row, whatever their case."""
    found = pd.Series(True, index=table.index)
    if not words.split():
        return found
    texts = [table[name].astype("str").fillna("").str.casefold() for name in table.columns]
    for word in words.casefold().split():
        found &= np.any([text.str.contains(word, regex=False) for text in texts], axis=0)
    return found


def _comparable(column: pd.Series) -> pd.Series:
    """Numbers and dates as they are; anything else by its text, capitals or not."""
    plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return column if plain else column.astype("str").str.casefold().where(column.notna())


def _show(rows: pd.DataFrame, first: int, page: int, total: int) -> str:
    part = rows.iloc[first - 1 : first - 1 + page]
    numbers = [bool(pd.api.types.is_numeric_dtype(part[c])) for c in part.columns]
    cells = [[_text(value) for value in row] for row in part.itertuples(index=False)]
    last = first - 1 + len(part)
    told = f"Rows {first:,} to {last:,} of {len(rows):,}" if len(part) else "No row holds these words"
    told += f", filtered from {total:,}." if len(rows) < total else "."
    return render(
        "browser.html.j2",
        heads=list(part.columns),
        rows=cells,
        numbers=numbers,
        told=told,
        style=stylesheet("parts.css"),
    )


def _text(value: Any) -> str:
    if value is None or value is pd.NaT or (np.isscalar(value) and pd.isna(value)):
        return MISSING
    if isinstance(value, float | np.floating):
        return f"{value:,.6g}"
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{value:,}"
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _wide(width: str) -> dict[str, Any]:
    return {"style": {"description_width": "auto"}, "layout": _width(width)}


def _width(width: str) -> ipywidgets.Layout:
    return ipywidgets.Layout(width=width)
