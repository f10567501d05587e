"""What the PMO promised and kept: dates, the time until work begins, and whether customers ask again."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.estimates import Estimate, censored_quantile, median_interval, share_estimate
from pmo_analysis.contract.calendar import working_days
from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings

COMMITMENTS = {
    "promises_kept_share": ("Promises kept", "_share", "higher"),
    "promised_days": ("Working days promised, the middle one", "_days", "lower"),
    "response_days": ("Working days until work begins, the middle one", "_days", "lower"),
    "response_p85_days": ("Working days within which work begins for 85 of 100 requests", "_days", "lower"),
    "asked_again_share": ("Customers of the look-back that asked again", "_share", "higher"),
    "refused_share": ("Requests refused", "_share", "lower"),
    # Stopping more is neither good nor bad.
    "stopped_share": ("Ended projects that were stopped", "_share", "none"),
}
# What is asked of an engagement: of a long table nothing else is read.
ENGAGEMENT = ["customer_id", "state", "requested_on", "started_on", "promised_on", "delivered_on"]
COLUMNS = ["figure", "title", "value", "low", "high", "n", "unit", "better"]


def tell_commitments(
    engagements: pd.DataFrame, projects: pd.DataFrame, quarter: str, settings: Settings
) -> pd.DataFrame:
    """COLUMNS, one row per figure that can be told; a past quarter as it was at its own end.

    Requests on which no work had begun by then count as waiting at least until then.
    """
    told = {**_promises(engagements, quarter, settings), **_responses(engagements, quarter, settings)}
    told["stopped_share"] = _stopped(projects, quarter, settings)
    rows = [
        (figure, COMMITMENTS[figure][0], e["value"], e["low"], e["high"], e["n"], *COMMITMENTS[figure][1:])
        for figure, e in ((name, told[name]) for name in COMMITMENTS)
        if e["n"] > 0
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(("value", "low", "high", "n"), "float64"))


def _span(quarter: str, settings: Settings) -> tuple[pd.Timestamp, pd.Timestamp]:
    month = settings["fiscal_year_end_month"]
    return pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))


def _promises(engagements: pd.DataFrame, quarter: str, settings: Settings) -> dict[str, Estimate]:
    first, last = _span(quarter, settings)
    level, least = settings["interval_level"], settings["minimum_estimate"]
    taken = engagements[~engagements["state"].isin(["cancelled", "refused"])]
    due = taken[taken["promised_on"].between(first, last)]
    # Delivered on a day that nobody wrote down: neither kept nor broken.
    due = due[~((due["state"] == "delivered") & due["delivered_on"].isna())]
    asked = engagements[engagements["requested_on"].between(first, last)]
    days = working_days(asked["requested_on"], asked["promised_on"], settings)
    back, before = _asked_again(engagements, quarter, settings)
    refused = (asked["state"] == "refused").sum()
    return {
        "promises_kept_share": share_estimate(
            (due["delivered_on"] <= due["promised_on"]).sum(), len(due), level=level, minimum=least
        ),
        "promised_days": median_interval(days, level=level, minimum=least),
        "asked_again_share": share_estimate(back, before, level=level, minimum=least),
        "refused_share": share_estimate(refused, len(asked), level=level, minimum=least),
    }


def _responses(engagements: pd.DataFrame, quarter: str, settings: Settings) -> dict[str, Estimate]:
    """Until work begins: the middle one, and within which 85 of 100 have begun; nothing where no start is recorded."""
    first, last = _span(quarter, settings)
    level, least = settings["interval_level"], settings["minimum_estimate"]
    asked = engagements[engagements["requested_on"].between(first, last)]
    asked = asked[~asked["state"].isin(["cancelled", "refused"])]
    if not engagements["started_on"].notna().any():
        asked = asked[:0]
    begun = asked["started_on"] <= last
    # Delivered, but the start was not written down: it is not known how long that took.
    known = begun | ~(asked["delivered_on"] <= last)
    days = working_days(asked["requested_on"], asked["started_on"].where(begun, last), settings)[known]
    minima = {"response_days": (0.5, least), "response_p85_days": (0.85, settings["minimum_quantile"])}
    return {
        name: censored_quantile(days, begun[known], share, level=level, minimum=minimum)
        for name, (share, minimum) in minima.items()
    }


def _stopped(projects: pd.DataFrame, quarter: str, settings: Settings) -> Estimate:
    first, last = _span(quarter, settings)
    ended = projects[projects["actual_finish_on"].between(first, last) & projects["status"].isin(["stopped", "closed"])]
    level, least = settings["interval_level"], settings["minimum_estimate"]
    return share_estimate((ended["status"] == "stopped").sum(), len(ended), level=level, minimum=least)


def _asked_again(engagements: pd.DataFrame, quarter: str, settings: Settings) -> tuple[int, int]:
    """Customers that asked in the look-back before the quarter, and how many of them asked again in it."""
    start, end = _span(quarter, settings)
    earliest, _ = _span(shift_quarter(quarter, -settings["look_back_quarters"]), settings)
    asked = engagements["requested_on"].fillna(engagements["started_on"])
    before = set(engagements.loc[(asked >= earliest) & (asked < start), "customer_id"].dropna())
    now = set(engagements.loc[asked.between(start, end), "customer_id"].dropna())
    return len(before & now), len(before)
