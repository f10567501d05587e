"""Kernels forked from a warm process, through Jupyter's own extension points; papermill is not touched.

`ForkedProvisioner` is what jupyter_client calls a kernel provisioner: it is asked to launch a kernel and here asks the
zygote to fork one. All else (sockets, keys, signals, clean-up) is Jupyter's. Where the system cannot do it (`can_fork`)
kernels are started anew, as always.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode
from traitlets.config import Config

from pmo_analysis.contract.errors import PublishError

_NAME = "pmo-forked"
# What keeps numpy, scikit-learn and Arrow (with its allocator) from starting threads as they are imported.
_ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "ARROW_DEFAULT_MEMORY_POOL": "system", "JE_ARROW_MALLOC_CONF": "background_thread:false",
}  # fmt: skip


def can_fork() -> bool:
    """Whether this system has what forked kernels need: Linux, with handles of processes."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def short_folder() -> str | None:
    """Where private folders are made: names of sockets must be short, and some temporary folders are not."""
    return "/tmp" if os.path.isdir("/tmp") else None


def speak_privately(connection_file: Path) -> Config:
    """Jupyter's settings for a kernel that is reached by sockets beside its connection file, where there are such."""
    way = {"transport": "ipc", "connection_file": str(connection_file)} if os.name == "posix" else {}
    return Config({"KernelManager": way})


class Zygote:
    """The warm process: `folder` holds its socket and its kernels' connection files, for this user only."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self.folder, self._numbers = process, folder, itertools.count()

    def warm(self, folder: Path, source: str, quarter: str, settings: Mapping[str, Any]) -> None:
        """Have it read the tables in `folder`, which are those of a source and quarter; returns when it can fork."""
        assert self.process.stdin is not None and self.process.stdout is not None
        told = {"folder": str(folder), "source": source, "quarter": quarter, "settings": dict(settings)}
        try:
            self.process.stdin.write(json.dumps(told) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if answer != "ready":
            raise PublishError(f"The process that kernels are forked from could not start: {self._last_words()}")

    def kernel(self) -> dict[str, Any]:
        """What papermill hands on to Jupyter for one kernel: forked here, ended at once when its notebook is done."""
        config = speak_privately(self.folder / f"k{next(self._numbers)}.json")
        config.ForkedProvisioner.address = str(self.folder / "zygote")
        return {"kernel_manager_class": ForkedKernelManager, "shutdown_kernel": "immediate", "config": config}

    def _last_words(self) -> str:
        said = (self.folder / "log").read_text("utf-8", errors="replace").strip().splitlines()
        return said[-1] if said else "it ended without a word"


@contextmanager
def start_zygote() -> Iterator[Zygote]:
    """A warm process that ends with the block; it imports its libraries while others work."""
    with tempfile.TemporaryDirectory(prefix="pmo-", dir=short_folder()) as folder:
        private = Path(folder)
        with (private / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pmo_analysis.run.zygote", str(private / "zygote")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **_ONE_THREAD},
            )  # fmt: skip
        try:
            yield Zygote(process, private)
        finally:
            process.kill()  # its kernels end with it
            process.communicate()


class ForkedProcess:
    """A kernel that is another process's child, held by a handle that no other process can take over."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, handle: int) -> None:
        self.pid, self._handle = pid, handle

    def poll(self, seconds: float = 0.0) -> int | None:
        """None while it runs; how it ended is its parent's to know."""
        if self._handle < 0:
            return 0
        ended, _, _ = select.select([self._handle], [], [], seconds)
        return 0 if ended else None

    def wait(self) -> int:
        """Let go of it once it has ended."""
        if self._handle >= 0:
            select.select([self._handle], [], [])
            os.close(self._handle)
            self._handle = -1
        return 0

    def send_signal(self, number: int) -> None:
        """Signal this process, never another that has its number now."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)


def _ask(address: str, request: Mapping[str, Any]) -> tuple[bytes, list[int]]:
    """The number of a newly forked kernel and a handle of it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        connection.sendall(json.dumps(request).encode() + b"\n")
        told, handles, _, _ = socket.recv_fds(connection, 32, 1)
    if not handles:
        raise ConnectionError("it closed without an answer")
    return told, list(handles)


class ForkedProvisioner(LocalProvisioner):
    """Launches a kernel by having the zygote fork; the rest is as with a local process."""

    address = Unicode(help="the zygote's socket").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Send the zygote what the kernel is to be; it answers with its number and a handle."""
        request = {
            "arguments": cmd[cmd.index("-f") :],
            "cwd": kwargs.get("cwd") or os.getcwd(),
            "env": dict(kwargs["env"]),
            "log": os.path.join(os.path.dirname(self.address), "log"),
        }
        try:
            told, handles = _ask(self.address, request)
        except OSError as error:
            raise RuntimeError(f"the process that kernels are forked from has ended ({error})") from error
        self.process = ForkedProcess(int(told), handles[0])  # type: ignore[assignment]
        self.pid = self.pgid = int(told)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """End it, and see it ended: nobody need ask again every tenth of a second."""
        await super().kill(restart)
        while self.process is not None and self.process.poll() is None:
            await asyncio.sleep(0.005)


class ForkedKernelManager(AsyncKernelManager):
    """Jupyter's manager of one kernel, whose specification names the provisioner above; nothing is installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """This interpreter's own kernel, forked."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (forked)", language="python",
            metadata={"kernel_provisioner": {"provisioner_name": _NAME, "config": {}}},
        )  # fmt: skip


KernelProvisionerFactory.provisioners[_NAME] = EntryPoint(
    _NAME, f"{__name__}:ForkedProvisioner", KernelProvisionerFactory.GROUP_NAME
)
