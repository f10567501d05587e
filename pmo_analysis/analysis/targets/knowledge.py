"""What is known of the customers besides their requests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pmo_analysis.analysis.targets.trials import Numbers, Trials
from pmo_analysis.contract.quarters import quarter_start, shift_quarter


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Segment names, each customer's number among them, its features, and how much it needs each service.

    features: customer × column, standardised; need: customer × service, standardised importance of the service's
    family, 0 where it is not known.
    """

    segments: list[str]
    label: np.ndarray
    features: Numbers
    need: Numbers
    departures_recorded: bool

    def take(self, rows: np.ndarray) -> Knowledge:
        """The same of some of the customers."""
        return replace(self, label=self.label[rows], features=self.features[rows], need=self.need[rows])


def know_customers(
    trials: Trials,
    customers: pd.DataFrame | None = None,
    segments: object = None,
    *,
    services: pd.DataFrame | None = None,
    needs: pd.DataFrame | None = None,
    month: int = 12,
) -> Knowledge:
    """Segments (given, else the category, else one), numbers and needs of each customer, as known in the last quarter."""
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
    return Knowledge(names, label, _features(table), _need(trials, services, needs, month), recorded)


def _features(table: pd.DataFrame) -> Numbers:
    columns = []
    for name in table.columns:
        if pd.api.types.is_numeric_dtype(table[name]) or pd.api.types.is_bool_dtype(table[name]):
            values = table[name].astype("Float64").to_numpy(float, na_value=np.nan)
            values = np.where(np.isfinite(values), values, np.nan)
            values = np.log1p(np.maximum(values, 0.0)) if str(name).endswith("_count") else values
            if np.isfinite(values).any() and np.nanstd(values) > 0:
                columns.append(np.nan_to_num((values - np.nanmean(values)) / np.nanstd(values)))
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def _need(trials: Trials, services: pd.DataFrame | None, needs: pd.DataFrame | None, month: int) -> Numbers:
    nothing = np.zeros((len(trials.customers), len(trials.services)))
    if needs is None or needs.empty or services is None or "family" not in services:
        return nothing
    catalogue = services.set_index("service_id") if "service_id" in services else services
    family = catalogue["family"].set_axis(catalogue.index.astype("str")).reindex(trials.services)
    end = pd.Timestamp(quarter_start(shift_quarter(trials.quarters[-1], 1), month))
    told = needs[needs["asked_on"].isna() | (needs["asked_on"] < end)] if "asked_on" in needs else needs
    order = ["asked_on", "importance"] if "asked_on" in told else ["importance"]
    told = told.sort_values(order, na_position="first").assign(customer_id=told["customer_id"].astype("str"))
    wide = told.groupby(["customer_id", "family"])["importance"].last().astype(float).unstack()
    values = wide.reindex(index=trials.customers, columns=family).to_numpy(float)
    spread = np.nanstd(values) if np.isfinite(values).any() else 0.0
    return np.nan_to_num((values - np.nanmean(values)) / spread) if spread > 0 else nothing
