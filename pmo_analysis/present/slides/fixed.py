"""The same slides give the same bytes: no clock, no machine in the file."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_fixed(deck: Any, path: Path, *, title: str, made_on: datetime = datetime(2000, 1, 1)) -> Path:  # noqa: DTZ001 - a property of the file, not a clock
    """Write a presentation with the given title and date, and nothing that another run would not write."""
    about = deck.core_properties
    about.title, about.author, about.last_modified_by, about.revision = title, "", "", 1
    about.created = about.modified = made_on
    buffer = io.BytesIO()
    deck.save(buffer)
    path.write_bytes(_pack_again(buffer))
    return path


def _pack_again(source: io.BytesIO) -> bytes:
    """The same entries in the same order, each dated alike."""
    packed = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            fixed = zipfile.ZipInfo(entry.filename, _EPOCH)
            fixed.compress_type, fixed.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(fixed, old.read(entry))
    return packed.getvalue()
