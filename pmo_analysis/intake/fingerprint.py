"""The content of tables as one hash each: the same rows give the same hash from any engine, in any order."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.cast import is_guarded, quote, text_name
from pmo_analysis.intake.dataset import Dataset


def fingerprint(data: Dataset) -> pd.DataFrame:
    """What was read, for the manifest: table, rows, sha256 (of the rows' typed content, whatever their order)."""
    rows = [(name, data.rows(name), _hash_table(data, TABLE[name])) for name in data.tables]
    return pd.DataFrame(rows, columns=["table", "rows", "sha256"])


def file_states(source: str | Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of each file of a folder, or of a single file; none for a database.

    Whoever compares them before and after a run knows whether the source was changed meanwhile.
    """
    path = Path(str(source))
    files = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.is_file()) if path.is_dir() else []
    return {p.name: (state.st_size, state.st_mtime_ns) for p in files for state in [p.stat()]}


def file_hashes(source: str | Path) -> pd.DataFrame:
    """The files of a folder or a single file: file, bytes, sha256; empty for a database."""
    path = Path(str(source))
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else []
    base = path if path.is_dir() else path.parent
    rows = [(f.relative_to(base).as_posix(), f.stat().st_size, _hash_file(f)) for f in files]
    return pd.DataFrame(rows, columns=["file", "bytes", "sha256"])


def _hash_table(data: Dataset, table: Table) -> str:
    """The sum of the rows' 128-bit hashes, hashed: a sum does not know order, and counts like rows apart.

    It is there to notice change, not to withstand a forger; the row's own hash is the fastest that the engine has.
    """
    texts = [text_name(c.name) for c in table.columns if is_guarded(c)] if data.known_at is None else []
    # control characters keep ('ab', 'c') and ('a', 'bc') apart, and a blank from no value
    values = ", ".join(f"coalesce(CAST({quote(n)} AS VARCHAR), chr(30))" for n in (*table.names, *texts))
    halves = "sum(CAST(h >> 64 AS UBIGINT)), sum(CAST(h & 18446744073709551615 AS UBIGINT))"
    totals = data.connection.sql(
        f"SELECT {halves} FROM (SELECT md5_number(concat_ws(chr(31), {values})) AS h FROM {data.views[table.name]})"
    ).fetchall()[0]
    return hashlib.sha256(repr((table.names, totals)).encode()).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
