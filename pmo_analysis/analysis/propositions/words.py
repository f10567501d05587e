"""Sentences from numbers, by templates that an organisation can translate."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from pmo_analysis.contract.errors import SettingError, nearest
from pmo_analysis.contract.toml import parse_toml
from pmo_analysis.contract.units import round_significant, tell_money


@cache
def _house_wording() -> dict[str, str]:
    text = resources.files("pmo_analysis.analysis.propositions").joinpath("wording.toml").read_text("utf-8")
    return tomllib.loads(text)


def read_wording(path: str | Path | None = None) -> dict[str, str]:
    """The house's words, replaced by those of a TOML file; SettingError where the file or a word in it is wrong."""
    if path is None:
        return change_wording({}, "")
    try:
        own = parse_toml(Path(path).read_text("utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}. Give the path of a TOML file.") from error
    except ValueError as error:
        raise SettingError(f"{path} is not valid TOML: {error}. Mend that line.") from error
    return change_wording(own, str(path))


def change_wording(own: Mapping[str, Any], where: str = "[wording]") -> dict[str, str]:
    """The house's words, replaced by one's own; SettingError for an unknown name, no text, or a $name that is not known."""
    house = _house_wording()
    for name, template in own.items():
        if name not in house:
            raise SettingError(f"{where}: cards have no words {name!r}. {nearest(name, house)}")
        if not isinstance(template, str):
            raise SettingError(f"{where}: {name!r} must be text in quotes, not {template!r}.")
        _check_names(name, template, house[name], where)
    return {**house, **own}


def _check_names(name: str, template: str, house: str, where: str) -> None:
    known = ", ".join(f"${n}" for n in Template(house).get_identifiers()) or "no $names"
    if not Template(template).is_valid():
        raise SettingError(
            f"{where}: {name!r} has a $ without a name after it: {template!r}. Known there: {known}; write $$ for a plain $."
        )
    strange = sorted(set(Template(template).get_identifiers()) - set(Template(house).get_identifiers()))
    if strange:
        raise SettingError(f"{where}: {name!r} uses ${strange[0]}, which is not known there. Known: {known}.")


def fill(wording: Mapping[str, str], name: str, **values: object) -> str:
    """A template filled with values."""
    return Template(wording[name]).substitute({k: str(v) for k, v in values.items()})


def money(value: float, currency: str) -> str:
    """Money to two significant figures."""
    return tell_money(float(value), currency)


def number(value: float) -> str:
    """A number to two significant figures, without a needless point."""
    rounded = round_significant(float(value), 2)
    return f"{rounded:,.0f}" if abs(rounded) >= 10 or rounded == int(rounded) else f"{rounded:,.1f}"


def percent(value: float) -> str:
    """A share as a percentage."""
    return f"{100 * float(value):.0f} %"
