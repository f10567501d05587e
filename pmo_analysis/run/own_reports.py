"""A new notebook for an analyst's own report: it has what publishing asks for, and room for own questions."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.run.manifest import ROOT
from pmo_analysis.run.parameters import read_parameters

TEMPLATE = Path(__file__).with_name("own_report.ipynb")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")


def start_report(name: str, *, folder: Path = ROOT / "notebooks") -> Path:
    """Write `notebooks/NAME.ipynb` from the template and say where it is; an existing notebook is never written over.

    Raises SettingError for a name that is not small letters, digits and `_`, and where the notebook is there already.
    """
    plain = name.removesuffix(".ipynb")
    if not _NAME.fullmatch(plain):
        raise SettingError(
            f"{name!r} cannot name a notebook. Use 2 to 60 small letters, digits and _, a letter first: retail_review."
        )
    notebook = nbformat.read(TEMPLATE, as_version=4)
    notebook.cells[0].source = notebook.cells[0].source.replace("Own report", plain.replace("_", " ").capitalize(), 1)
    path = folder / f"{plain}.ipynb"
    _write_new(path, nbformat.writes(notebook) + "\n")
    read_parameters(path)  # what was written can be published
    return path


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        raise SettingError(f"{path} is there already and stays as it is. Give another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SettingError(
            f"{path} cannot be written: {error.strerror}. Choose a folder that you may write to."
        ) from error
