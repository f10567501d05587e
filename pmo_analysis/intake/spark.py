"""Tables on Spark: long ones stay there, the others are fetched when they are asked for.

`spark://host:7077/database` is a cluster and a database of its catalogue, `spark://local[2]/folder` this machine and a
folder of Parquet. Without a host (`spark:///database`) Spark's own files and SPARK_REMOTE say where it runs.
"""

from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import sqlglot
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE, Table
from pmo_analysis.intake.addresses import mask
from pmo_analysis.intake.cast import quote
from pmo_analysis.intake.duckdb_file import require_any
from pmo_analysis.intake.engine import fresh
from pmo_analysis.intake.headers import match_headers
from pmo_analysis.intake.place import STAY, Found, Place, find_unfit, no_rows_of, tell_fetched, typed_sql
from pmo_analysis.intake.problems import Problem
from pmo_analysis.intake.typed import keep_rows, types_of
from pmo_analysis.intake.views import Make

_KINDS = {
    "string": "text",
    "tinyint": "whole",
    "smallint": "whole",
    "int": "whole",
    "bigint": "whole",
    "decimal": "decimal",
    "double": "double",
    "date": "date",
    "timestamp_ntz": "timestamp",
    "boolean": "boolean",
}
# A day must not depend on the machine's zone; results may be as long as the driver has memory for.
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.driver.maxResultSize": "0",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def read_spark(connection: duckdb.DuckDBPyConnection, url: str, schema: str | None) -> Found:
    """The tables of a database or folder on Spark, to be fetched into the engine or asked where they lie."""
    master, inside = _parse(url)
    try:
        session = _start(master)
        frames = _list_folder(session, inside) if _is_folder(inside) else _list_database(session, schema or inside)
    except (PySparkException, RuntimeError, OSError) as error:
        raise InputError(
            f"{mask(url)} cannot be read: {_one_line(error)} Check the address, that Java 17 is installed, and that Spark runs."
        ) from None
    later: dict[str, Make] = {}
    problems: list[Problem] = []
    for name, frame in frames.items():
        columns, told = match_headers(TABLE[name], [c.strip().lower() for c in frame.columns], name)
        problems.extend(told)
        if columns is not None:
            wanted = [c for c in frame.columns if c.strip().lower() in columns]
            frames[name] = frame.select(*(frame[f"`{c}`"].alias(c.strip().lower()) for c in wanted))
            later[name] = partial(_fetch, connection, TABLE[name], frames[name])
    require_any(dict.fromkeys(later, ""), problems, mask(url), sorted(frames), schema)
    place, fetched = _stay(session, {name: frames[name] for name in STAY if name in later})
    return Found(Path(inside).name or "spark", problems + fetched, later=later, place=place)


def _parse(url: str) -> tuple[str, str]:
    """Spark's master (blank: as configured) and the database or folder."""
    host, _, inside = url.removeprefix("spark://").partition("/")
    if not url.startswith("spark://"):
        raise InputError(f"{mask(url)} is no address of Spark. Write it like spark://host:7077/database.")
    if not inside:
        raise InputError(f"{mask(url)} names no database. Write it like spark://host:7077/database or …/folder.")
    return host if host.startswith("local") else (f"spark://{host}" if host else ""), unquote(inside)


def _start(master: str) -> SparkSession:
    """The session of this process; Spark has one at a time, and one of another master is ended by whoever began it."""
    builder = SparkSession.builder.appName("pmo_analysis")
    if master:
        os.environ.pop("SPARK_REMOTE", None)  # the address given goes before the environment's
        builder = builder.master(master)
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    if master.startswith("local"):
        session.sparkContext.setLogLevel("ERROR")
    return session


def _is_folder(inside: str) -> bool:
    return "/" in inside or Path(inside).is_dir()


def _list_folder(session: SparkSession, inside: str) -> dict[str, DataFrame]:
    """A Parquet file, or folder of Parquet, per table; on a cluster each worker must see the same path."""
    found = {
        name: path
        for name in TABLE
        for path in (Path(inside) / name, Path(inside) / f"{name}.parquet")
        if path.exists()
    }
    return {name: session.read.parquet(str(path)) for name, path in found.items()}


def _list_database(session: SparkSession, database: str) -> dict[str, DataFrame]:
    names = {t.name for t in session.catalog.listTables(database)}
    return {n.lower(): session.table(f"`{database}`.`{n}`") for n in sorted(names) if n.lower() in TABLE}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".") + "."


def _stay(session: SparkSession, frames: dict[str, DataFrame]) -> tuple[Place | None, list[Problem]]:
    """The long tables that can be asked where they lie, and which cannot and why."""
    queries: dict[str, str] = {}
    problems = []
    for name, frame in frames.items():
        kinds = {c: _KINDS.get(kind.split("(")[0], kind) for c, kind in frame.dtypes}
        unfit = find_unfit(TABLE[name], kinds)
        if unfit:
            problems.append(tell_fetched(name, unfit[0], kinds[unfit[0]]))
        else:
            view = fresh("pmo", name)
            frame.createOrReplaceTempView(view)
            queries[name] = typed_sql(TABLE[name], kinds, quote(view))
    place = Place("Spark", cache(partial(_ask, session)), queries | no_rows_of(frames)) if queries else None
    return place, problems


def _ask(session: SparkSession, _: str, query: str) -> DataFrame:
    return session.sql(sqlglot.transpile(query, read="duckdb", write="spark")[0])


def _fetch(connection: duckdb.DuckDBPyConnection, table: Table, frame: DataFrame) -> str:
    """The rows of one table, typed in the engine; the name of their view."""
    name = fresh("spark", table.name)
    rows: Any = frame.toArrow()
    connection.register(name, rows)
    view = keep_rows(connection, table, types_of(connection, name), name)
    connection.unregister(name)
    return view
