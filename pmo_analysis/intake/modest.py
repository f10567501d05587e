"""Text files that no tool exports, told before they are read: endless lines, more columns than any sheet, more than memory."""

from __future__ import annotations

import os
from pathlib import Path

LINE_BYTES, COLUMNS = 16_777_216, 16_384
_CHUNK = 1 << 22
_PART_OF_MACHINE, _TIMES = 0.75, 15  # rows of text in memory take about so many times their bytes


def find_immodest(path: Path, *, in_memory: bool = False) -> str:
    """Why a text file is not read: a line over 16 MB, a first line of more cells than a worksheet has; blank where it is.

    `in_memory`: also where its rows as text would not fit into three quarters of the machine's memory.
    """
    size = path.stat().st_size
    if in_memory and size * _TIMES > _PART_OF_MACHINE * _machine_bytes():
        return f"has {size / 1e6:,.0f} MB, too much for this machine's memory. Export it in parts, such as years"
    line, length = 1, 0
    with path.open("rb") as file:
        first = file.read(LINE_BYTES).replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n")[0]
        cells = 1 + max(first.count(sign) for sign in (b",", b";", b"\t"))
        if cells > COLUMNS:
            return (
                f"has {cells:,} cells in its first line; no table has over {COLUMNS:,} columns. Check what was exported"
            )
        file.seek(0)
        while chunk := file.read(_CHUNK):
            plain = chunk.replace(b"\r", b"\n")
            ends = plain.find(b"\n")
            if length + (ends if ends >= 0 else len(plain)) > LINE_BYTES:
                return f"has a line longer than 16 MB (line {line}). Check what was exported, and its line ends"
            length = len(plain) - 1 - plain.rfind(b"\n") + (length if ends < 0 else 0)
            line += chunk.count(b"\n") or plain.count(b"\n")
    return ""


def _machine_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
