"""The shape of a mapping file: which kind of value each entry takes, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Kind = tuple[str, Callable[[Any], bool]]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_words(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


TEXT: Kind = ("a text in quotes", _is_text)
SIGN: Kind = ("a single sign in quotes", lambda v: _is_text(v) and len(v) == 1 and v not in "\r\n\0")
DELIMITER: Kind = ("a single sign in quotes, or auto", lambda v: SIGN[1](v) or v == "auto")
COUNT: Kind = ("a whole number from 0", _is_count)
YES: Kind = ("true or false", lambda v: isinstance(v, bool))
SHEET: Kind = ("a sheet's name or its number from 0", lambda v: _is_text(v) or _is_count(v))
LIST: Kind = ("a list of texts", _are_texts)
TEXTS: Kind = ("a text or a list of texts", lambda v: _is_text(v) or _are_texts(v))
WORDS: Kind = ("names with a text each", _are_words)
SECTION: Kind = ("names with a value each", lambda v: isinstance(v, dict))
RULES: Kind = ("a list of entries with texts", lambda v: isinstance(v, list) and all(map(_are_words, v)))
LABELS: Kind = ("names with a list of texts each", lambda v: SECTION[1](v) and all(map(_are_texts, v.values())))
UNPIVOT: Kind = (
    "columns (a list), name and value",
    lambda v: (
        SECTION[1](v) and all(_is_text(x) or _are_texts(x) for x in v.values()) and not _is_text(v.get("columns"))
    ),
)

_TOP = {"name": TEXT, "about": TEXT, "pseudonym_key": TEXT, "settings": SECTION, "notes": SECTION}
_SECTIONS: dict[str, dict[str, Kind]] = {
    "source": {
        "files": TEXTS, "reader": TEXT, "encoding": TEXT, "newline": TEXT, "delimiter": DELIMITER, "quote": SIGN,
        "skip_rows": COUNT, "header": TEXTS, "sheet": SHEET, "part": TEXT, "missing": TEXTS, "labels": LABELS,
        "absent_allowed": TEXTS, "decimal": TEXT, "thousands": TEXT, "number_columns": TEXTS, "optional": YES,
        "helpers": WORDS, "set_aside": RULES,
    },
    "table": {
        "from": TEXT, "columns": SECTION, "helpers": WORDS, "set_aside": RULES, "unpivot": UNPIVOT, "one_row_per": LIST,
        "first_by": TEXT, "unreadable": TEXT, "alike_but_for": LIST, "control": WORDS,
    },
    "map": {"values": SECTION, "file": TEXT, "key": TEXT, "value": TEXT},
}  # fmt: skip


def find_misshapen(tree: dict[str, Any]) -> Iterator[str]:
    """What entries of a mapping file hold another kind of value than they take, in words; unknown entries are not looked at."""
    yield from _look(tree, _TOP, "the top level")
    for section, kinds in _SECTIONS.items():
        inner = tree.get(section, {})
        for name, entries in inner.items() if isinstance(inner, dict) else ():
            if isinstance(entries, dict):
                yield from _look(entries, kinds, f"[{section}.{name}]")


def _look(entries: dict[str, Any], kinds: dict[str, Kind], where: str) -> Iterator[str]:
    for name, (wanted, fits) in kinds.items():
        if name in entries and not fits(entries[name]):
            yield f"{where} {name} = {str(entries[name])[:60]!r} must be {wanted}."
