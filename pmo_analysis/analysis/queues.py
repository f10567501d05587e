"""How long a request waits when so many servers share the work: Erlang's formulas, and a simulation where they do not hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincc, gammaincinv, gammaln, hyperu

from pmo_analysis.contract.errors import InputError

Numbers = npt.NDArray[np.float64]
# How far the variability of arrivals and work, (dispersion + cv²) / 2, may be from the 1 of M/M/c.
ALIKE = (0.8, 1.25)
LEAST_TIMES, LEAST_PERIODS = 20, 8
QUEUES, REQUESTS, WARM = 80, 6000, 2000
# Busier queues settle too slowly to simulate; towards 1 the ratio to M/M/c hardly changes any more (Kingman 1962).
BUSIEST = 0.9


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
    arrivals, service, count, target = _alike_long(given)
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


def expected_wait(
    arrivals_per_hour: npt.ArrayLike,
    service_hours: npt.ArrayLike,
    servers: npt.ArrayLike,
    *,
    service_times: npt.ArrayLike,
    arrival_counts: npt.ArrayLike = (),
    seed: int = 0,
) -> pd.DataFrame:
    """Tells how long a request waits, by Erlang's formulas where they apply and by simulation where not.

    service_times: what single pieces of work took; arrival_counts: how many came in each of equally long periods. The
    columns of `queue_wait` and method ("M/M/c" or "simulation") and reason, why that one.
    """
    traffic = describe_traffic(service_times, arrival_counts).iloc[0]
    waits = queue_wait(arrivals_per_hour, service_hours, servers)
    if not traffic["applies"]:
        dispersion = 1.0 if np.isnan(traffic["arrival_dispersion"]) else float(traffic["arrival_dispersion"])
        waits["mean_wait_hours"] = simulate_wait(
            waits["arrivals_per_hour"],
            waits["service_hours"],
            waits["servers"],
            service_times=service_times,
            arrival_dispersion=dispersion,
            seed=seed,
        )["mean_wait_hours"]
    return waits.assign(method="M/M/c" if traffic["applies"] else "simulation", reason=traffic["reason"])


def describe_traffic(service_times: npt.ArrayLike, arrival_counts: npt.ArrayLike = ()) -> pd.DataFrame:
    """Tells whether work is as irregular as Erlang's formulas take it to be: random arrivals, random service times.

    One row: service_cv (sd over mean of what pieces of work took), arrival_dispersion (variance over mean of how many
    came per period), n, periods_count, applies (yes/no), reason. Below 20 times or 8 periods that part is not judged.
    """
    times, counts = (np.asarray(a, float).ravel() for a in (service_times, arrival_counts))
    times, counts = times[np.isfinite(times)], counts[np.isfinite(counts)]
    known_times = len(times) >= LEAST_TIMES and times.mean() > 0
    known_counts = len(counts) >= LEAST_PERIODS and counts.mean() > 0
    cv = float(times.std(ddof=1) / times.mean()) if known_times else np.nan
    dispersion = float(counts.var(ddof=1) / counts.mean()) if known_counts else np.nan
    swing = ((cv**2 if known_times else 1.0) + (dispersion if known_counts else 1.0)) / 2
    applies = ALIKE[0] <= swing <= ALIKE[1]
    row = {"service_cv": cv, "arrival_dispersion": dispersion, "n": len(times), "periods_count": len(counts)}
    return pd.DataFrame([{**row, "applies": applies, "reason": _why(cv, dispersion, applies)}])


def _why(cv: float, dispersion: float, applies: bool) -> str:
    work = (
        "too few pieces of work to judge how they differ"
        if np.isnan(cv)
        else f"what pieces of work took differs by {cv:.2g} of its mean"
    )
    come = (
        "too few periods to judge how requests come"
        if np.isnan(dispersion)
        else f"requests per period vary {dispersion:.2g} times as much as by chance"
    )
    if applies:
        return f"Erlang's formulas: {work} and {come}, near enough to 1 each."
    return f"Simulated: {work} and {come}; the usual formulas for queues (Erlang's) take both to be 1."


def simulate_wait(
    arrivals_per_hour: npt.ArrayLike,
    service_hours: npt.ArrayLike,
    servers: npt.ArrayLike,
    *,
    service_times: npt.ArrayLike,
    arrival_dispersion: float = 1.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Tells how long a request waits when work is as unequal as it was and requests come as irregularly as they did.

    One queue, alike servers, first come first served (G/G/c, Kiefer & Wolfowitz 1955), 80 queues at once from the
    observed service times (scaled to mean `service_hours`) and gamma gaps with the dispersion of arrivals. The same
    random numbers also make an M/M/c queue; the ratio of the two corrects Erlang's formula, which takes out most of the
    chance and serves part-time servers. Columns: those of the arguments, utilisation, mean_wait_hours, ratio (to M/M/c).
    """
    waits = queue_wait(arrivals_per_hour, service_hours, servers)
    times = np.asarray(service_times, float).ravel()
    times = np.sort(times[np.isfinite(times)])
    if not len(times) or times[0] < 0 or times.mean() <= 0 or not arrival_dispersion >= 0:
        raise InputError("A simulation needs service_times above zero and an arrival_dispersion of zero or more.")
    ratio = np.ones(len(waits))
    busy = waits["utilisation"].between(0, 1, inclusive="neither").to_numpy()
    if busy.any():
        load, count = (
            waits.loc[busy, "utilisation"].clip(upper=BUSIEST).to_numpy(),
            waits.loc[busy, "servers"].to_numpy(),
        )
        count = np.maximum(np.round(count), 1).astype(int)
        ratio[busy] = _wait_ratio(load, count, times / times.mean(), arrival_dispersion, seed)
    columns = waits[["arrivals_per_hour", "service_hours", "servers", "utilisation"]]
    calm = np.isfinite(waits["mean_wait_hours"])
    return columns.assign(
        mean_wait_hours=waits["mean_wait_hours"].where(~calm, waits["mean_wait_hours"] * ratio), ratio=ratio
    )


