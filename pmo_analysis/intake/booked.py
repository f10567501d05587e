"""Every booking as numbers: names are looked up once, where the rows lie, so that ten million are added up in a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import fresh

PER_UNIT = 10_000
SAID = ("process", "delivery", "unsaid")
# Where the names of bookings come from; names that only bookings have are added to them.
_KNOWN_IN = {
    "role": (("roles", "role"), ("capacity", "role")),
    "engagement_id": (("engagements", "engagement_id"),),
    "project_id": (("projects", "project_id"),),
    "customer_id": (("customers", "customer_id"), ("engagements", "customer_id"), ("projects", "customer_id")),
}
_EPOCH = np.datetime64("1970-01-01")
_NEVER = np.iinfo(np.int32).min


@dataclass(frozen=True, eq=False)
class Booked:
    """All bookings known, as arrays of one length.

    names: role, engagement_id, project_id, customer_id → sorted texts · codes: the same → the number of the name, −1
    where blank · day: days since 1970, _NEVER where blank · units: ten-thousandths of an hour, missing where hours cannot
    be read · said: a number in SAID · side: 1 customer, 0 PMO, −1 not told.
    """

    names: Mapping[str, pd.Index]
    codes: Mapping[str, np.ndarray] = field(repr=False)
    day: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    said: np.ndarray = field(repr=False)
    side: np.ndarray = field(repr=False)

    def between(self, first: date, last: date) -> Booked:
        """The bookings of some days, both included."""
        low, high = (int((np.datetime64(day) - _EPOCH).astype("int64")) for day in (first, last))
        return self.only((self.day >= low) & (self.day <= high))

    def only(self, chosen: np.ndarray) -> Booked:
        """The bookings chosen; all of them without a copy."""
        if chosen.all():
            return self
        parts = (self.day[chosen], self.units[chosen], self.said[chosen], self.side[chosen])
        return Booked(self.names, {name: code[chosen] for name, code in self.codes.items()}, *parts)

    def tell_days(self, tell: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """What `tell` says of each booking's day, asked once per day; every booking must have one."""
        if not len(self.day):
            return tell(np.zeros(0, "datetime64[D]"))
        first = self.day.min()
        return tell(np.arange(first, self.day.max() + 1).astype("datetime64[D]"))[self.day - first]

    def dated(self) -> Booked:
        """The bookings that have a day."""
        return self.only(self.day != _NEVER)


def read_booked(data: Dataset) -> Booked:
    """All bookings of a dataset as numbers, read once and kept."""
    return data.once("booked", _read)


def _read(data: Dataset) -> Booked:
    names = {key: _list_names(data, key) for key in _KNOWN_IN}
    rows = data.connection.sql(_numbers_sql(data, names)).to_arrow_table()
    codes = {}
    for key in _KNOWN_IN:
        names[key], codes[key] = _add_strangers(names[key], _plain(rows[key]), rows[f"{key}_other"])
    units = rows["units"].to_numpy()
    return Booked(names, codes, _plain(rows["day"]), units, _plain(rows["said"]), _plain(rows["side"]))


def _list_names(data: Dataset, key: str) -> pd.Index:
    seen = [data.frame(table, [column])[column].dropna().drop_duplicates() for table, column in _KNOWN_IN[key]]
    return pd.Index(pd.concat(seen).drop_duplicates().sort_values(), dtype="str")


def _numbers_sql(data: Dataset, names: Mapping[str, pd.Index]) -> str:
    parts, joins = [], []
    for i, (key, known) in enumerate(names.items()):
        table = fresh("names", "effort")
        numbers = np.arange(len(known), dtype="int32")
        data.connection.register(table, pa.table({"name": pa.array(known), "number": numbers}))
        parts += [f"coalesce(n{i}.number, -1) AS {key}"]
        parts += [f"CASE WHEN n{i}.number IS NULL THEN e.{key} END AS {key}_other"]
        joins += [f"LEFT JOIN {table} AS n{i} ON e.{key} = n{i}.name"]
    said = " ".join(f"WHEN '{word}' THEN {i}" for i, word in enumerate(SAID[:2]))
    return (
        f"SELECT {', '.join(parts)}, (worked_hours * {PER_UNIT})::DOUBLE AS units, "
        f"coalesce(worked_on - DATE '{_EPOCH}', {_NEVER})::INTEGER AS day, "
        f"(CASE activity {said} ELSE {len(SAID) - 1} END)::TINYINT AS said, "
        "(CASE side WHEN 'customer' THEN 1 WHEN 'pmo' THEN 0 ELSE -1 END)::TINYINT AS side "
        f"FROM {data.views['effort']} AS e {' '.join(joins)}"
    )


def _plain(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy()


def _add_strangers(names: pd.Index, codes: np.ndarray, other: pa.ChunkedArray) -> tuple[pd.Index, np.ndarray]:
    """The names with those that only bookings have, in one order, and the codes into them."""
    if other.null_count == len(other):
        return names, codes
    strange = np.flatnonzero(other.is_valid().to_numpy())
    number, found = pd.factorize(pd.Series(other.drop_null().to_pandas(), dtype="str"))
    both = names.append(pd.Index(found, dtype="str"))
    order = both.argsort()
    place = np.empty(len(both) + 1, "int32")
    place[order], place[-1] = np.arange(len(both)), -1
    codes = np.array(codes)
    codes[strange] = len(names) + number
    return both[order], place[codes]


def add_up(places: np.ndarray, amounts: np.ndarray, size: int) -> np.ndarray:
    """The sum per place; missing where nothing is known. Whole numbers below 2^53 give the same in any order."""
    blank = np.isnan(amounts)
    if blank.any():
        places, amounts = places[~blank], amounts[~blank]
    sums = np.bincount(places, amounts, size).astype("float64", copy=False)  # of nothing come whole numbers
    sums[np.bincount(places, minlength=size) == 0] = np.nan
    return sums


def round_half_up(amounts: np.ndarray) -> np.ndarray:
    """Whole numbers, halves away from nought."""
    return np.trunc(amounts + np.copysign(0.5, amounts))


def named(names: pd.Index, codes: np.ndarray) -> pd.Series:
    """The names of some numbers, blank for −1."""
    return pd.Series(names.array.take(codes, allow_fill=True), dtype="str")
