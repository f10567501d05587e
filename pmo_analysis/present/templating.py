"""Templates in which every value is escaped: the only way text becomes HTML."""

from __future__ import annotations

from functools import cache
from importlib import resources

import jinja2

_FOLDER = resources.files("pmo_analysis.present").joinpath("templates")


@cache
def environment() -> jinja2.Environment:
    """The house's templates; a value that is not given is an error, a value that is given is escaped."""
    loader = jinja2.PackageLoader("pmo_analysis.present", "templates")
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def render(template: str, **values: object) -> str:
    """A template filled with values."""
    return environment().get_template(template).render(**values)


def stylesheet(name: str) -> str:
    """A style sheet of the house as text."""
    return _FOLDER.joinpath(name).read_text("utf-8")
