"""What to stop or refuse first, so that what is expected fits into the hours there are."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.estimates.random_sums import random_sum_table
from pmo_analysis.contract.settings import Settings

TO_STOP = ["service_id", "freed_hours", "low", "high", "n", "freed_tight_hours", "reason"]
WEAK = ["nobody asked twice", "hardly anybody asked twice"]
REASONS = {
    "off target": "asked by categories it is not meant for",
    "too late": "asked after the stages it is meant for",
}


def propose_stops(
    load: pd.DataFrame, marked: pd.DataFrame, unused: pd.DataFrame, hours: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """What to stop or refuse first: service_id, freed_hours (per quarter), low, high, n, freed_tight_hours, reason.

    marked: the look-back's requests of services that may be refused (see mark_misplaced), with their customer_id; hours:
    engagement_id, role, worked_hours. low, high: of freed_hours, since who asks is random (blank of too few); n: requests.
    Requests off target or too late come first, then services hardly anybody asks for twice; no hour is counted twice.
    freed_tight_hours: those of roles expected above the warning level; where there are such roles, only as much is
    proposed as brings their hours back below it (all, where that does not suffice).
    """
    most = settings["utilisation_warning_share"]
    tight = load[load["utilisation_share"] > most]
    rows = _with_hours(marked, hours, set(tight["role"]))
    ordered = [_added_up(part, settings) for part in (rows[rows["wrong"].notna()], _weakly_used(rows, unused))]
    table = pd.concat([t for t in ordered if len(t)] or ordered, ignore_index=True)
    sums = ["freed_hours", "low", "high", "freed_tight_hours"]
    table[sums] = table[sums].astype(float) / settings["look_back_quarters"]
    if tight.empty:
        return table
    table = table[table["freed_tight_hours"] > 0]
    over = hours_too_many(load, settings)
    return table[table["freed_tight_hours"].cumsum().shift(fill_value=0.0) < over].reset_index(drop=True)


def hours_too_many(load: pd.DataFrame, settings: Settings) -> float:
    """Expected hours above the warning level of the practical ones, over all roles that are expected above it."""
    over = load["expected_hours"] - settings["utilisation_warning_share"] * load["practical_hours"]
    return float(over.clip(lower=0).sum())


def _with_hours(marked: pd.DataFrame, hours: pd.DataFrame, tight: set[str]) -> pd.DataFrame:
    """Requests with their hours, those of tight roles, and what is wrong with them, one kind each."""
    each = hours.assign(tight_hours=hours["worked_hours"].where(hours["role"].isin(tight), 0.0))
    sums = each.groupby("engagement_id")[["worked_hours", "tight_hours"]].sum()
    rows = marked[["engagement_id", "service_id", "customer_id", "off_target", "too_late"]].merge(
        sums, how="inner", left_on="engagement_id", right_index=True
    )
    wrong = pd.Series(pd.NA, rows.index, dtype="object").mask(rows["too_late"], "too late")
    return rows.assign(wrong=wrong.mask(rows["off_target"], "off target"))


def _weakly_used(rows: pd.DataFrame, unused: pd.DataFrame) -> pd.DataFrame:
    verdict = unused.set_index("service_id")["verdict"]
    rest = rows[rows["wrong"].isna()]
    return rest.assign(wrong=rest["service_id"].map(verdict[verdict.isin(WEAK)]))


def _added_up(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Per service and reason the hours, most first."""
    keys = ["service_id", "wrong"]
    rows = rows.dropna(subset="wrong")
    level, minimum = settings["interval_level"], settings["minimum_estimate"]
    freed = random_sum_table(rows, keys, "worked_hours", cluster="customer_id", level=level, minimum=minimum)
    freed = freed.assign(tight_hours=rows.groupby(keys, observed=True)["tight_hours"].sum())
    table = freed[freed["value"] > 0].reset_index().astype({"service_id": "str"})
    table = table.sort_values(["tight_hours", "value", "service_id"], ascending=[False, False, True])
    reason = table["wrong"].map(lambda w: REASONS.get(w, w))
    table = table.rename(columns={"value": "freed_hours", "tight_hours": "freed_tight_hours"}).assign(reason=reason)
    return table[TO_STOP]
