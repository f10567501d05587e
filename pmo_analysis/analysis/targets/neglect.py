"""Services that nobody uses, that nobody uses twice, and that are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import share_interval
from pmo_analysis.contract.settings import Settings

UNUSED = ["service_id", "name", "last_requested_on", "customers_count", "verdict"]
REFUSED = ["service_id", "refused_count", "asked_count", "refused_share", "low", "high"]
LITTLE_REUSE_SHARE = 0.1


def find_unused(
    requests: pd.DataFrame, services: pd.DataFrame, all_requests: pd.DataFrame, since: pd.Timestamp
) -> pd.DataFrame:
    """Services on offer, not mandated, that nobody asked for in the look-back, or hardly anybody twice.

    services: those on offer; since: the look-back's first day; customers_count: customers in the look-back; verdict:
    nobody asked / nobody asked twice / hardly anybody asked twice / too few to say / too new to say (on offer for less
    than the look-back).
    """
    each = requests.groupby(["service_id", "customer_id"], observed=True)["quarter"].nunique().reset_index()
    each = each.astype({"service_id": "str"}).set_index("service_id")["quarter"]
    customers = each.groupby("service_id").size()
    again = (each > 1).groupby("service_id").mean()
    table = services[["service_id", "name"]].copy()
    last = all_requests.astype({"service_id": "str"}).groupby("service_id")["asked_on"].max()
    names = table["service_id"]
    table["last_requested_on"] = last.reindex(names).to_numpy()
    table["customers_count"] = customers.reindex(names).fillna(0).astype(int).to_numpy()
    share, count = again.reindex(names).fillna(0.0).to_numpy(float), table["customers_count"]
    new = (services["active_from_on"] > since).to_numpy(bool) & (share < LITTLE_REUSE_SHARE)
    judged = [new, count == 0, count < 5, share == 0, share < LITTLE_REUSE_SHARE]
    words = ["too new to say", "nobody asked", "too few to say", "nobody asked twice", "hardly anybody asked twice"]
    table["verdict"] = np.select(judged, words, "used again")
    return table[table["verdict"] != "used again"].sort_values(["customers_count", "service_id"], ignore_index=True)[
        UNUSED
    ]


def count_refused(requests: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The share of requests refused per service: service_id, refused_count, asked_count, refused_share, low, high."""
    groups = (requests["state"] == "refused").groupby(requests["service_id"], sort=True, observed=True)
    table = pd.DataFrame({"refused_count": groups.sum(), "asked_count": groups.count()}).reset_index()
    table = table.astype({"service_id": "str"})[lambda t: t["refused_count"] > 0].reset_index(drop=True)
    share = share_interval(table["refused_count"], table["asked_count"], level=settings["interval_level"])
    few = table["asked_count"] < settings["minimum_estimate"]
    return table.assign(refused_share=share["value"], low=share["low"].mask(few), high=share["high"].mask(few))[REFUSED]
