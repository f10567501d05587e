"""What to suggest next: services that are on offer, meant for the category, and likely to be wanted."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

COLUMNS = ["service_id", "name", "probability", "expected_count", "expected_low", "expected_high", "n", "reason",
           "unit_cost", "unit_cost_low", "unit_cost_high", "deliveries_count"]  # fmt: skip
_MOST = 3
_LEAST_CHANCE = 0.1


def suggest_services(
    likely: pd.DataFrame, services: pd.DataFrame, prices: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """The services most likely to be wanted next quarter by some customers, with the reason and what one costs.

    likely: customer_id, service_id, probability, reason; services: service_id, name, status, target_categories;
    prices: service_id, unit_cost, unit_cost_low, unit_cost_high, engagement_count; customers: customer_id, category.
    Services that are retired, that the catalogue means for other categories, or that fewer than one in ten would want
    are not suggested. Of one customer:
    its probability and reason; of several: how many of them, with the range that chance alone leaves (95 %).
    Columns: service_id, name, probability, expected_count, expected_low, expected_high, n (customers with a forecast),
    reason, unit_cost, unit_cost_low, unit_cost_high, deliveries_count.
    """
    rows = likely.merge(customers[["customer_id", "category"]], on="customer_id")
    n = rows["customer_id"].nunique()
    rows = rows.merge(services.drop_duplicates("service_id"), on="service_id")
    meant = [_is_meant(t, c) for t, c in zip(rows["target_categories"], rows["category"], strict=True)]
    rows = rows[np.array(meant, bool) & (rows["status"].fillna("active") == "active").to_numpy()]
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    told = rows.groupby("service_id", sort=True)[[*rows.columns.difference(["service_id"])]].apply(_tell)
    told = told[told["probability"] >= _LEAST_CHANCE]
    told = told.reset_index().assign(n=n).merge(prices, how="left", on="service_id")
    told = told.rename(columns={"engagement_count": "deliveries_count"})
    told = told.sort_values(["expected_count", "service_id"], ascending=[False, True]).head(_MOST)
    return told.reset_index(drop=True)[COLUMNS]


def _tell(rows: pd.DataFrame) -> pd.Series:
    chance = rows["probability"].to_numpy("float64")
    spread = 1.96 * np.sqrt((chance * (1 - chance)).sum())
    middle = chance.sum()
    return pd.Series({
        "name": rows["name"].iloc[0], "probability": chance.mean(), "expected_count": middle,
        "expected_low": max(middle - spread, 0.0), "expected_high": min(middle + spread, len(rows)),
        "reason": rows["reason"].iloc[0] if len(rows) == 1 and pd.notna(rows["reason"].iloc[0]) else "",
    })  # fmt: skip


def _is_meant(targets: object, category: object) -> bool:
    """Whether a service is declared for a category; one that declares nothing is for all."""
    words = _words(targets)
    return not words or pd.isna(category) or str(category).strip().lower() in words


def _words(text: object) -> Collection[str]:
    return {w.strip().lower() for w in str(text).split(";") if w.strip()} if pd.notna(text) else set()
