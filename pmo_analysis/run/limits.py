"""What a notebook may take: time for a cell, memory for its kernel, room for what it prints."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.contract.settings import Settings

_PART_OF_MACHINE = 0.75


@dataclass(frozen=True)
class Limits:
    """seconds a cell may run, memory_mb its kernel may hold (0 = three quarters of the machine's), output_mb printed."""

    seconds: int = 3600
    memory_mb: int = 0
    output_mb: int = 50

    @property
    def kernel_arguments(self) -> list[str]:
        """How a kernel is told its memory: the system then refuses it more, which the notebook sees as MemoryError.

        What goes wrong in it is raised here; its own log would tell it again, with a traceback.
        """
        size = self.memory_mb * 1_000_000 or int(_PART_OF_MACHINE * _machine_bytes())
        line = f"import resource as _r; _r.setrlimit(_r.RLIMIT_DATA, ({size}, {size})); del _r"
        return [f"--IPKernelApp.exec_lines={line}", "--IPKernelApp.log_level=CRITICAL"]

    def require_modest(self, executed: Path) -> None:
        """PublishError where what a notebook has printed would make a page that no browser opens."""
        if executed.is_file() and executed.stat().st_size > self.output_mb * 1_000_000:
            raise PublishError(
                f"{executed.name}: the notebook printed more than {self.output_mb} MB "
                f"({executed.stat().st_size / 1e6:,.0f} MB). Show a table's first rows rather than all, or raise the "
                "setting notebook_output_mb. Nothing was published."
            )


def read_limits(settings: Settings) -> Limits:
    """The limits that an organisation's settings state."""
    return Limits(*(int(settings[f"notebook_{name}"]) for name in ("seconds", "memory_mb", "output_mb")))


def _machine_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
