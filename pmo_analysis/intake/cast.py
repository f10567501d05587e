"""From a source's values to the contract's types, in SQL: blank is missing, what cannot be read is missing and kept aside."""

from __future__ import annotations

from collections.abc import Mapping

from pmo_analysis.contract.tables import Column, Table

SQL_TYPE = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "quarter": "VARCHAR",
    "number": "DOUBLE",
    "money": "DECIMAL(18,4)",
    "count": "DOUBLE",
    "date": "DATE",
    "flag": "BOOLEAN",
}
DTYPE = {
    "id": "str",
    "text": "str",
    "quarter": "str",
    "number": "float64",
    "money": "float64",
    "count": "float64",
    "date": "datetime64[us]",
    "flag": "boolean",
}
_TRUE = "('true', 't', 'yes', 'y', '1', '1.0')"
_FALSE = "('false', 'f', 'no', 'n', '0', '0.0')"
_SPACES = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
TEXT = "__text"
NO_TEXT = "CAST(NULL AS VARCHAR)"
_FLOATS = ("DOUBLE", "FLOAT")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def quote(name: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def text_name(column: str) -> str:
    """Where a row keeps the source's own text of a value that could not be read as it stood."""
    return column + TEXT


def sql_type(column: Column) -> str:
    """The engine's type: hours and money are DECIMAL(18,4), since their sums must not depend on order."""
    return "DECIMAL(18,4)" if column.name.endswith("_hours") else SQL_TYPE[column.kind]


def as_text(name: str, source_type: str = "VARCHAR") -> str:
    """A source column as text; a whole number kept as a float (`17.0`, since others are missing) is `17`."""
    value = quote(name)
    if source_type in _FLOATS:
        whole = f"abs({value}) < 1e15 AND {value} = trunc({value})"
        text = f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE CAST({value} AS VARCHAR) END"
        return f"CASE WHEN NOT isnan({value}) THEN {text} END"
    return value if source_type == "VARCHAR" else f"CAST({value} AS VARCHAR)"


def trimmed(name: str, source_type: str = "VARCHAR") -> str:
    """A column as text without surrounding white space, blank as NULL."""
    return f"nullif(trim({as_text(name, source_type)}, {_SPACES}), '')"


def cast_sql(column: Column, source_type: str = "VARCHAR") -> str:
    """The expression that reads one column; unreadable text becomes NULL."""
    if _direct(column, source_type):
        value = f"TRY_CAST({quote(column.name)} AS {sql_type(column)})"
        return f"CASE WHEN isfinite({quote(column.name)}) THEN {value} END" if source_type in _FLOATS else value
    text = trimmed(column.name, source_type)
    match column.kind:
        case "flag":
            return f"CASE WHEN lower({text}) IN {_TRUE} THEN true WHEN lower({text}) IN {_FALSE} THEN false END"
        case "date":
            iso = f"regexp_full_match({text}, '[1-9]\\d{{3}}-\\d{{2}}-\\d{{2}}([ T].*)?', 's')"
            return f"CASE WHEN {iso} THEN TRY_CAST(left({text}, 10) AS DATE) END"
        case "quarter":
            return f"CASE WHEN regexp_full_match({text}, '[1-9]\\d{{3}}[Qq][1-4]') THEN upper({text}) END"
        case "id" | "text":
            chosen = ", ".join(literal(c) for c in column.choices)
            return f"CASE WHEN lower({text}) IN ({chosen}) THEN lower({text}) END" if chosen else text
        case _:
            value = f"TRY_CAST({text} AS {sql_type(column)})"
            return f"CASE WHEN isfinite(TRY_CAST({text} AS DOUBLE)) THEN {value} END"


def _direct(column: Column, source_type: str) -> bool:
    """Whether the source's type can be cast as it is, without the detour through text.

    A float that becomes DECIMAL takes the detour: `1.00005` must round as it is written, not as it is stored.
    """
    if column.kind in ("number", "money", "count"):
        exact = source_type in _WHOLE or source_type.startswith("DECIMAL")
        return exact or (source_type == "DOUBLE" and sql_type(column) == "DOUBLE")
    if column.kind == "date":
        return source_type == "DATE" or source_type.startswith("TIMESTAMP")
    return column.kind == "flag" and source_type == "BOOLEAN"


def set_aside_sql(column: Column, source_type: str = "VARCHAR") -> str:
    """The source's own text where it could not be read, or where an identifier had space around it."""
    text = trimmed(column.name, source_type)
    if column.kind == "id":
        whole = as_text(column.name, source_type)
        return f"CASE WHEN {whole} <> {text} THEN {whole} END" if source_type == "VARCHAR" else NO_TEXT
    return f"CASE WHEN ({cast_sql(column, source_type)}) IS NULL THEN {text} END"


def is_guarded(column: Column) -> bool:
    """Whether a value of the column may be unreadable (or an identifier spaced), so that its text is kept."""
    return column.kind != "text" or bool(column.choices)


def select_sql(table: Table, types: Mapping[str, str], relation: str, row: str) -> str:
    """`_row`, all columns of a table in the contract's order (absent ones NULL), then the texts set aside."""
    parts = [f"{row} AS _row"]
    for column in table.columns:
        found = types.get(column.name)
        value = cast_sql(column, found) if found else f"CAST(NULL AS {sql_type(column)})"
        parts.append(f"{value} AS {quote(column.name)}")
    for column in filter(is_guarded, table.columns):
        found = types.get(column.name)
        aside = set_aside_sql(column, found) if found else NO_TEXT
        parts.append(f"{aside} AS {quote(text_name(column.name))}")
    return f"SELECT {', '.join(parts)} FROM {relation}"


def empty_sql(table: Table) -> str:
    """A table of the contract without rows, for one that the source does not have."""
    return f"{select_sql(table, {}, '(SELECT 1)', 'CAST(NULL AS BIGINT)')} WHERE false"
