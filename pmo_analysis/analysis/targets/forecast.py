"""Next quarter's chances for every customer and service, from whatever history there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pmo_analysis.analysis.targets.adoption import Adoption, Counts, count_trials, fit_adoption
from pmo_analysis.analysis.targets.leaving import fade, leaving_hazard, still_there
from pmo_analysis.analysis.targets.trials import Numbers, Trials

RECENT = 4


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known of the customers besides their requests: segment names, each one's number, features."""

    segments: list[str]
    label: np.ndarray
    features: Numbers
    departures_recorded: bool


@dataclass(frozen=True, eq=False)
class Forecast:
    """chance: customer × service; the model behind it (None: popularity only); hazard of leaving per quarter."""

    chance: Numbers
    model: Adoption | None
    counts: Counts | None
    hazard: float


def know_customers(trials: Trials, customers: pd.DataFrame | None, segments: object) -> Knowledge:
    """Segments (given, else the category, else one) and standardised numbers of each customer."""
    table = pd.DataFrame(index=trials.customers)
    if customers is not None and len(customers):
        indexed = customers.set_index("customer_id") if "customer_id" in customers else customers
        table = indexed.set_axis(indexed.index.astype("str")).reindex(trials.customers)
    given = pd.Series(segments, dtype="object") if segments is not None else table.get("category")
    named = pd.Series("all", index=trials.customers)
    if given is not None:
        named = given.set_axis(given.index.astype("str")).reindex(trials.customers)
        named = named.where(named.notna(), "(none)").astype("str")
    names = sorted(named.unique())
    label = pd.Index(names).get_indexer(named)
    recorded = "active_to_on" in table and bool(table["active_to_on"].notna().any())
    return Knowledge(names, label, _features(table), recorded)


def _features(table: pd.DataFrame) -> Numbers:
    columns = []
    for name in table.columns:
        if pd.api.types.is_numeric_dtype(table[name]) or pd.api.types.is_bool_dtype(table[name]):
            values = table[name].astype("Float64").to_numpy(float, na_value=np.nan)
            values = np.log1p(values) if str(name).endswith("_count") else values
            if np.isfinite(values).any() and np.nanstd(values) > 0:
                columns.append(np.nan_to_num((values - np.nanmean(values)) / np.nanstd(values)))
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def forecast_requests(trials: Trials, known: Knowledge, *, start: Adoption | None = None, rounds: int = 40) -> Forecast:
    """P(at least one request next quarter) per customer × service; popularity only from a single quarter.

    Where no departures are recorded, silence at the end is weighed by the chance that the customer has left.
    """
    if len(trials.quarters) < 2:
        return Forecast(popularity(trials), None, None, 0.0)
    counts = count_trials(trials)
    model = fit_adoption(counts, known.label, known.features, start=start, rounds=rounds)
    chance, hazard = model.chances(counts.now), 0.0
    if not known.departures_recorded:
        for _ in range(2):
            quiet = np.prod(1 - chance, axis=1)
            hazard = leaving_hazard(trials.silent(), quiet, trials.there.sum(1))
            counts = count_trials(replace(trials, there=fade(trials, quiet, hazard)))
            model = fit_adoption(counts, known.label, known.features, start=model, rounds=8)
            chance = model.chances(counts.now)
        quiet = np.prod(1 - chance, axis=1)
        chance = chance * (still_there(trials.silent(), quiet, hazard) * (1 - hazard))[:, None]
    return Forecast(chance, model, counts, hazard)


def popularity(trials: Trials, label: np.ndarray | None = None) -> Numbers:
    """The share of customers (of the segment, where labels are given) that asked per recent quarter."""
    asked, there = trials.asked[:, :, -RECENT:].sum(2), trials.there[:, -RECENT:].sum(1)
    whole = (asked.sum(0) + 0.5) / (there.sum() + 1.0)
    if label is None:
        return np.tile(whole, (len(asked), 1))
    member = np.eye(int(label.max(initial=0)) + 1)[label]
    return ((member.T @ asked + 2 * whole) / ((member.T @ there)[:, None] + 2.0))[label]


def buys_again(trials: Trials) -> Numbers:
    """The share that asked again among those that had asked a quarter earlier, and among those that had not."""
    gaps, there = trials.gaps(), trials.there[:, None, :]
    before = gaps[:, :, :-1] == 1
    rates = []
    for had in (True, False):
        at = (before == had) * there
        rates.append(((at * trials.asked).sum((0, 2)) + 0.5) / (at.sum((0, 2)) + 5.0))
    return np.where(gaps[:, :, -1] == 1, rates[0], rates[1])
