"""The engine in which tables are read and asked: DuckDB, in memory, private, without extensions or network."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

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


def fetch_rows(rows: duckdb.DuckDBPyRelation, types: Mapping[str, str]) -> pd.DataFrame:
    """The columns of a query named in `types` as pandas; texts and floats go over without a Python object each."""
    casts = {"str": "VARCHAR", "float64": "DOUBLE"}
    parts = [
        f'CAST("{name}" AS {casts[kind]}) AS "{name}"' if kind in casts else f'"{name}"' for name, kind in types.items()
    ]
    table = rows.project(", ".join(parts)).to_arrow_table()
    text = pd.StringDtype("pyarrow", na_value=np.nan)
    columns = {
        name: pd.Series(text.__from_arrow__(table[name].combine_chunks()))
        if kind == "str"
        else table[name].to_pandas().astype(kind)
        for name, kind in types.items()
    }
    return pd.DataFrame(columns)


@cache
def _spill_folder(process: int) -> Path:
    """One folder per process (a forked kernel gets its own), readable by its owner, gone at exit."""
    folder = Path(tempfile.mkdtemp(prefix="pmo-"))
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
