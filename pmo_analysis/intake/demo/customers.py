"""Customers of the invented organisation: names, categories, the segments planted, and who moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import Catalogue
from pmo_analysis.intake.demo.chance import Calendar, choose_row, leave_blank, rng_for
from pmo_analysis.intake.demo.names import customer_names

NEVER = 10_000  # a quarter that does not come


@dataclass(frozen=True, eq=False)
class Customers:
    """Customers as arrays, one entry each, in the order of `customer_id`.

    `category`: number; `segment`: customer × quarter; `moved_in`: quarter of the move, NEVER if none;
    `joined_in`, `left_in`, `quiet_from`: quarters; `liking`: customer × family, how much more a customer asks.
    """

    table: pd.DataFrame
    category: np.ndarray
    segment: np.ndarray
    moved_in: np.ndarray
    joined_in: np.ndarray
    left_in: np.ndarray
    quiet_from: np.ndarray
    liking: np.ndarray
    joined_on: np.ndarray
    left_on: np.ndarray

    @property
    def ids(self) -> np.ndarray:
        """Identifiers in order."""
        return self.table["customer_id"].to_numpy()

    def active(self, quarter: int) -> np.ndarray:
        """Who is a customer at some time in a quarter."""
        return (self.joined_in <= quarter) & (quarter <= self.left_in)


def make_customers(catalogue: Catalogue, calendar: Calendar, count: int, seed: int) -> Customers:
    """Customers with the segments, moves, arrivals and departures planted."""
    rng = rng_for(seed, "customers")
    category = choose_row(rng, np.tile(catalogue.categories["weight"].to_numpy(float), (count, 1)))
    segment, moved_in = _segments(rng, category, calendar.count)
    joined_in, left_in, quiet_from = _stays(rng, count, calendar.count, moved_in)
    liking = np.exp(
        rng.normal(0, plan.ACTIVITY_NOISE, (count, 1))
        + rng.normal(0, plan.CUSTOMER_NOISE, (count, len(catalogue.families)))
    )
    joined_on, left_on = _days(rng, calendar, joined_in, left_in)
    table = _table(rng, catalogue, category, seed)
    table["active_from_on"], table["active_to_on"] = _since_first_child(table, joined_on), left_on
    return Customers(table, category, segment, moved_in, joined_in, left_in, quiet_from, liking, joined_on, left_on)


def _segments(rng: np.random.Generator, category: np.ndarray, quarters: int) -> tuple[np.ndarray, np.ndarray]:
    count, kinds = len(category), len(plan.SEGMENTS)
    first = choose_row(rng, plan.SEGMENT_IN_CATEGORY[category])
    second = (first + rng.integers(1, kinds, count)) % kinds
    # A move needs some quarters before and after it, or nobody could see it.
    low, high = quarters // 4, max(quarters - quarters // 4, quarters // 4 + 1)
    moves = (rng.random(count) < plan.MOVER_SHARE) & (quarters >= 4)
    moved_in = np.where(moves, rng.integers(low, high, count), NEVER)
    return np.where(np.arange(quarters) < moved_in[:, None], first[:, None], second[:, None]), moved_in


def _stays(
    rng: np.random.Generator, count: int, quarters: int, moved_in: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    stays = moved_in == NEVER  # movers neither join late nor leave, so that a move is one
    draw = rng.random((3, count))
    joined = np.where(stays & (draw[0] < plan.JOINER_SHARE), rng.integers(0, quarters, count), -1)
    span = np.maximum(quarters - 1 - joined, 1)
    later = joined + 1 + np.floor(rng.random(count) * span).astype(int)
    leaves = stays & (draw[1] < plan.LEAVER_SHARE) & (later < quarters)
    silent = stays & ~leaves & (draw[2] < plan.QUIET_SHARE) & (later < quarters)
    return joined, np.where(leaves, later, NEVER), np.where(silent, later, NEVER)


def _days(
    rng: np.random.Generator, calendar: Calendar, joined_in: np.ndarray, left_in: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    within = rng.integers(0, 60, (2, len(joined_in)))
    early = calendar.starts[0] - rng.integers(30, 2400, len(joined_in)).astype("timedelta64[D]")
    late = calendar.starts[np.clip(joined_in, 0, None)] + within[0].astype("timedelta64[D]")
    leaves = left_in < calendar.count
    end = calendar.starts[np.where(leaves, left_in, 0)] + within[1].astype("timedelta64[D]")
    return np.where(joined_in < 0, early, late), np.where(leaves, end, np.datetime64("NaT", "D"))


def _since_first_child(table: pd.DataFrame, joined_on: np.ndarray) -> pd.Series:
    """A division's head is a customer from the day on which the first of the division is."""
    own = pd.Series(joined_on, index=table["customer_id"])
    first = own.groupby(table["parent_id"].to_numpy()).min().reindex(own.index)
    return own.where(first.isna() | (own <= first), first).to_numpy()


def _table(rng: np.random.Generator, catalogue: Catalogue, category: np.ndarray, seed: int) -> pd.DataFrame:
    count = len(category)
    width = max(4, len(str(count)))
    ids = np.array([f"C{i:0{width}d}" for i in range(1, count + 1)])
    names, division = customer_names(catalogue.categories["code"].to_numpy()[category], rng_for(seed, "names"))
    head = np.maximum(
        np.round(catalogue.categories["headcount"].to_numpy()[category] * rng.lognormal(0, 0.5, count)), 2
    )
    centre = np.array([f"CC-{100 + d}-{n:03d}" for d, n in zip(division, rng.integers(0, 1000, count), strict=True)])
    return pd.DataFrame(
        {
            "customer_id": ids,
            "name": names,
            "category": catalogue.categories["name"].to_numpy()[category],
            "parent_id": _parents(rng, ids, division),
            "cost_centre": leave_blank(centre, rng.random(count) < 0.04),
            "headcount_count": np.where(rng.random(count) < 0.05, np.nan, head),
        }
    )


def _parents(rng: np.random.Generator, ids: np.ndarray, division: np.ndarray) -> np.ndarray:
    """The first customer of a division stands above the others; one in five has none on record."""
    _, first, inverse = np.unique(division, return_index=True, return_inverse=True)
    parent = ids[first[inverse]]
    return leave_blank(parent, (parent == ids) | (rng.random(len(ids)) < 0.2))
