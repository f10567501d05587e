"""Kernels on small made-up data of every shape: their figures are those that were last looked at (`same_figures.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from organisations import with_gaps, with_little
from same_figures import SAMPLES, assert_as_kept, summarise, tables_of

import pmo_analysis as pmo
from pmo_analysis.analysis.queues import simulate_wait
from pmo_analysis.analysis.segments import describe_given
from pmo_analysis.analysis.seniority import senior_effect
from pmo_analysis.analysis.value import weight_sensitivity

QUARTERS = ["2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2"]


def customers(seed: int, n: int = 90) -> pd.DataFrame:
    """Three kinds of customer in five columns: skewed, counted, yes/no, text; some cells are blank."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    table = pd.DataFrame(
        {
            "request_count": rng.poisson(np.array([3, 12, 30])[kind]),
            "worked_hours": rng.lognormal(np.array([1.0, 2.5, 2.0])[kind], 0.5),
            "senior_share": rng.beta(np.array([2, 6, 2])[kind], np.array([8, 4, 8])[kind]),
            "regulated": rng.random(n) < np.array([0.1, 0.2, 0.9])[kind],
            "category": np.array(["IT", "Sales", "Plant"])[(kind + (rng.random(n) < 0.2)) % 3],
        },
        index=pd.Index([f"C{i:03d}" for i in range(n)], name="customer_id"),
    )
    table.loc[rng.random(n) < 0.1, "worked_hours"] = np.nan
    return table


def alike(seed: int, n: int = 70) -> pd.DataFrame:
    """One population: correlated normal and lognormal columns, nobody apart."""
    rng = np.random.default_rng(seed)
    both = rng.multivariate_normal([0, 0, 0], [[1, 0.6, 0], [0.6, 1, 0.2], [0, 0.2, 1]], n)
    table = pd.DataFrame(
        {"a_hours": np.exp(both[:, 0]), "b_score": 50 + 10 * both[:, 1], "c_count": np.round(9 + 3 * both[:, 2])}
    )
    return table.set_index(pd.Index([f"C{i:03d}" for i in range(n)], name="customer_id"))


