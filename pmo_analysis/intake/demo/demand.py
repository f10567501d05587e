"""Demand: who asks for which service in a quarter, given the segment, the catalogue and what was asked before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import Catalogue
from pmo_analysis.intake.demo.chance import Calendar, choose_row, rng_for
from pmo_analysis.intake.demo.customers import Customers

PER_CUSTOMERS = 180  # the customers for whom the catalogue's volumes are meant
_LONG_AGO = -1_000


@dataclass(frozen=True, eq=False)
class Demand:
    """What drives demand: the segments' liking for services and the stage in which they ask.

    `affinity`: segment × service; `stage_share`: segment × service × stage; `size_share`: segment × service × size;
    `volume`: requests as a multiple of those the catalogue is meant for.
    """

    catalogue: Catalogue
    calendar: Calendar
    customers: Customers
    affinity: np.ndarray
    stage_share: np.ndarray
    size_share: np.ndarray
    volume: float = 1.0

    def offered(self, quarter: int) -> np.ndarray:
        """Which services can be had in a quarter."""
        status = self.catalogue.column("status")
        return (status == "active") | ((status == "retired") & (quarter < retired_in(self.calendar)))


def retired_in(calendar: Calendar) -> int:
    """The quarter from which retired services are no longer offered."""
    return calendar.count * 3 // 4


def plan_demand(
    catalogue: Catalogue, calendar: Calendar, customers: Customers, seed: int, *, volume: float = 1.0
) -> Demand:
    """The planted liking of segments for services, stages and sizes."""
    noise = rng_for(seed, "affinity").normal(0, plan.SERVICE_NOISE, (len(plan.SEGMENTS), len(catalogue.services)))
    affinity = plan.AFFINITY[:, catalogue.family_of] * np.exp(noise)
    stage = _shares(catalogue.in_stage[None] * plan.STAGE_TILT[:, None, :])
    later = _after_last(catalogue.in_stage)
    late_share = np.where(later.any(axis=1), plan.TOO_LATE_SHARE, 0.0)[None, :, None]
    stage = (1 - late_share) * stage + late_share * _shares(later.astype(float))[None]
    size = _shares(catalogue.size_mix[None] * plan.SIZE_TILT[:, None, :])
    return Demand(catalogue, calendar, customers, affinity, stage, size, volume)


def _shares(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def _after_last(in_stage: np.ndarray) -> np.ndarray:
    """The two stages after the last that is declared: there the service comes too late."""
    number = np.arange(in_stage.shape[1])
    last = np.where(in_stage, number, -1).max(axis=1)[:, None]
    return (number > last) & (number <= last + 2)


def nobody_asked(demand: Demand) -> np.ndarray:
    """Customer × service: the quarter of the last request, long ago for all."""
    return np.full((len(demand.customers.ids), len(demand.catalogue.services)), _LONG_AGO, np.int32)


def request_rates(demand: Demand, quarter: int, last_asked: np.ndarray) -> np.ndarray:
    """Requests expected per customer and service in a quarter, before its bursts."""
    customers, catalogue = demand.customers, demand.catalogue
    segment = customers.segment[:, min(quarter, demand.calendar.count - 1)]
    on_target = np.where(catalogue.on_target.T[customers.category], 1.0, plan.OFF_TARGET)
    weight = demand.affinity[segment] * customers.liking[:, catalogue.family_of] * on_target
    weight = weight * _repeat(catalogue, quarter - last_asked) * customers.active(quarter)[:, None]
    volume = catalogue.column("volume_per_quarter") * len(weight) / PER_CUSTOMERS * (1 + plan.GROWTH) ** quarter
    volume = volume * np.where(demand.offered(quarter), 1.0, 0.3) * demand.volume
    rate = weight * (volume / np.maximum(weight.sum(axis=0), 1e-9))
    return np.where((quarter >= customers.quiet_from)[:, None], 0.0, rate)


def _repeat(catalogue: Catalogue, gap: np.ndarray) -> np.ndarray:
    """How a request changes the next: recurring services are asked for again, one-off ones are sated."""
    repeat = catalogue.column("repeat")
    memory = np.where(catalogue.recurring, 2, np.where(repeat < 0.1, 12, 4))
    return np.where(gap <= memory, repeat, 1.0)


def draw_requests(demand: Demand, quarter: int, last_asked: np.ndarray, seed: int) -> pd.DataFrame:
    """One row per request of a quarter: numbers of customer, service, segment, stage and size; whether offered."""
    rng = rng_for(seed, "requests", quarter)
    rate = request_rates(demand, quarter, last_asked)
    shape = plan.RHYTHM[demand.customers.segment[:, quarter]]
    burst = rng.gamma(shape, 1 / shape)
    counts = rng.poisson(rate * burst[:, None])
    customer, service = (np.repeat(i, counts[counts > 0]) for i in np.nonzero(counts))
    segment = demand.customers.segment[customer, quarter]
    return pd.DataFrame(
        {
            "customer": customer,
            "service": service,
            "segment": segment,
            "quarter": quarter,
            "stage": choose_row(rng, demand.stage_share[segment, service]),
            "group": choose_row(rng, demand.size_share[segment, service]),
            "offered": demand.offered(quarter)[service],
        }
    )


def remember(last_asked: np.ndarray, requests: pd.DataFrame, quarter: int) -> np.ndarray:
    """The last requests after a quarter; refused ones count, since they were asked for."""
    updated = last_asked.copy()
    updated[requests["customer"], requests["service"]] = quarter
    return updated


def chance_of_request(demand: Demand, quarter: int, last_asked: np.ndarray) -> np.ndarray:
    """Customer × service: the true probability of at least one request in a quarter, given who stays."""
    rate = request_rates(demand, quarter, last_asked)
    shape = plan.RHYTHM[demand.customers.segment[:, min(quarter, demand.calendar.count - 1)]][:, None]
    return 1 - (1 + rate / shape) ** -shape
