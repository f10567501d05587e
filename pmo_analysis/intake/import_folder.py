"""The folder of an import: complete or absent, and never written over what somebody else put there."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError

RECORD = "import.json"


def refuse_foreign(folder: Path, *, replace: bool) -> None:
    """InputError when a folder holds anything that an earlier import did not write, unless told to replace it."""
    if replace or not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file. Name a folder with --to.")
    present = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    written = _written(folder)
    foreign = [n for n in present if n != RECORD and written.get(n) != digest(folder / n)]
    if foreign:
        raise InputError(
            f"{folder} holds {len(foreign)} files that no earlier import wrote or that were changed since, such as "
            f"{foreign[0]}. Name another folder, or say that it may be replaced."
        )


@contextmanager
def whole_or_absent(folder: Path) -> Iterator[Path]:
    """A scratch folder beside the target that takes its place only when everything in it was written."""
    scratch = folder.with_name(f".{folder.name}.partial")
    old = folder.with_name(f".{folder.name}.old")
    for leftover in (scratch, old):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        _swap(scratch, folder, old)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_record(folder: Path, *, mapping: str, sources: Mapping[str, str]) -> None:
    """What was read and what was written, by content, so that a later import knows its own files."""
    files = {p.name: digest(p) for p in sorted(folder.iterdir()) if p.is_file()}
    record = {"mapping": mapping, "sources": dict(sorted(sources.items())), "files": files}
    (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """A table as UTF-8 CSV, read back to make sure that every row is there."""
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    read = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    if read.shape != frame.shape:
        raise InputError(
            f"{path.name} was written with {read.shape[0]} rows instead of {frame.shape[0]}. Is the disk full?"
        )
    return path


def digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _written(folder: Path) -> dict[str, str]:
    record = folder / RECORD
    if not record.is_file():
        return {}
    try:
        return dict(json.loads(record.read_text("utf-8"))["files"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return {}


def _swap(scratch: Path, folder: Path, old: Path) -> None:
    """The new folder into place; the old one back where that fails."""
    if not folder.exists():
        scratch.rename(folder)
        return
    folder.rename(old)
    try:
        scratch.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