def _wait_ratio(load: Numbers, servers: npt.NDArray[np.int64], times: Numbers, dispersion: float, seed: int) -> Numbers:
    """Mean wait of the simulated queues over that of M/M/c queues made of the same random numbers, per row."""
    rng = np.random.default_rng(seed)
    work, gap = rng.random((2, REQUESTS, QUEUES))
    begun = rng.random((3, QUEUES, int(servers.max())))
    middle = (np.arange(1000) + 0.5) / 1000
    if dispersion > 0:
        gaps = np.interp(gap, middle, gammaincinv(1 / dispersion, middle) * dispersion)
        gaps /= gaps.mean()
    else:
        gaps = np.ones_like(gap)
    observed = times[(work * len(times)).astype(int)]
    # Work that is under way is long work more often than not: by its length, and anywhere within it.
    under_way = times[np.searchsorted(np.cumsum(times), begun[0] * times.sum()).clip(max=len(times) - 1)] * begun[1]
    real = _mean_waits(load, servers, observed / observed.mean(), gaps, (begun[2], under_way))
    random = _mean_waits(load, servers, -np.log1p(-work), -np.log1p(-gap), (begun[2], -np.log1p(-begun[0])))
    swing = (times.var() / times.mean() ** 2 + dispersion) / 2
    # Where nobody waits there is no ratio to see; the known approximation (Allen & Cunneen) stands in.
    return np.divide(real, random, out=np.full_like(real, swing), where=random > 1e-4)


def _mean_waits(
    load: Numbers, servers: npt.NDArray[np.int64], work: Numbers, gaps: Numbers, begun: tuple[Numbers, Numbers]
) -> Numbers:
    """Waits in units of the mean service time; work and gaps: request × queue, with means of one.

    begun: per queue and server a chance, below the load for those busy at the start, and what is left of their work. A
    queue that starts with idle servers would need as long as the longest work to be as full as it usually is.
    """
    rows, queues = len(load), work.shape[1]
    busy, left = begun
    # When each server is free again; servers that a row does not have are never free.
    free = np.where(busy < load[:, None, None], left, 0.0)
    free[np.broadcast_to((np.arange(servers.max()) >= servers[:, None])[:, None, :], free.shape)] = np.inf
    free = free.reshape(rows * queues, -1)
    each, now = np.arange(rows * queues), np.zeros(rows * queues)
    step = np.repeat(1.0 / (load * servers), queues)
    total = np.zeros(rows * queues)
    for at in range(len(work)):
        now += np.tile(gaps[at], rows) * step
        first = free.argmin(axis=1)
        begins = np.maximum(free[each, first], now)
        if at >= WARM:
            total += begins - now
        free[each, first] = begins + np.tile(work[at], rows)
    return total.reshape(rows, queues).mean(axis=1) / (len(work) - WARM)


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


def _alike_long(given: list[npt.ArrayLike]) -> list[Numbers]:
    """The arguments as lists of one length; InputError where one is text, a table, or of another length."""
    try:
        lists = [np.atleast_1d(np.asarray(values, float)) for values in given]
    except (TypeError, ValueError) as error:
        raise InputError(f"Queueing needs numbers or lists of numbers: {error}.") from error
    lengths = {len(values) for values in lists if values.size != 1}
    if len(lengths) > 1 or any(values.ndim > 1 for values in lists):
        raise InputError(
            f"Queueing needs numbers or lists of one length; these have {', '.join(str(v.shape) for v in lists)} values."
        )
    return list(np.broadcast_arrays(*lists))


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
    # Without work to do there is no rate, and nobody who would wait.
    rate = np.divide(spare, service, out=np.zeros_like(waits), where=service > 0)
    late = waits * np.exp(-np.maximum(rate, 0.0) * np.where(np.isfinite(target), target, 0.0))
    return np.where(np.isfinite(target), np.where((spare > 0) | (waits == 0), 1.0 - late, 0.0), np.nan)
