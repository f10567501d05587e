"""One set of expressions, the same tables to the last byte: pandas, DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import psycopg
import pytest
from pandas.testing import assert_frame_equal
from typed_tables import write_parquet, write_postgres

from pmo_analysis.analysis.features import customer_features
from pmo_analysis.analysis.features.counting import Words, join_services, sum_by_month
from pmo_analysis.analysis.requests import request_history
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.addresses import mask, name_source, require_no_secret
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.demo import demo
from pmo_analysis.intake.load import load
from pmo_analysis.intake.served import rate_engagements, sum_requests, sum_served
from pmo_analysis.quarter import run_quarter

WORDS = Words(("Advice", "Ärger"), ("idea",), ("M", "S"), "planned_hours")
QUARTER = "2026Q2"


def hostile() -> Dataset:
    """Blanks and spaces in ids, decimals at the half, days at a quarter's limits, rows twice, ids that nobody knows."""
    days = ["2026-04-01", "2026-06-30", "2026-07-01", "2025-12-31", None, "2026-06-30"]
    engagements = pd.DataFrame(
        {
            "engagement_id": [f"E{i}" for i in range(12)],
            "customer_id": ["a", "a ", " ", None, "ü", "a", "nobody", "b", "B", "a\u00a0", "'; DROP TABLE x; --", "b"],
            "service_id": ["s", "s", "t", "gone", None, "", "s", "t", "t", "s", "s", "law"],
            "requested_on": days * 2,
            "started_on": [None, "2026-06-30", "2026-04-01", None, "2026-06-30", None] * 2,
            "promised_on": ["2026-06-30"] * 12,
            "delivered_on": ["2026-06-30", "2026-07-01", None, "2026-06-29"] * 3,
            "stage": ["idea", "IDEA", None, " idea "] * 3,
            "state": ["Refused", "delivered", None, "nonsense"] * 3,
            "size_quoted": ["M", "S", "%", None] * 3,
            "bespoke": ["yes", "no", None] * 4,
            "reworked": [None, "yes"] * 6,
            "complexity": [1.0, 2.5, None, 5.0] * 3,
            "planned_hours": [0.1, 1.00005, None, -3.0, 0.0, 99999999.9999] * 2,
            "charged_cost": [0.00005, -0.00005, 12.345678, None, 1e9, 0.1] * 2,
            "outcome_score": [33.333333333, None, 1e300, 0.1] * 3,
        }
    )
    services = pd.DataFrame(
        {
            "service_id": ["s", "s", "t", "law", None],
            "name": ["Old", "New", "Tea", "Law", "Nothing"],
            "family": ["Advice", "Advice", "Ärger", "Advice", "Advice"],
            "mandated": [None, "no", "no", "yes", "no"],
            "as_of_on": ["2026-01-01", "2026-06-30", None, "2026-01-01", "2026-01-01"],
        }
    )
    survey = pd.DataFrame(
        {
            "response_id": [f"R{i}" for i in range(6)],
            "engagement_id": ["E0", "E0", "E0", "E1", None, "E99"],
            "question": ["csat", "csat", "effort", "csat", "csat", "csat"],
            "score": [5.0, 4.0, 1.0, None, 5.0, 1.0],
            "answered_on": ["2026-06-30"] * 6,
        }
    )
    customers = pd.DataFrame({"customer_id": ["a", "b", "ü"], "name": list("ABU"), "category": "x"})
    effort = pd.DataFrame(
        {
            "worked_on": ["2026-06-30", "2026-07-01", None, "2026-04-01"],
            "worked_hours": [0.1, 0.2, 0.3, 1.00005],
            "role": ["dev", " dev", None, "lead"],
            "engagement_id": ["E0", "E0", "E1", "E99"],
        }
    )
    return Dataset.from_frames(
        {"engagements": engagements, "services": services, "survey": survey, "customers": customers, "effort": effort}
    )


@pytest.fixture(scope="module")
def organisation() -> Dataset:
    return demo(customers=40, quarters=6, seed=3)


