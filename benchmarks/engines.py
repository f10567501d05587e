"""Ten million requests to a row per customer: the product's expressions, beside SQL by hand, pandas and polars.

All read the same Parquet file and make the same columns; `same()` proves it before anything is timed. polars is no
dependency: where it is not installed, its figure is absent. `python -m benchmarks.engines [rows] [rounds]`.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.work import CACHE

ROWS, CUSTOMERS, SERVICES, SEED, _PIECE = 10_000_000, 200_000, 40, 2000, 1_000_000
FAMILIES = tuple(f"family {i}" for i in range(8))
STAGES = ("planning", "delivery", "closing", "benefits", "idea", "business case")
SIZES = ("M", "S", "L")
_DAYS = (np.datetime64("2023-01-01"), 4 * 365)


def make_requests(rows: int = ROWS, seed: int = SEED) -> Path:
    """A folder with so many engagements of 200,000 customers, made where it is not there yet."""
    folder = CACHE / f"requests-{rows}-{seed}"
    if folder.is_dir():
        return folder
    scratch = folder.with_name(f"{folder.name}-{os.getpid()}")
    scratch.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    pq.write_table(_services(), scratch / "services.parquet")
    ids = pa.array([f"C{i:06d}" for i in range(CUSTOMERS)])
    pq.write_table(pa.table({"customer_id": ids, "name": ids, "category": ids}), scratch / "customers.parquet")
    writer = None
    for begin in range(0, rows, _PIECE):
        piece = _piece(rng, begin, min(_PIECE, rows - begin), ids)
        writer = writer or pq.ParquetWriter(scratch / "engagements.parquet", piece.schema)
        writer.write_table(piece)
    if writer:
        writer.close()
    scratch.rename(folder)
    return folder


def _services() -> pa.Table:
    names = [f"S{i:02d}" for i in range(SERVICES)]
    family = [FAMILIES[i % len(FAMILIES)] for i in range(SERVICES)]
    return pa.table(
        {"service_id": names, "name": names, "family": family, "mandated": [i == 7 for i in range(SERVICES)]}
    )


def _piece(rng: np.random.Generator, begin: int, count: int, ids: pa.Array) -> pa.Table:
    def pick(texts: Any, blank: float = 0.0) -> pa.Array:
        codes = rng.integers(0, len(texts), count, dtype="int32")
        mask = rng.random(count) < blank if blank else None
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), pa.array(texts)).cast(pa.string())

    cents = rng.integers(1, 4_000_000, count)
    return pa.table(
        {
            "engagement_id": pa.array(np.char.add("E", (begin + np.arange(count)).astype("U8"))),
            "customer_id": pick(ids),
            "service_id": pick([f"S{i:02d}" for i in range(SERVICES)]),
            "requested_on": pa.array(_DAYS[0] + rng.integers(0, _DAYS[1], count)),
            "stage": pick(STAGES, 0.1),
            "size_quoted": pick(SIZES, 0.1),
            "bespoke": pa.array(rng.random(count) < 0.2),
            "complexity": pa.array(rng.integers(1, 6, count).astype("float64")),
            "planned_hours": pa.array(cents / 10_000),
            "charged_cost": pa.array(cents.astype("float64")),
        }
    )


def with_product(folder: Path) -> pd.DataFrame:
    """The product's own expressions on the product's own reading of the files."""
    from pmo_analysis.analysis.features.counting import Words, join_services, sum_by_keys
    from pmo_analysis.intake.load import load

    engagements, services = load(folder).together("engagements", "services")
    words = Words(FAMILIES, STAGES, SIZES, "planned_hours")
    rows = sum_by_keys(join_services(engagements, services, "family"), ["customer_id"], words)
    return rows.collect().to_pandas()


def with_sql(folder: Path) -> pd.DataFrame:
    """The same columns by one query written by hand."""
    import duckdb

    levels = [("family", FAMILIES), ("stage", STAGES), ("size_quoted", SIZES)]
    counts = [f"count(*) FILTER ({c} = '{v}') AS \"{c}|{i}\"" for c, vs in levels for i, v in enumerate(vs)]
    known = [f'count({c}) AS "{c}|known"' for c in ("stage", "size_quoted", "bespoke", "complexity")]
    query = f"""
        SELECT customer_id, count(*) AS asked, {", ".join(counts + known)},
          count(*) FILTER (bespoke) AS "bespoke|yes", sum(complexity)::BIGINT * 1000000 AS "complexity|sum",
          sum(CASE WHEN planned_hours > 0 THEN floor(ln(planned_hours) * 1000000 + 0.5)::BIGINT END) AS "amount|sum",
          count(*) FILTER (planned_hours > 0) AS "amount|known"
        FROM (SELECT e.*, s.family FROM '{folder}/engagements.parquet' AS e
          LEFT JOIN '{folder}/services.parquet' AS s USING (service_id)
          WHERE NOT coalesce(s.mandated, false) AND e.requested_on IS NOT NULL)
        GROUP BY customer_id"""  # noqa: S608 - constants of this file
    with duckdb.connect() as connection:
        return connection.sql(query).df()


def with_pandas(folder: Path) -> pd.DataFrame:
    """The same columns by pandas, as its user guide would have it."""
    rows = pd.read_parquet(folder / "engagements.parquet").merge(
        pd.read_parquet(folder / "services.parquet", columns=["service_id", "family", "mandated"]),
        on="service_id",
        how="left",
    )
    rows = rows[~rows["mandated"].fillna(False).astype(bool) & rows["requested_on"].notna()]
    parts = {"asked": 1}
    for column, levels in (("family", FAMILIES), ("stage", STAGES), ("size_quoted", SIZES)):
        parts |= {f"{column}|{i}": (rows[column] == v).astype("int64") for i, v in enumerate(levels)}
    parts |= {f"{c}|known": rows[c].notna().astype("int64") for c in ("stage", "size_quoted", "bespoke", "complexity")}
    hours = rows["planned_hours"].where(rows["planned_hours"] > 0, 1.0)
    parts |= {
        "bespoke|yes": rows["bespoke"].astype("int64"),
        "complexity|sum": (rows["complexity"] * 1e6).astype("int64"),
    }
    parts |= {"amount|sum": np.floor(np.log(hours) * 1e6 + 0.5).astype("int64")}
    parts |= {"amount|known": (rows["planned_hours"] > 0).astype("int64")}
    return rows[["customer_id"]].assign(**parts).groupby("customer_id").sum().reset_index()


def with_polars(folder: Path) -> Any:
    """The same columns by polars, lazily."""
    import polars as pl

    services = pl.scan_parquet(folder / "services.parquet").select("service_id", "family", "mandated")
    rows = pl.scan_parquet(folder / "engagements.parquet").join(services, on="service_id", how="left")
    rows = rows.filter(~pl.col("mandated").fill_null(False), pl.col("requested_on").is_not_null())
    levels = [("family", FAMILIES), ("stage", STAGES), ("size_quoted", SIZES)]
    hours = pl.when(pl.col("planned_hours") > 0).then(pl.col("planned_hours")).otherwise(1.0)
    parts = [(pl.col(c) == v).sum().alias(f"{c}|{i}") for c, vs in levels for i, v in enumerate(vs)]
    parts += [pl.col(c).count().alias(f"{c}|known") for c in ("stage", "size_quoted", "bespoke", "complexity")]
    parts += [pl.col("bespoke").sum().alias("bespoke|yes"), (pl.col("complexity").sum() * 1e6).alias("complexity|sum")]
    parts += [(hours.log() * 1e6 + 0.5).floor().cast(pl.Int64).sum().alias("amount|sum")]
    parts += [(pl.col("planned_hours") > 0).sum().alias("amount|known")]
    return rows.group_by("customer_id").agg(pl.len().alias("asked"), *parts).collect()


def ways() -> dict[str, Callable[[Path], Any]]:
    """The ways that can be measured here."""
    found: dict[str, Callable[[Path], Any]] = {"product": with_product, "sql": with_sql, "pandas": with_pandas}
    return found | ({"polars": with_polars} if importlib.util.find_spec("polars") else {})


def same(folder: Path) -> None:
    """AssertionError unless all ways make the same table."""
    tables = {name: way(folder) for name, way in ways().items()}
    tables = {n: t.to_pandas() if hasattr(t, "to_pandas") else t for n, t in tables.items()}
    expected = _in_order(tables["sql"])
    for name, table in tables.items():
        pd.testing.assert_frame_equal(_in_order(table), expected, obj=name)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    numbers = table.set_index("customer_id").astype("float64")
    return numbers.set_axis(pd.Index(numbers.index.astype("str")), axis=0).sort_index()[sorted(numbers)]


def main(rows: int = ROWS, rounds: int = 5) -> None:
    """Times of each way, round by round, and the median ratio of the product to each."""
    folder = make_requests(rows)
    same(make_requests(min(rows, 100_000)))
    taken: dict[str, list[float]] = {name: [] for name in ways()}
    for _ in range(rounds):
        for name, way in ways().items():
            began = time.perf_counter()
            way(folder)
            taken[name].append(time.perf_counter() - began)
    for name, seconds in taken.items():
        ratio = statistics.median(a / b for a, b in zip(taken["product"], seconds, strict=True))
        print(f"{name}: median {statistics.median(seconds):.2f} s; the product takes {ratio:.2f} times as long")
    if "polars" not in taken:
        print("polars is not installed here and was not measured; `.uv/bin/uv pip install polars` gets it")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
