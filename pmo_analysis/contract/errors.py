"""Errors that say what is wrong, where, how many rows, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PmoError(Exception):
    """A problem that the reader can mend; its text is complete and needs no traceback."""

    exit_code = 1

    def as_wrong_use(self) -> PmoError:
        """The same problem where the caller named something that does not exist: exit code 2."""
        self.exit_code = SettingError.exit_code
        return self


class InputError(PmoError):
    """The given data cannot be used: names the source, the place, the count and the remedy."""


class SettingError(PmoError):
    """A setting or parameter is unknown, of a wrong type or out of range."""

    exit_code = 2


class BusyError(PmoError):
    """Somebody else is writing the same report."""

    exit_code = 3


class PublishError(PmoError):
    """A report could not be completed; the one published before is untouched."""

    exit_code = 4


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean …?` for an unknown name, or the list of what is known."""
    names = [str(k) for k in known]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]!r}?"
    shown = ", ".join(sorted(names)[:12])
    return f"Known: {shown}{' …' if len(names) > 12 else ''}."
