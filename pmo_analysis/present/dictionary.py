"""The data dictionary: what every column of the input and the result tables means, and its unit."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd

from pmo_analysis.contract.tables import BESIDE, TABLES, Column
from pmo_analysis.contract.units import unit_of

COLUMNS = ["kind", "table", "column", "meaning", "unit", "required"]


def describe_columns(results: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every column of the input tables and of the given result tables.

    Columns: kind (input / result), table, column, meaning, unit, required (of input columns). A table's own row
    has a blank column and says what one of its rows tells.
    """
    rows = [*_inputs(), *(row for name, table in results.items() for row in _results(name, table))]
    return pd.DataFrame(rows, columns=COLUMNS)


def meaning_of(table: str, column: str = "") -> str:
    """What a row of a result table tells, or what one of its columns means; blank where nothing says so."""
    words = _words()
    if not column:
        return words["tables"].get(table, table.replace("_", " ").capitalize())
    of_table = words["columns_of"].get(table, {})
    return of_table.get(column) or words["columns"].get(column) or _contract_meanings().get(column, "")


def _inputs() -> Iterator[tuple[str, ...]]:
    for table in (*TABLES, *BESIDE):
        yield "input", table.name, "", f"{table.row}, one a row", "", "yes" if table.required else ""
        for column in table.columns:
            yield "input", table.name, column.name, _told(column), _unit(column.name, column.kind), _required(column)


def _results(name: str, table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    yield "result", name, "", meaning_of(name), "", ""
    for column in table.columns:
        kind = "date" if pd.api.types.is_datetime64_any_dtype(table[column].dtype) else ""
        yield "result", name, column, meaning_of(name, column), _unit(column, kind), ""


def _told(column: Column) -> str:
    choices = f" ({' / '.join(column.choices)})" if column.choices else ""
    return f"{column.meaning}{choices}"


def _unit(name: str, kind: str) -> str:
    unit = unit_of(name)
    return unit.meaning if unit else {"flag": "yes or no", "number": "", "id": "identifier"}.get(kind, kind)


def _required(column: Column) -> str:
    return "yes" if column.required else ""


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(resources.files("pmo_analysis.present").joinpath("dictionary.toml").read_text("utf-8"))


@cache
def _contract_meanings() -> dict[str, str]:
    """Meanings of the contract's columns by name; of several tables, what the first one says."""
    return {c.name: c.meaning for table in reversed((*TABLES, *BESIDE)) for c in table.columns}