def hours(n: int = 160) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.round(np.concatenate([rng.lognormal(2, 0.25, n // 2), rng.lognormal(3.6, 0.3, n // 2)]) * 2) / 2


def requests() -> pd.DataFrame:
    """Forty customers ask for six services over six quarters; what comes after the first is likelier after it."""
    rng = np.random.default_rng(8)
    rows = []
    for c in range(40):
        had: set[int] = set()
        for quarter in QUARTERS:
            for s in range(6):
                chance = 0.08 + 0.25 * (s - 1 in had) + 0.15 * (s == c % 3) - 0.05 * (s in had and s > 3)
                if rng.random() < chance:
                    had.add(s)
                    rows.append(
                        (f"C{c:02d}", f"S{s}", quarter, int(1 + rng.poisson(0.4)), 60 + 10 * rng.standard_normal())
                    )
    return pd.DataFrame(
        rows, columns=["customer_id", "service_id", "quarter", "engagement_count", "satisfaction_score"]
    )


def measures() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    rows = [
        (f"U{u:02d}", outcome, float(np.clip(50 + u % 7 * 5 + rng.normal(0, 15), 0, 100)))
        for u in range(30)
        for outcome in ("execution", "experience", "cost")
        for _ in range(int(rng.integers(0, 5)))
    ]
    return pd.DataFrame(rows, columns=["unit_id", "outcome", "value"])


def panel() -> pd.DataFrame:
    """Customers over six quarters; five of them turn into another kind half way."""
    first, rng = customers(3, 60), np.random.default_rng(4)
    tables = []
    for place, quarter in enumerate(QUARTERS):
        now = first.drop(columns=["regulated", "category"]).copy()
        if place >= 3:
            now.iloc[:5] = now.iloc[5:10].to_numpy()
        now["worked_hours"] *= np.exp(rng.normal(0, 0.1, len(now)))
        tables.append(now.reset_index().assign(quarter=quarter))
    return pd.concat(tables, ignore_index=True)


def pairs() -> tuple[pd.DataFrame, dict[str, float]]:
    rng = np.random.default_rng(6)
    rows = [
        (
            f"C{c:02d}",
            f"S{s}",
            rng.random() * 10,
            rng.random() < 0.8,
            rng.integers(1, 9) * 1.0,
            rng.integers(0, 3) * 1.0,
        )
        for c in range(25)
        for s in range(4)
    ]
    head = ["customer_id", "service_id", "value", "eligible", "analyst_hours", "lead_hours"]
    return pd.DataFrame(rows, columns=head), {"analyst": 60.0, "lead": 12.0}


def led() -> pd.DataFrame:
    """Engagements, some led by a senior, more often the hard ones; the senior's own effect is 5."""
    rng = np.random.default_rng(7)
    difficulty, size = rng.normal(0, 1, 220), rng.lognormal(2, 0.5, 220)
    senior = rng.random(220) < 1 / (1 + np.exp(-difficulty))
    outcome = 60 + 5 * senior - 4 * difficulty + 2 * np.sqrt(size) + rng.normal(0, 6, 220)
    return pd.DataFrame(
        {
            "outcome": outcome,
            "senior": senior,
            "difficulty": difficulty,
            "size": size,
            "customer": [f"C{i % 37}" for i in range(220)],
        }
    )


CASES: dict[str, Callable[[], Any]] = {
    "segments": lambda: pmo.segment_customers(customers(1)),
    "segments_of_many_columns": lambda: pmo.segment_customers(customers(2, 140).join(alike(2, 140)), max_segments=5),
    "segments_of_one_population": lambda: pmo.segment_customers(alike(1)),
    "three_segments": lambda: pmo.segment_customers(alike(3), segments=3),
    "given_segments": lambda: describe_given(customers(1), customers(1)["category"]),
    "history": lambda: pmo.segment_history(panel()),
    "tiers": lambda: pmo.size_tiers(hours()),
    "tiers_by_cost": lambda: pmo.size_tiers(hours(), under_cost=2.0, fixed_cost=60.0, round_to=2.0, min_share=0.05),
    "four_tiers": lambda: pmo.size_tiers(hours(60), tiers=4, weights=np.linspace(1, 2, 60)),
    "targets": lambda: pmo.target_services(requests()),
    "capacity": lambda: pmo.assign_capacity(*pairs()),
    "capacity_shared": lambda: pmo.assign_capacity(*pairs(), minimum_share={"S1": 0.3}),
    "value": lambda: pmo.score_value(measures(), {"execution": 0.5, "experience": 0.3, "cost": 0.2}),
    "value_of_unknown_weights": lambda: pmo.score_value(
        measures(), groups={f"U{u:02d}": str(u % 3) for u in range(30)}
    ),
    "senior": lambda: senior_effect(
        led(),
        outcome="outcome",
        treatment="senior",
        confounders=["difficulty", "size"],
        cluster="customer",
        outcome_value=10.0,
        treatment_cost=20.0,
        modifier="difficulty",
    ),
    "queue": lambda: simulate_wait([0.5, 1.7], [1.0, 1.0], [1, 2], service_times=hours(), arrival_dispersion=1.6),
    "acceptability": lambda: pmo.rank_acceptability(
        measures().pivot_table(index="unit_id", columns="outcome", values="value").dropna(), draws=2000, ranks=4
    ),
    "weights_and_ranks": lambda: weight_sensitivity(
        measures().pivot_table(index="unit_id", columns="outcome", values="value").dropna(),
        pd.Series({"execution": 0.5, "experience": 0.3, "cost": 0.2}),
    ),
}


# Hours worked, or planned, may be more than there are.
CAN_EXCEED = {("load", "utilisation_share")}
QUARTERS_OF = {"quarter_with_gaps": with_gaps, "quarter_with_little": with_little}


@pytest.fixture(scope="module", params=QUARTERS_OF)
def poor(request: pytest.FixtureRequest) -> tuple[str, pmo.Quarter]:
    return request.param, QUARTERS_OF[request.param]()


def test_a_quarters_figures_are_those_that_were_last_looked_at(poor):
    name, quarter = poor
    said = pd.DataFrame({"sentence": list(quarter.sentences.values())}, index=list(quarter.sentences))
    assert_as_kept(summarise({**quarter.tables(), "sentences": said}), f"figures/{name}.csv")


def test_every_figure_of_a_poor_quarter_is_possible(poor):
    """Shares of a whole within it, counts not below nought, ranges around their value."""
    for name, table in poor[1].tables().items():
        numbers = table.select_dtypes("number").astype("float64")
        for column, values in numbers.items():
            whole = str(column).endswith("_share") and (name, column) not in CAN_EXCEED
            assert not (values < -1e-9).any() or not str(column).endswith(("_share", "_count")), (name, column)
            assert not (whole and (values > 1 + 1e-9).any()), (name, column)
        for column in numbers.columns:
            low, high = ("low", "high") if column == "value" else (f"{column}_low", f"{column}_high")
            if low in numbers and high in numbers:
                assert not (numbers[low] > numbers[column] + 1e-9).any(), (name, column)
                assert not (numbers[high] < numbers[column] - 1e-9).any(), (name, column)


@pytest.mark.parametrize("case", CASES)
def test_a_kernels_figures_are_those_that_were_last_looked_at(case):
    assert_as_kept(summarise(dict(tables_of(case, CASES[case]()))), f"figures/{case}.csv")


def test_every_file_of_figures_has_its_case():
    assert {path.stem for path in (SAMPLES / "figures").glob("*.csv")} == {*CASES, *QUARTERS_OF}
