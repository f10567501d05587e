"""The ledger of a shelf: one line per published report, each sealed with the hash of the line before.

Whoever changes a report, removes one or rewrites the ledger breaks the chain from there on; whoever rewrites all of it
is found out by anyone who noted an earlier hash (`pmo verify --expect HASH`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.run import manifest

NAME = "ledger.jsonl"
_BEGIN = "0" * 64


def enter(report: Path) -> str:
    """Append a published report to its shelf's ledger and return the hash of its line."""
    with _alone(report.parent):
        path = report.parent / NAME
        lines = _whole_lines(path)
        content = manifest.read_manifest(report).content
        entry = {
            "number": len(lines) + 1,
            "report": report.name,
            "organisation": content["organisation"],
            "quarter": content["quarter"],
            "manifest_sha256": manifest.file_hash(report / manifest.NAME),
            "entered_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "before": _seal(lines[-1]) if lines else _BEGIN,
        }
        line = json.dumps(entry, ensure_ascii=False, sort_keys=True)
        _append(path, lines, line)
        return _seal(line)


def review_ledger(report: Path, *, expect: str | None = None) -> list[tuple[str, str, str]]:
    """What the ledger says against a report: rows of file, state, why; none where all is as it was entered.

    A report that was carried to a folder without a ledger has none to ask.
    `expect`: a line's hash that somebody noted once, in full or its first eight or more signs; it must still be there.
    """
    lines = _whole_lines(report.parent / NAME)
    if not lines and expect is None:
        return []
    seals = [_seal(line) for line in lines]
    entries = [_read(line) for line in lines]
    rows = [*_breaks(entries, seals), *_against(report, entries)]
    if expect is not None and not (len(expect) >= 8 and any(seal.startswith(expect.lower()) for seal in seals)):
        rows.append((NAME, "rewritten", f"no line has the hash {expect} that was noted; {len(lines)} lines are there"))
    return rows


def read_head(shelf: Path) -> str:
    """The hash of a ledger's last line, which vouches for all before it; blank where nothing was entered."""
    lines = _whole_lines(shelf / NAME)
    return _seal(lines[-1]) if lines else ""


def _breaks(entries: list[dict[str, Any]], seals: list[str]) -> Iterator[tuple[str, str, str]]:
    for number, (entry, before) in enumerate(zip(entries, [_BEGIN, *seals], strict=False), start=1):
        if entry.get("before") != before or entry.get("number") != number:
            yield NAME, "changed since publishing", f"line {number} does not follow from the line before it"
            return


def _against(report: Path, entries: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    mine = [e for e in entries if e.get("report") == report.name]
    if not mine:
        yield (
            NAME,
            "not listed",
            f"{report.name} was never entered: the run was stopped at its end, or it was copied here",
        )
    elif mine[-1].get("manifest_sha256") != manifest.file_hash(report / manifest.NAME):
        yield manifest.NAME, "changed since publishing", f"it is not what line {mine[-1]['number']} of the ledger holds"


def _whole_lines(path: Path) -> list[str]:
    """The lines that were written to their end: one that a full disk or a kill cut off was never entered."""
    if not path.exists():
        return []
    *whole, _ = path.read_text("utf-8", "replace").split("\n")
    return whole


def _append(path: Path, lines: list[str], line: str) -> None:
    """Write a line to its end or not at all; what was cut off before it goes."""
    whole = sum(len(text.encode()) + 1 for text in lines)
    with path.open("ab") as file:
        file.truncate(whole)
        try:
            file.write(f"{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            os.ftruncate(file.fileno(), whole)
            raise PublishError(
                f"The report is published, but {path} could not be written ({error.strerror}). Publish again."
            ) from error


def _read(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _seal(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


@contextmanager
def _alone(shelf: Path) -> Iterator[None]:
    with (shelf / f".{NAME}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
