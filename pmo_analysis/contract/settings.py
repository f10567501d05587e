"""Settings: every number that shapes a result, its unit and its source, overridable and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import SettingError, nearest
from pmo_analysis.contract.toml import parse_toml


@dataclass(frozen=True)
class Setting:
    """One setting as the house declares it."""

    name: str
    value: Any
    unit: str
    source: str
    help: str
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()


@cache
def declared() -> dict[str, Setting]:
    """All settings of the house by dotted name, in the order of `settings.toml`."""
    text = resources.files("pmo_analysis.contract").joinpath("settings.toml").read_text("utf-8")
    return {name: _declare(name, entry) for name, entry in _entries(tomllib.loads(text))}


def _entries(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, node in tree.items():
        if "help" in node:
            yield prefix + name, node
        else:
            yield from _entries(node, f"{prefix}{name}.")


def _declare(name: str, entry: dict[str, Any]) -> Setting:
    limits = entry.get("range")
    return Setting(
        name,
        entry["value"],
        entry["unit"],
        entry["source"],
        entry["help"],
        tuple(limits) if limits else None,
        tuple(entry.get("choices", ())),
    )


class Settings(Mapping[str, Any]):
    """Values by dotted name; unknown names raise a SettingError that suggests the nearest."""

    def __init__(self, changed: Mapping[str, Any] | None = None) -> None:
        self._changed = {name: _checked(name, value) for name, value in (changed or {}).items()}

    def __getitem__(self, name: str) -> Any:
        _known(name)
        # a copy: whoever changes a list that was read does not change the setting
        return deepcopy(self._changed.get(name, declared()[name].value))

    def __iter__(self) -> Iterator[str]:
        return iter(declared())

    def __len__(self) -> int:
        return len(declared())

    def group(self, prefix: str) -> dict[str, Any]:
        """The settings below a dotted prefix: `group("weight")` → outcome: weight."""
        return {n.removeprefix(prefix + "."): self[n] for n in self if n.startswith(prefix + ".")}

    def replace(self, **changes: Any) -> Settings:
        """Settings with some values changed; dotted names go in a mapping: `**{"weight.execution": .3}`."""
        return Settings({**self._changed, **changes})

    def changed(self) -> dict[str, Any]:
        """Only what differs from the house's values."""
        return {n: v for n, v in self._changed.items() if v != declared()[n].value}

    def table(self) -> pd.DataFrame:
        """All settings: name, value, unit, source, help, changed."""
        rows = [
            (s.name, repr(self[s.name]), s.unit, s.source, s.help, s.name in self.changed())
            for s in declared().values()
        ]
        return pd.DataFrame(rows, columns=["name", "value", "unit", "source", "help", "changed"])

    def _repr_html_(self) -> str:
        return self.table().to_html(index=False)


def read_settings(folder: str | Path | None = None, changes: Mapping[str, Any] | None = None) -> Settings:
    """The house's settings, changed by `settings.toml` in a folder, then by `changes`."""
    path = Path(folder) / "settings.toml" if folder else None
    from_file = _read_file(path) if path and path.is_file() else {}
    return Settings({**from_file, **(changes or {})})


def parse_assignment(text: str) -> tuple[str, Any]:
    """`name=value` of the command line → (name, value); the value is read as TOML, else as text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"--set {text!r} has no '='. Write --set name=value.")
    try:
        return name.strip(), parse_toml(f"x = {value.strip()}")["x"]
    except ValueError:
        return name.strip(), value.strip()


def _read_file(path: Path) -> dict[str, Any]:
    try:
        tree = parse_toml(path.read_text("utf-8"))
    except ValueError as error:
        raise SettingError(f"{path} is not valid TOML: {error}. Mend that line or remove the file.") from error
    return dict(_flatten(tree))


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        full = prefix + name
        if isinstance(value, dict) and full not in declared():
            yield from _flatten(value, full + ".")
        else:
            yield full, value


def _known(name: str) -> None:
    if name not in declared():
        raise SettingError(f"There is no setting {name!r}. {nearest(name, declared())}")


def _checked(name: str, value: Any) -> Any:
    _known(name)
    setting = declared()[name]
    if type(value) is int and abs(value) > 10**15:
        raise SettingError(
            f"Setting {name} must be {_kind(setting.value)} ({setting.unit}), not one of over 15 digits."
        )
    value = float(value) if type(setting.value) is float and type(value) is int else value
    if type(value) is not type(setting.value):
        raise SettingError(f"Setting {name} must be {_kind(setting.value)} ({setting.unit}), not {value!r}.")
    if isinstance(value, list) and setting.value and len(value) != len(setting.value) and name.startswith("anchor."):
        raise SettingError(f"Setting {name} takes two numbers, worst and best, not {value!r}.")
    if setting.range and not setting.range[0] <= value <= setting.range[1]:
        raise SettingError(f"Setting {name} = {value!r} is outside {setting.range[0]:g} to {setting.range[1]:g}.")
    if setting.choices and value not in setting.choices:
        raise SettingError(f"Setting {name} = {value!r}: choose one of {', '.join(setting.choices)}.")
    return value


def _kind(value: Any) -> str:
    return {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table of name = value",
    }[type(value)]
