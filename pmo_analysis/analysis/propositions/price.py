"""Next quarter's price from the quarters before."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

FEWEST_QUARTERS = 4


def predict_next(values: pd.Series, *, level: float = 0.95) -> dict[str, float]:
    """The next quarter's figure as a prediction interval: value, low, high, n (quarters used).

    Quarters vary around a level by a factor: Student's t on logs, with the new quarter's own spread,
    mean ± t·s·√(1 + 1/n). Not estimable (limits missing) from fewer than four quarters; a trend is not assumed.
    Figures not above zero are set aside.
    """
    logs = np.log(values[values > 0].to_numpy("float64"))
    n = len(logs)
    if n < FEWEST_QUARTERS:
        return {"value": float("nan"), "low": float("nan"), "high": float("nan"), "n": n}
    reach = special.stdtrit(n - 1, (1 + level) / 2) * logs.std(ddof=1) * np.sqrt(1 + 1 / n)
    centre = logs.mean()
    return {
        "value": float(np.exp(centre)),
        "low": float(np.exp(centre - reach)),
        "high": float(np.exp(centre + reach)),
        "n": n,
    }


def price_groups(history: pd.DataFrame, members: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """What serving a typical (median) customer of each group will cost next quarter.

    `history`: quarter, customer_id, cost_to_serve_cost; `members`: customer_id, group. The last eight quarters count.
    Columns: group (index), next_price, next_price_low, next_price_high, quarters_count.
    """
    rows = history.dropna(subset=["cost_to_serve_cost"]).merge(members, on="customer_id")
    recent = sorted(rows["quarter"].unique())[-8:]
    sums = rows[rows["quarter"].isin(recent)].groupby(["group", "quarter"])["cost_to_serve_cost"].median()
    told = {str(group): predict_next(part.sort_index(), level=level) for group, part in sums.groupby(level="group")}
    table = pd.DataFrame.from_dict(told, orient="index", columns=["value", "low", "high", "n"])
    return table.set_axis(["next_price", "next_price_low", "next_price_high", "quarters_count"], axis=1)
