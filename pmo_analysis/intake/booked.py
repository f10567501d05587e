"""Every booking as numbers: names are looked up once, where the rows lie, and a booking takes ten bytes.

They are read in batches and kept by month, so that a quarter is gone through without a copy and a hundred million fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import fresh, reading

PER_UNIT = 10_000
SAID = ("process", "delivery", "unsaid")
UNDATED = -1
# Where the names of bookings come from; names that only bookings have are added to them.
_KNOWN_IN = {
    "role": (("roles", "role"), ("capacity", "role")),
    "engagement_id": (("engagements", "engagement_id"),),
    "project_id": (("projects", "project_id"), ("engagements", "project_id")),
    "customer_id": (("customers", "customer_id"), ("engagements", "customer_id"), ("projects", "customer_id")),
}
_SIDES = ("untold", "pmo", "customer")
_KINDS = 2 * len(SAID) * len(_SIDES)
_BATCH, _CHUNK = 1_000_000, 500_000


@dataclass(frozen=True, eq=False)
class Month:
    """The bookings of a month, as arrays of one length; those whose engagement does not tell everything again, apart.

    engagement: the number of its name, −1 where blank · kind: role, what was said, side, whether hours can be read, as
    one number (`Booked.kinds`) · units: ten-thousandths of an hour, 0 where hours cannot be read. Of the bookings at the
    places `apart` (on no engagement whose customer and project are known): customer, project: numbers, −1 blank.
    """

    engagement: np.ndarray = field(repr=False)
    kind: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    apart: np.ndarray = field(repr=False)
    customer: np.ndarray = field(repr=False)
    project: np.ndarray = field(repr=False)

    def chunks(self) -> Iterator[slice]:
        """Parts small enough for the processor's own memory."""
        return (slice(i, i + _CHUNK) for i in range(0, len(self.kind), _CHUNK))


