"""The engine in which tables are read and asked: DuckDB, in memory, private, without extensions or network."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import duckdb

_serial = itertools.count()


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory engine that downloads nothing and spills only into a private folder."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(_spill_folder(os.getpid()) / f"{next(_serial)}"),
        },
    )
    connection.execute("SET python_enable_replacements = false")
    if connection.sql("FROM duckdb_settings() WHERE name = 'TimeZone'").fetchall():
        connection.execute("SET TimeZone = 'UTC'")  # a day must not depend on the machine's zone
    return connection


def fresh(prefix: str, table: str) -> str:
    """A relation name that nothing else in the process has."""
    return f"{prefix}_{next(_serial)}_{table}"


@cache
def _spill_folder(process: int) -> Path:
    """One folder per process (a forked kernel gets its own), readable by its owner, gone at exit."""
    folder = Path(tempfile.mkdtemp(prefix="pmo-"))
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
