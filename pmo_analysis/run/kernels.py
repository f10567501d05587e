"""papermill runs a notebook; here its run is either whole or a clear refusal."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillException, PapermillExecutionError

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.intake.scratch import private_folder, remove_left
from pmo_analysis.run.forking import speak_privately
from pmo_analysis.run.limits import Limits
from pmo_analysis.run.parameters import read_notebook
from pmo_analysis.run.warm import Zygote, short_folder

HOUSE_LIMITS = Limits()
_PRINTED_SECONDS = 120  # how long what a cell has printed may be on its way; nbclient's 4 fail on a busy machine


def execute(
    notebook: Path,
    to: Path,
    parameters: Mapping[str, Any],
    *,
    folder: Path,
    limits: Limits = HOUSE_LIMITS,
    zygote: Zygote | None = None,
) -> nbformat.NotebookNode:
    """Run a notebook with papermill and return it executed; anything less than whole is a PublishError.

    In a new kernel, or in one forked from the `zygote`. Both speak through sockets in a private folder: over ports of
    this machine whoever uses it could listen, of which ipykernel rightly warns.
    """
    for chatty in ("papermill", "traitlets"):  # what fails is raised, and told once
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    with private_folder(short_folder()) as private:
        kernel = zygote.kernel() if zygote else {"config": speak_privately(private / "k.json")}
        kernel |= {"execution_timeout": limits.seconds, "extra_arguments": limits.kernel_arguments}
        try:
            _run(notebook, to, parameters, cwd=str(folder), **kernel)
        finally:
            remove_left()  # a kernel that is ended at once leaves its own folder
    limits.require_modest(to)
    return require_whole(to)


def _run(notebook: Path, to: Path, parameters: Mapping[str, Any], **options: Any) -> None:
    """papermill's run, each way in which it can fail told in words."""
    try:
        papermill.execute_notebook(
            str(notebook), str(to), dict(parameters), kernel_name="python3", language="python",
            progress_bar=False, start_timeout=120, iopub_timeout=_PRINTED_SECONDS, **options,
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise PublishError(_told(notebook, error)) from error
    except CellTimeoutError as error:
        raise PublishError(f"{notebook.name}: {_late(error, options['execution_timeout'])}") from error
    except DeadKernelError as error:
        raise PublishError(f"{notebook.name}: its kernel died (killed, or out of memory). Run again.") from error
    except NoSuchKernel as error:
        raise PublishError(
            f"No Jupyter kernel 'python3' is installed here: pip install ipykernel. ({error})"
        ) from error
    except (FileNotFoundError, PermissionError) as error:
        raise PublishError(
            f"{notebook.name}: the Jupyter kernel 'python3' could not be started ({error.strerror}: {error.filename}). "
            "Install it anew: python -m ipykernel install --sys-prefix."
        ) from error
    except (PapermillException, RuntimeError) as error:
        raise PublishError(f"{notebook.name} could not be run: {error}") from error


def require_whole(path: Path) -> nbformat.NotebookNode:
    """The executed notebook, once papermill has set its end and every code cell has run."""
    executed = read_notebook(path)
    record = executed.metadata.get("papermill", {})
    code = [c for c in executed.cells if c.cell_type == "code" and c.source.strip()]
    skipped = [i for i, c in enumerate(code, start=1) if c.get("execution_count") is None]
    if not record.get("end_time") or record.get("exception") or skipped:
        where = f"code cell {skipped[0]} of {len(code)} did not run" if skipped else "papermill did not finish"
        raise PublishError(f"{path.name} is not whole: {where}. Nothing was published.")
    return executed


def _late(error: CellTimeoutError, seconds: int) -> str:
    if "IOPub" in str(error):
        return f"what a cell printed did not arrive within {_PRINTED_SECONDS} seconds. Print less, or run again."
    return f"a cell ran longer than {seconds} seconds and was stopped (setting notebook_seconds)."


def _told(notebook: Path, error: PapermillExecutionError) -> str:
    lines = [line for line in str(error.evalue).strip().splitlines() if line.strip()]
    return f"{notebook.name}, code cell [{error.exec_count}]: {error.ename}: {' '.join(lines[:6])[:1200]}"
