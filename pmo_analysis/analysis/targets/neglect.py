"""Services that nobody uses, that nobody uses twice, that are refused, and what could be stopped."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import share_interval
from pmo_analysis.contract.settings import Settings

UNUSED = ["service_id", "name", "last_requested_on", "customers_count", "verdict"]
REFUSED = ["service_id", "refused_count", "asked_count", "refused_share", "low", "high"]
TO_STOP = ["service_id", "freed_hours", "reason"]
LITTLE_REUSE_SHARE = 0.1


def find_unused(requests: pd.DataFrame, services: pd.DataFrame, all_requests: pd.DataFrame) -> pd.DataFrame:
    """Services on offer, not mandated, that nobody asked for in the look-back, or hardly anybody twice.

    services: those on offer; customers_count: customers in the look-back; verdict: nobody asked / nobody asked
    twice / hardly anybody asked twice / too few to say.
    """
    each = requests.groupby(["service_id", "customer_id"])["quarter"].nunique()
    customers = each.groupby("service_id").size()
    again = (each > 1).groupby("service_id").mean()
    table = services[["service_id", "name"]].copy()
    last, names = all_requests.groupby("service_id")["asked_on"].max(), table["service_id"]
    table["last_requested_on"] = last.reindex(names).to_numpy()
    table["customers_count"] = customers.reindex(names).fillna(0).astype(int).to_numpy()
    share, count = again.reindex(names).fillna(0.0).to_numpy(float), table["customers_count"]
    judged = [count == 0, count < 5, share == 0, share < LITTLE_REUSE_SHARE]
    words = ["nobody asked", "too few to say", "nobody asked twice", "hardly anybody asked twice"]
    table["verdict"] = np.select(judged, words, "used again")
    return table[table["verdict"] != "used again"].sort_values(["customers_count", "service_id"], ignore_index=True)[
        UNUSED
    ]


def count_refused(requests: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The share of requests refused per service: service_id, refused_count, asked_count, refused_share, low, high."""
    groups = requests.assign(refused=requests["state"] == "refused").groupby("service_id", sort=True)["refused"]
    table = pd.DataFrame({"refused_count": groups.sum(), "asked_count": groups.count()}).reset_index()
    table = table[table["refused_count"] > 0].reset_index(drop=True)
    share = share_interval(table["refused_count"], table["asked_count"], level=settings["interval_level"])
    few = table["asked_count"] < settings["minimum_estimate"]
    return table.assign(refused_share=share["value"], low=share["low"].mask(few), high=share["high"].mask(few))[REFUSED]


def propose_stops(
    load: pd.DataFrame, misplaced: pd.DataFrame, unused: pd.DataFrame, work: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """What to stop or refuse first: service_id, freed_hours (per quarter), reason.

    Off-target and too-late deliveries first, then services hardly anybody asks for twice; where the roles' expected
    load exceeds the warning level, only as many as bring the hours back below it (all when they do not suffice).
    """
    quarters = settings["look_back_quarters"]
    wrong = misplaced.groupby(["service_id", "kind"])["worked_hours"].sum().reset_index()
    told = {
        "off target": "asked by categories it is not meant for",
        "too late": "asked after the stages it is meant for",
    }
    first = wrong.assign(freed_hours=wrong["worked_hours"] / quarters, reason=wrong["kind"].map(told))
    weak = unused[unused["verdict"].isin(["nobody asked twice", "hardly anybody asked twice"])]
    hours = work.groupby("service_id")["worked_hours"].sum() / quarters
    second = weak.assign(freed_hours=weak["service_id"].map(hours).astype(float), reason=weak["verdict"])
    ordered = [
        t[t["freed_hours"] > 0].sort_values(["freed_hours", "service_id"], ascending=[False, True])[TO_STOP]
        for t in (first, second)
    ]
    table = pd.concat([t for t in ordered if len(t)] or ordered, ignore_index=True)
    over = _hours_over(load, settings["utilisation_warning_share"])
    needed = (table["freed_hours"].cumsum().shift(fill_value=0.0) < over) if over > 0 else pd.Series(True, table.index)
    return table[needed.to_numpy()].reset_index(drop=True)


def _hours_over(load: pd.DataFrame, most: float) -> float:
    return float((load["expected_hours"] - most * load["practical_hours"]).clip(lower=0).sum())
