"""The content of tables as one hash each: the same rows give the same hash from any engine, in any order."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.cast import is_guarded, quote, text_name
from pmo_analysis.intake.dataset import Dataset

_PIECES = 4


def fingerprint(data: Dataset) -> pd.DataFrame:
    """What was read, for the manifest: table, rows, sha256 (of the rows' typed content, whatever their order)."""
    rows = [(name, data.rows(name), _hash_table(data, TABLE[name])) for name in data.tables]
    return pd.DataFrame(rows, columns=["table", "rows", "sha256"])


def file_hashes(source: str | Path) -> pd.DataFrame:
    """The files of a folder or a single file: file, bytes, sha256; empty for a database."""
    path = Path(str(source))
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else []
    base = path if path.is_dir() else path.parent
    rows = [(f.relative_to(base).as_posix(), f.stat().st_size, _hash_file(f)) for f in files]
    return pd.DataFrame(rows, columns=["file", "bytes", "sha256"])


def _hash_table(data: Dataset, table: Table) -> str:
    """Each row is hashed, and the sums of the hashes' four quarters are hashed: a sum does not know order.

    An exclusive or would let two like rows cancel out; a sum counts them.
    """
    texts = [text_name(c.name) for c in table.columns if is_guarded(c)] if data.known_at is None else []
    values = [f"CAST({quote(n)} AS VARCHAR)" for n in (*table.names, *texts)]
    # the length before each value keeps ('ab', 'c') and ('a', 'bc') apart
    row = "sha256(concat_ws('|', " + ", ".join(f"coalesce(length({v}) || ':' || {v}, '-')" for v in values) + "))"
    sums = ", ".join(f"sum(CAST('0x' || substr(h, {16 * i + 1}, 16) AS UBIGINT))" for i in range(_PIECES))
    totals = data.connection.sql(f"SELECT {sums} FROM (SELECT {row} AS h FROM {data.views[table.name]})").fetchall()[0]
    return hashlib.sha256(repr((table.names, totals)).encode()).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
