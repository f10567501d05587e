"""Sentences from numbers, by templates that an organisation can translate."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.units import round_significant, tell_money


@cache
def _house_wording() -> dict[str, str]:
    text = resources.files("pmo_analysis.analysis.propositions").joinpath("wording.toml").read_text("utf-8")
    return tomllib.loads(text)


def read_wording(path: str | Path | None = None) -> dict[str, str]:
    """The house's words, replaced by those of a file; SettingError for a word or a $name that cards do not use."""
    house = _house_wording()
    own = tomllib.loads(Path(path).read_text("utf-8")) if path else {}
    unknown = sorted(set(own) - set(house))
    if unknown:
        raise SettingError(
            f"{path} has words that cards do not use: {', '.join(unknown)}. See wording.toml for the names."
        )
    for name, template in own.items():
        strange = sorted(set(Template(template).get_identifiers()) - set(Template(house[name]).get_identifiers()))
        if strange:
            raise SettingError(
                f"{path}: {name!r} uses ${strange[0]}, which is not known there. Use the names of the house's words."
            )
    return {**house, **own}


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
