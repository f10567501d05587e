"""TOPSIS beside the additive score, and why it is not the score: an alternative that nobody wants can reverse its ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError, SettingError

# B is best by the mean of both outcomes, with D or without it. TOPSIS prefers A until D comes, which is worse than each.
REVERSAL = pd.DataFrame(
    {"execution": [70.0, 90.0, 70.0, 10.0], "lower_cost": [50.0, 40.0, 30.0, 30.0]}, index=["A", "B", "C", "D"]
)


def topsis(
    matrix: pd.DataFrame | Any,
    weights: Mapping[str, float] | pd.Series | Any,
    benefit: Mapping[str, bool] | pd.Series | Any,
    *,
    normalisation: Literal["vector", "none"] = "vector",
) -> pd.DataFrame:
    """Each alternative's closeness to the best of every criterion: closeness (0–1), rank (1 = best).

    `matrix`: alternatives × criteria; `benefit`: whether more is better. Its ranks can reverse when an
    alternative is added, which an additive score's cannot. Source: Hwang & Yoon (1981).
    """
    frame = pd.DataFrame(matrix)
    values = frame.to_numpy("float64")
    weight, more = _aligned(weights, frame, "float64"), _aligned(benefit, frame, "bool")
    if normalisation not in ("vector", "none"):
        raise SettingError(f"normalisation {normalisation!r} is not known. Use vector or none.")
    if not np.isfinite(values).all():
        raise InputError(
            f"topsis: {int((~np.isfinite(values)).sum())} cells are blank. Leave those alternatives out or fill them."
        )
    length = np.sqrt((values**2).sum(axis=0)) if normalisation == "vector" else 1.0
    scaled = values / np.where(length == 0, 1.0, length) * weight
    best = np.where(more, scaled.max(axis=0), scaled.min(axis=0))
    worst = np.where(more, scaled.min(axis=0), scaled.max(axis=0))
    to_best, to_worst = (np.sqrt(((scaled - ideal) ** 2).sum(axis=1)) for ideal in (best, worst))
    apart = to_best + to_worst
    # Where all alternatives are alike none is closer than another.
    closeness = pd.Series(np.where(apart > 0, to_worst / np.where(apart > 0, apart, 1.0), 0.5), index=frame.index)
    return pd.DataFrame({"closeness": closeness, "rank": closeness.rank(ascending=False, method="min").astype("int64")})


def show_rank_reversal(
    scores: pd.DataFrame = REVERSAL, added: str = "D", weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """What an added alternative does to the ranks of the others: nothing to an additive score's, but to TOPSIS's it can.

    `scores`: alternatives × outcomes, 0 to 100, more is better; `added`: the alternative that is there or not; `weights`
    None = equal. Columns: alternative, additive_score, additive_rank_without, additive_rank_with, closeness_without,
    closeness_with, topsis_rank_without, topsis_rank_with; the ranks are those among the others.
    """
    if added not in scores.index:
        raise InputError(f"show_rank_reversal: {added!r} is not among the alternatives {', '.join(scores.index)}.")
    told = weights or dict.fromkeys(scores.columns, 1.0)
    weight = pd.Series({name: told[name] for name in scores.columns}, dtype="float64")
    weight /= weight.sum()
    others = scores.drop(index=added)
    additive = (scores * weight).sum(axis=1)
    without, with_it = (topsis(table, weight, [True] * len(weight))["closeness"] for table in (others, scores))
    columns = {
        "additive_score": additive[others.index],
        "additive_rank_without": _rank(additive[others.index]),
        "additive_rank_with": _rank(additive[others.index]),
        "closeness_without": without,
        "closeness_with": with_it[others.index],
        "topsis_rank_without": _rank(without),
        "topsis_rank_with": _rank(with_it[others.index]),
    }
    table = pd.DataFrame(columns).rename_axis("alternative").reset_index()
    ranks = [name for name in table if "rank" in name]
    return table.astype(dict.fromkeys(ranks, "int64"))


def _rank(values: pd.Series) -> pd.Series:
    return values.rank(ascending=False, method="min")


def _aligned(given: Any, frame: pd.DataFrame, dtype: str) -> np.ndarray:
    named = isinstance(given, (Mapping, pd.Series))
    values = np.asarray([given[name] for name in frame] if named else list(given), dtype)
    if len(values) != frame.shape[1]:
        raise InputError(
            f"topsis: {frame.shape[1]} criteria but {len(values)} weights or directions. Give one per criterion."
        )
    return values
