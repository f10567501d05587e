"""From a source's values to the contract's types, in SQL: blank is missing, what cannot be read is missing and kept aside."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
_HARD = "'\u00a0'"  # the no-break space that spreadsheets and web pages leave behind
_SPACES = "' \t\n\v\f\r\u00a0'"
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
    text = as_text(name, source_type)
    if source_type != "VARCHAR":
        return text
    # Trimming costs ten times a look at the ends, and hardly any value needs it. Most begin and end with a printable
    # sign of ASCII, which is the quickest to see.
    plain = f"{text}[-1] BETWEEN '!' AND '~' AND {text} BETWEEN '!' AND '~'"
    ends = " OR ".join(f"ends_with({text}, '{space}')" for space in _SPACES.strip("'"))
    edged = f"{text} < '!' OR starts_with({text}, {_HARD}) OR {ends}"  # below '!' are blanks and space
    return f"CASE WHEN {plain} THEN {text} WHEN {edged} THEN nullif(trim({text}, {_SPACES}), '') ELSE {text} END"


def cast_sql(column: Column, source_type: str = "VARCHAR", text: str | None = None) -> str:
    """The expression that reads one column, from its trimmed `text`; what cannot be read becomes NULL."""
    if is_direct(column, source_type):
        value = f"TRY_CAST({quote(column.name)} AS {sql_type(column)})"
        return f"CASE WHEN isfinite({quote(column.name)}) THEN {value} END" if source_type in _FLOATS else value
    if source_type == "DOUBLE" and sql_type(column).startswith("DECIMAL"):
        return _round_as_written(column)
    text = text or trimmed(column.name, source_type)
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
            return f"CASE WHEN isfinite({value}) THEN {value} END" if sql_type(column) == "DOUBLE" else value


def _round_as_written(column: Column) -> str:
    """A float of hours or money: those of four digits or fewer need no detour through their text, which takes ten times."""
    name, kind = quote(column.name), sql_type(column)
    plain = f"abs({name}) < 1e9 AND round({name} * 10000) / 10000 = {name}"
    written = f"TRY_CAST({as_text(column.name, 'DOUBLE')} AS {kind})"
    return f"CASE WHEN {plain} THEN TRY_CAST({name} AS {kind}) ELSE {written} END"


def is_direct(column: Column, source_type: str) -> bool:
    """Whether the source's type can be cast as it is, without the detour through text.

    A float that becomes DECIMAL takes the detour: `1.00005` must round as it is written, not as it is stored.
    """
    if column.kind in ("number", "money", "count"):
        exact = source_type in _WHOLE or source_type.startswith("DECIMAL")
        return exact or (source_type == "DOUBLE" and sql_type(column) == "DOUBLE")
    if column.kind == "date":
        return source_type == "DATE" or source_type.startswith("TIMESTAMP")
    return column.kind == "flag" and source_type == "BOOLEAN"


def is_guarded(column: Column) -> bool:
    """Whether a value of the column may be unreadable (or an identifier spaced), so that its text is kept."""
    return column.kind != "text" or bool(column.choices)


def select_sql(
    table: Table,
    types: Mapping[str, str],
    relation: str,
    *,
    numbered: bool = False,
    plain: Collection[str] = (),
) -> str:
    """All columns of a table in the contract's order (absent ones NULL), then the texts set aside.

    `numbered`: the relation has a `_row`, which comes first; `plain`: text columns that need no trimming.
    Three layers, so that each text is trimmed once and each value read once.
    """
    there = [c for c in table.columns if c.name in types]
    cut = {c.name: quote(c.name) if c.name in plain else trimmed(c.name, types[c.name]) for c in there}
    trims = ", ".join(f"{cut[c.name]} AS {_trim_name(c)}" for c in there)
    reads = ", ".join(f"{cast_sql(c, types[c.name], _trim_name(c))} AS {_read_name(c)}" for c in there)
    values = [
        f"{_read_name(c)} AS {quote(c.name)}" if c in there else _absent(sql_type(c), c.name) for c in table.columns
    ]
    texts = [
        f"{_set_aside(c, types[c.name])} AS {quote(text_name(c.name))}"
        if c in there
        else _absent("VARCHAR", text_name(c.name))
        for c in table.columns
        if is_guarded(c)
    ]
    row = ["_row"] if numbered else []
    inner = (
        f"SELECT {', '.join(filter(None, [*row, *(quote(c.name) for c in there), trims])) or 'NULL'} FROM {relation}"
    )
    middle = f"SELECT {', '.join(filter(None, ['*', reads]))} FROM ({inner})"
    return f"SELECT {', '.join([*row, *values, *texts])} FROM ({middle})"


def _trim_name(column: Column) -> str:
    return quote(f"{column.name}__trimmed")


def _read_name(column: Column) -> str:
    return quote(f"{column.name}__read")


def _absent(kind: str, name: str) -> str:
    return f"CAST(NULL AS {kind}) AS {quote(name)}"


def _set_aside(column: Column, source_type: str) -> str:
    """The source's own text where it could not be read, or where an identifier had space around it."""
    if column.kind != "id":
        return f"CASE WHEN {_read_name(column)} IS NULL THEN {_trim_name(column)} END"
    name = quote(column.name)
    return f"CASE WHEN {name} <> {_trim_name(column)} THEN {name} END" if source_type == "VARCHAR" else NO_TEXT


def empty_sql(table: Table) -> str:
    """A table of the contract without rows, for one that the source does not have."""
    return f"{select_sql(table, {}, '(SELECT CAST(NULL AS BIGINT) AS _row)', numbered=True)} WHERE false"
