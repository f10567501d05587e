"""The engine in which tables are read and asked: DuckDB, in memory, private, without extensions or network."""

from __future__ import annotations

import atexit
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.scratch import private_folder

_serial = itertools.count()
_MOST_MEGABYTES = 3_000


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory engine that downloads nothing and spills only into a private folder."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{_megabytes_for_engine()}MB",
            "temp_directory": str(spill_folder() / f"{next(_serial)}"),
        },
    )
    connection.execute("SET python_enable_replacements = false")
    if connection.sql("FROM duckdb_settings() WHERE name = 'TimeZone'").fetchall():
        connection.execute("SET TimeZone = 'UTC'")  # a day must not depend on the machine's zone
    return connection


@contextmanager
def reading(source: str) -> Iterator[None]:
    """What breaks while rows are read (the file cut off or changed, the disk or memory full) as an InputError.

    A query that the engine cannot understand is a fault of this package and stays as it is.
    """
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.NotSupportedError):
        raise
    except duckdb.Error as error:
        told = str(error).splitlines()[0][:200]
        raise InputError(
            f"{source or 'The data'} could not be read to the end: {told}. It may be damaged, or have been changed or "
            "moved meanwhile, or memory or disk were full: look at these, then run again."
        ) from error


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


def spill_folder() -> Path:
    """The private folder of this process for what does not fit in memory; gone when the process ends."""
    return _spill_folder(os.getpid())


def _megabytes_for_engine() -> int:
    """A quarter of the machine's memory, at most 3 GB: what is more than that is spilled, the rest is for the analysis."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return min(max(whole // 4_000_000, 500), _MOST_MEGABYTES) if whole > 0 else _MOST_MEGABYTES


def spill_file(name: str) -> Path:
    """Where a file may lie that this process alone needs: in the private folder of the engine, gone at exit."""
    return _spill_folder(os.getpid()) / name


@cache
def _spill_folder(process: int) -> Path:
    """One folder per process (a forked kernel gets its own), readable by its owner, gone at exit."""
    held = ExitStack()
    folder = held.enter_context(private_folder())
    atexit.register(_let_go, held, process)
    return folder


def _let_go(held: ExitStack, process: int) -> None:
    if os.getpid() == process:  # not a fork of it
        held.close()
