"""`load`: an organisation's tables from a folder, a DuckDB file or a database, as one `Dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings, read_settings
from pmo_analysis.intake.addresses import mask
from pmo_analysis.intake.dataset import Dataset, from_views
from pmo_analysis.intake.duckdb_file import read_duckdb
from pmo_analysis.intake.engine import connect
from pmo_analysis.intake.folder import read_folder
from pmo_analysis.intake.place import Found
from pmo_analysis.intake.problems import Problem
from pmo_analysis.intake.schemes import locate_schemes, read_schemes

_DUCKDB_MAGIC = b"DUCK"


def load(source: str | Path, *, schema: str | None = None, settings: Mapping[str, Any] | None = None) -> Dataset:
    """The tables of an organisation, ready to be checked and told.

    `source`: a folder of CSV and/or Parquet files named after the contract's tables (a `settings.toml` beside
    them is read, and the frozen segments of `segment_schemes.json`), a DuckDB file (opened for reading only), an
    SQLAlchemy URL, or Spark (`spark://host:7077/database`, `spark://local[2]/folder`, `spark:///database`); long tables
    stay on PostgreSQL and Spark. `schema`, or the setting database_schema, says where in a database the tables lie;
    `settings` change the source's own by dotted name. What cannot be opened at all is an InputError; what can be opened
    but not read is kept for `check` in `troubles`.
    """
    text = str(source)
    changes = settings.changed() if isinstance(settings, Settings) else settings
    schema = schema or str((changes or {}).get("database_schema", "")) or None
    if "://" in text:
        return _load_url(text, schema, changes)
    try:
        return _load_path(text, schema, changes)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{text} cannot be opened: {reason}. Check the path and your right to read it.") from error


def _load_path(text: str, schema: str | None, changes: Mapping[str, Any] | None) -> Dataset:
    path = Path(text).expanduser()
    if not text.strip() or not path.exists():
        raise InputError(
            f"There is no folder or file {text!r}. Give the folder that holds customers.csv and the others."
        )
    return _load_folder(path, changes) if path.is_dir() else _load_file(path, schema, changes)


def _load_folder(folder: Path, changes: Mapping[str, Any] | None) -> Dataset:
    connection = connect()
    views, problems = read_folder(connection, folder)
    return _finish(
        connection,
        views,
        problems,
        source=str(folder),
        name=folder.resolve().name,
        settings=read_settings(folder, changes),
    )


def _load_file(path: Path, schema: str | None, changes: Mapping[str, Any] | None) -> Dataset:
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3"):
        raise InputError(f"{path} is an SQLite file. Give it as sqlite:///{path}.")
    if head[8:12] != _DUCKDB_MAGIC:
        raise InputError(
            f"{path} is a file, neither a folder of tables nor a DuckDB file. "
            f"Give the folder that holds it, or run `pmo import` on it."
        )
    connection = connect()
    views, problems = read_duckdb(connection, path, schema)
    return _finish(
        connection, views, problems, source=str(path), name=path.stem, settings=read_settings(path.parent, changes)
    )


def _load_url(url: str, schema: str | None, changes: Mapping[str, Any] | None) -> Dataset:
    connection = connect()
    found = (
        _read_spark(connection, url, schema) if url.startswith("spark:") else _read_database(connection, url, schema)
    )
    return _finish(
        connection,
        found.made,
        found.problems,
        source=mask(url),
        name=found.name,
        settings=read_settings(None, changes),
        later=found.later,
        place=found.place,
    )


def _read_database(connection: duckdb.DuckDBPyConnection, url: str, schema: str | None) -> Found:
    # SQLAlchemy takes longer to import than most sources to read: only where there is a database.
    from pmo_analysis.intake.database import read_database

    return read_database(connection, url, schema)


def _read_spark(connection: duckdb.DuckDBPyConnection, url: str, schema: str | None) -> Found:
    try:
        from pmo_analysis.intake.spark import read_spark
    except ModuleNotFoundError as error:
        raise InputError(f"{mask(url)} needs {error.name!r}. Install it: pip install 'pmo-analysis[spark]'.") from error
    return read_spark(connection, url, schema)


def _finish(
    connection: duckdb.DuckDBPyConnection,
    views: Mapping[str, str],
    problems: Sequence[Problem],
    *,
    source: str,
    name: str,
    settings: Settings,
    **more: Any,
) -> Dataset:
    return from_views(
        connection,
        views,
        source=source,
        name=settings["organisation"] or name,
        settings=settings,
        troubles=tuple(problems),
        schemes=read_schemes(locate_schemes(source, settings)),
        **more,
    )
