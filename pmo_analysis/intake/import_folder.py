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
REPORTS = ("reconciliation", "set_aside", "flagged", "unmapped")


def refuse_foreign(folder: Path, *, replace: bool) -> None:
    """InputError when a folder is not an earlier import, or one changed by hand since, unless told to replace it.

    Files that somebody added to an earlier import, such as decisions, are no hindrance: `keep_added` carries them over.
    """
    if replace or not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file. Name a folder with --to.")
    written = _written(folder)
    names = written or dict.fromkeys(_names(folder), "")
    foreign = [n for n, content in names.items() if (folder / n).is_file() and digest(folder / n) != content]
    if foreign:
        raise InputError(
            f"{folder} holds {len(foreign)} files that no earlier import wrote or that were changed since, such as "
            f"{foreign[0]}. Name another folder, or say that it may be replaced."
        )


def keep_added(folder: Path, scratch: Path) -> None:
    """Carries files that somebody added to an earlier import into the new one; InputError where names clash."""
    if not folder.is_dir():
        return
    added = sorted(set(_names(folder)) - set(_written(folder)) - {RECORD})
    clash = [n for n in added if (scratch / n).exists()]
    if clash:
        raise InputError(
            f"{folder / clash[0]} was added by hand, and this import would write it too. Move it away first."
        )
    for name in added:
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, scratch / name)


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


def _names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _written(folder: Path) -> dict[str, str]:
    record = folder / RECORD
    if not record.is_file():
        return {}
    try:
        return dict(json.loads(record.read_text("utf-8"))["files"])
    except (KeyError, TypeError, ValueError, RecursionError):
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
