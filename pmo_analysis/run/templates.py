"""The template of the board's slides: the organisation's own, or the house's."""

from __future__ import annotations

from pathlib import Path

from pmo_analysis.intake.dataset import Dataset


def find_template(data: Dataset) -> Path | None:
    """The template that the setting `slides_template` names, None for the house's; SettingError where it lacks what slides need.

    Relative paths count from the data's folder, of a database from where the program runs.
    """
    named = data.settings["slides_template"]
    if not named:
        return None
    from pmo_analysis.present.slides import require_template  # takes seconds to import: only where it is needed

    path = _beside(data.source) / Path(named).expanduser()
    require_template(path)
    return path


def _beside(source: str) -> Path:
    if "://" in source:
        return Path()
    return Path(source) if Path(source).is_dir() else Path(source).parent
