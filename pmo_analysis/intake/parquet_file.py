"""A table's Parquet file, or its folder of Parquet parts, read where it lies."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pmo_analysis.contract.tables import Table
from pmo_analysis.intake.cast import literal, quote, trimmed
from pmo_analysis.intake.headers import match_headers
from pmo_analysis.intake.problems import STOPS, Problem
from pmo_analysis.intake.typed import see_rows, types_of

# Looking at each different text of a column costs more than looking at all of them where the table is short or the texts
# are many (bytes of them in a row group).
_FEWEST_ROWS, _MOST_BYTES = 100_000, 100_000


def read_parquet(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> tuple[str | None, list[Problem]]:
    """A typed view on the rows, numbered in the order of the files; None and why where they cannot be read."""
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    for part in parts:
        part.open("rb").close()
    files = ", ".join(literal(str(p)) for p in parts)
    source = f"read_parquet([{files}], union_by_name=true, hive_partitioning=false)"
    try:
        types = types_of(connection, source)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        remedy = "Write it again; the copy may have been cut off."
        return None, [Problem(table.name, "", f"{path.name} is not a whole Parquet file", 1, reason, remedy, STOPS)]
    names = {c: c.strip().lower() for c in types}
    ours = {name: c for c, name in names.items() if name in table.names}
    columns, problems = match_headers(table, list(names.values()), path.name)
    if columns is None:
        return None, problems
    # parts are numbered one after the other, as if they were one long file
    row = "file_row_number + 1" if len(parts) == 1 else "row_number() OVER (ORDER BY file_index, file_row_number)"
    chosen = [f"{row} AS _row", *(f"{quote(c)} AS {quote(name)}" for name, c in ours.items())]
    numbered = f"(SELECT {', '.join(chosen)} FROM {source})"
    try:
        few = _find_few_texts(connection, files)
        texts = {name: c for name, c in ours.items() if c in few and types[c] == "VARCHAR"}
        plain = {name for name, c in texts.items() if _is_plain(connection, source, c)}
    except duckdb.Error:  # a damaged file is told by whoever reads its rows
        plain = set()
    return see_rows(connection, table, types_of(connection, numbered), numbered, plain), problems


def _find_few_texts(connection: duckdb.DuckDBPyConnection, files: str) -> set[str]:
    """Columns of long tables whose values all stand in dictionaries, and small ones: the engine looks at each text once."""
    coded = "coalesce(bool_and(len(encoding_stats) > 0 AND NOT list_bool_or(list_transform(encoding_stats, "
    coded += "lambda s: starts_with(s.page_type, 'DATA') AND NOT ends_with(s.encoding, 'DICTIONARY')))), false)"
    rows = connection.sql(
        f"SELECT path_in_schema FROM parquet_metadata([{files}]) GROUP BY path_in_schema "
        f"HAVING sum(num_values) >= {_FEWEST_ROWS} AND {coded} "
        f"AND max(data_page_offset - dictionary_page_offset) <= {_MOST_BYTES}"
    ).fetchall()
    return {name for (name,) in rows}


def _is_plain(connection: duckdb.DuckDBPyConnection, source: str, column: str) -> bool:
    """Whether trimming would change none of a column's texts. Left as they are they stay coded, which doubles the speed."""
    different = f"SELECT DISTINCT {quote(column)} AS value FROM {source}"
    changed = f"SELECT value FROM ({different}) WHERE {trimmed('value')} IS DISTINCT FROM value LIMIT 1"
    return not connection.sql(changed).fetchall()
