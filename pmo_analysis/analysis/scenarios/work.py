"""One quarter's engagements as arrays by service: sums once, so that a change is a few multiplications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.scenarios.mix import read_kinds
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings

Numbers = npt.NDArray[np.float64]
SUMMED = ("worked_hours", "cost", "process_cost", "charged_cost", "spare_hours", "missing_hours")
_NUMBERS = ["worked_hours", "cost", "standard_hours", "process_hours", "charged_cost"]


@dataclass(frozen=True, eq=False)
class Work:
    """The engagements of a scenario, sorted by service and hours, and what does not change with it.

    `sums`, `squares`: column → one number per service, NaN where nothing is known; `count`: engagements per service;
    `bounds`: where each service's rows begin and end; `running`: sums of hours and of their squares over the rows;
    `hours`, `standard`: of each row; `customer`: a number per row for its customer; `elsewhere`: the quarter's other
    engagements; `other_hours`: hours of those and of work on no engagement; `everybody_count`: customers of all.
    """

    rows: pd.DataFrame = field(repr=False)
    elsewhere: pd.DataFrame = field(repr=False)
    settings: Settings = field(repr=False)
    services: list[str]
    count: Numbers
    sums: Mapping[str, Numbers] = field(repr=False)
    squares: Mapping[str, Numbers] = field(repr=False)
    kinds: pd.DataFrame = field(repr=False)
    bounds: npt.NDArray[np.int64] = field(repr=False)
    hours: Numbers = field(repr=False)
    standard: Numbers = field(repr=False)
    running: tuple[Numbers, Numbers] = field(repr=False)
    customer: npt.NDArray[np.int64] = field(repr=False)
    other_hours: float
    everybody_count: int

    def rows_of(self, service: str) -> slice:
        """Where the rows of a service stand."""
        at = self.services.index(service)
        return slice(int(self.bounds[at]), int(self.bounds[at + 1]))


def read_work(engagements: pd.DataFrame, elsewhere: pd.DataFrame | None, used_hours: float, settings: Settings) -> Work:
    """The engagements summed by service; missing hours and cost take their service's mean (none: unknown).

    `used_hours`: all that was booked in the quarter, NaN where only the engagements' hours are known.
    """
    _refuse(engagements)
    rows = _complete(engagements).sort_values(["service_id", "worked_hours"], ignore_index=True)
    beside = _complete(engagements.iloc[:0] if elsewhere is None else elsewhere)
    services = sorted(rows["service_id"].unique())
    groups = rows.groupby("service_id")
    count = groups.size().reindex(services).to_numpy(float)
    squared = rows[list(SUMMED)].pow(2).groupby(rows["service_id"])
    hours = np.nan_to_num(rows["worked_hours"].to_numpy(float))
    worked = float(hours.sum())
    everybody = pd.concat([rows["customer_id"], beside["customer_id"]])
    return Work(
        rows=rows,
        elsewhere=beside,
        settings=settings,
        services=services,
        count=count,
        sums={c: groups[c].sum(min_count=1).reindex(services).to_numpy(float) for c in SUMMED},
        squares={c: squared[c].sum(min_count=1).reindex(services).to_numpy(float) for c in SUMMED},
        kinds=read_kinds(rows, services),
        bounds=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        hours=hours,
        standard=rows["standard_hours"].to_numpy(float),
        running=(_running(hours), _running(hours**2)),
        customer=pd.factorize(rows["customer_id"])[0].astype(np.int64),
        other_hours=max(used_hours - worked, 0.0) if np.isfinite(used_hours) else float(beside["worked_hours"].sum()),
        everybody_count=int(everybody.nunique()),
    )


def _running(values: Numbers) -> Numbers:
    return np.concatenate([[0.0], np.cumsum(values)])


def _refuse(engagements: pd.DataFrame) -> None:
    missing = [c for c in ("service_id", "customer_id", "worked_hours", "cost") if c not in engagements]
    if missing:
        raise InputError(f"A scenario needs the engagements' column {', '.join(missing)}.")
    if engagements.empty:
        raise InputError("No engagement in the quarter (or none of the services and segments asked for): no scenario.")
    negative = int((engagements["worked_hours"] < 0).sum())
    if negative:
        raise InputError(f"{negative} of {len(engagements)} engagements have negative worked_hours; mend them.")


def _complete(engagements: pd.DataFrame) -> pd.DataFrame:
    """The columns that a scenario uses, and per engagement what its process cost and its size had too much or too little."""
    rows = engagements.reindex(columns=["service_id", "customer_id", "size", "bespoke", "tier", *_NUMBERS])
    rows = rows.astype({**dict.fromkeys(_NUMBERS, float), "service_id": "str", "bespoke": "boolean"})
    for name in ("worked_hours", "cost"):
        mean = rows.groupby("service_id")[name].transform("mean")
        rows[name] = rows[name].fillna(mean).fillna(rows[name].mean())
    hours, standard = rows["worked_hours"], rows["standard_hours"]
    rows["process_cost"] = rows["process_hours"] * (rows["cost"] / hours.where(hours > 0))
    rows["spare_hours"] = (standard - hours).clip(lower=0)
    rows["missing_hours"] = (hours - standard).clip(lower=0)
    return rows
