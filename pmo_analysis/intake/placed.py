"""Bookings put where they belong: on their engagement, else on the customer that bears them; and sums of what is there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pmo_analysis.intake.booked import SAID, Booked, add_up, named, read_booked, round_half_up
from pmo_analysis.intake.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Placed:
    """Bookings and the place of each: `place` per booking; per place number, engagement and customer as numbers of names."""

    booked: Booked = field(repr=False)
    place: np.ndarray = field(repr=False)
    number: np.ndarray = field(repr=False)
    engagement: np.ndarray = field(repr=False)
    customer: np.ndarray = field(repr=False)

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.number)

    def keys(self, engagements: pd.DataFrame) -> pd.DataFrame:
        """Per place: number, engagement_id, customer_id and what `engagements` (one each, index engagement_id) tell of it.

        All but the engagement are categories in the order of their names: fast to group by.
        """
        ids = {
            "engagement_id": named(self.booked.names["engagement_id"], self.engagement),
            "customer_id": pd.Categorical.from_codes(self.customer, self.booked.names["customer_id"]),
        }
        rows = find_rows(engagements.index, self.booked.names["engagement_id"])
        own = np.append(rows, -1)[self.engagement]
        about = {name: engagements[name].astype("category").array.take(own, allow_fill=True) for name in engagements}
        return pd.DataFrame({"number": self.number, **ids, **about})

    def sums(self, amounts: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
        """The sum of the bookings' (chosen) amounts per place; missing where nothing is known."""
        if chosen is None:
            return add_up(self.place, amounts, self.size)
        return add_up(self.place[chosen], amounts[chosen], self.size)

    def count(self, chosen: np.ndarray) -> np.ndarray:
        """How many chosen bookings there are per place."""
        return np.bincount(self.place[chosen], minlength=self.size).astype("float64")

    def sums_by_kind(self, amounts: np.ndarray, pmo: np.ndarray) -> np.ndarray:
        """Sums per place and kind of work: the PMO's process, delivery and unsaid, then the customer's alike."""
        kinds = 2 * len(SAID)
        slot = self.place * kinds + self.booked.said + np.where(pmo, 0, len(SAID))
        return add_up(slot, amounts, self.size * kinds).reshape(self.size, kinds)


def price(booked: Booked, rates: np.ndarray, *at: np.ndarray) -> np.ndarray:
    """What each booking costs in whole ten-thousandths; `rates`: by what `at` tells of it, then by role (blank last)."""
    return round_half_up(booked.units * rates[*at, booked.codes["role"]])


def one_each(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """One row per key, index the key: the first in the order of the other columns, where a key is there twice."""
    rows = rows[rows[key].notna()]
    if rows[key].duplicated().any():
        rows = rows.sort_values(list(rows)).drop_duplicates(key)
    return rows.set_index(key)


def place_bookings(booked: Booked, data: Dataset, number: np.ndarray) -> Placed:
    """Each booking on its engagement, with the customer that bears it; `number` of its quarter, per booking.

    What names no engagement whose customer is known lies apart by what it names and who bears it.
    """
    whole, owners = len(booked.names["engagement_id"]), len(booked.names["customer_id"]) + 1
    engagement, told = booked.codes["engagement_id"], np.append(owners_of(data), -1)
    place = engagement.astype("int64")
    loose = np.flatnonzero(told[engagement] < 0)
    bearer = bearers(booked, data)[loose] + 1
    pairs, own = np.unique((engagement[loose] + np.int64(1)) * owners + bearer, return_inverse=True)
    place[loose] = whole + own
    found, place = _close_ranks(place + number.astype("int64") * (whole + len(pairs)))
    number, base = np.divmod(found, whole + len(pairs))
    pair = np.append(pairs, 0)[np.where(base < whole, -1, base - whole)]
    engagement = np.where(base < whole, base, pair // owners - 1)
    customer = np.where(base < whole, told[np.where(base < whole, base, -1)], pair % owners - 1)
    return Placed(booked, place, number, engagement, customer)


def place_by_customer(booked: Booked, data: Dataset, number: np.ndarray) -> Placed:
    """Each booking on the customer that bears it, whatever the engagement."""
    owners = len(booked.names["customer_id"]) + 1
    found, place = _close_ranks(number.astype("int64") * owners + bearers(booked, data) + 1)
    number, customer = np.divmod(found, owners)
    return Placed(booked, place, number, np.full(len(found), -1), customer - 1)


def _close_ranks(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places that are there, in order, and the rank of each booking's among them."""
    there = np.zeros(int(place.max(initial=-1)) + 1, "bool")
    there[place] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[place]


def owners_of(data: Dataset) -> np.ndarray:
    """The number of each engagement's customer, −1 where it is not known; by the numbers that `read_booked` gives."""
    return data.once("owners", lambda data: _own(data, "engagements", "engagement_id"))


def bearers(booked: Booked, data: Dataset) -> np.ndarray:
    """The customer that bears each booking: the engagement's, else the one booked, else the project's (−1: none)."""
    owner = np.append(owners_of(data), -1)[booked.codes["engagement_id"]]
    of_project = np.append(_own(data, "projects", "project_id"), -1)[booked.codes["project_id"]]
    for other in (booked.codes["customer_id"], of_project):
        owner = np.where(owner >= 0, owner, other)
    return owner


def _own(data: Dataset, table: str, key: str) -> np.ndarray:
    """Per name of the key the number of its customer."""
    names = read_booked(data).names
    values = one_each(data.frame(table, [key, "customer_id"]), key)["customer_id"]
    codes, found = pd.factorize(values)
    numbers = np.append(names["customer_id"].get_indexer(found), -1)[codes]
    return np.append(numbers, -1)[find_rows(values.index, names[key])]


def find_rows(index: pd.Index, names: pd.Index) -> np.ndarray:
    """Where each name stands in an index, −1 where it does not; often they are the same, which is quick to see."""
    return np.arange(len(names)) if index.equals(names) else index.get_indexer(names)
