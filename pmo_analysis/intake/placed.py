"""Bookings added up where they belong: on their engagement, else on the customer that bears them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pmo_analysis.intake.booked import SAID, Booked, Month, named, round_half_up


@dataclass(frozen=True, eq=False)
class Priced:
    """What the bookings of each kind (`Booked.kinds`) are: rate (missing = no price), pmo (else the customer's own), senior.

    `senior`: whether they are a senior's hours, missing where that is not known.
    """

    rate: np.ndarray
    pmo: np.ndarray
    senior: np.ndarray

    def cost(self, month: Month, chunk: slice) -> np.ndarray:
        """What each booking costs, in whole ten-thousandths; missing where it has no price or no hours."""
        return round_half_up(month.units[chunk] * self.rate[month.kind[chunk]])


@dataclass(frozen=True, eq=False)
class Placed:
    """The sums of some bookings per place, in ten-thousandths; missing where nothing is known.

    engagement, customer: numbers of names (−1 none): the engagement's customer, or who bears what names no engagement
    whose customer is known. hours, cost: a row per place; the PMO's process, delivery and unsaid, then the customer's alike.
    """

    engagement: np.ndarray = field(repr=False)
    customer: np.ndarray = field(repr=False)
    hours: np.ndarray = field(repr=False)
    cost: np.ndarray = field(repr=False)
    senior_hours: np.ndarray = field(repr=False)
    unpriced: np.ndarray = field(repr=False)
    unread: np.ndarray = field(repr=False)


def price_kinds(booked: Booked, rates: pd.DataFrame) -> Priced:
    """What each kind of bookings is; `rates`: role, hourly_cost (the PMO's), own_hourly_cost, role_side, senior.

    A booking that names no side is on its role's, else the PMO's. What cannot be read has no price.
    """
    kinds, roles = booked.kinds, booked.names["role"]
    told = rates[rates["role"].isna() | rates["role"].isin(roles)]
    tables = np.full((4, len(roles) + 1), np.nan)  # a blank role has the number −1: it comes last
    for table, name in zip(tables, ("hourly_cost", "own_hourly_cost", "senior"), strict=False):
        table[roles.get_indexer(told["role"])] = told[name].astype("Float64").to_numpy("float64", na_value=np.nan)
    tables[3][roles.get_indexer(told["role"])] = told["role_side"] == "customer"
    rate, own_rate, senior, customers = tables[:, kinds["role"]]
    side = kinds["side"].to_numpy()
    pmo = np.where(side == "untold", customers != 1, side == "pmo")
    return Priced(np.where(kinds["readable"], np.where(pmo, rate, own_rate), np.nan), pmo, senior)


def place_bookings(booked: Booked, months: list[Month], priced: Priced) -> Placed:
    """Each booking on its engagement, with the customer that bears it.

    What names no engagement whose customer is known lies apart by what it names and who bears it.
    """
    whole, owners = len(booked.names["engagement_id"]), len(booked.names["customer_id"]) + 1
    loose = [_pair(booked, month, owners) for month in months]
    pairs = np.unique(np.concatenate([pair for _, pair in loose])) if loose else np.zeros(0, "int64")
    there = np.zeros(whole + len(pairs), "bool")
    places = []
    for month, (at, pair) in zip(months, loose, strict=True):
        place = month.engagement.astype("int64" if whole + len(pairs) > 2**31 - 1 else "int32")
        place[at] = whole + np.searchsorted(pairs, pair)
        there[place] = True
        places.append(place)
    found = np.flatnonzero(there)
    rank = (np.cumsum(there) - 1).astype("int64")
    pair = np.append(pairs, 0)[np.where(found < whole, -1, found - whole)]
    engagement = np.where(found < whole, found, pair // owners - 1)
    customer = np.where(found < whole, booked.owner[np.where(found < whole, found, -1)], pair % owners - 1)
    return Placed(engagement, customer, **_add_up(booked, months, [rank, *places], priced))


def _pair(booked: Booked, month: Month, owners: int) -> tuple[np.ndarray, np.ndarray]:
    """Which bookings lie on no engagement whose customer is known, and what they name and who bears them as one number."""
    engagement = month.engagement[month.apart]
    loose = booked.owner[engagement] < 0
    pair = (engagement[loose] + np.int64(1)) * owners + booked.bearers(month)[loose] + 1
    return month.apart[loose], pair


def _add_up(booked: Booked, months: list[Month], ranked: list[np.ndarray], priced: Priced) -> dict[str, np.ndarray]:
    """The sums per place. Whole numbers below 2^53 give the same in any order, so chunk by chunk."""
    rank, places = ranked[0], ranked[1:]
    size, kinds = int(rank[-1]) + 1 if len(rank) else 0, booked.kinds
    readable, wide = kinds["readable"].to_numpy(), 2 * len(SAID)
    slot = kinds["said"].to_numpy() + np.where(priced.pmo, 0, len(SAID))
    unpriced, senior = readable & np.isnan(priced.rate), priced.pmo & readable & ~np.isnan(priced.senior)
    hours, cost, hours_of_seniors = _Sums(size * wide), _Sums(size * wide), _Sums(size)
    counts = np.zeros((3, size))
    for month, place in zip(months, places, strict=True):
        for chunk in month.chunks():
            kind, own = month.kind[chunk], rank[place[chunk]]
            at, units, told = own * wide + slot[kind], month.units[chunk], readable[kind]
            hours.add(at, units.astype("float64"), told)
            cost.add(at, priced.cost(month, chunk), told & ~unpriced[kind])
            some = senior[kind]
            hours_of_seniors.add(own, units * priced.senior[kind], some)
            for count, flag in zip(counts, (unpriced & priced.pmo, unpriced & ~priced.pmo, ~readable), strict=True):
                if flag.any():
                    np.add.at(count, own[flag[kind]], 1.0)
    return {
        "hours": hours.told().reshape(size, wide),
        "cost": cost.told().reshape(size, wide),
        "senior_hours": hours_of_seniors.told(),
        "unpriced": counts[:2],
        "unread": counts[2],
    }


class _Sums:
    """Running sums per place, missing where nothing was added."""

    def __init__(self, size: int) -> None:
        self._sums, self._known = np.zeros(size), np.zeros(size, "bool")

    def add(self, at: np.ndarray, amounts: np.ndarray, known: np.ndarray) -> None:
        """Add what is known of some amounts at their places."""
        if not known.all():
            at, amounts = at[known], amounts[known]
        np.add.at(self._sums, at, amounts)
        self._known[at] = True

    def told(self) -> np.ndarray:
        """The sums; nothing may be added after."""
        self._sums[~self._known] = np.nan
        return self._sums


def add_kinds(booked: Booked, months: list[Month], priced: Priced | None = None) -> pd.DataFrame:
    """Per kind of bookings how many there are, their hours and what they cost: bookings, hours, cost, in ten-thousandths."""
    told = np.zeros((3, len(booked.kinds)))
    for month in months:
        for chunk in month.chunks():
            kind = month.kind[chunk]
            amounts = (None, month.units[chunk], None if priced is None else priced.cost(month, chunk))
            for sums, amount in zip(told, amounts, strict=True):
                sums += np.bincount(kind, amount, len(sums))
    return booked.kinds.assign(bookings=told[0], hours=told[1], cost=told[2])


def each_project(booked: Booked, months: list[Month]) -> Iterator[tuple[Month, np.ndarray]]:
    """Each month with the number of its bookings' project: the engagement's, else the one booked, −1 for none."""
    for month in months:
        project = booked.project[month.engagement]
        project[month.apart] = np.where(project[month.apart] >= 0, project[month.apart], month.project)
        yield month, project


def label_places(booked: Booked, placed: Placed, engagements: pd.DataFrame) -> pd.DataFrame:
    """Per place the row of its engagement in `engagements` (−1 none), its ids, and what else that row tells.

    All names but the engagement are categories in the order of their names: fast to group by.
    """
    names = booked.names
    ids = {
        "engagement_id": named(names["engagement_id"], placed.engagement),
        "customer_id": pd.Categorical.from_codes(placed.customer, names["customer_id"]),
    }
    rows = find_rows(pd.Index(engagements["engagement_id"], dtype="str"), names["engagement_id"])
    own = np.append(rows, -1)[placed.engagement]
    about = {
        name: pd.Categorical.from_codes(np.append(column.cat.codes, -1)[own], dtype=column.dtype)
        for name, column in engagements.drop(columns="engagement_id").items()
    }
    return pd.DataFrame({"row": own, **ids, **about})


def find_rows(index: pd.Index, names: pd.Index) -> np.ndarray:
    """Where each name stands in an index, −1 where it does not; often they are the same, which is quick to see."""
    return np.arange(len(names)) if index.equals(names) else index.get_indexer(names)
