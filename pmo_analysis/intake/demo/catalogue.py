"""The catalogue of the invented organisation, read from `catalogue.toml` into arrays and tables."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

SIZES = ("S", "M", "L")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What the organisation offers, one entry per service in catalogue order.

    `services` and `roles` as tables; `hours`, `customer_senior_hours`, `size_mix`: service × size;
    `role_mix`: service × role (rows sum to 1); `in_stage`: service × stage and `on_target`:
    service × category, true where the catalogue declares it.
    """

    organisation: dict[str, Any]
    stages: tuple[str, ...]
    families: tuple[str, ...]
    categories: pd.DataFrame
    roles: pd.DataFrame
    services: pd.DataFrame
    hours: np.ndarray
    customer_senior_hours: np.ndarray
    size_mix: np.ndarray
    role_mix: np.ndarray
    in_stage: np.ndarray
    on_target: np.ndarray

    @property
    def family_of(self) -> np.ndarray:
        """Number of each service's family."""
        return np.array([self.families.index(f) for f in self.services["family"]])

    @property
    def recurring(self) -> np.ndarray:
        """Which services are asked for again and again."""
        return (self.services["kind"] == "recurring").to_numpy()

    def column(self, name: str) -> np.ndarray:
        """One property of all services as an array."""
        return self.services[name].to_numpy()


@cache
def read_catalogue() -> Catalogue:
    """The catalogue that ships with the package."""
    text = resources.files("pmo_analysis.intake.demo").joinpath("catalogue.toml").read_text("utf-8")
    tree = tomllib.loads(text)
    services, roles = pd.DataFrame(tree["service"]), pd.DataFrame(tree["role"])
    categories = pd.DataFrame(tree["category"])
    stages = tuple(tree["stages"])
    sized = {name: np.array(services[name].tolist(), float) for name in ("hours", "customer_senior_hours", "size_mix")}
    return Catalogue(
        organisation={name: value for name, value in tree.items() if not isinstance(value, list)},
        stages=stages,
        families=tuple(tree["families"]),
        categories=categories,
        roles=roles,
        services=services,
        role_mix=np.array([[mix.get(r, 0.0) for r in roles["name"]] for mix in services["role_mix"]]),
        in_stage=np.array([[s in declared.split(";") for s in stages] for declared in services["stages"]]),
        on_target=np.array([[c in targets for c in categories["code"]] for targets in services["targets"]]),
        **sized,
    )
