"""Rows that many parts are told from, by name and quarter: in memory while they are few, else as files of the engine's folder."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from pmo_analysis.intake.engine import fresh, spill_file


@dataclass(frozen=True, eq=False)
class KeptRows:
    """Tables of the same columns, each under a name and cut by its column `quarter`, whose blanks belong to none.

    tables: name → its rows, where they are few. files: name → quarter → the file of its rows, which has its categories
    as numbers; `types` tells them. counts: name → quarter → rows. The order within a name and quarter is that given.
    The files go with the object: a year of long quarters, told one after another, fills no disk.
    """

    columns: tuple[str, ...]
    types: Mapping[str, pd.CategoricalDtype] = field(default_factory=dict, repr=False)
    on_disk: bool = False
    tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    files: dict[str, dict[str, Path]] = field(default_factory=dict, repr=False)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @cached_property
    def folder(self) -> Path:
        """Where the files lie, made when the first is written."""
        folder = spill_file(fresh("kept", "rows"))
        folder.mkdir()
        weakref.finalize(self, _remove, folder, os.getpid())
        return folder

    def keep(self, name: str, rows: pd.DataFrame) -> None:
        """Keep the rows of one name; of a table on disk nothing stays in memory."""
        rows = rows[list(self.columns)].astype(dict(self.types))
        counts = rows["quarter"].value_counts(sort=False)
        self.counts[name] = {str(quarter): int(count) for quarter, count in counts.items() if count}
        if self.on_disk:
            self.files[name] = {quarter: self._write(rows, quarter) for quarter in self.counts[name]}
        else:
            self.tables[name] = rows

    def _write(self, rows: pd.DataFrame, quarter: str) -> Path:
        path = self.folder / fresh("rows", f"{quarter}.parquet")
        part = rows[rows["quarter"] == quarter].drop(columns="quarter")
        codes = {name: part[name].cat.codes for name in self.types if name in part}
        part.assign(**codes).to_parquet(path, index=False, compression="zstd")
        return path

    def count(self, names: Collection[str] | None = None) -> int:
        """How many rows there are, of all names or of some."""
        return sum(sum(of.values()) for name, of in self.counts.items() if names is None or name in names)

    def read(
        self,
        names: Collection[str] | None = None,
        quarters: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The rows of some names (all) and quarters (all), in the order in which names were kept; of some columns (all)."""
        wanted = list(columns or self.columns)
        chosen = [name for name in self.counts if names is None or name in names]
        parts = [part for name in chosen for part in self._parts(name, quarters, wanted)]
        parts = [part for part in parts if len(part)] or parts[:1]
        return pd.concat(parts, ignore_index=True) if parts else self._nothing(wanted)

    def _parts(self, name: str, quarters: Collection[str] | None, columns: list[str]) -> list[pd.DataFrame]:
        if not self.on_disk:
            rows = self.tables[name]
            return [rows[columns] if quarters is None else rows.loc[rows["quarter"].isin(list(quarters)), columns]]
        files = self.files[name]
        return [self._read_file(path, q, columns) for q, path in files.items() if quarters is None or q in quarters]

    def _read_file(self, path: Path, quarter: str, columns: list[str]) -> pd.DataFrame:
        rows = pq.read_table(path, columns=[name for name in columns if name != "quarter"]).to_pandas()
        named = {n: pd.Categorical.from_codes(rows[n], dtype=self.types[n]) for n in self.types if n in rows}
        if "quarter" in columns:
            code = self.types["quarter"].categories.get_loc(quarter)
            named["quarter"] = pd.Categorical.from_codes([code] * len(rows), dtype=self.types["quarter"])
        return rows.assign(**named)[columns]

    def _nothing(self, columns: list[str]) -> pd.DataFrame:
        plain = {name: "str" if name.endswith("_id") else "float64" for name in columns}
        return pd.DataFrame({name: pd.Series(dtype=self.types.get(name, plain[name])) for name in columns})


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not a fork of it
        shutil.rmtree(folder, ignore_errors=True)
