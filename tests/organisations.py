"""Invented organisations whose data are worse than the demo's: gaps in every column, or hardly any table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import pmo_analysis as pmo
from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.demo import make_demo, write_demo

_LEAST = ("customers", "services", "engagements", "effort", "roles")


def write_least(folder: Path, *, quarters: int = 2, seed: int = 2) -> Path:
    """Twenty customers in a folder with no more tables than that, for tests of how reports are made, not of what they tell."""
    write_demo(folder, customers=20, quarters=quarters, seed=seed)
    for path in folder.glob("*.csv"):
        if path.stem not in _LEAST:
            path.unlink()
    return folder


def with_gaps() -> pmo.Quarter:
    """Every tenth cell of every column that may be blank is; the fiscal year ends in June, prices rise, weights are known."""
    tables, _ = make_demo(customers=30, quarters=8, seed=11)
    rng = np.random.default_rng(11)
    for name, table in tables.items():
        may_be_blank = {c.name for c in TABLE[name].columns if not c.required} - {
            *TABLE[name].key,
            *sum(TABLE[name].either, ()),
        }
        tables[name] = table.mask(rng.random(table.shape) < 0.1 * table.columns.isin(sorted(may_be_blank)))
    settings = {
        "fiscal_year_end_month": 6,
        "weights_known": True,
        "weight.execution": 0.4,
        "weight.experience": 0.0,
        "customer_hourly_cost": 55.0,
        "pmo_budget_cost": 400_000.0,
        "outcome_point_benefit": 12.0,
        "price_basis": "constant",
        "price_index": {"2024Q4": 0.97, "2025Q4": 1.0, "2026Q4": 1.04},
        "under_cost": 2.5,
        "tier_fixed_cost": 6.0,
        "minimum_cell": 4,
        "holidays": ["2025-12-25", "2026-01-01"],
    }
    return pmo.run_quarter(pmo.Dataset.from_frames(tables), "2026Q3", settings=pmo.Settings(settings))


def with_little() -> pmo.Quarter:
    """Fourteen customers for a year and a half, and no more tables than who asked for what and who worked on it."""
    tables, _ = make_demo(customers=14, quarters=6, seed=12)
    kept = {name: tables[name] for name in _LEAST}
    kept["engagements"] = kept["engagements"].drop(columns=["promised_on", "size_quoted"]).iloc[::2]
    settings = {"look_back_quarters": 2, "run_chart_quarters": 4, "minimum_estimate": 3, "next_services": 5, "seed": 4}
    return pmo.run_quarter(pmo.Dataset.from_frames(kept), "2026Q2", settings=pmo.Settings(settings))
