"""Tables handed from one process to another as Arrow files: no objects, so nothing in them can run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pmo_analysis.contract.errors import InputError


def write_told(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as `<name>.arrow`; the same tables give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.reset_index(drop=True).to_feather(folder / f"{name}.arrow", compression="uncompressed")


def holds_told(source: str) -> bool:
    """Whether a source is a folder of such tables."""
    return Path(source).is_dir() and any(Path(source).glob("*.arrow"))


@cache
def read_told(folder: str) -> Mapping[str, pd.DataFrame]:
    """The tables of a folder by name, read once and without a second thread; InputError where there are none."""
    paths = sorted(Path(folder).glob("*.arrow"))
    if not paths:
        raise InputError(f"{folder} holds no tables of a quarter (*.arrow). Give the data itself as the source.")
    return {path.stem: _read(path) for path in paths}


def _read(path: Path) -> pd.DataFrame:
    """One table; by hand, because pandas' own readers start threads whatever they are told."""
    options = pa.ipc.IpcReadOptions(use_threads=False)
    table = pa.ipc.open_file(pa.BufferReader(path.read_bytes()), options=options).read_all()
    return table.to_pandas(use_threads=False)
