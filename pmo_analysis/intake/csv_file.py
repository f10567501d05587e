"""One CSV file into the engine, as text: what its bytes do not plainly say is a problem, never a guess."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import duckdb

from pmo_analysis.contract.tables import Table
from pmo_analysis.intake.cast import literal, quote
from pmo_analysis.intake.headers import match_headers
from pmo_analysis.intake.modest import find_immodest
from pmo_analysis.intake.problems import NOTE, STOPS, Problem
from pmo_analysis.intake.typed import keep_rows

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_CHUNK = 1 << 22
_HEADER = 1 << 20
_WORDS = {
    "MISSING COLUMNS": "fewer cells than the header",
    "TOO MANY COLUMNS": "more cells than the header",
    "UNQUOTED VALUE": "a quotation mark that is not closed",
    "LINE SIZE OVER MAXIMUM": "a line longer than 16 MB",
}


def read_csv(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> tuple[str | None, list[Problem]]:
    """A typed view on the file's rows, by name, read once; None where the file cannot be read as it stands."""
    trouble = find_foreign_bytes(table.name, path)
    if trouble:
        return None, [trouble]
    if immodest := find_immodest(path):
        what, remedy = immodest.split(". ")
        return None, [Problem(table.name, "", f"{path.name} {what}", 1, path.name, f"{remedy}.", STOPS)]
    try:
        header, delimiter = _read_header(path, table.names)
    except csv.Error as error:
        return None, [_irregular(table.name, path, str(error))]
    columns, problems = match_headers(table, header, path.name)
    if columns is None:
        return None, problems
    if delimiter != ",":
        problems.append(
            Problem(
                table.name,
                "",
                f"cells separated by {_DELIMITERS[delimiter]}",
                0,
                path.name,
                "Read as such; nothing to do.",
                NOTE,
            )
        )
    query = _query(path, header, columns, delimiter)
    try:
        return keep_rows(connection, table, dict.fromkeys(columns, "VARCHAR"), f"({query})"), problems
    except duckdb.Error as error:
        return None, [*problems, _tell_ragged(connection, table.name, path, query, error)]


def find_foreign_bytes(table: str, path: Path) -> Problem | None:
    """The first byte that is not UTF-8 text, or an empty file, as a problem; None where all is well."""
    with path.open("rb") as file:
        if (head := file.read(4))[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return _foreign(table, path, "UTF-16", "from byte 1 on", head, encoding="utf-16")
        if not head.strip():
            return Problem(
                table,
                "",
                "file is empty",
                0,
                path.name,
                "Write at least a line of column names, or remove the file.",
                STOPS,
            )
        file.seek(0)
        return _find_undecodable(table, path, file)


def _find_undecodable(table: str, path: Path, file: BinaryIO) -> Problem | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen, line, chunk = 0, 1, b"start"
    while chunk:
        chunk = file.read(_CHUNK)
        begun = seen - len(decoder.getstate()[0])  # a character cut by the end of a chunk waits in the decoder
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line += error.object.count(b"\n", 0, error.start)
            where = f"byte {begun + error.start + 1} on line {line}"
            return _foreign(table, path, "not UTF-8", where, _around(error.object, error.start), line=line)
        if b"\x00" in chunk:
            return _foreign(table, path, "not text", f"a NUL byte at {seen + chunk.index(0) + 1}", b"")
        line += chunk.count(b"\n")
        seen += len(chunk)
    return None


def _around(block: bytes, at: int) -> bytes:
    return block[max(0, at - 15) : at + 15].split(b"\n")[0 if at < 15 else -1] or block[at : at + 1]


def _foreign(
    table: str, path: Path, what: str, where: str, shown: bytes, *, line: int = 1, encoding: str = "cp1252"
) -> Problem:
    example = shown.decode("latin-1").strip()
    return Problem(
        table,
        "",
        f"encoding: {path.name} is {what} ({where})",
        1,
        example,
        f'Save it as UTF-8, or run pmo import with encoding = "{encoding}" in the mapping.',
        STOPS,
        str(max(line - 1, 1)),
    )


def _read_header(path: Path, known: Sequence[str]) -> tuple[list[str], str]:
    """The first line's cells, cut by the delimiter that gives the most of the contract's names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = io.StringIO(file.read(_HEADER), newline="")
    cuts = {}
    for delimiter in _DELIMITERS:
        lines.seek(0)
        cuts[delimiter] = [cell.strip().lower() for cell in next(csv.reader(lines, delimiter=delimiter), [])]
    best = max(cuts, key=lambda d: (len(set(cuts[d]) & set(known)), len(cuts[d])))
    return cuts[best], best


def _query(path: Path, header: Sequence[str], columns: Sequence[str], delimiter: str) -> str:
    types = ", ".join(f"{literal(f'c{i}')}: 'VARCHAR'" for i in range(len(header)))
    chosen = ", ".join(f"c{header.index(c)} AS {quote(c)}" for c in columns) or "NULL AS _none"
    options = "auto_detect=false, header=true, strict_mode=true, null_padding=false, max_line_size=16777216"
    reader = f"read_csv([{literal(str(path))}], {options}, delim={literal(delimiter)}, quote='\"', escape='\"'"
    return f"SELECT {chosen} FROM {reader}, columns={{{types}}})"


def _tell_ragged(
    connection: duckdb.DuckDBPyConnection, table: str, path: Path, query: str, error: duckdb.Error
) -> Problem:
    """Which lines do not fit the header, by a second reading that sets them aside."""
    lenient = query.replace("strict_mode=true", "strict_mode=true, ignore_errors=true, store_rejects=true")
    try:
        connection.sql(f"SELECT count(*) FROM ({lenient})").fetchall()
        found = connection.sql(
            "SELECT error_type::VARCHAR, line, csv_line FROM reject_errors ORDER BY line, error_type"
        ).fetchall()
        connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    except duckdb.Error:
        found = []
    if not found:
        return _irregular(table, path, str(error).splitlines()[0])
    lines = sorted({line for _, line, _ in found})
    what = _WORDS.get(found[0][0], found[0][0].lower())
    return Problem(
        table,
        "",
        f"line {lines[0]} of {path.name} has {what}",
        len(lines),
        str(found[0][2])[:200],
        "Mend these lines: every one needs as many cells as the header, text with commas in quotation marks.",
        STOPS,
        ", ".join(str(line - 1) for line in lines[:5]),
    )


def _irregular(table: str, path: Path, reason: str) -> Problem:
    return Problem(
        table,
        "",
        f"{path.name} is not a regular CSV",
        1,
        reason[:200],
        "Save it anew as CSV UTF-8: one kind of line end, text with commas in quotation marks.",
        STOPS,
    )
