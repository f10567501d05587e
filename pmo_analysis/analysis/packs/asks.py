"""What the PMO asks of a customer: its people's time, word of its benefits and needs, requests while they still help."""

from __future__ import annotations

from typing import Any

import pandas as pd

COLUMNS = ["ask", "value", "low", "high", "n", "detail", "detail_on"]
_OLD_DAYS = 365


def list_asks(
    compared: pd.DataFrame,
    benefits: pd.DataFrame,
    needs: pd.DataFrame,
    misplaced: pd.DataFrame,
    waiting: pd.DataFrame,
    *,
    today: pd.Timestamp,
) -> pd.DataFrame:
    """What is asked, one row each, in a fixed order; only what the tables give reason to ask.

    compared: of `compare_with_others`; benefits: project, due_on, planned_benefit, realised_benefit, confirmed, due by
    today; needs: asked_on; misplaced: service_id, kind, engagement_count; waiting: requests that are open, requested_on.
    Columns: ask (own_hours, touchpoint_count, unmeasured, unconfirmed, needs, too late, off target, open), value, low,
    high, n, detail (a name), detail_on (a date).
    """
    rows = [
        *_ask_time(compared),
        *_ask_benefits(benefits),
        *_ask_needs(needs, today),
        *_ask_sooner(misplaced),
        *_ask_open(waiting),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _ask_time(compared: pd.DataFrame) -> list[dict[str, Any]]:
    wanted = ["own_hours", "touchpoint_count"]
    rows = compared.set_index("measure").reindex(wanted).dropna(subset=["value"])
    told = rows[["value", "low", "high", "n"]].rename_axis("ask").reset_index()
    return told.to_dict("records")


def _ask_benefits(benefits: pd.DataFrame) -> list[dict[str, Any]]:
    """Benefits that fell due and nobody measured; those measured that the customer has not confirmed."""
    unmeasured = benefits[benefits["realised_benefit"].isna()]
    measured = benefits["realised_benefit"].fillna(0) > 0
    unconfirmed = benefits[measured & ~benefits["confirmed"].astype("boolean").fillna(False).astype("bool")]
    found = []
    for ask, rows, amount in (
        ("unmeasured", unmeasured, "planned_benefit"),
        ("unconfirmed", unconfirmed, "realised_benefit"),
    ):
        if len(rows):
            first = rows.sort_values([amount, "project"], ascending=[False, True]).iloc[0]
            found.append({"ask": ask, "value": rows[amount].sum(), "n": len(rows), "detail": first["project"],
                          "detail_on": first["due_on"]})  # fmt: skip
    return found


def _ask_needs(needs: pd.DataFrame, today: pd.Timestamp) -> list[dict[str, Any]]:
    last = needs["asked_on"].max()
    if pd.notna(last) and (today - last).days <= _OLD_DAYS:
        return []
    return [{"ask": "needs", "n": len(needs), "detail_on": last}]


def _ask_sooner(misplaced: pd.DataFrame) -> list[dict[str, Any]]:
    """Requests after a service's last stage, and to services meant for others; the one of which there are most is named."""
    found = []
    for kind in ("too late", "off target"):
        rows = misplaced[misplaced["kind"] == kind]
        if len(rows):
            counts = rows.groupby("service_id")["engagement_count"].sum().sort_values(ascending=False, kind="stable")
            found.append({"ask": kind, "n": int(counts.sum()), "detail": str(counts.index[0])})
    return found


def _ask_open(waiting: pd.DataFrame) -> list[dict[str, Any]]:
    if waiting.empty:
        return []
    return [{"ask": "open", "n": len(waiting), "detail_on": waiting["requested_on"].min()}]
