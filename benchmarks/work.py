"""A large quarter in Parquet files: a million engagements and ten million bookings, written in pieces and kept.

The files are made once, from one seed, under the git-ignored folder `.cache/`, and read by every run after it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

QUARTER = "2026Q3"
CACHE = Path(__file__).resolve().parents[1] / ".cache" / "benchmarks"
_BEGIN = np.datetime64("2026-07-01")
_CUSTOMERS, _SERVICES, _PROJECTS, _PEOPLE, _PIECE = 5_000, 40, 20_000, 2_000, 1_000_000
_ROLES = [f"role {i}" for i in range(8)]
_HOURS = np.array([4.0, 12.0, 40.0])  # standard hours of S, M and L
_SIZES = np.array(["S", "M", "L"])


def make_work(engagements: int, bookings: int, seed: int = 2000) -> Path:
    """The folder of a quarter with so many engagements and bookings, made where it is not there yet."""
    folder = CACHE / f"work-{engagements}-{bookings}-{seed}"
    if folder.is_dir():
        return folder
    scratch = folder.with_name(f"{folder.name}-{os.getpid()}")
    scratch.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for name, columns in _organisation(rng).items():
        pq.write_table(pa.table(columns), scratch / f"{name}.parquet")
    work = _draw_engagements(rng, engagements)
    pq.write_table(_engagements(rng, work), scratch / "engagements.parquet")
    writer = None
    for begin in range(0, bookings, _PIECE):
        piece = _bookings(rng, work, min(_PIECE, bookings - begin), engagements / bookings)
        writer = writer or pq.ParquetWriter(scratch / "effort.parquet", piece.schema)
        writer.write_table(piece)
    if writer:
        writer.close()
    try:
        scratch.rename(folder)
    except OSError:  # another run made it meanwhile
        shutil.rmtree(scratch)
    return folder


def _names(letter: str, numbers: np.ndarray, blank: np.ndarray | None = None) -> pa.Array:
    """Identifiers such as E0000017, each text made once."""
    seen, codes = np.unique(numbers, return_inverse=True)
    texts = pa.array(np.char.add(letter, np.char.zfill(seen.astype("U7"), 7)))
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32"), mask=blank), texts).cast(pa.string())


def _pick(texts: Any, codes: np.ndarray, blank: np.ndarray | None = None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32"), mask=blank), pa.array(texts)).cast(
        pa.string()
    )


def _organisation(rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """All tables but the two long ones."""
    customers, services = np.arange(_CUSTOMERS), np.arange(_SERVICES)
    return {
        "customers": {
            "customer_id": _names("C", customers),
            "name": _names("Customer ", customers),
            "category": _pick([f"category {i}" for i in range(6)], customers % 6),
            "segment_given": _pick([f"segment {i}" for i in range(5)], customers % 5),
        },
        "services": {
            "service_id": _names("S", services),
            "name": _names("Service ", services),
            "process": services % 4 == 0,
            "mandated": services % 8 == 0,
            "status": ["active"] * _SERVICES,
            "lead_time_target_days": np.full(_SERVICES, 15),
        },
        "offerings": {
            "service_id": _names("S", np.repeat(services, 3)),
            "size": list("SML") * _SERVICES,
            "standard_hours": np.tile(_HOURS, _SERVICES),
            "valid_from_on": np.full(3 * _SERVICES, np.datetime64("2020-01-01")),
        },
        "roles": {
            "role": _ROLES,
            "senior": [i > 5 for i in range(8)],
            "hourly_cost": 50.0 + 10 * np.arange(8),
            "side": ["pmo"] * 7 + ["customer"],
        },
        "capacity": {
            "quarter": [QUARTER] * 7,
            "role": _ROLES[:7],
            "fte": [500.0] * 7,
            "practical_hours": [6.5e6] * 7,
            "capacity_cost": 3.3e8 + 1e7 * np.arange(7),
        },
        "projects": _projects(rng),
    }


def _projects(rng: np.random.Generator) -> dict[str, Any]:
    planned = np.round(rng.lognormal(12, 1.2, _PROJECTS), 2)
    projects, ends = np.arange(_PROJECTS), _BEGIN + rng.integers(-60, 200, _PROJECTS)
    return {
        "project_id": _names("P", projects),
        "customer_id": _names("C", projects % _CUSTOMERS),
        "planned_start_on": ends - rng.integers(60, 400, _PROJECTS),
        "planned_finish_on": ends - rng.integers(-30, 30, _PROJECTS),
        "actual_finish_on": pa.array(ends, mask=ends > _BEGIN + 91),
        "status": _pick(["closed", "running"], (ends > _BEGIN + 91).astype("int32")),
        "planned_cost": planned,
        "actual_cost": np.round(planned * rng.lognormal(0, 0.4, _PROJECTS), 2),
    }


def _draw_engagements(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """What both long tables are made of, as numbers."""
    size, complexity, bespoke = rng.choice(3, n, p=[0.5, 0.35, 0.15]), rng.integers(1, 6, n), rng.random(n) < 0.1
    harder = (1 + 0.08 * (complexity - 3)) * np.where(bespoke, 1.3, 1.0)
    return pd.DataFrame(
        {
            "size": size,
            "complexity": complexity,
            "bespoke": bespoke,
            "customer": (_CUSTOMERS * rng.random(n) ** 2).astype("int64"),
            "hours": _HOURS[size] * harder * rng.lognormal(-0.1, 0.45, n),
        }
    )


def _engagements(rng: np.random.Generator, work: pd.DataFrame) -> pa.Table:
    n, hours = len(work), work["hours"].to_numpy()
    asked = _BEGIN + rng.integers(0, 60, n)
    return pa.table(
        {
            "engagement_id": _names("E", np.arange(n)),
            "customer_id": _names("C", work["customer"].to_numpy()),
            "service_id": _names("S", rng.integers(0, _SERVICES, n)),
            "requested_on": asked,
            "started_on": asked,
            "promised_on": asked + 20,
            "delivered_on": asked + rng.integers(1, 40, n),
            "stage": _pick(["idea", "planning", "delivery", "closing"], rng.integers(0, 4, n)),
            "size_quoted": _pick(_SIZES, work["size"].to_numpy()),
            "bespoke": work["bespoke"].to_numpy(),
            "complexity": work["complexity"].to_numpy(),
            "planned_hours": np.round(hours * rng.lognormal(0, 0.2, n), 2),
            "planned_senior_hours": np.round(hours * 0.1, 2),
            "charged_cost": np.round(hours * 60, 2),
            "approval_count": rng.poisson(1.2, n),
            "document_count": rng.poisson(2, n),
            "touchpoint_count": rng.poisson(3, n),
            "reworked": rng.random(n) < 0.05,
            "state": _pick(["delivered"], np.zeros(n)),
            "project_id": _names("P", rng.integers(0, _PROJECTS, n)),
        }
    )


def _bookings(rng: np.random.Generator, work: pd.DataFrame, n: int, share: float) -> pa.Table:
    """Some bookings: 3 % name no engagement, only the customer; 30 % say what they are."""
    own = rng.integers(0, len(work), n)
    loose, hours = rng.random(n) < 0.03, work["hours"].to_numpy()[own] * share * rng.lognormal(-0.1, 0.45, n)
    return pa.table(
        {
            "worked_on": _BEGIN + rng.integers(0, 92, n),
            "worked_hours": np.round(np.maximum(hours, 0.01), 2),
            "role": _pick(_ROLES, np.minimum(rng.integers(0, 10, n), 7)),
            "engagement_id": _names("E", own, loose),
            "customer_id": _names("C", work["customer"].to_numpy()[own], ~loose),
            "activity": _pick(["process", "delivery"], rng.integers(0, 2, n), rng.random(n) < 0.7),
            "person_id": _names("W", rng.integers(0, _PEOPLE, n)),
        }
    )


def tell_value_and_cost(folder: Path) -> tuple[object, ...]:
    """Cost to serve, its history by customer and service, all measures and the value score, as `pmo report` tells them."""
    from pmo_analysis.analysis.cost import cost_history, service_history, tell_costs
    from pmo_analysis.analysis.measures import measure_outcomes
    from pmo_analysis.analysis.value import score_value
    from pmo_analysis.intake.load import load

    known = load(folder).as_of(QUARTER)
    groups = known.frame("customers", ["customer_id", "name", "category"])
    groups = groups.assign(segment=known.frame("customers", ["segment_given"])["segment_given"])
    costs = tell_costs(known, QUARTER)
    past = cost_history(known, QUARTER), service_history(known, QUARTER)
    measures = measure_outcomes(known, QUARTER, groups)
    rows = measures.observations.rename(columns={"customer_id": "unit_id"})
    rows = rows[rows["outcome"].isin(list(known.settings.group("weight")))]
    return costs, past, measures, score_value(rows, groups=groups.set_index("customer_id")["category"])


def add_up_in_sql(folder: Path) -> pd.DataFrame:
    """The floor: one scan of the same files that adds up hours × the role's hourly cost per customer, written by hand."""
    import duckdb

    for name in ("effort", "engagements", "roles"):
        duckdb.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
    return duckdb.sql(
        "SELECT coalesce(g.customer_id, e.customer_id) AS customer_id, sum(e.worked_hours * r.hourly_cost) AS cost "
        "FROM effort AS e LEFT JOIN engagements AS g USING (engagement_id) LEFT JOIN roles AS r USING (role) "
        "WHERE r.side = 'pmo' GROUP BY 1 ORDER BY 1"
    ).df()
