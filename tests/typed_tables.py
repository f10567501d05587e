"""The tables of a dataset written with the contract's own types, as a warehouse holds them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.cast import sql_type
from pmo_analysis.intake.dataset import Dataset


def write_parquet(data: Dataset, folder: Path) -> Path:
    """One Parquet file per table: dates as dates, hours and money as decimals."""
    folder.mkdir(exist_ok=True)
    for name in data.tables:
        pq.write_table(_arrow(data, name), folder / f"{name}.parquet")
    return folder


def write_postgres(data: Dataset, url: str, schema: str) -> str:
    """The tables in a new schema of a server; the address that `pmo report` takes."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        server.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        for name in data.tables:
            _copy(server, schema, name, _arrow(data, name))
    return f"{url.replace('+psycopg', '')}?options=-csearch_path%3D{schema}"


def _arrow(data: Dataset, name: str) -> pa.Table:
    chosen = ", ".join(f'"{c}"' for c in TABLE[name].names)
    return data.connection.sql(f"SELECT {chosen} FROM {data.views[name]} ORDER BY _row").to_arrow_table()


def _copy(server: psycopg.Connection, schema: str, name: str, rows: pa.Table) -> None:
    table = sql.Identifier(schema, name)
    kinds = {c.name: sql_type(c).replace("DOUBLE", "DOUBLE PRECISION") for c in TABLE[name].columns}
    declared = [sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(kind)) for c, kind in kinds.items()]
    server.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(declared)))
    with server.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as target:
        for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            target.write_row(row)
