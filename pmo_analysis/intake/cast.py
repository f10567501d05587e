"""From text to the contract's types, in SQL: blank is missing, what cannot be read is missing and reported."""

from __future__ import annotations

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


def quote(name: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def sql_type(column: Column) -> str:
    """The engine's type: hours and money are DECIMAL(18,4), since their sums must not depend on order."""
    return "DECIMAL(18,4)" if column.name.endswith("_hours") else SQL_TYPE[column.kind]


def trimmed(name: str) -> str:
    """A column as text without surrounding space, blank as NULL."""
    return f"nullif(trim(CAST({quote(name)} AS VARCHAR)), '')"


def cast_sql(column: Column) -> str:
    """The expression that reads one column; unreadable text becomes NULL."""
    text = trimmed(column.name)
    match column.kind:
        case "id" | "text" | "quarter":
            return text
        case "flag":
            return f"CASE WHEN lower({text}) IN {_TRUE} THEN true WHEN lower({text}) IN {_FALSE} THEN false END"
        case "date":
            iso = f"regexp_full_match({text}, '\\d{{4}}-\\d{{2}}-\\d{{2}}([ T].*)?')"
            return f"CASE WHEN {iso} THEN TRY_CAST(left({text}, 10) AS DATE) END"
        case _:
            value = f"TRY_CAST({text} AS {sql_type(column)})"
            return f"CASE WHEN isfinite(TRY_CAST({text} AS DOUBLE)) THEN {value} END"


def select_sql(table: Table, present: set[str], relation: str) -> str:
    """All columns of a table in the contract's order; absent ones are NULL of the right type."""
    parts = [
        f"{cast_sql(c) if c.name in present else f'CAST(NULL AS {sql_type(c)})'} AS {quote(c.name)}"
        for c in table.columns
    ]
    return f"SELECT {', '.join(parts)} FROM {relation}"
