"""Tables written to Parquet piece by piece: the long ones a file per quarter, put one after the other at the end."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.demo.chance import Calendar

# Kept oldest quarter first, as tools keep them: the day by which a row has its quarter.
_BY_DAY = {"engagements": "requested_on", "effort": "worked_on"}
_OWN = ("customer_id", "parent_id", "engagement_id", "project_id", "benefit_id", "response_id", "respondent_id",
        "person_id")  # fmt: skip
_TYPE = {
    "number": pa.float64(),
    "money": pa.float64(),
    "count": pa.int32(),
    "date": pa.date32(),
    "flag": pa.bool_(),
}
_PIECE = 100_000  # rows gathered before they are written
_GROUP = 250_000  # rows that a reader takes at a time


def to_arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """The contract's columns of a table as Arrow, money and hours to two decimals; of no table of it, as they are."""
    if name not in TABLE:
        return pa.Table.from_pandas(frame, preserve_index=False)
    columns = [c for c in TABLE[name].columns if c.name in frame]
    return pa.table({c.name: _to_array(frame[c.name], c.kind) for c in columns})


def _to_array(values: pd.Series, kind: str) -> pa.Array:
    if kind in ("number", "money"):
        values = values.astype("float64").round(2)
    if kind == "date":
        values = values.astype("datetime64[s]")
    made = pa.array(values, from_pandas=True)
    wanted = _TYPE.get(kind, pa.string())
    return made if made.type == wanted else made.cast(wanted)


def in_house(table: pa.Table, house: int) -> pa.Table:
    """The table with its own identifiers told apart from those of other houses: C0001 of the third is C003-0001."""
    for name in [n for n in _OWN if n in table.column_names]:
        values = table[name].cast(pa.string())
        first = pc.utf8_slice_codeunits(values, 0, 1)
        rest = pc.utf8_slice_codeunits(values, 1)
        own = pc.binary_join_element_wise(first, pa.scalar(f"{house + 1:03d}-"), rest, "")
        table = table.set_column(table.column_names.index(name), name, own)
    return table


class TableFiles:
    """The files of a folder while they are written; `rows` counts what each table was given."""

    def __init__(self, folder: Path, calendar: Calendar | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._calendar = folder, calendar
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        self.rows: dict[str, int] = {}

    def __enter__(self) -> TableFiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._close_writers()

    def add(self, name: str, piece: pa.Table) -> None:
        """Some more rows of a table."""
        self.rows[name] = self.rows.get(name, 0) + len(piece)
        if self._calendar is None or name not in _BY_DAY:
            return self._gather(name, piece)
        quarter = self._calendar.number_of(piece[_BY_DAY[name]].to_numpy())
        for number in np.unique(quarter):
            self._gather(f"{name}.{number:03d}", piece.filter(pa.array(quarter == number)))
        return None

    def _gather(self, file: str, piece: pa.Table) -> None:
        waiting = self._waiting.setdefault(file, [])
        waiting.append(piece)
        if sum(map(len, waiting)) >= _PIECE:
            self._flush(file)

    def _flush(self, file: str) -> None:
        table = pa.concat_tables(self._waiting.pop(file))
        if file not in self._writers:
            path = self._folder / f"{file}.parquet"
            self._writers[file] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writers[file].write_table(table, row_group_size=_GROUP)

    def close(self) -> None:
        """Write what waits, and put the quarters of the long tables one after the other."""
        for file in list(self._waiting):
            self._flush(file)
        self._close_writers()
        for name in _BY_DAY:
            if parts := sorted(self._folder.glob(f"{name}.*.parquet")):
                _join(parts, self._folder / f"{name}.parquet")

    def _close_writers(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def _join(parts: list[Path], path: Path) -> None:
    """One file of several, in order; each part goes as soon as it is read."""
    with pq.ParquetWriter(path, pq.read_schema(parts[0]), compression="zstd") as writer:
        for part in parts:
            for batch in pq.ParquetFile(part).iter_batches(_GROUP):
                writer.write_table(pa.Table.from_batches([batch]))
            part.unlink()
