"""How near the next services come to the truth, on requests with planted chances.

    python -m benchmarks.adoption --seeds 2000:2050 --n 60 300

Twenty services (or as many as told) over twelve quarters, half of them recurring, half one-off, four segments whose
labels are right for 89 %. Requests follow a rate (a complementary log-log, not the model's logit); customers' levels
are normal, skewed or heavy-tailed in turn by seed. Nothing of the analysis is imported to plant them.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
LABELLED_RIGHT = 0.89
LEVELS = ("normal", "skewed", "heavy")
VARIANTS = ("plain", "leaving", "recorded", "drift", "growth", "shrinking", "season", "older")


@dataclass(frozen=True, eq=False)
class Planted:
    """Requests told to the analysis, and next quarter's truth for the customers told (chance, asked: told × service)."""

    history: pd.DataFrame
    customers: pd.DataFrame
    services: pd.DataFrame
    segments: pd.Series
    recurring: Flags
    chance: Numbers
    asked: Flags


def plant(seed: int, n: int, *, services: int = 20, quarters: int = 12, variant: str = "plain") -> Planted:
    """Requests of n customers. Variants: leaving (.05 a quarter, 30 % come late; recorded: departures are told),
    drift (each service's popularity walks), growth, shrinking (all services, 8 % a quarter), season, older (the
    customers asked for eight quarters before records begin)."""
    rng = np.random.default_rng(seed)
    segment, recurring = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1]), rng.permutation(services) < services / 2
    size = rng.normal(0, 1, n)
    level = _levels(rng, n, services, LEVELS[seed % 3], segment, size)
    before = 8 if variant == "older" else 0
    trend = _trend(rng, services, quarters + 1 + before, variant)
    begin, end = _stays(rng, n, quarters + before, variant)
    asked, chance = _request(rng, level, trend, recurring, (begin, end))
    return _tell(asked[:, :, before:], chance, (begin - before, end - before), recurring, _labels(rng, segment), size)


def _levels(
    rng: np.random.Generator, n: int, services: int, family: str, segment: npt.NDArray[np.int64], size: Numbers
) -> Numbers:
    """The log rate per customer and service: popularity, segment's taste, size, tastes shared between services, own."""
    draw = {
        "normal": lambda shape: rng.normal(size=shape),
        "skewed": lambda shape: rng.exponential(size=shape) - 1.0,
        "heavy": lambda shape: rng.standard_t(3, size=shape) / np.sqrt(3),
    }[family]
    popular = rng.normal(-4.2, 0.9, services)
    taste = rng.normal(0, 1.1, (4, services))[segment]
    shared = draw((n, 3)) @ rng.normal(0, 0.3, (3, services))
    level = popular + taste + 0.25 * size[:, None] + 0.45 * draw((n, 1)) + shared + 0.4 * draw((n, services))
    return np.minimum(level, 0.7)


def _trend(rng: np.random.Generator, services: int, quarters: int, variant: str) -> Numbers:
    """What each quarter adds to the log rate per service."""
    at = np.arange(quarters)
    if variant == "drift":
        return rng.normal(0, 0.2, (services, quarters)).cumsum(axis=1)
    if variant in ("growth", "shrinking"):
        slope = np.log(1.08) if variant == "growth" else -np.log(1.08)
        return np.tile(slope * (at - quarters / 2), (services, 1))
    if variant == "season":
        return rng.normal(0, 0.5, (services, 4))[:, at % 4]
    return np.zeros((services, quarters))


