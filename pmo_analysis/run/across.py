"""An error that goes from one process to another as JSON, so that it is told there as if it had happened there."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from pmo_analysis.contract.errors import BusyError, InputError, PmoError, PublishError, SettingError

_KINDS = {kind.__name__: kind for kind in (PmoError, InputError, SettingError, BusyError, PublishError)}


def write_error(error: Exception) -> dict[str, Any]:
    """What is to be known of an error: of ours the text and exit code, of the system's its number and file."""
    if isinstance(error, PmoError):
        return {"kind": type(error).__name__, "text": str(error), "exit_code": error.exit_code}
    if isinstance(error, OSError) and error.errno:
        return {"kind": "OSError", "number": error.errno, "text": error.strerror, "file": error.filename}
    return {"kind": "", "text": "".join(traceback.format_exception(error))}


def read_error(told: Mapping[str, Any]) -> Exception:
    """The error to be raised; one that nobody foresaw is a RuntimeError with the other process's traceback."""
    if told["kind"] == "OSError":
        return OSError(told["number"], told["text"], told["file"])
    if told["kind"] not in _KINDS:
        return RuntimeError(told["text"])
    error = _KINDS[told["kind"]](told["text"])
    error.exit_code = told["exit_code"]
    return error
