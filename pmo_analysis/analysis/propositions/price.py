"""Next quarter's price from the quarters before, and how often such a prediction held."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

FEWEST_QUARTERS = 4
MOST_QUARTERS = 8
CHECKS = ["group", "quarter", "next_price_low", "next_price_high", "seen_price", "held"]


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


def typical_costs(history: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """What serving a typical (median) customer of each group cost: group, quarter, cost, oldest first.

    `history`: quarter, customer_id, cost_to_serve_cost; `members`: customer_id, group.
    """
    rows = history.dropna(subset=["cost_to_serve_cost"]).merge(members, on="customer_id")
    return rows.groupby(["group", "quarter"])["cost_to_serve_cost"].median().rename("cost").reset_index()


def price_groups(typical: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """What serving a typical customer of each group will cost next quarter, from the last eight quarters.

    `typical`: of `typical_costs`. Columns: group (index), next_price, next_price_low, next_price_high, quarters_count.
    """
    recent = sorted(typical["quarter"].unique())[-MOST_QUARTERS:]
    rows = typical[typical["quarter"].isin(recent)]
    told = {str(group): predict_next(part["cost"], level=level) for group, part in rows.groupby("group")}
    table = pd.DataFrame.from_dict(told, orient="index", columns=["value", "low", "high", "n"])
    return table.set_axis(["next_price", "next_price_low", "next_price_high", "quarters_count"], axis=1)


def check_prices(typical: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """Each quarter predicted from those before it alone, beside what it came to: CHECKS, one row per group and quarter.

    Only quarters with four before them can be tried. `held`: the price lay inside the range.
    """
    rows = []
    for group, part in typical.sort_values("quarter").groupby("group"):
        for place in range(FEWEST_QUARTERS, len(part)):
            told = predict_next(part["cost"].iloc[max(place - MOST_QUARTERS, 0) : place], level=level)
            seen = float(part["cost"].iloc[place])
            if np.isfinite(told["low"]):
                held = told["low"] <= seen <= told["high"]
                rows.append((str(group), part["quarter"].iloc[place], told["low"], told["high"], seen, held))
    return pd.DataFrame(rows, columns=CHECKS)