def _stays(
    rng: np.random.Generator, n: int, quarters: int, variant: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First and last quarter of each customer (the quarter to come is number `quarters`)."""
    begin, end = np.zeros(n, dtype=int), np.full(n, quarters)
    if variant in ("leaving", "recorded"):
        begin = np.where(rng.random(n) < 0.3, rng.integers(1, quarters, n), 0)
        end = np.minimum(begin + rng.geometric(0.05, n) - 1, quarters)
    return begin, end


def _request(
    rng: np.random.Generator, level: Numbers, trend: Numbers, recurring: Flags, stays: tuple[Any, Any]
) -> tuple[Flags, Numbers]:
    """Requests of all quarters and the chance in the last: one's rate grows after a request or drops, and recovers."""
    (n, services), quarters = level.shape, trend.shape[1]
    strength = np.where(recurring, rng.uniform(1.0, 2.2, services), rng.uniform(-2.5, -1.0, services))
    lasting = np.where(recurring, 2.0, 5.0)
    since, asked = np.full((n, services), np.inf), np.zeros((n, services, quarters), dtype=bool)
    chance = np.zeros((n, services))
    for t in range(quarters):
        rate = np.exp(level + trend[:, t] + strength * np.exp(-(since - 1) / lasting))
        there = ((stays[0] <= t) & (t <= stays[1]))[:, None]
        chance = -np.expm1(-rate) * there
        asked[:, :, t] = rng.random((n, services)) < chance
        since = np.where(asked[:, :, t], 1, since + 1)
    return asked, chance


def _labels(rng: np.random.Generator, segment: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    wrong = rng.random(len(segment)) > LABELLED_RIGHT
    return np.where(wrong, (segment + rng.integers(1, 4, len(segment))) % 4, segment)


def _tell(
    asked: Flags, chance: Numbers, stays: tuple[Any, Any], recurring: Flags, label: npt.NDArray[np.int64], size: Numbers
) -> Planted:
    """The tables of what a PMO would know. Departures are dated only where the variant records them."""
    n, services, quarters = asked.shape
    names, offered = np.array([f"C{i:05}" for i in range(n)]), np.array([f"S{i:02}" for i in range(services)])
    who, what, when = np.nonzero(asked[:, :, :-1])
    told = pd.PeriodIndex(pd.period_range("2022Q1", periods=quarters - 1, freq="Q")).astype(str)
    history = pd.DataFrame({"customer_id": names[who], "service_id": offered[what], "quarter": told.to_numpy()[when]})
    begun = pd.Timestamp("2022-01-15") + pd.to_timedelta(0, "D")
    customers = pd.DataFrame(
        {
            "customer_id": names,
            "headcount_count": np.round(100 * np.exp(size)),
            "active_from_on": [begun + pd.DateOffset(months=3 * int(b)) for b in stays[0]],
            "active_to_on": [
                begun + pd.DateOffset(months=3 * int(e)) if e < quarters - 2 else pd.NaT for e in stays[1]
            ],
        }
    )
    catalogue = pd.DataFrame({"service_id": offered, "status": "active"})
    segments = pd.Series([f"segment {i}" for i in label], index=names)
    return Planted(history, customers, catalogue, segments, recurring, chance, asked[:, :, -1])


def foretell(planted: Planted, variant: str) -> tuple[Any, Numbers]:
    """The analysis' result, and its chances in the truth's order (nothing for those it does not count)."""
    from pmo_analysis.analysis.targets import target_services

    customers = planted.customers if variant == "recorded" else planted.customers.drop(columns="active_to_on")
    result = target_services(
        planted.history,
        customers=customers,
        services=planted.services,
        segments=planted.segments,
        quarter="2024Q4" if planted.history["quarter"].max() <= "2024Q4" else None,
    )
    table = result.probabilities.reindex(
        index=planted.customers["customer_id"], columns=planted.services["service_id"], fill_value=0.0
    )
    return result, table.to_numpy(float)


def popularity(planted: Planted, label: npt.NDArray[np.int64] | None = None) -> Numbers:
    """The share of customers (with the same label) that asked in each of the last four quarters."""
    recent = planted.history[planted.history["quarter"] > sorted(planted.history["quarter"].unique())[-5]]
    names, offered = planted.customers["customer_id"], planted.services["service_id"]
    count = pd.crosstab(recent["customer_id"], recent["service_id"]).reindex(index=names, columns=offered, fill_value=0)
    whole = count.to_numpy().mean(axis=0) / 4
    if label is None:
        return np.tile(whole, (len(names), 1))
    member = np.eye(label.max() + 1)[label]
    return ((member.T @ count.to_numpy() / 4 + 2 * whole) / (member.sum(0)[:, None] + 2))[label]


def ndcg(chance: Numbers, asked: Flags, k: int = 3) -> float:
    """Normalised discounted cumulative gain at k, averaged over customers that asked for anything."""
    rows = asked.any(axis=1)
    order = np.argsort(-chance[rows], axis=1, kind="stable")[:, :k]
    hit, worth = np.take_along_axis(asked[rows], order, axis=1), 1 / np.log2(np.arange(2, order.shape[1] + 2))
    best = np.cumsum(worth)[np.minimum(asked[rows].sum(1), order.shape[1]) - 1]
    return float((hit @ worth / best).mean())


def log_loss(chance: Numbers, asked: Flags) -> float:
    """Mean of −log of the chance given to what happened."""
    safe = np.clip(chance, 1e-6, 1 - 1e-6)
    return float(-np.where(asked, np.log(safe), np.log1p(-safe)).mean())


def measure(seed: int, n: int, variant: str, services: int, quarters: int) -> dict[str, Any]:
    """One draw: ranking, log-loss, and volumes predicted, expected and seen, in all and by kind."""
    planted = plant(seed, n, services=services, quarters=quarters, variant=variant)
    began = time.monotonic()
    _, told = foretell(planted, variant)
    row: dict[str, Any] = {"n": n, "variant": variant, "seed": seed, "seconds": time.monotonic() - began}
    label = pd.factorize(planted.segments, sort=True)[0]
    methods = {
        "oracle": planted.chance,
        "model": told,
        "popularity": popularity(planted),
        "segment": popularity(planted, label),
    }
    for name, chance in methods.items():
        row |= {f"ndcg_{name}": ndcg(chance, planted.asked), f"loss_{name}": log_loss(chance, planted.asked)}
    for kind, at in {"all": slice(None), "recurring": planted.recurring, "one_off": ~planted.recurring}.items():
        row |= {f"told_{kind}": told[:, at].sum(), f"true_{kind}": planted.chance[:, at].sum()}
        row |= {f"seen_{kind}": planted.asked[:, at].sum()}
    return row


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Per n and variant: shares of the oracle's NDCG@3, calibration (predicted over seen; over expected), log-loss."""
    groups = rows.groupby(["variant", "n"], sort=False)
    mean, total = groups.mean(numeric_only=True), groups.sum(numeric_only=True)
    table = pd.DataFrame({"draws": groups.size()})
    for name in ("model", "segment", "popularity"):
        table[f"share_{name}"] = mean[f"ndcg_{name}"] / mean["ndcg_oracle"]
    for kind in ("all", "recurring", "one_off"):
        table[f"cal_{kind}"] = total[f"told_{kind}"] / total[f"seen_{kind}"]
        table[f"cal_{kind}_expected"] = total[f"told_{kind}"] / total[f"true_{kind}"]
    for name in ("oracle", "model", "segment", "popularity"):
        table[f"loss_{name}"] = mean[f"loss_{name}"]
    return table.assign(requests=mean["seen_all"], seconds=mean["seconds"]).round(3)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Next services against planted chances.")
    parser.add_argument("--seeds", default="2000:2050", help="first:stop (2000:2050)")
    parser.add_argument("--n", type=int, nargs="+", default=[60], help="customers (60)")
    parser.add_argument("--variants", nargs="+", default=["plain"], choices=VARIANTS, help="what is planted (plain)")
    parser.add_argument("--services", type=int, default=20, help="services on offer (20)")
    parser.add_argument("--quarters", type=int, default=12, help="quarters known (12)")
    return parser.parse_args()


def main() -> None:
    """Measure the draws asked for and print one block per size and variant."""
    chosen = _parse()
    first, stop = (int(s) for s in chosen.seeds.split(":"))
    for variant in chosen.variants:
        for n in chosen.n:
            how = (n, variant, chosen.services, chosen.quarters)
            table = summarise(pd.DataFrame([measure(seed, *how) for seed in range(first, stop)]))
            sys.stdout.write(table.T.to_string() + "\n\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
