"""Invented customer-service pairs that compete for the hours of twenty roles, of several kinds of difficulty.

Imports nothing from the analysis above its measuring functions. `python -m benchmarks.pairs [COUNT [SEED]]` prints for
each kind the seconds of CPU and of the clock, and how far the plan lies below the bound that no plan can exceed.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
ROLES = tuple(f"role{i:02}" for i in range(20))
SERVICES = 20
# kind → share of the hours asked for that there are; a tuple: between these shares, role by role
CAPACITY: dict[str, float | tuple[float, float]] = {
    "independent": 0.5,
    "tight": 0.02,
    "loose": (0.6, 1.3),
    "correlated": 0.4,
    "value is hours": 0.4,
    "ties": 0.4,
    "standard hours": 0.4,
    "heavy tails": (0.1, 0.8),
}


def draw_pairs(kind: str, count: int, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Pairs (customers × 20 services, nine in ten eligible) of one kind, and the hours of each role."""
    rng = np.random.default_rng([seed, list(CAPACITY).index(kind)])
    service = np.tile(np.arange(SERVICES), -(-count // SERVICES))[:count]
    need = _hours(kind, service, rng)
    value = _value(kind, need, rng)
    at = np.arange(count) // SERVICES
    pairs = pd.DataFrame({f"{r}_hours": need[:, i] for i, r in enumerate(ROLES)})
    eligible = rng.random(count) < 0.9
    pairs = pairs.assign(
        customer_id=pd.Series(at).map("C{:06}".format).astype("str"),
        service_id=pd.Series(service).map("S{:02}".format).astype("str"),
        value=value,
        eligible=eligible,
    )
    share = CAPACITY[kind]
    shares = rng.uniform(*share, len(ROLES)) if isinstance(share, tuple) else np.full(len(ROLES), share)
    return pairs, dict(zip(ROLES, shares * need[eligible].sum(0), strict=True))


def _hours(kind: str, service: npt.NDArray[np.int64], rng: np.random.Generator) -> Numbers:
    """Two to six roles work on each service; a pair takes its standard hours times its own factor."""
    roles = np.stack([rng.permutation(len(ROLES)) for _ in range(SERVICES)]) < rng.integers(2, 7, (SERVICES, 1))
    # Each role works on something.
    roles[rng.integers(0, SERVICES, len(ROLES)), np.arange(len(ROLES))] = True
    standard = np.where(roles, rng.integers(1, 9, roles.shape) * 2.0, 0.0)
    if kind == "standard hours":
        return standard[service]
    if kind == "ties":
        return standard[service] * rng.choice([0.5, 1.0, 2.0], (len(service), 1))
    spread = 1.2 if kind == "heavy tails" else 0.5
    return standard[service] * rng.lognormal(0, spread, (len(service), len(ROLES)))


def _value(kind: str, need: Numbers, rng: np.random.Generator) -> Numbers:
    count = len(need)
    if kind == "correlated":
        return need.sum(1) * rng.lognormal(0, 0.1, count)
    if kind == "value is hours":
        return need @ np.linspace(1, 2, need.shape[1])
    if kind in ("ties", "standard hours"):
        return rng.integers(1, 6, count) * 10.0
    return rng.lognormal(3, 1.5 if kind == "heavy tails" else 0.7, count)


def measure_kind(kind: str, count: int, seed: int, **options: object) -> tuple[float, float, float]:
    """CPU seconds, seconds and the gap: one less what the plan is worth over the bound."""
    from pmo_analysis.analysis.targets import assign_capacity

    pairs, capacity = draw_pairs(kind, count, seed)
    began, worked = time.perf_counter(), time.process_time()
    told = assign_capacity(pairs, capacity, **options)  # type: ignore[arg-type]
    spent = time.process_time() - worked, time.perf_counter() - began
    assert (told.prices["used_hours"] <= told.prices["capacity_hours"] * (1 + 1e-9)).all()
    return *spent, 1 - told.objective / told.bound


def main() -> None:
    """All kinds, one on a line."""
    count, seed = (
        int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 2000,
    )
    for kind in CAPACITY:
        for name, share in (("", None), (", each customer a tenth", 0.1)):
            cpu, clock, gap = measure_kind(kind, count, seed, minimum_share=share)
            print(f"{kind + name:40} {cpu:6.2f} s CPU {clock:6.2f} s  gap {100 * gap:.4f} %", flush=True)


if __name__ == "__main__":
    main()
