"""A process with the libraries imported and a quarter's tables read, from which each kernel is forked clean.

Started as `python -m pmo_analysis.run.zygote ADDRESS packs|report` by `run/warm.py`. It reads one line from its standard
input, for packs where the tables are and of what, makes itself warm and answers `ready`; then it forks one kernel per
connection on the Unix socket ADDRESS. It never runs a cell itself, so what one kernel does no other kernel sees. It ends,
and its kernels with it, when its standard input closes: with the process that started it, however that ends.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def main(address: str, notebooks: str) -> None:
    """Import, read, answer `ready`, and fork until the standard input closes."""
    import ipykernel.ipkernel
    import ipykernel.kernelapp  # noqa: F401

    warm = _import_packs() if notebooks == "packs" else _import_report()
    line = sys.stdin.readline()
    if not line.strip():
        return
    warm(**json.loads(line))
    _require_one_thread()
    gc.collect()
    gc.freeze()  # what is here stays shared: the collector of a kernel does not touch it
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system takes ended kernels away
        print("ready", flush=True)  # noqa: T201 the answer that the starting process waits for
        request = _fork_until_closed(listener)
    if request:
        _become_kernel(request)


def _import_packs() -> Callable[..., None]:
    """Everything a pack's kernel needs, without starting a thread; and what makes it warm."""
    import pmo_analysis.present.packs  # noqa: F401

    return _warm_packs


def _warm_packs(folder: str, source: str, quarter: str, settings: dict[str, Any]) -> None:
    """Read the tables and make one pack for nobody, so that kernels find both done."""
    from pmo_analysis.intake.told import read_told
    from pmo_analysis.present.packs import show_everything
    from pmo_analysis.quarter.packs import list_packs, offer_tables

    tables = read_told(folder)
    offer_tables(source, quarter, settings, tables)
    known = list_packs(tables, "customer")
    if len(known):
        show_everything(tables, "customer", str(known["group"].iloc[0]))


def _import_report() -> Callable[..., None]:
    """Everything the report's kernel needs; the quarter itself is computed in the kernel."""
    import pmo_analysis.present.answers
    import pmo_analysis.quarter.run  # noqa: F401

    return _warm_report


def _warm_report() -> None:
    """Draw one picture for nobody: fonts are read and measured once."""
    from pmo_analysis.present.plots.style import house_style, list_rows, new_axes
    from pmo_analysis.present.shown import draw

    with house_style():
        axes = new_axes(2.0)
        list_rows(axes, ["a", "b"])
        draw(axes, "for nobody")


def _require_one_thread() -> None:
    """Forking is safe while nobody else runs: a second thread's locks would stay locked for ever in the child."""
    threads = [p.joinpath("comm").read_text().strip() for p in Path("/proc/self/task").iterdir()]
    if len(threads) > 1:
        sys.exit(f"a library started {len(threads) - 1} threads; kernels cannot be forked ({', '.join(threads)})")


def _fork_until_closed(listener: socket.socket) -> dict[str, Any] | None:
    """In this process: None once the standard input has closed. In a forked child: what its kernel is to be."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return None
        connection, _ = listener.accept()
        with connection:
            request = json.loads(connection.makefile("r", encoding="utf-8").readline())
            pid = os.fork()
            if pid == 0:
                return dict(request)
            handle = os.pidfd_open(pid)
            socket.send_fds(connection, [str(pid).encode()], [handle])
            os.close(handle)


def _become_kernel(request: dict[str, Any]) -> None:
    """A session, streams, environment and folder of its own; then the kernel as Jupyter starts it."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _redirect(request["log"])
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["ipykernel_launcher", *request["arguments"]]
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(argv=request["arguments"])


def _redirect(log: str) -> None:
    """Streams that lead nowhere near those of other processes."""
    nothing, written = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, nothing), (1, written), (2, written)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(written)


if __name__ == "__main__":
    main(*sys.argv[1:])
