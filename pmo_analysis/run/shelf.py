"""Where reports stand: built in a scratch folder on the same disk, put in place in one step, one run at a time."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pmo_analysis.contract.errors import BusyError, PublishError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_REMEDIES = {
    errno.ENOSPC: "The disk is full: free some space",
    errno.EDQUOT: "The disk quota is used up: free some space",
    errno.EROFS: "The disk is read-only: choose another folder with --out",
    errno.EACCES: "No permission to write there: choose another folder with --out",
    errno.ENOTDIR: "Part of that path is a file: choose another folder with --out",
    errno.EEXIST: "A file of that name is in the way: choose another folder with --out",
}


@contextmanager
def one_at_a_time(shelf: Path, name: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a report's name; the system frees it when the process ends, however it ends."""
    _make(shelf)
    with _open_lock(shelf / f".{name}.lock") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise BusyError(
                f"Another run is writing {shelf / name}. Wait for it to end, or call again with --wait."
            ) from error
        yield


@contextmanager
def scratch(shelf: Path, name: str) -> Iterator[Path]:
    """An empty folder beside the report, gone afterwards; what a killed run left there is cleared first."""
    folder = shelf / f".{name}.building"
    restore(shelf, name)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
        yield folder
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        raise PublishError(_disk_problem(error, shelf)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(built: Path, target: Path) -> None:
    """Make a finished folder the report; the one before is replaced in the same instant or not at all."""
    sync(built)
    if not target.exists():
        os.rename(built, target)
    elif not _exchange(built, target):
        _swap_by_two_renames(built, target)


def restore(shelf: Path, name: str) -> None:
    """Bring back the report that a run killed between two renames had set aside."""
    aside, target = shelf / f".{name}.before", shelf / name
    if aside.exists() and not target.exists():
        os.rename(aside, target)
    shutil.rmtree(aside, ignore_errors=True)


def sync(folder: Path) -> None:
    """Have the disk hold every file of a folder before its name says that it is whole."""
    for path in [*sorted(p for p in folder.rglob("*") if p.is_file()), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one system call where the system has it (Linux renameat2)."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    return call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0


def _swap_by_two_renames(built: Path, target: Path) -> None:
    aside = target.parent / f".{target.name}.before"
    os.rename(target, aside)
    os.rename(built, target)
    shutil.rmtree(aside, ignore_errors=True)


def _make(shelf: Path) -> None:
    try:
        shelf.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PublishError(_disk_problem(error, shelf)) from error


def _open_lock(path: Path) -> TextIO:
    try:
        return path.open("a")
    except OSError as error:
        raise PublishError(_disk_problem(error, path.parent)) from error


def _disk_problem(error: OSError, shelf: Path) -> str:
    remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror}: choose another folder with --out")
    return f"Cannot write the report under {shelf}. {remedy}, then run again. The report before it is untouched."
