"""Shares and net promoter scores with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.estimates.sums import Estimate
from pmo_analysis.contract.errors import InputError


def share_interval(successes: Any, n: Any, *, level: float = 0.95) -> pd.DataFrame:
    """How sure we are of a share: Wilson's score interval.

    `successes` and `n` are numbers or equally long lists; one row each: value, low, high, n
    (blank where n = 0). Source: Wilson (1927); Newcombe (1998).
    """
    hits, size = np.broadcast_arrays(
        np.atleast_1d(np.asarray(successes, "float64")), np.atleast_1d(np.asarray(n, "float64"))
    )
    wrong = int(((hits < 0) | (hits > size)).sum())
    if wrong:
        raise InputError(
            f"share_interval: {wrong} of {len(hits)} rows have successes below 0 or above n. Check the counts."
        )
    z2 = special.ndtri((1 + level) / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / size
        centre = (hits + z2 / 2) / (size + z2)
        reach = np.sqrt(z2 * (share * (1 - share) * size + z2 / 4)) / (size + z2)
    low = np.where(hits == 0, 0.0, centre - reach)
    high = np.where(hits == size, 1.0, centre + reach)
    table = pd.DataFrame({"value": share, "low": low, "high": high, "n": size.astype("int64")})
    table.loc[table["n"] == 0, ["low", "high"]] = np.nan
    return table


def share_estimate(successes: float, n: float, *, level: float = 0.95, minimum: int = 5) -> Estimate:
    """One share as value, low, high, n; the limits are missing below `minimum` observations."""
    row = share_interval(successes, n, level=level).iloc[0]
    enough = n >= minimum
    return {
        "value": float(row["value"]),
        "low": float(row["low"]) if enough else np.nan,
        "high": float(row["high"]) if enough else np.nan,
        "n": int(n),
    }


def share_bounds(successes: float, measured: float, all_count: float) -> tuple[float, float]:
    """The share if none, and if all, of the unmeasured ones were successes: [k/N, (k + unmeasured)/N]."""
    if all_count == 0:
        return np.nan, np.nan
    return successes / all_count, (successes + all_count - measured) / all_count


def net_promoter_score(
    scores: Any, *, invited: int | None = None, level: float = 0.95, draws: int = 4000, seed: int = 0
) -> pd.DataFrame:
    """Promoters (9–10) minus detractors (0–6) in points, −100 to 100, with the interval for those who were asked.

    One row: nps, low, high, n, invited_count, worst_points and best_points (every unseen answer a detractor or a promoter),
    method. Without `invited`, or when fewer than a tenth answered: adjusted Wald (Rocks 2016: 3 answers added,
    3/4 of one promoter and of one detractor). Otherwise the interval is for the invited, their unseen
    answers Dirichlet–multinomial given those seen. Who answers is assumed not to depend on the answer;
    worst and best say how wrong that can be.
    """
    answers = pd.Series(np.asarray(scores, "float64")).dropna()
    wrong = answers[(answers < 0) | (answers > 10)]
    if len(wrong):
        raise InputError(
            f"net_promoter_score: {len(wrong)} answers lie outside 0 to 10, first {wrong.iloc[0]:g}. "
            "Check the question's scale."
        )
    up, down, n = int((answers >= 9).sum()), int((answers <= 6).sum()), len(answers)
    asked = max(int(invited), n) if invited else None
    low, high, method = promoter_limits(up, down, n, asked, level=level, draws=draws, seed=seed)
    unseen = asked - n if asked is not None else 0
    return pd.DataFrame(
        [
            {
                "nps": 100 * (up - down) / n if n else np.nan,
                "low": low,
                "high": high,
                "n": n,
                "invited_count": asked,
                "worst_points": 100 * (up - down - unseen) / asked if asked else np.nan,
                "best_points": 100 * (up - down + unseen) / asked if asked else np.nan,
                "method": method,
            }
        ]
    ).astype({"invited_count": "Int64"})


def promoter_limits(
    up: int, down: int, n: int, asked: int | None, *, level: float = 0.95, draws: int = 4000, seed: int = 0
) -> tuple[float, float, str]:
    """Low and high points and the method, from counts of promoters, detractors and answers (`net_promoter_score`)."""
    if n and asked is not None and n >= asked / 10:
        return *_unseen_limits((up, down, n), asked, level, draws, seed), "for the invited"
    return *_adjusted_wald(up, down, n, level), "adjusted Wald"


def _adjusted_wald(up: int, down: int, n: int, level: float) -> tuple[float, float]:
    if n == 0:
        return np.nan, np.nan
    size, share_up, share_down = n + 3, (up + 0.75) / (n + 3), (down + 0.75) / (n + 3)
    centre = share_up - share_down
    reach = special.ndtri((1 + level) / 2) * np.sqrt((share_up + share_down - centre**2) / size)
    return 100 * max(centre - reach, -1.0), 100 * min(centre + reach, 1.0)


def _unseen_limits(
    counts: tuple[int, int, int], asked: int, level: float, draws: int, seed: int
) -> tuple[float, float]:
    """Limits of the invited's score: what was seen is certain, the rest is drawn given it."""
    up, down, n = counts
    if asked == n:
        exact = 100 * (up - down) / n
        return exact, exact
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([up + 0.75, down + 0.75, n - up - down + 1.5], size=draws)
    unseen = rng.multinomial(asked - n, shares)
    points = 100 * (up - down + unseen[:, 0] - unseen[:, 1]) / asked
    low, high = np.quantile(points, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
