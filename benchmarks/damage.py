"""Damaged files: a good one with a few bytes, lines or words changed, the same for the same seed."""

from __future__ import annotations

import random

WORDS = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"'", b",", b";", b"\t", b"=", b"[", b"]]", b"{" * 40,
    b"&a;", b"]]>", b"<!--", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"-1", b"1e309", b"9" * 400, b"NaN", b"-inf", b"0x1",
    b"1,5", b"1.2.3", b"2026-02-30", b"9999-12-31", b"0001-01-01", b"31/12/26", b"2026Q5", b"P1Y", b"PT99999999H",
    b"=cmd|'/c'!A1", b"{0.__class__}", b"%s%n", b"'; DROP TABLE effort; --", b"../../etc/passwd", b"\xe2\x80\xae",
    "Ä\u0130ß\ud7ff".encode(), b"\xed\xa0\x80", b"A" * 5000, b"null", b"true", b"[]", b"\\u0000", b"\\", b"#", b"\x1b[2J",
]  # fmt: skip


def damage(good: bytes, chance: random.Random) -> bytes:
    """One to six changes of a file, small ones more often than large ones."""
    changed = good
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        changed = chance.choice(_CHANGES)(changed, chance)
    return changed[:2_000_000]


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(WORDS) + data[at:]


def _replace(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(WORDS) + data[at + chance.randrange(1, 12) :]


def _delete(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.choice((1, 2, 8, 64)) :]


def _truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at : at + chance.choice((1, 10, 100))] * chance.choice((2, 3, 200)) + data[at:]


def _move_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    line = lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


def _swap_cell(data: bytes, chance: random.Random) -> bytes:
    """A cell, value or word between two separators becomes another thing."""
    for mark in chance.sample((b",", b";", b"\t", b'"', b" = ", b">"), 6):
        cells = data.split(mark)
        if len(cells) > 3:
            cells[chance.randrange(1, len(cells))] = chance.choice((*WORDS, b"", chance.choice(cells)))
            return mark.join(cells)
    return _replace(data, chance)


def _reencode(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-8-sig", "cp1252", "utf-32")), "replace")


_CHANGES = [_flip, _insert, _replace, _delete, _truncate, _repeat, _move_line, _swap_cell, _swap_cell, _reencode]
