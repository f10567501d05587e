"""Memory given back between the parts of a quarter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pmo_analysis.intake.memory import give_back, gives_back


def _resident_mb() -> float:
    line = next(x for x in Path("/proc/self/status").read_text("utf-8").splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_freed_pieces_go_back_to_the_system():
    pieces = [bytearray(60_000) for _ in range(3_000)]  # small enough for the heap; some 180 MB
    high, kept = _resident_mb(), pieces[::500]
    del pieces
    held = _resident_mb()
    give_back()
    assert len(kept) == 6 and _resident_mb() < high - 120
    assert held > _resident_mb() - 5  # nothing is taken


def test_what_a_function_tells_and_raises_is_left_as_it_is():
    @gives_back
    def divide(one: float, by: float = 2.0) -> float:
        """Half of it."""
        return one / by

    assert divide(3) == 1.5 and divide(3, by=3) == 1 and divide.__doc__ == "Half of it."
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
