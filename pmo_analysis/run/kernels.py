"""papermill runs a notebook; here its run is either whole or a clear refusal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillException, PapermillExecutionError

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.run.parameters import read_notebook

DEADLINE_SECONDS = 3600


def execute(
    notebook: Path, to: Path, parameters: Mapping[str, Any], *, folder: Path, seconds: int = DEADLINE_SECONDS
) -> nbformat.NotebookNode:
    """Run a notebook with papermill and return it executed; anything less than whole is a PublishError."""
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        papermill.execute_notebook(
            str(notebook), str(to), dict(parameters), cwd=str(folder), kernel_name="python3",
            language="python", progress_bar=sys.stderr.isatty(), execution_timeout=seconds, start_timeout=120,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise PublishError(_told(notebook, error)) from error
    except CellTimeoutError as error:
        raise PublishError(f"{notebook.name}: a cell ran longer than {seconds} seconds and was stopped.") from error
    except DeadKernelError as error:
        raise PublishError(f"{notebook.name}: its kernel died (killed, or out of memory). Run again.") from error
    except NoSuchKernel as error:
        raise PublishError(
            f"No Jupyter kernel 'python3' is installed here: pip install ipykernel. ({error})"
        ) from error
    except (PapermillException, RuntimeError) as error:
        raise PublishError(f"{notebook.name} could not be run: {error}") from error
    return require_whole(to)


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


def _told(notebook: Path, error: PapermillExecutionError) -> str:
    lines = [line for line in str(error.evalue).strip().splitlines() if line.strip()]
    return f"{notebook.name}, code cell [{error.exec_count}]: {error.ename}: {' '.join(lines[:6])[:1200]}"