@dataclass(frozen=True, eq=False)
class Booked:
    """All bookings known.

    names: role, engagement_id, project_id, customer_id → sorted texts · months: year · 12 + month − 1, or UNDATED → its
    bookings · owner, project: per number of an engagement its customer's and its project's; bearer: per number of a
    project its customer's; −1 where not known, and once more at the end, for −1.
    """

    names: Mapping[str, pd.Index]
    months: Mapping[int, Month]
    owner: np.ndarray = field(repr=False)
    project: np.ndarray = field(repr=False)
    bearer: np.ndarray = field(repr=False)

    @property
    def kinds(self) -> pd.DataFrame:
        """What each number of `Month.kind` means: role (a number, −1 blank), said (a number in SAID), side, readable."""
        number = np.arange((len(self.names["role"]) + 1) * _KINDS)
        role, rest = np.divmod(number, _KINDS)
        said, side = np.divmod(rest // 2, len(_SIDES))
        return pd.DataFrame({"role": role - 1, "said": said, "side": np.array(_SIDES)[side], "readable": rest % 2 == 0})

    def between(self, first: date, last: date) -> list[Month]:
        """The months from that of one day to that of another."""
        begin, end = (12 * day.year + day.month - 1 for day in (first, last))
        return [self.months[month] for month in sorted(self.months) if begin <= month <= end and month != UNDATED]

    def bearers(self, month: Month) -> np.ndarray:
        """Who bears the bookings apart: the engagement's customer, else the one booked, else the project's (−1: none)."""
        found = self.owner[month.engagement[month.apart]]
        for other in (month.customer, self.bearer[month.project]):
            found = np.where(found >= 0, found, other)
        return found


def read_booked(data: Dataset) -> Booked:
    """All bookings of a dataset as numbers, read once and kept."""
    return data.once("booked", _read)


def _read(data: Dataset) -> Booked:
    names = {key: _list_names(data, key) for key in _KNOWN_IN}
    owner, project = (
        _own(data, "engagements", "engagement_id", other, names) for other in ("customer_id", "project_id")
    )
    bearer = _own(data, "projects", "project_id", "customer_id", names)
    strange: dict[str, dict[str, int]] = {key: {} for key in names}
    pieces: dict[int, list[Month]] = {}
    with reading(data.source):
        for batch in data.connection.sql(_numbers_sql(data, names)).to_arrow_reader(_BATCH):
            for number, piece in _split(_number_strangers(batch, names, strange), owner, project):
                pieces.setdefault(number, []).append(piece)
    months = {}
    for number in sorted(pieces):
        months[number] = _join(pieces.pop(number))
    booked = Booked(names, months, owner, project, bearer)
    return _insert(booked, strange) if any(strange.values()) else booked


def _list_names(data: Dataset, key: str) -> pd.Index:
    seen = [data.frame(table, [column])[column].dropna().drop_duplicates() for table, column in _KNOWN_IN[key]]
    return pd.Index(pd.concat(seen).drop_duplicates().sort_values(), dtype="str")


def _own(data: Dataset, table: str, key: str, other: str, names: Mapping[str, pd.Index]) -> np.ndarray:
    """Per name of the key the number of what a table says beside it; of a name that is there twice the first row's."""
    rows = data.frame(table, [key, other]).dropna(subset=key)
    rows = rows if rows[key].is_unique else rows.drop_duplicates(key)
    codes, found = pd.factorize(rows[other])
    numbers = np.append(names[other].get_indexer(found), -1)[codes]
    index = pd.Index(rows[key], dtype="str")
    numbers = numbers if index.equals(names[key]) else np.append(numbers, -1)[index.get_indexer(names[key])]
    return np.append(numbers, -1)


def _numbers_sql(data: Dataset, names: Mapping[str, pd.Index]) -> str:
    """Per booking the numbers of its names, the names that are none of these, its month, kind and ten-thousandths."""
    parts, joins = [], []
    for i, (key, known) in enumerate(names.items()):
        table = fresh("names", "effort")
        numbers = np.arange(len(known), dtype="int32")
        data.connection.register(table, pa.table({"name": pa.array(known), "number": numbers}))
        parts += [f"coalesce(n{i}.number, -1) AS {key}"]
        parts += [f"CASE WHEN n{i}.number IS NULL THEN e.{key} END AS {key}_other"]
        joins += [f"LEFT JOIN {table} AS n{i} ON e.{key} = n{i}.name"]
    said = " ".join(f"WHEN '{word}' THEN {i}" for i, word in enumerate(SAID[:2]))
    sides = " ".join(f"WHEN '{word}' THEN {i}" for i, word in enumerate(_SIDES) if i)
    kind = f"(CASE activity {said} ELSE {len(SAID) - 1} END) * {len(_SIDES)} + (CASE side {sides} ELSE 0 END)"
    return (
        f"SELECT {', '.join(parts)}, coalesce(worked_hours * {PER_UNIT}, 0)::BIGINT AS units, "
        f"coalesce(12 * year(worked_on) + month(worked_on) - 1, {UNDATED})::INTEGER AS month, "
        f"(({kind}) * 2 + (worked_hours IS NULL)::INTEGER)::INTEGER AS kind "
        f"FROM {data.views['effort']} AS e {' '.join(joins)}"
    )


def _number_strangers(
    batch: pa.RecordBatch, names: Mapping[str, pd.Index], strange: Mapping[str, dict[str, int]]
) -> dict[str, np.ndarray]:
    """The batch's columns as numbers; names not known are numbered after those that are, in `strange`."""
    told = {name: batch.column(name).to_numpy() for name in ("units", "month", "kind", *names)}
    for key, known in names.items():
        other = batch.column(f"{key}_other")
        if other.null_count == len(other):
            continue
        codes = other.dictionary_encode()
        numbers = [
            strange[key].setdefault(text, len(known) + len(strange[key])) for text in codes.dictionary.to_pylist()
        ]
        there = np.flatnonzero(other.is_valid().to_numpy(zero_copy_only=False))
        told[key] = np.array(told[key])
        told[key][there] = np.array(numbers, "int32")[codes.indices.drop_null().to_numpy()]
    told["kind"] = told["kind"] + (told["role"] + 1) * _KINDS
    return told


def _split(rows: Mapping[str, np.ndarray], owner: np.ndarray, project: np.ndarray) -> Iterator[tuple[int, Month]]:
    """The rows of each month, in their order."""
    order = np.argsort(rows["month"], kind="stable")
    months, begins = np.unique(rows["month"][order], return_index=True)
    for month, chosen in zip(months.tolist(), np.split(order, begins[1:]), strict=True):
        engagement, its_project = rows["engagement_id"][chosen], rows["project_id"][chosen]
        known = np.minimum(engagement, len(owner) - 1)  # names that only bookings have lie beyond, and tell nothing
        told = (owner[known] >= 0) & ((its_project < 0) | (project[known] >= 0))
        apart = np.flatnonzero(~told)
        yield (
            month,
            Month(
                engagement,
                _narrow(rows["kind"][chosen], "int16"),
                _narrow(rows["units"][chosen], "int32"),
                apart,
                rows["customer_id"][chosen[apart]],
                its_project[apart],
            ),
        )


def _narrow(numbers: np.ndarray, dtype: str) -> np.ndarray:
    """The numbers in fewer bytes, where they fit."""
    limits = np.iinfo(dtype)
    fits = not len(numbers) or (numbers.min() >= limits.min and numbers.max() <= limits.max)
    return numbers.astype(dtype) if fits else numbers


def _join(pieces: list[Month]) -> Month:
    """The pieces of a month as one."""
    begins = np.cumsum([0, *(len(piece.kind) for piece in pieces[:-1])])
    names = ("engagement", "kind", "units", "customer", "project")
    whole = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names}
    apart = np.concatenate([piece.apart + begin for piece, begin in zip(pieces, begins, strict=True)])
    return Month(apart=apart, **whole)


