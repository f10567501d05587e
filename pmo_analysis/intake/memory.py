"""Memory that a long part of a quarter no longer needs, given back to the system before the next part begins."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pyarrow as pa

P = ParamSpec("P")
T = TypeVar("T")


def give_back() -> None:
    """Hand freed memory over to the system: allocators keep it, in pieces that the next part seldom fits into."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; others have none
        if trim is not None:
            trim(0)


def gives_back(function: Callable[P, T]) -> Callable[P, T]:
    """A function after which `give_back` is called."""

    @functools.wraps(function)
    def told(*given: P.args, **named: P.kwargs) -> T:
        try:
            return function(*given, **named)
        finally:
            give_back()

    return told
