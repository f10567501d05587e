"""How long a request waits when so many servers share the work: M/M/c by Erlang's formulas."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincc, gammaln, hyperu

from pmo_analysis.contract.errors import InputError

Numbers = npt.NDArray[np.float64]


def queue_wait(
    arrivals_per_hour: npt.ArrayLike,
    service_hours: npt.ArrayLike,
    servers: npt.ArrayLike,
    *,
    target_hours: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Tells how busy a team is and how long a request waits before work begins.

    Random arrivals, random service times, one queue, alike servers (M/M/c). The arguments are numbers
    or equally long lists, one row each; `servers` may be fractional (Erlang's formula continued by its
    integral). Columns: arrivals_per_hour, service_hours, servers, offered_load (erlangs), utilisation (0–1
    and above), blocking_probability (Erlang B: no queue allowed), wait_probability (Erlang C),
    mean_wait_hours, service_level (share that waits at most `target_hours`, missing without it).
    A team with more work than hours has wait_probability 1 and an endless wait.
    Raises InputError on negative or missing numbers. Source: Erlang (1917); Gross & Harris, Queueing Theory.
    """
    given = [arrivals_per_hour, service_hours, servers, np.nan if target_hours is None else target_hours]
    arrivals, service, count, target = np.broadcast_arrays(*[np.atleast_1d(np.asarray(g, float)) for g in given])
    _refuse_bad(arrivals, service, count, target, has_target=target_hours is not None)
    load = arrivals * service
    blocking = erlang_b(load, count)
    waits = _wait_probability(load, count, blocking)
    return pd.DataFrame(
        {
            "arrivals_per_hour": arrivals,
            "service_hours": service,
            "servers": count,
            "offered_load": load,
            "utilisation": _ratio(load, count),
            "blocking_probability": blocking,
            "wait_probability": waits,
            "mean_wait_hours": _mean_wait(waits, service, count - load, load),
            "service_level": _service_level(waits, service, count - load, target),
        }
    )


def erlang_b(load: Numbers, servers: Numbers) -> Numbers:
    """The share of arrivals that find every server busy where nobody may queue: a Poisson's mass over its sum."""
    load, servers = np.broadcast_arrays(np.asarray(load, float), np.asarray(servers, float))
    busy = np.where(load > 0, load, 1.0)
    below = gammaincc(servers + 1, busy)
    mass = np.exp(servers * np.log(busy) - busy - gammaln(servers + 1))
    blocking = np.divide(mass, below, out=np.ones_like(busy), where=below > 1e-280)
    if (below <= 1e-280).any():
        # Far more work than servers: the sum underflows, the recursion does not.
        blocking = np.where(below > 1e-280, blocking, _erlang_b_by_steps(busy, np.where(below > 1e-280, 0.0, servers)))
    return np.where(load > 0, blocking, np.where(servers > 0, 0.0, 1.0))


def _erlang_b_by_steps(load: Numbers, servers: Numbers) -> Numbers:
    fraction = servers - np.floor(servers)
    # 1/B(f, a) = a^-f U(-f, -f, a) starts the recursion; it is 1 for whole numbers of servers.
    blocking = np.where(fraction > 0, load**fraction / hyperu(-fraction, -fraction, load), 1.0)
    for step in range(1, int(servers.max(initial=0)) + 1):
        grown = load * blocking / (fraction + step + load * blocking)
        blocking = np.where(step <= np.floor(servers), grown, blocking)
    return blocking


def _refuse_bad(arrivals: Numbers, service: Numbers, servers: Numbers, target: Numbers, *, has_target: bool) -> None:
    parts = {"arrivals_per_hour": arrivals, "service_hours": service, "servers": servers}
    if has_target:
        parts["target_hours"] = target
    bad = {name: int((~np.isfinite(v) | (v < 0)).sum()) for name, v in parts.items()}
    wrong = [f"{name} ({count} of {arrivals.size})" for name, count in bad.items() if count]
    if wrong:
        raise InputError(f"Queueing needs numbers of zero or more; negative or missing: {', '.join(wrong)}.")


def _ratio(load: Numbers, servers: Numbers) -> Numbers:
    endless = np.where(load > 0, np.inf, 0.0)
    return np.divide(load, servers, out=endless, where=servers > 0)


def _wait_probability(load: Numbers, servers: Numbers, blocking: Numbers) -> Numbers:
    spare = servers - load
    below = servers - load * (1.0 - blocking)
    calm = np.divide(servers * blocking, below, out=np.ones_like(load), where=(spare > 0) & (below > 0))
    return np.where(load == 0, np.where(servers > 0, 0.0, 1.0), calm)


def _mean_wait(waits: Numbers, service: Numbers, spare: Numbers, load: Numbers) -> Numbers:
    calm = np.divide(waits * service, spare, out=np.full_like(waits, np.inf), where=spare > 0)
    return np.where((load == 0) & (spare > 0), 0.0, calm)


def _service_level(waits: Numbers, service: Numbers, spare: Numbers, target: Numbers) -> Numbers:
    rate = np.divide(spare, service, out=np.full_like(waits, np.inf), where=service > 0)
    late = waits * np.exp(-np.maximum(rate, 0.0) * np.where(np.isfinite(target), target, 0.0))
    return np.where(np.isfinite(target), np.where((spare > 0) | (waits == 0), 1.0 - late, 0.0), np.nan)
