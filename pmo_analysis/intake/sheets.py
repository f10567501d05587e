"""A worksheet's rows as text, read by a process of its own that may take only so much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pmo_analysis.contract.errors import InputError, nearest

_PROGRAM = Path(__file__).with_name("open_sheet.py")
MEGABYTES, SECONDS = 4000, 300


def read_sheet(
    path: Path, sheet: int | str, *, megabytes: int = MEGABYTES, seconds: int = SECONDS
) -> list[tuple[int, list[str]]]:
    """Row numbers and cells of one sheet of an Excel or OpenDocument file, by name or position from 0.

    InputError where there is no such sheet, or where the file is damaged, or would take more than so much memory or
    processor time to unpack.
    """
    command = [sys.executable, "-I", str(_PROGRAM), str(path), json.dumps(sheet), str(megabytes), str(seconds)]
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        lines = list(process.stdout or ())
    if process.returncode:
        raise _unreadable(path, f"it is damaged, or takes more than {megabytes:,} MB or {seconds} seconds to unpack")
    about, *rows = (json.loads(line) for line in lines)
    _require_sheet(path, sheet, [about, *rows[-1:]])
    return list(enumerate(rows, start=about["first"]))


def _require_sheet(path: Path, sheet: int | str, ends: list[Any]) -> None:
    """What the program says of the file comes first, a fault last."""
    if faults := [line["fault"] for line in ends if isinstance(line, dict) and "fault" in line]:
        raise _unreadable(path, faults[0])
    if not ends[0]["there"]:
        raise InputError(f"{path.name} has no sheet {sheet!r}. {nearest(str(sheet), ends[0]['sheets'])}")


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(f"{path.name} is not a readable worksheet file: {reason}. Export it again as XLSX.")
