"""Private folders for a while: gone when their process is done with them, or, where it was killed, with the next run.

A process holds a lock on each of its folders, which the system frees when the process ends, however it ends. So a folder
that nobody needs any more can be told from one in use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NEW, _HELD = "pmo-new-", "pmo-run-"


@contextmanager
def private_folder(home: str | None = None) -> Iterator[Path]:
    """A folder that only this user reads, under `home` (as a rule the system's for temporary files), gone afterwards.

    What killed processes left there is removed first.
    """
    remove_left(home)
    folder, lock = _take(Path(home or tempfile.gettempdir()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left(home: str | None = None) -> None:
    """Remove this user's private folders whose process has ended; what is in use or another's stays."""
    for folder in Path(home or tempfile.gettempdir()).glob(f"{_HELD}*"):
        with suppress(OSError):  # in use, or somebody else was quicker
            _remove_if_left(folder)


def _take(home: Path) -> tuple[Path, int]:
    """A new locked folder and the handle that holds its lock; it has its name only once it is locked."""
    made = Path(tempfile.mkdtemp(prefix=_NEW, dir=home))
    lock = os.open(made, os.O_RDONLY)
    with suppress(OSError):  # on a disk without locks nobody else gets one either, and so removes nothing
        fcntl.flock(lock, fcntl.LOCK_EX)
    folder = made.with_name(made.name.replace(_NEW, _HELD, 1))
    return made.rename(folder), lock


def _remove_if_left(folder: Path) -> None:
    if folder.lstat().st_uid != os.geteuid():
        return
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
