"""JupyterLab and the app, on this machine only."""

from __future__ import annotations

import subprocess
import sys

from pmo_analysis.contract.errors import InputError
from pmo_analysis.run.manifest import ROOT

NOTEBOOKS = ROOT / "notebooks"
APP = NOTEBOOKS / "what_if_sizing.ipynb"


def open_lab() -> int:
    """Open JupyterLab on the project's notebooks; returns its exit code."""
    return subprocess.call([sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"], cwd=_notebooks())


def open_app() -> int:
    """Open what-if sizing as a Voilà app, no code shown; returns its exit code."""
    command = [sys.executable, "-m", "voila", APP.name, "--Voila.ip=127.0.0.1", "--strip_sources=True"]
    return subprocess.call(command, cwd=_notebooks())


def _notebooks() -> str:
    if not APP.is_file():
        raise InputError(f"There is no {APP}. Run this from a clone of the project.")
    return str(NOTEBOOKS)
