"""Scenarios kept as TOML beside the data: every field checked when read, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from pmo_analysis.contract.errors import InputError, SettingError, nearest
from pmo_analysis.contract.quarters import parse_quarter
from pmo_analysis.contract.toml import parse_toml

FOLDER = "scenarios"
MOST_BYTES = 1_000_000
_FIELDS = ("name", "quarter", "services", "segments", "changes")


@dataclass(frozen=True)
class StoredScenario:
    """A scenario as it is kept: its name, the quarter it was made for, and what it changes.

    `services`, `segments`: ids of what it looks at, none = all · `changes`: as `pmo.what_if` takes them
    `sha256`: of the file that it was read from, blank where it was not
    """

    name: str
    changes: Mapping[str, Any]
    quarter: str = ""
    services: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    sha256: str = field(default="", compare=False)


def locate_scenarios(source: str) -> Path:
    """The folder that keeps a source's scenarios: in a folder of tables or beside a DuckDB file; else the present folder."""
    if "://" in source or source == "memory":
        return Path(FOLDER)
    path = Path(source)
    return path / FOLDER if path.is_dir() else path.with_name(f"{path.stem}.{FOLDER}")


def list_scenarios(folder: Path) -> list[Path]:
    """The files of a folder of scenarios, by name; none where there is no folder."""
    return sorted(folder.glob("*.toml")) if folder.is_dir() else []


def read_scenario(path: str | Path) -> StoredScenario:
    """A scenario from its file; InputError names the file, the field and the remedy.

    Whether its services, segments and roles exist is seen when it is applied to a quarter.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} has more than {MOST_BYTES:,} bytes, which no scenario has. Name its TOML file.")
        content = path.read_bytes()
        told = parse_toml(content.decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Name a scenario's TOML file.") from error
    except ValueError as error:
        raise InputError(f"{path} is not valid TOML: {error}. Mend that line or save the scenario again.") from error
    return _check(told, path, hashlib.sha256(content).hexdigest())


def write_scenario(folder: Path, scenario: StoredScenario) -> Path:
    """Keep a scenario under its name, in one step; one of the same name is replaced. Returns the file."""
    path = folder / f"{name_file(scenario.name)}.toml"
    beside = path.with_name(f".{path.name}.writing")
    try:
        folder.mkdir(exist_ok=True)
        with beside.open("wb") as handle:
            handle.write(dump_scenario(scenario).encode("utf-8"))
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written ({error.strerror}); the scenario was not saved.") from error
    return path


def dump_scenario(scenario: StoredScenario) -> str:
    """A scenario as TOML text."""
    told: dict[str, Any] = {"name": scenario.name}
    told |= {"quarter": scenario.quarter} if scenario.quarter else {}
    for name in ("services", "segments"):
        told |= {name: list(getattr(scenario, name))} if getattr(scenario, name) else {}
    return tomli_w.dumps({**told, "changes": dict(scenario.changes)})


def name_file(name: str) -> str:
    """A scenario's name as that of its file, without an ending; InputError where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    told = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    if not told:
        raise InputError(f"{name!r} is no name for a scenario. Give it a name with a letter or a digit.")
    return told


def _check(told: Mapping[str, Any], path: Path, sha256: str) -> StoredScenario:
    strange = [key for key in told if key not in _FIELDS]
    if strange:
        raise InputError(f"{path}: a scenario has no field {strange[0]!r}. {nearest(strange[0], _FIELDS)}")
    name, quarter, changes = told.get("name"), told.get("quarter", ""), told.get("changes")
    if not isinstance(name, str) or not name.strip():
        raise InputError(f'{path}: name is missing. Write name = "what you call the scenario".')
    if not isinstance(changes, dict):
        raise InputError(
            f"{path}: [changes] is missing. Write what the scenario changes under it, such as volume = 1.1."
        )
    try:
        if quarter != "":
            parse_quarter(quarter)
    except SettingError as error:
        raise InputError(f"{path}: {error}") from error
    parts = {}
    for key in ("services", "segments"):
        value = told.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise InputError(f'{path}: {key} must be a list of names, such as ["S01"], not {value!r}.')
        parts[key] = tuple(value)
    return StoredScenario(name, changes, quarter, **parts, sha256=sha256)
