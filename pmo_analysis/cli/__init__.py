"""The command line: `pmo`."""

from pmo_analysis.cli.commands import app, main

__all__ = ["app", "main"]
