"""How often next quarter's requests fall within the range told, on planted demand.

python -m benchmarks.demand --seeds 2000:2040
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import pandas as pd

VARIANTS = ("steady", "bursts", "restless", "growth", "walk", "season", "new service")
QUARTERS = [f"{year}Q{q}" for year in (2023, 2024, 2025) for q in (1, 2, 3, 4)]
SERVICES, CUSTOMERS = 12, 90


def plant(seed: int, variant: str, quarters: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Requests of the quarters known, groups, and the counts of the quarter to come per service and segment.

    steady: Poisson; bursts: one request brings others; restless: a service's counts have a variance of four
    times their mean; growth: 6 % a quarter; walk: each service's rate by 20 % a quarter; season: 30 % up and down; new
    service: two of twelve begin late.
    """
    rng = np.random.default_rng(seed)
    segment = np.array(["one", "two", "three"])[rng.choice(3, CUSTOMERS, p=[0.5, 0.3, 0.2])]
    rate = rng.lognormal(1.6, 1.0, SERVICES)[:, None] * rng.dirichlet(np.full(CUSTOMERS, 0.5), SERVICES)
    at = np.arange(quarters + 1)
    change = np.ones((SERVICES, quarters + 1))
    if variant == "growth":
        change *= 1.06 ** (at - quarters / 2)
    if variant == "walk":
        change *= np.exp(rng.normal(0, 0.2, change.shape).cumsum(axis=1))
    if variant == "season":
        change *= 1 + 0.3 * np.cos(np.pi / 2 * at)
    if variant == "new service":
        change[:2, : quarters // 2] = 0
    if variant == "restless":
        shape = rate.sum(axis=1, keepdims=True) / 3
        change *= rng.gamma(shape, 1 / shape, change.shape)
    mean = rate[:, :, None] * change[:, None, :]
    size = rng.gamma(0.7, 1 / 0.7, mean.shape) if variant == "bursts" else 1.0
    count = rng.poisson(mean * size)
    what, who, when = (np.repeat(i, count.ravel()) for i in np.indices(count.shape).reshape(3, -1))
    rows = pd.DataFrame(
        {
            "service_id": [f"S{i:02}" for i in what],
            "customer_id": [f"C{i:03}" for i in who],
            "quarter": np.array(QUARTERS)[when],
        }
    )
    groups = pd.DataFrame({"customer_id": [f"C{i:03}" for i in range(CUSTOMERS)], "segment": segment})
    coming = rows["quarter"] == QUARTERS[quarters]
    return rows[~coming], groups, rows[coming]


def measure(seed: int, variant: str, quarters: int) -> dict[str, Any]:
    """Shares of ranges that held: of services, of services in segments, of all requests together."""
    from pmo_analysis.analysis.targets.demand import expect_demand

    known, groups, coming = plant(seed, variant, quarters)
    how: dict[str, Any] = {"back": 8, "level": 0.95}
    told = expect_demand(known, groups, QUARTERS[quarters - 1], **how)
    together = expect_demand(known.assign(service_id="all"), groups, QUARTERS[quarters - 1], **how)
    seen = coming.merge(groups, on="customer_id")
    both = pd.concat([seen, seen.assign(segment="all")])
    counts = both.groupby(["service_id", "segment"]).size()
    told["seen"] = counts.reindex(pd.MultiIndex.from_frame(told[["service_id", "segment"]]), fill_value=0).to_numpy()
    held, whole = (told["low"] <= told["seen"]) & (told["seen"] <= told["high"]), told["segment"] == "all"
    total = together[together["segment"] == "all"].iloc[0]
    return {
        "variant": variant,
        "quarters": quarters,
        "services": held[whole].mean(),
        "busy_services": held[whole & (told["seen"] + told["expected_count"] > 16)].mean(),
        "segments": held[~whole].mean(),
        "together": float(total["low"] <= len(coming) <= total["high"]),
        "ratio": total["expected_count"] / max(len(coming), 1),
        "width": (told["high"] - told["low"])[whole].sum() / max(told.loc[whole, "expected_count"].sum(), 1),
    }


def main() -> None:
    """Measure the draws asked for and print the shares that held."""
    parser = argparse.ArgumentParser(description="Ranges of next quarter's demand against planted demand.")
    parser.add_argument("--seeds", default="2000:2040", help="first:stop (2000:2040)")
    parser.add_argument("--quarters", type=int, nargs="+", default=[4, 8], help="quarters known (4 8)")
    chosen = parser.parse_args()
    first, stop = (int(s) for s in chosen.seeds.split(":"))
    rows = [measure(s, v, q) for v in VARIANTS for q in chosen.quarters for s in range(first, stop)]
    table = pd.DataFrame(rows).groupby(["variant", "quarters"], sort=False).mean()
    sys.stdout.write(table.round(3).to_string() + "\n")


if __name__ == "__main__":
    main()
