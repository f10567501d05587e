"""The process that kernels are forked from, as the one that starts it sees it; nothing of Jupyter is imported yet.

So it can be started first of all: it imports its libraries while whoever started it imports papermill and reads the data.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.intake.scratch import private_folder, remove_left
from pmo_analysis.run.across import read_error

# What keeps numpy, scikit-learn and Arrow (with its allocator) from starting threads as they are imported.
_ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "ARROW_DEFAULT_MEMORY_POOL": "system", "JE_ARROW_MALLOC_CONF": "background_thread:false",
}  # fmt: skip


def can_fork() -> bool:
    """Whether this system has what forked kernels need: Linux, with handles of processes."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def can_leave(source: str) -> bool:
    """Whether a source lets go of the process that has read it, so that it can be forked; Spark's threads do not."""
    return not source.startswith("spark:")


def require_kernel() -> None:
    """PublishError where notebooks cannot run at all. A kernel needs its package and no specification on the disk:
    forked ones have their own (`run/forking.py`), and Jupyter makes one for this interpreter where it finds none.
    """
    if find_spec("ipykernel") is None:
        raise PublishError("No notebook can run here: ipykernel is not installed. Install it: pip install ipykernel.")


def short_folder() -> str | None:
    """Where private folders are made: names of sockets must be short, and some temporary folders are not."""
    return "/tmp" if os.path.isdir("/tmp") else None


class Zygote:
    """The warm process: `folder` holds its socket and its kernels' connection files, for this user only."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self.folder, self._numbers = process, folder, itertools.count()

    def begin(self, **told: Any) -> None:
        """Say what it is to be warm for, and do not wait.

        For packs: the `folder` of their tables, and source, quarter and settings; for a report: the quarter `asked` for, as
        `open_quarter` takes it, or nothing where its kernel is to compute it.
        """
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # how it ended is told by `wait`
            self.process.stdin.write(json.dumps(told) + "\n")
            self.process.stdin.flush()

    def wait(self) -> None:
        """Return when it can fork; what went wrong in it is raised here."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline().strip()
        if answer == "ready":
            return
        if answer:
            raise read_error(json.loads(answer))
        words = self._last_words()
        lacking = re.search(r"No module named '(\w+)", words)
        remedy = f"Install it: pip install {lacking[1]}." if lacking else "Run again."
        raise PublishError(f"The process that computes and that kernels are forked from ended: {words}. {remedy}")

    def warm(self, **told: Any) -> None:
        """`begin` and `wait`."""
        self.begin(**told)
        self.wait()

    def write_files(self, folder: Path, template: Path | None) -> dict[str, Any]:
        """Have the files of the quarter that it has computed written by a fork; what the manifest says of the quarter."""
        request = json.dumps({"folder": str(folder.resolve()), "template": template and str(template.resolve())})
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self.folder / "zygote"))
                connection.sendall(request.encode() + b"\n")
                with connection.makefile("r", encoding="utf-8") as lines:
                    answer = lines.readline()
        except OSError as error:
            raise PublishError(f"The process that computed the quarter has ended ({error}). Run again.") from error
        if not answer:
            raise PublishError(
                "The process that writes tables, workbook and slides died (killed, or out of memory). Run again."
            )
        told = json.loads(answer)
        if "error" in told:
            raise read_error(told["error"])
        return dict(told["about"])

    def kernel(self) -> dict[str, Any]:
        """What papermill hands on to Jupyter for one kernel: forked here, ended at once when its notebook is done."""
        from pmo_analysis.run.forking import ForkedKernelManager, speak_privately

        config = speak_privately(self.folder / f"k{next(self._numbers)}.json")
        config.ForkedProvisioner.address = str(self.folder / "zygote")
        return {"kernel_manager_class": ForkedKernelManager, "shutdown_kernel": "immediate", "config": config}

    def _last_words(self) -> str:
        said = (self.folder / "log").read_text("utf-8", errors="replace").strip().splitlines()
        return said[-1] if said else "it ended without a word"


@contextmanager
def start_zygote(notebooks: Literal["packs", "report"]) -> Iterator[Zygote]:
    """A process that ends with the block, warm for packs or for the report."""
    with private_folder(short_folder()) as private:
        with (private / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pmo_analysis.run.zygote", str(private / "zygote"), notebooks],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **_ONE_THREAD},
            )  # fmt: skip
        try:
            yield Zygote(process, private)
        finally:
            process.kill()  # its kernels end with it
            process.communicate()
            remove_left()  # what the engine had spilled there
