"""Names that people know, for the identifiers that tables use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pmo_analysis.quarter import Quarter


@dataclass(frozen=True)
class Names:
    """What services, segments, customers and measures are called; an unknown identifier keeps its own name."""

    services: Mapping[str, str]
    segments: Mapping[str, str]
    customers: Mapping[str, str]
    measures: Mapping[str, str]

    def service(self, identifier: object) -> str:
        """A service's name."""
        return self.services.get(str(identifier), str(identifier))

    def segment(self, identifier: object) -> str:
        """A segment's name: the one the organisation gave it, else the one derived from its rule."""
        own = self.segments.get(str(identifier), str(identifier))
        name = self.segments.get(own, own)
        return name[:1].upper() + name[1:]

    def customer(self, identifier: object) -> str:
        """A customer's name."""
        return self.customers.get(str(identifier), str(identifier))

    def measure(self, identifier: object) -> str:
        """A measure's title."""
        return self.measures.get(str(identifier), str(identifier).replace("_", " "))

    def group(self, kind: str, identifier: object) -> str:
        """The name of a group of any kind."""
        if kind == "all":
            return "All together"
        tell = {"service": self.service, "segment": self.segment, "customer": self.customer}.get(kind, str)
        return tell(identifier)


def names_of(quarter: Quarter) -> Names:
    """The names that a quarter's tables give."""
    return Names(
        _column(quarter.data.frame("services"), "service_id", "name"),
        {**_column(quarter.segmentation.rules, "segment", "name"), **quarter.settings["segment_names"]},
        _column(quarter.data.frame("customers"), "customer_id", "name"),
        _column(quarter.measures.definitions, "measure", "title"),
    )


def _column(rows: pd.DataFrame, key: str, value: str) -> dict[str, str]:
    if key not in rows or value not in rows:
        return {}
    pairs = zip(rows[key].tolist(), rows[value].tolist(), strict=True)
    return {str(k): str(v) for k, v in pairs if pd.notna(k) and pd.notna(v)}
