"""Rules of thumb, shown only as sourced reference lines: they contradict each other."""

from __future__ import annotations

import pandas as pd


def headcount_rules(programme_headcount: float) -> pd.DataFrame:
    """What published rules of thumb say about a PMO's size: rule, fte, source. Never a target."""
    return pd.DataFrame(
        [
            {
                "rule": "people in the programmes^(2/3) / 5",
                "fte": programme_headcount ** (2 / 3) / 5,
                "source": "Cooch (2006), PMO Headcount Sizing Guide",
            },
        ]
    )
