"""Working days: the organisation's week and holidays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.contract.settings import Settings


def working_days(first: pd.Series, last: pd.Series, settings: Settings) -> pd.Series:
    """Working days from first to last, the first day not counted; blank where either is blank."""
    known = first.notna() & last.notna()
    days = pd.Series(np.nan, index=first.index)
    days[known] = np.busday_count(
        first[known].to_numpy("datetime64[D]"),
        last[known].to_numpy("datetime64[D]"),
        weekmask=" ".join(settings["working_days"]),
        holidays=np.array(settings["holidays"], dtype="datetime64[D]"),
    )
    return days
