"""TOML of an organisation's own files, which may be damaged or meant badly."""

from __future__ import annotations

import tomllib
from typing import Any

_LETTERS, _PARTS = 2_000_000, 200


def parse_toml(text: str) -> dict[str, Any]:
    """The entries of a TOML text; ValueError, in words, where it is none or goes beyond all measure.

    Beyond measure are entries nested without end, numbers of thousands of digits and names of hundreds of parts, on
    which the parser would take hours.
    """
    if len(text) > _LETTERS:
        raise ValueError(f"it has {len(text):,} letters, which no such file has")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > _PARTS and not line.lstrip().startswith("#"):
            raise ValueError(f"line {number} has more than {_PARTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("its entries are nested without end") from error