def _insert(booked: Booked, strange: Mapping[str, Mapping[str, int]]) -> Booked:
    """The same with the names that only bookings have put in order among the others, and everything numbered so."""
    names, places = {}, {}
    for key, known in booked.names.items():
        both = known.append(pd.Index(list(strange[key]), dtype="str"))
        order = both.argsort()
        places[key] = np.empty(len(both) + 1, "int32")
        places[key][order], places[key][-1] = np.arange(len(both)), -1
        names[key] = both[order]
    months = {number: _renumber(month, places) for number, month in booked.months.items()}
    owner, project = (
        _reorder(table, places["engagement_id"], places[key])
        for table, key in ((booked.owner, "customer_id"), (booked.project, "project_id"))
    )
    return Booked(names, months, owner, project, _reorder(booked.bearer, places["project_id"], places["customer_id"]))


def _renumber(month: Month, places: Mapping[str, np.ndarray]) -> Month:
    role, rest = np.divmod(month.kind, _KINDS)
    return Month(
        places["engagement_id"][month.engagement],
        _narrow((places["role"][role.astype("int64") - 1] + 1) * _KINDS + rest, "int16"),
        month.units,
        month.apart,
        places["customer_id"][month.customer],
        places["project_id"][month.project],
    )


def _reorder(table: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A table from numbers to numbers, both numbered anew."""
    told = np.full(len(keys), -1, "int64")
    told[keys[: len(table) - 1]] = values[table[:-1]]
    return told


def round_half_up(amounts: np.ndarray) -> np.ndarray:
    """Whole numbers, halves away from nought."""
    return np.trunc(amounts + np.copysign(0.5, amounts))


def named(names: pd.Index, codes: np.ndarray) -> pd.Series:
    """The names of some numbers, blank for −1."""
    return pd.Series(names.array.take(codes, allow_fill=True), dtype="str")