@pytest.fixture(scope="module", params=["hostile", "demo"])
def source(request: pytest.FixtureRequest, organisation: Dataset) -> Dataset:
    return hostile() if request.param == "hostile" else organisation


@pytest.fixture(scope="session")
def spark() -> Iterator[None]:
    """Spark from the environment, else from where CI puts it."""
    kept = Path(__file__).parents[1] / ".cache" / "spark"
    if kept.is_dir():
        sys.path.append(str(kept))
    pytest.importorskip("pyspark", reason="pyspark is not installed; CI takes it from .ci/spark.txt")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java")
    yield
    from pyspark.sql import SparkSession

    if active := SparkSession.getActiveSession():
        active.stop()


def sums(frames: tuple[nw.LazyFrame, ...]) -> list[bytes]:
    """What the engine is asked for features and measures, in one order, as bytes."""
    engagements, services, survey = frames
    features = sum_by_month(join_services(engagements, services, "family"), WORDS)
    measures = sum_requests(engagements, rate_engagements(survey), 12, date(2024, 1, 1))
    return [as_bytes(features), as_bytes(measures)]


def as_bytes(rows: nw.LazyFrame) -> bytes:
    frame = rows.collect().to_pandas()
    keys = [c for c in frame if c in ("customer_id", "service_id", "stage")]
    numbers = frame.drop(columns=keys).astype("float64")
    frame = pd.concat([frame[keys].astype("str").fillna("(none)"), numbers[sorted(numbers)]], axis=1)
    return frame.sort_values(list(frame), ignore_index=True).to_csv(index=False).encode()


def in_pandas(data: Dataset) -> tuple[nw.LazyFrame, ...]:
    frames = [data.frame(t) for t in ("engagements", "services", "survey")]
    days = [{c: "date32[pyarrow]" for c in f if str(f[c].dtype).startswith("datetime")} for f in frames]
    return tuple(nw.from_native(f.astype(d)).lazy() for f, d in zip(frames, days, strict=True))


def same_everywhere(data: Dataset, other: Dataset, engine: str) -> None:
    """The same features, history and sums, and the long tables were never fetched."""
    assert other.place is not None and other.place.engine == engine
    asked = other.as_of(QUARTER).together("engagements", "services", "survey")
    assert sums(asked) == sums(data.as_of(QUARTER).together("engagements", "services", "survey"))
    assert_frame_equal(
        customer_features(other, QUARTER).values, customer_features(data, QUARTER).values, check_exact=True
    )
    assert_frame_equal(request_history(other, QUARTER), request_history(data, QUARTER), check_exact=True)
    assert not {"engagements", "effort", "survey"} & other.views.fetched
    for table in TABLE:
        assert_frame_equal(other.frame(table), data.frame(table))


def test_pandas_sums_as_duckdb_does(source):
    known = source.as_of(QUARTER)
    assert sums(in_pandas(known)) == sums(known.together("engagements", "services", "survey"))


def test_postgres_sums_as_duckdb_does_and_gives_only_sums(postgres_url):
    same_everywhere(hostile(), load(write_postgres(hostile(), postgres_url, "engine")), "PostgreSQL")


def test_spark_sums_as_duckdb_does_and_gives_only_sums(spark, tmp_path):
    folder = write_parquet(hostile(), tmp_path / "tables")
    same_everywhere(hostile(), load(f"spark://local[2]/{folder}"), "Spark")


def test_what_is_served_is_counted_by_hand():
    """E0 asked on 1 April, delivered on the day promised, refused; csat 5 and 4 make 87.5."""
    rows = sum_served(hostile().as_of(QUARTER), 12, date(2026, 4, 1))
    first = rows[(rows["customer_id"] == "a") & (rows["service_id"] == "s") & (rows["stage"] == "idea")].iloc[0]
    assert first["number"] == 2025 * 4 + 1  # the first quarter of year 1 is 0
    assert (first["refused_count"], first["kept_count"], first["answer_score"]) == (1, 1, 87.5)
    assert np.isclose(first["charged_cost"], 0.0001)


