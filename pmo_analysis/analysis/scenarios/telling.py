"""A scenario in words: its table, and one sentence that says what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.scenarios.work import Numbers, Work

FIGURES = (
    "hours", "cost", "unit_cost", "utilisation", "wait_days", "overhead_share", "customers_affected",
    "spare_hours", "missing_hours", "charged_cost", "unused_cost",
)  # fmt: skip
WORDS = {
    "volume": "volume", "tier_limits": "sizes", "standard_share": "standard share",
    "self_service_share": "self-service share", "price": "price", "fte": "staff",
}  # fmt: skip


def tell_result(figures: Mapping[str, Numbers], inputs: Mapping[str, Any], work: Work) -> tuple[pd.DataFrame, str]:
    """figure, value, low, high; ranges are left out where so few engagements could only pretend to have one."""
    result = pd.DataFrame([figures[name] for name in FIGURES], columns=["value", "low", "high"])
    result.insert(0, "figure", list(FIGURES))
    count, least = int(work.count.sum()), work.settings["minimum_estimate"]
    few = count < least
    if few:
        result.loc[result["figure"] != "customers_affected", ["low", "high"]] = np.nan
    warning = f"Too few to say: {count} {'engagement' if count == 1 else 'engagements'}, and a range needs {least}. "
    return result, (warning if few else "") + _sentence(result.set_index("figure")["value"], inputs)


def _sentence(figure: pd.Series, inputs: Mapping[str, Any]) -> str:
    what = "As it was" if not inputs else "With " + _join([WORDS[n] for n in WORDS if n in inputs]) + " changed"
    hours = f"{figure['hours']:,.0f} hours of work" if np.isfinite(figure["hours"]) else "hours not known"
    busy = figure["utilisation"]
    used = f", and {100 * busy:.0f} % of the team's hours in use" if np.isfinite(busy) else ""
    wait = figure["wait_days"]
    told = (
        "Work would pile up without end."
        if np.isinf(wait)
        else f"Work waits {wait:.1f} days before it begins."
        if np.isfinite(wait)
        else "How long work waits is not known."
    )
    return f"{what}: {hours}{used}. {told}"


def _join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
