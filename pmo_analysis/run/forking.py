"""Kernels forked from a warm process, through Jupyter's own extension points; papermill is not touched.

`ForkedProvisioner` is what jupyter_client calls a kernel provisioner: it is asked to launch a kernel and here asks the
zygote (`run/warm.py`) to fork one. All else (sockets, keys, signals, clean-up) is Jupyter's. Where the system cannot do it
(`can_fork`) kernels are started anew, as always.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
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

_NAME = "pmo-forked"


def speak_privately(connection_file: Path) -> Config:
    """Jupyter's settings for a kernel that is reached by sockets beside its connection file, where there are such."""
    way = {"transport": "ipc", "connection_file": str(connection_file)} if os.name == "posix" else {}
    return Config({"KernelManager": way})


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