@pytest.fixture(scope="module")
def quarter(organisation: Dataset) -> dict[str, pd.DataFrame]:
    return run_quarter(organisation, QUARTER).tables()


def test_a_quarter_from_postgres_is_the_quarter_from_the_folder(organisation, quarter, postgres_url):
    same_quarter(quarter, load(write_postgres(organisation, postgres_url, "whole")))


def test_a_quarter_from_spark_is_the_quarter_from_the_folder(organisation, quarter, spark, tmp_path):
    same_quarter(quarter, load(f"spark://local[2]/{write_parquet(organisation, tmp_path / 'tables')}"))


def same_quarter(expected: dict[str, pd.DataFrame], data: Dataset) -> None:
    found = run_quarter(data, QUARTER).tables()
    assert found.keys() == expected.keys()
    for name, table in expected.items():
        assert_frame_equal(found[name], table, check_exact=True, obj=name)


def test_text_where_a_number_belongs_is_fetched_and_told(postgres_url):
    url = write_postgres(hostile(), postgres_url, "texts")
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as server:
        server.execute("ALTER TABLE texts.engagements ALTER planned_hours TYPE text, ALTER requested_on TYPE text")
    data = load(url)
    told = [(p.table, p.column, p.example) for p in data.troubles]
    assert ("engagements", "requested_on", "requested_on is text") in told
    assert_frame_equal(customer_features(data, QUARTER).values, customer_features(hostile(), QUARTER).values)


def test_two_servers_sessions_do_not_mix(postgres_url):
    one = load(write_postgres(hostile(), postgres_url, "one"))
    before = one["engagements"].select("engagement_id")
    other = load(
        write_postgres(Dataset.from_frames({"engagements": hostile().frame("engagements")[:3]}), postgres_url, "two")
    )
    assert (len(other["engagements"].collect()), len(before.collect())) == (3, 12)
    assert other["survey"].collect_schema().names() == list(TABLE["survey"].names)


def test_a_reader_who_may_only_read_is_enough(postgres_url):
    url = write_postgres(hostile(), postgres_url, "guarded")
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as server:
        server.execute("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA guarded TO reader")
        server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA guarded TO reader")
    data = load(url.replace("pmo@", "reader@"))
    assert len(customer_features(data, QUARTER).values) == len(customer_features(hostile(), QUARTER).values)


# --- addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@host/db",
        "postgresql://u@host/db?password=s3cret",
        "sc://host:15002/;token=s3cret",
        "postgresql://host/db?sslpassword=s3cret&x=1",
    ],
)
def test_an_address_with_a_secret_is_refused_without_telling_it(url):
    with pytest.raises(InputError) as told:
        require_no_secret(url)
    assert "s3cret" not in str(told.value) + mask(url) + name_source(url)


def test_an_address_without_a_secret_passes():
    for url in ("postgresql://u@host/db?service=x", "spark://host:7077/house", "data/demo", "spark:///house"):
        require_no_secret(url)


def test_an_address_of_spark_without_a_database_is_told(spark):
    with pytest.raises(InputError, match="Write it like spark://host:7077/database"):
        load("spark://host:7077")


def test_a_folder_without_tables_on_spark_is_told(spark, tmp_path):
    with pytest.raises(InputError, match="no table of the contract"):
        load(f"spark://local[2]/{tmp_path}")


def test_no_secret_stands_in_anything_published(postgres_url, tmp_path):
    """The password comes from the environment; not one file of the report and no line said holds it."""
    url = write_postgres(demo(customers=20, quarters=2), postgres_url, "told")
    command = [
        sys.executable,
        "-m",
        "pmo_analysis",
        "report",
        url,
        "--quarter",
        QUARTER,
        "--out",
        str(tmp_path / "out"),
    ]
    environment = {**os.environ, "PGPASSWORD": "s3cret-word"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    files = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert len(files) > 20
    assert not [p for p in files if b"s3cret-word" in p.read_bytes()]
    assert "s3cret-word" not in done.stdout + done.stderr
    manifest = json.loads(next(p for p in files if p.name == "manifest.json").read_text())
    assert "told" in manifest["parameters"]["source"]
