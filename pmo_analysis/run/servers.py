"""JupyterLab and the app, on this machine only."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.addresses import require_no_secret
from pmo_analysis.intake.scratch import private_folder
from pmo_analysis.run.manifest import ROOT

NOTEBOOKS = ROOT / "notebooks"
APP = NOTEBOOKS / "what_if_sizing.ipynb"
LOOPBACK = "127.0.0.1"
_JUPYTER_PATHS = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH")
_POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: ws:; frame-ancestors 'none'"


def open_lab(*, port: int | None = None, browser: bool = True) -> int:
    """Open JupyterLab on the project's start page; returns its exit code."""
    _require(NOTEBOOKS)
    command = lab_command(ROOT, "notebooks/start.ipynb", port=port, browser=browser)
    return subprocess.call(command, env=jupyter_environment())


def lab_command(root: Path, notebook: str, *, port: int | None = None, browser: bool = True) -> list[str]:
    """How JupyterLab is called: this machine only, on a notebook below the root."""
    options = [
        f"--ServerApp.ip={LOOPBACK}",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{notebook}",
    ]
    options += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port else []
    options += [] if browser else ["--ServerApp.open_browser=False"]
    # Jupyter refuses to run as root, as in a container, unless told; here it listens to this machine only.
    options += ["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []
    return [sys.executable, "-m", "jupyterlab", *options]


def open_app(
    source: str = "data/demo", quarter: str | None = None, *, port: int | None = None, browser: bool = True
) -> int:
    """Serve what-if sizing for a source and a quarter by Voilà, no code shown; returns its exit code."""
    _require(APP)
    with private_folder() as folder:
        prepared = _prepare(folder, source, quarter)
        return subprocess.call(app_command(prepared, port=port, browser=browser), env=jupyter_environment())


def app_command(notebook: Path, *, port: int | None = None, browser: bool = True) -> list[str]:
    """How Voilà is called: this machine only, sources stripped, errors told without a traceback.

    The browser is told to load nothing from elsewhere, and the house's page (`jupyter_environment`) asks for nothing:
    Voilà's own wants icons from a public server.
    """
    headers = {"headers": {"Content-Security-Policy": _POLICY}}
    options = [f"--Voila.ip={LOOPBACK}", "--VoilaConfiguration.strip_sources=True", "--show_tracebacks=False"]
    options += [f"--Voila.tornado_settings={headers}", "--template=pmo"]
    options += [f"--Voila.port={port}", "--Voila.port_retries=0"] if port else []
    options += [] if browser else ["--no-browser"]
    return [sys.executable, "-m", "voila", str(notebook), *options]


def jupyter_environment() -> dict[str, str]:
    """The environment in which Voilà finds the house's own page, and JupyterLab that it need not ask for news."""
    own = str(Path(__file__).with_name("jupyter"))
    paths = {name: os.pathsep.join(filter(None, [own, os.environ.get(name)])) for name in _JUPYTER_PATHS}
    return {**os.environ, **paths}


def _prepare(folder: Path, source: str, quarter: str | None) -> Path:
    """The app's notebook with the source and quarter filled in, checked before anything is served."""
    import papermill

    from pmo_analysis.intake.load import load
    from pmo_analysis.quarter import choose_quarter, find_source

    require_no_secret(source)
    found = find_source(source)
    chosen = choose_quarter(load(found), quarter)
    whole = found if "://" in found else str(Path(found).resolve())
    logging.getLogger("papermill").setLevel(logging.ERROR)
    given = {"source": whole, "quarter": chosen}
    papermill.execute_notebook(str(APP), str(folder / APP.name), given, prepare_only=True, progress_bar=False)
    return folder / APP.name


def _require(path: Path) -> None:
    if not path.exists():
        raise InputError(f"There is no {path}. Run this from a clone of the project.")
