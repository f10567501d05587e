"""A process with the libraries imported and a quarter computed or its tables read, from which each kernel is forked clean.

Started as `python -m pmo_analysis.run.zygote ADDRESS packs|report` by `run/warm.py`. It reads one line from its standard
input: for packs where the tables are and of what, for a report which quarter to compute. It makes itself warm and answers
`ready`, or the error as JSON. Then it forks, for each connection on the Unix socket ADDRESS, a kernel or a process that writes
the quarter's files. It never runs a cell itself, so what one kernel does no other sees. It ends, and what it forked with it,
when its standard input closes: with the process that started it, however that ends.
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

from pmo_analysis.run.across import write_error

_PR_SET_PDEATHSIG = 1
Write = Callable[..., dict[str, Any]]


def main(address: str, notebooks: str) -> None:
    """Import, read, answer `ready`, and fork until the standard input closes."""
    _end_with_parent()
    import ipykernel.ipkernel
    import ipykernel.kernelapp  # noqa: F401

    warm = _import_packs() if notebooks == "packs" else _import_report()
    line = sys.stdin.readline()
    if not line.strip():
        return
    try:
        write = warm(**json.loads(line))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told by the process that asked
        _answer(json.dumps(write_error(error)))
        return
    _require_threads(at_most=3 if notebooks == "report" else 1)
    gc.collect()
    gc.freeze()  # what is here stays shared: the collector of a kernel does not touch it
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system takes ended kernels away
        _answer("ready")
        asked = _fork_until_closed(listener)
    if asked:
        request, connection = asked
        _leave_parent()
        if "arguments" in request:
            connection.close()
            _become_kernel(request)
        else:
            _write_and_end(write, request, connection)


def _answer(text: str) -> None:
    print(text, flush=True)  # noqa: T201 the answer that the starting process waits for


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


def _import_report() -> Callable[..., Write | None]:
    """Everything the report's kernel needs, and what writes the files beside it."""
    import pyarrow

    import pmo_analysis.present.answers
    import pmo_analysis.quarter.run
    import pmo_analysis.run.files  # noqa: F401

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    return _warm_report


def _warm_report(asked: dict[str, Any] | None = None) -> Write | None:
    """Compute the quarter asked for, if one is, so that its notebook finds it; what writes its files.

    Then its engine is let go, with its threads: what is told needs no more than is in memory.
    """
    _draw_for_nobody()
    if asked is None:
        return None
    from pmo_analysis.quarter.run import offer_quarter, open_quarter
    from pmo_analysis.run.files import describe_quarter, write_files

    quarter = open_quarter(**asked)
    about = describe_quarter(quarter)
    quarter.data.let_go("customers", "services", "offerings")
    offer_quarter(quarter, **asked)

    def write(folder: str, template: str | None) -> dict[str, Any]:
        write_files(quarter, Path(folder), Path(template) if template else None)
        return about

    return write


def _draw_for_nobody() -> None:
    """Fonts are read and measured once."""
    from pmo_analysis.present.plots.style import house_style, list_rows, new_axes
    from pmo_analysis.present.shown import draw

    with house_style():
        axes = new_axes(2.0)
        list_rows(axes, ["a", "b"])
        draw(axes, "for nobody")


def _require_threads(at_most: int) -> None:
    """Forking is safe while nobody else runs: a second thread's locks would stay locked for ever in the child.

    The two that Arrow keeps, one to compute and one to read, know of forks and are made anew in the child; a quarter is
    not computed, nor the report before read, without them.
    """
    threads = [p.joinpath("comm").read_text().strip() for p in Path("/proc/self/task").iterdir()]
    if len(threads) > at_most:
        sys.exit(f"a library started {len(threads) - 1} threads; kernels cannot be forked ({', '.join(threads)})")


def _fork_until_closed(listener: socket.socket) -> tuple[dict[str, Any], socket.socket] | None:
    """In this process: None once the standard input has closed. In a forked child: what it is asked, and by whom."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return None
        connection, _ = listener.accept()
        with connection.makefile("r", encoding="utf-8") as line:
            request = json.loads(line.readline())
        pid = os.fork()
        if pid == 0:
            return dict(request), connection
        handle = os.pidfd_open(pid)
        if "arguments" in request:
            socket.send_fds(connection, [str(pid).encode()], [handle])
        os.close(handle)
        connection.close()


def _leave_parent() -> None:
    """A session of its own, and an end with the parent."""
    os.setsid()
    _end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _end_with_parent() -> None:
    """However the process that started this one ends, this one does not compute on for nobody."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _write_and_end(write: Write | None, request: dict[str, Any], connection: socket.socket) -> None:
    """Write the quarter's files, tell what the manifest says of it, and leave nothing to clean up."""
    assert write is not None
    try:
        told = {"about": write(**request)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told by the process that asked
        told = {"error": write_error(error)}
    connection.sendall(json.dumps(told).encode() + b"\n")
    connection.close()
    os._exit(0)


def _become_kernel(request: dict[str, Any]) -> None:
    """Streams, environment and folder of its own; then the kernel as Jupyter starts it."""
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
